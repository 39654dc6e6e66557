//! The audit log: who did what, and why.

use askama::Template;

use super::{Badge, On, Part, Shell};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "audit.html")]
pub struct AuditPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<Audit>,
}

/// What the audit log shows.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Its entries, newest first.
    pub rows: Vec<AuditRow>,
    /// The address of the entries before these.
    pub older: Option<String>,
}

/// An entry.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// When.
    pub at: On,
    /// Who.
    pub who: String,
    /// In which role.
    pub role: String,
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
    /// What came of it.
    pub outcome: Badge,
}
