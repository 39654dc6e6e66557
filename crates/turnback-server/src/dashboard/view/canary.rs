//! The canary of a phase: its steps, and how its clients compare with the rest.

use super::{Badge, Left, Mark, Pair, Stand};

/// A canary.
#[derive(Clone, Debug)]
pub struct CanaryView {
    /// The phase.
    pub phase: String,
    /// The flag.
    pub flag: String,
    /// Where it stands.
    pub badge: Badge,
    /// What it does now, as a sentence.
    pub said: String,
    /// Its steps, in order.
    pub steps: Vec<CanaryStep>,
    /// How long this step is held yet, while its time counts.
    pub left: Option<Left>,
    /// How long it is held yet once its time counts again, in words.
    pub stands_at: Option<String>,
    /// Why its time does not count at this moment, as a sentence.
    pub waits: Option<String>,
    /// What is left is reckoned from when the step began, for another process is at work.
    pub reckoned: bool,
    /// Every step is over.
    pub is_through: bool,
    /// How its clients and the rest are told apart, in words; empty where it has not begun.
    pub compare: String,
    /// Its guards: its clients against the rest.
    pub compared: Vec<ComparedGuard>,
}

/// A step of a canary.
#[derive(Clone, Debug)]
pub struct CanaryStep {
    /// The share, in words.
    pub share: String,
    /// How it stands.
    pub stand: Stand,
}

/// A guard of a canary.
#[derive(Clone, Debug)]
pub struct ComparedGuard {
    /// Its name.
    pub guard: String,
    /// What the figures are about, where it looks at several objects.
    pub object: Option<String>,
    /// What it says.
    pub badge: Badge,
    /// The figures, and what they are held against.
    pub figures: Vec<Pair>,
    /// Why it says so, as a sentence.
    pub because: String,
    /// Both groups over time, as SVG.
    pub chart: Option<String>,
}

impl Default for CanaryView {
    fn default() -> Self {
        Self {
            phase: String::new(),
            flag: String::new(),
            badge: Badge::new(Mark::Idle, "not begun"),
            said: String::new(),
            steps: vec![],
            left: None,
            stands_at: None,
            waits: None,
            reckoned: false,
            is_through: false,
            compare: String::new(),
            compared: vec![],
        }
    }
}
