//! Flags, the canary of a phase, and maintenance.

use askama::Template;

use super::{Badge, CanaryView, Mark, Pair, Part, Shell};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "flags.html")]
pub struct FlagsPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<Flags>,
    /// What was wrong with what was sent.
    pub wrong: Option<String>,
}

/// What the page of flags shows.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// Every flag.
    pub flags: Vec<FlagRow>,
    /// Maintenance.
    pub maintenance: MaintenanceView,
    /// The canary that is at work, or would be.
    pub canary: Option<CanaryView>,
    /// Changes of flags, newest first: when, who, what.
    pub changes: Vec<Pair>,
}

/// A flag.
#[derive(Clone, Debug)]
pub struct FlagRow {
    /// Its key.
    pub key: String,
    /// Enabled or disabled.
    pub enabled: bool,
    /// What it gives to whom, in words.
    pub gives: String,
    /// The share that gets the new shape, in percent, where it is a rollout.
    pub share: Option<String>,
    /// Its variants, in words.
    pub variants: String,
    /// A canary sets it.
    pub by_canary: bool,
}

impl FlagRow {
    /// Enabled or disabled.
    pub fn badge(&self) -> Badge {
        if self.enabled {
            Badge::new(Mark::Good, "enabled")
        } else {
            Badge::new(Mark::Idle, "disabled")
        }
    }
}

/// Maintenance.
#[derive(Clone, Debug, Default)]
pub struct MaintenanceView {
    /// It is on.
    pub is_on: bool,
    /// What clients are told.
    pub message: String,
    /// When it is expected to end, in words.
    pub until: Option<String>,
}
