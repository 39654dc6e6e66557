//! Backups and what they are worth.

use askama::Template;

use super::{Badge, Mark, Pair, Part, Shell};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "backups.html")]
pub struct BackupsPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<Backups>,
}

/// What the page of backups shows.
#[derive(Clone, Debug, Default)]
pub struct Backups {
    /// Every backup, newest first.
    pub backups: Vec<BackupRow>,
    /// What the plan asks for, in words.
    pub rules: Vec<Pair>,
    /// What comes next that takes one, and whether one is there that will do.
    pub needs: Vec<BackupNeed>,
}

/// Something that takes a backup.
#[derive(Clone, Debug)]
pub struct BackupNeed {
    /// What.
    pub before: String,
    /// Met or not.
    pub badge: Badge,
    /// Why not, as a sentence; empty where it is met.
    pub lacking: String,
    /// What to do then; empty where it is met.
    pub remedy: String,
}

/// A backup.
#[derive(Clone, Debug)]
pub struct BackupRow {
    /// Its name.
    pub id: String,
    /// When it was taken.
    pub taken: String,
    /// What became of it.
    pub badge: Badge,
    /// When it was restored and compared, or that it never was.
    pub verified: Badge,
    /// Its size, in words.
    pub size: String,
    /// What it was made for, or what is the matter with it.
    pub about: String,
}
