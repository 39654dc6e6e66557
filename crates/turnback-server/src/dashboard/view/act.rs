//! Going forward and contracting: what is asked for, before the button.

use askama::Template;

use super::{Badge, Broken, Mark, Pair, Part, Shell};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "act.html")]
pub struct ActPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Part<Act>,
    /// What was wrong with what was sent.
    pub wrong: Option<String>,
    /// The reason that was sent.
    pub reason: String,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Act {
    /// Where the form is sent.
    pub path: &'static str,
    /// What will happen, as sentences.
    pub said: Vec<String>,
    /// What it costs.
    pub cost: Vec<Pair>,
    /// What cannot be undone afterwards, as sentences.
    pub grave: Vec<String>,
    /// How far: value and label of each choice, the first is chosen.
    pub to: Vec<(String, String)>,
    /// What can be ticked.
    pub fields: Vec<Field>,
    /// What the button says.
    pub button: String,
    /// The same, typed.
    pub command: String,
    /// What preflight found, the gravest first.
    pub found: Vec<Found>,
    /// Why it cannot be asked for now.
    pub refused: Option<Broken>,
}

/// Something that preflight found.
#[derive(Clone, Debug)]
pub struct Found {
    /// How grave it is.
    pub badge: Badge,
    /// What it is about, and what is the matter.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// Something that can be ticked.
#[derive(Clone, Debug)]
pub struct Field {
    /// As it is sent.
    pub name: &'static str,
    /// What it says.
    pub label: &'static str,
    /// What it means, as a sentence.
    pub about: &'static str,
    /// It must be ticked.
    pub required: bool,
}
