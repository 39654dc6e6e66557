//! Incidents: the list, and what one report says.

use askama::Template;
use turnback_core::incident::report::Page;

use super::{Badge, Mark, On, Pair, Part, Shell};

/// The page of all of them.
#[derive(Clone, Debug, Template)]
#[template(path = "incidents.html")]
pub struct IncidentsPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<Incidents>,
}

/// The page of one.
#[derive(Clone, Debug, Template)]
#[template(path = "incident.html")]
pub struct IncidentPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<IncidentView>,
}

/// What the page of incidents shows.
#[derive(Clone, Debug, Default)]
pub struct Incidents {
    /// Mean times, in words.
    pub means: Vec<Pair>,
    /// Every incident, newest first.
    pub incidents: Vec<IncidentRow>,
}

/// An incident in the list.
#[derive(Clone, Debug)]
pub struct IncidentRow {
    /// Its number.
    pub number: u32,
    /// What happened, in one line.
    pub title: String,
    /// When it was opened.
    pub opened: On,
    /// Whether it is over, and how it ended.
    pub badge: Badge,
    /// From the beginning until the old shape was back, in words.
    pub took: String,
}

/// An incident.
#[derive(Clone, Debug)]
pub struct IncidentView {
    /// Whether it is over, and how it ended.
    pub badge: Badge,
    /// Its number.
    pub number: usize,
    /// What happened, in one line.
    pub title: String,
    /// What its report says, where that could be made.
    pub report: Option<Page>,
}
