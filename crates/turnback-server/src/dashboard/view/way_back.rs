//! Turning back: what it reaches, costs and means, before the button.

use askama::Template;

use super::{Badge, Mark, Pair, Part, Shell};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "back.html")]
pub struct WayBackPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<WayBack>,
    /// What was wrong with what was sent.
    pub wrong: Option<String>,
    /// The reason that was sent.
    pub reason: String,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct WayBack {
    /// How far one may go.
    pub choices: Vec<Choice>,
    /// What the chosen way means; or why there is none, as a sentence.
    pub statement: Result<Statement, String>,
    /// The same, typed.
    pub command: String,
    /// A way back is at work already, as a sentence.
    pub at_work: Option<String>,
}

/// How far to turn back.
#[derive(Clone, Debug)]
pub struct Choice {
    /// As it is sent.
    pub scope: String,
    /// In words.
    pub label: String,
    /// The phases that it reaches, last first; or why it does not, as a sentence.
    pub phases: String,
    /// It is the one that the statement is about.
    pub chosen: bool,
    /// It can be taken.
    pub possible: bool,
}

/// What turning back means.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The phases, last first.
    pub phases: Vec<TurnedPhase>,
    /// What it costs: locks, time, what waits.
    pub cost: Vec<Pair>,
    /// What is lost or changes for clients, as sentences.
    pub consequences: Vec<String>,
    /// What stays, as sentences.
    pub stays: Vec<String>,
    /// What is done around the database, in order, as sentences.
    pub around: Vec<String>,
}

/// A phase that is turned back.
#[derive(Clone, Debug)]
pub struct TurnedPhase {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub badge: Badge,
    /// What it changed, in words.
    pub changes: String,
}
