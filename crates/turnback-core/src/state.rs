//! The life of a phase: states, what leads from one to the next, and what may follow.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a phase stands. Kept in the ledger, changed only in the transaction that makes it so.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PhaseState {
    /// Not begun, or turned back.
    #[default]
    Pending,
    /// The new shape is being made; `public` shows the old one.
    Expanding,
    /// Both shapes live; `public` shows the old one.
    Expanded,
    /// Both shapes live; `public` shows the new one.
    CutOver,
    /// `public` shows the old shape again; the new one is being dropped.
    Withdrawing,
    /// The old shape is being archived; both still live.
    Contracting,
    /// Only the new shape is left.
    Contracted,
}

/// What happens to a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseEvent {
    /// The first step of expand is about to run.
    ExpandBegun,
    /// The last step of expand is done.
    Expanded,
    /// The cut-over has been committed.
    CutOver,
    /// The swap back has been committed.
    SwappedBack,
    /// The new shape is about to be dropped.
    WithdrawBegun,
    /// The new shape is gone, and that is proven.
    Withdrawn,
    /// The first step of contract is about to run.
    ContractBegun,
    /// The old shape is gone.
    Contracted,
}

/// An event that cannot happen in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a phase that is {state} cannot become so by {event:?}")]
pub struct BadTransition {
    /// The state it is in.
    pub state: PhaseState,
    /// The event that does not fit.
    pub event: PhaseEvent,
}

impl PhaseState {
    /// The one transition function.
    ///
    /// # Errors
    ///
    /// When the event cannot happen in this state.
    pub fn next(self, event: PhaseEvent) -> Result<Self, BadTransition> {
        use PhaseEvent as E;
        match (self, event) {
            (Self::Pending | Self::Expanding, E::ExpandBegun) => Ok(Self::Expanding),
            (Self::Expanding, E::Expanded) => Ok(Self::Expanded),
            (Self::Expanded, E::CutOver) => Ok(Self::CutOver),
            // An archive that was begun harms no way back: nothing is dropped before the end.
            (Self::CutOver | Self::Contracting, E::SwappedBack) => Ok(Self::Withdrawing),
            (Self::Expanding | Self::Expanded | Self::Withdrawing, E::WithdrawBegun) => {
                Ok(Self::Withdrawing)
            }
            (Self::Withdrawing, E::Withdrawn) => Ok(Self::Pending),
            (Self::CutOver | Self::Contracting, E::ContractBegun) => Ok(Self::Contracting),
            (Self::Contracting, E::Contracted) => Ok(Self::Contracted),
            (state, event) => Err(BadTransition { state, event }),
        }
    }

    /// Whether `public` shows the old shape, and the phase is on its way to the new one.
    pub fn is_before_cut_over(self) -> bool {
        matches!(self, Self::Pending | Self::Expanding | Self::Expanded)
    }

    /// Whether both shapes take reads and writes.
    pub fn both_shapes_live(self) -> bool {
        match self {
            Self::Expanded | Self::CutOver | Self::Contracting => true,
            Self::Pending | Self::Expanding | Self::Withdrawing | Self::Contracted => false,
        }
    }

    /// Whether anything of the phase is in the database that can still be turned back.
    pub fn can_turn_back(self) -> bool {
        match self {
            Self::Expanding
            | Self::Expanded
            | Self::CutOver
            | Self::Withdrawing
            | Self::Contracting => true,
            Self::Pending | Self::Contracted => false,
        }
    }

    /// As the ledger stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Expanding => "expanding",
            Self::Expanded => "expanded",
            Self::CutOver => "cut_over",
            Self::Withdrawing => "withdrawing",
            Self::Contracting => "contracting",
            Self::Contracted => "contracted",
        }
    }

    /// Every state, in the order of a phase's life.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Expanding,
        Self::Expanded,
        Self::CutOver,
        Self::Withdrawing,
        Self::Contracting,
        Self::Contracted,
    ];

    /// Reads what [`PhaseState::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for PhaseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutOver => "cut over",
            other => other.as_str(),
        })
    }
}
