//! Guards: what they say, and their samples against baseline and thresholds.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;

use super::{At, Badge, Pair, Part, Shell, Since};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "guards.html")]
pub struct GuardsPage {
    /// What stands around it.
    pub shell: Shell,
    /// What it shows.
    pub view: Arc<Part<Guards>>,
}

/// What guards say, without what they measured.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// What each says.
    pub of: BTreeMap<String, Badge>,
    /// How many say what.
    pub counts: Vec<(Badge, usize)>,
}

/// What the page of guards shows.
#[derive(Clone, Debug, Default)]
pub struct Guards {
    /// The phase that is watched.
    pub phase: Option<String>,
    /// Every guard: the worst first.
    pub guards: Vec<GuardCard>,
    /// How many say what.
    pub counts: Vec<(Badge, usize)>,
}

/// A guard.
#[derive(Clone, Debug)]
pub struct GuardCard {
    /// Its name.
    pub name: String,
    /// What it measures, in words.
    pub measures: String,
    /// What it says; none where it has not been heard yet.
    pub badge: Badge,
    /// Since when it says so.
    pub since: Option<Since>,
    /// Why it says so, as a sentence.
    pub because: String,
    /// Its last value, in words.
    pub value: Option<String>,
    /// Its thresholds, what is normal, how often it looks.
    pub terms: Vec<Pair>,
    /// Samples, baseline and thresholds as SVG, safe as it is.
    pub chart: Option<String>,
    /// The last samples, newest first.
    pub samples: Vec<SampleRow>,
}

/// A sample.
#[derive(Clone, Debug)]
pub struct SampleRow {
    /// When.
    pub at: At,
    /// Its worst value, in words.
    pub value: String,
    /// What is to be said about it.
    pub note: String,
}
