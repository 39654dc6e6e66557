//! How something stands: said by a colour, a shape and a word at once.

use std::fmt;

use askama::filters::HtmlSafe;
use turnback_core::guard::Level;
use turnback_core::state::PhaseState;

use super::escaped;

/// What a state means to whoever looks at it. Each has a colour and a shape of its own, so that
/// neither is needed to tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing is at work, and nothing is wrong.
    Idle,
    /// As it should be.
    Good,
    /// Something is at work.
    Busy,
    /// Beyond a warning, or waiting for something.
    Warning,
    /// Beyond what may be, or failed.
    Critical,
    /// Nobody knows: never a pass.
    Unknown,
    /// A person has to decide.
    Asks,
}

impl Mark {
    /// Every mark, for the legend.
    pub const ALL: [Self; 7] = [
        Self::Idle,
        Self::Good,
        Self::Busy,
        Self::Warning,
        Self::Critical,
        Self::Unknown,
        Self::Asks,
    ];

    /// The class that gives the colour.
    pub fn class(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
            Self::Asks => "asks",
        }
    }

    /// The shape, drawn in the colour of the text beside it.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Idle => r#"<circle cx="8" cy="8" r="5.5" fill="none"/>"#,
            Self::Good => {
                r#"<circle cx="8" cy="8" r="6.5" class="solid"/><path class="cut" d="M5 8.2l2.2 2.2L11 6"/>"#
            }
            Self::Busy => r#"<path class="solid" d="M4.5 2.5l8 5.5-8 5.5z"/>"#,
            Self::Warning => {
                r#"<path class="solid" d="M8 1.5l7 12.5H1z"/><path class="cut" d="M8 6v4M8 12v.2"/>"#
            }
            Self::Critical => {
                r#"<path class="solid" d="M5 1.2h6L14.8 5v6L11 14.8H5L1.2 11V5z"/><path class="cut" d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"/>"#
            }
            Self::Unknown => {
                r#"<path fill="none" stroke-dasharray="3 2" d="M2 2h12v12H2z"/><path d="M6.2 6.3a1.9 1.9 0 1 1 2.5 1.8c-.5.2-.7.5-.7 1.2M8 11.4v.1" fill="none"/>"#
            }
            Self::Asks => {
                r#"<path class="solid" d="M8 .8L15.2 8 8 15.2.8 8z"/><path class="cut" d="M8 4.6v4M8 11v.2"/>"#
            }
        }
    }

    /// The shape as a picture that screen readers pass over: the word beside it says the same.
    pub fn svg(self) -> String {
        format!(
            r#"<svg class="mark" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">{}</svg>"#,
            self.shape()
        )
    }
}

impl From<Level> for Mark {
    fn from(level: Level) -> Self {
        match level {
            Level::Pass => Self::Good,
            Level::Warning => Self::Warning,
            Level::Critical | Level::Error => Self::Critical,
            Level::NoData => Self::Unknown,
        }
    }
}

impl From<PhaseState> for Mark {
    fn from(state: PhaseState) -> Self {
        match state {
            PhaseState::Pending => Self::Idle,
            PhaseState::Expanding | PhaseState::Contracting => Self::Busy,
            PhaseState::Withdrawing => Self::Warning,
            PhaseState::Expanded | PhaseState::CutOver | PhaseState::Contracted => Self::Good,
        }
    }
}

/// A mark with its word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// Colour and shape.
    pub mark: Mark,
    /// The word.
    pub word: String,
}

impl Badge {
    /// A mark with its word.
    pub fn new(mark: Mark, word: impl Into<String>) -> Self {
        Self {
            mark,
            word: word.into(),
        }
    }
}

impl From<Level> for Badge {
    fn from(level: Level) -> Self {
        Self::new(level.into(), level.to_string())
    }
}

impl From<PhaseState> for Badge {
    fn from(state: PhaseState) -> Self {
        Self::new(state.into(), state.to_string())
    }
}

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<span class="badge {}">{}{}</span>"#,
            self.mark.class(),
            self.mark.svg(),
            escaped(&self.word)
        )
    }
}

impl HtmlSafe for Badge {}
