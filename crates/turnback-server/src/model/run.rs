//! Runs: what was asked for, by whom, and what came of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a run is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Go forward.
    Up {
        /// The last phase to do; all of them when absent.
        #[serde(default)]
        to: Option<String>,
        /// Stop in that phase once both shapes are live.
        #[serde(default)]
        expand_only: bool,
        /// Yes to phases that cannot be turned back.
        #[serde(default)]
        irreversible: bool,
    },
    /// Turn back.
    Back {
        /// `current`, `previous`, `all`, or a phase: it and all after it.
        #[serde(default = "current")]
        scope: String,
        /// Stop once `public` shows the old shape.
        #[serde(default)]
        keep_new_shape: bool,
        /// Drop the new shape even where the two do not agree.
        #[serde(default)]
        drop_anyway: bool,
        /// Leave the hooks of the plan out.
        #[serde(default)]
        no_hooks: bool,
        /// Leave the flags of canaries as they are.
        #[serde(default)]
        leave_flags: bool,
    },
    /// Give up the old shape.
    Contract {
        /// The last phase to contract; all that are cut over when absent.
        #[serde(default)]
        to: Option<String>,
    },
}

fn current() -> String {
    "current".to_owned()
}

impl Order {
    /// The command's name.
    pub fn command(&self) -> &'static str {
        match self {
            Self::Up { .. } => "up",
            Self::Back { .. } => "back",
            Self::Contract { .. } => "contract",
        }
    }
}

impl std::fmt::Display for Order {
    /// As it would be typed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "turnback {}", self.command())?;
        let mut flag = |given: bool, flag: &str| if given { write!(f, " {flag}") } else { Ok(()) };
        match self {
            Self::Up {
                to,
                expand_only,
                irreversible,
            } => {
                flag(
                    to.is_some(),
                    &format!("--to {}", to.as_deref().unwrap_or_default()),
                )?;
                flag(*expand_only, "--expand-only")?;
                flag(*irreversible, "--yes")
            }
            Self::Back {
                scope,
                keep_new_shape,
                drop_anyway,
                no_hooks,
                leave_flags,
            } => {
                flag(true, &format!("--scope {scope}"))?;
                flag(*keep_new_shape, "--keep-new-shape")?;
                flag(*drop_anyway, "--drop-anyway")?;
                flag(*no_hooks, "--no-hooks")?;
                flag(*leave_flags, "--leave-flags")
            }
            Self::Contract { to } => flag(
                to.is_some(),
                &format!("--to {}", to.as_deref().unwrap_or_default()),
            ),
        }
    }
}

/// A request for a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewRun {
    /// What it is to do.
    pub order: Order,
    /// Why.
    #[serde(default)]
    pub why: Option<String>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It waits for its turn.
    Waiting,
    /// It is at work.
    Running,
    /// It has ended.
    Ended,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// Its number.
    pub number: i64,
    /// What it is to do.
    pub order: Order,
    /// As it would be typed.
    pub typed: String,
    /// Who asked for it.
    pub asked_by: String,
    /// Why.
    pub why: Option<String>,
    /// When it was asked for.
    pub asked_at: u64,
    /// Where it stands.
    pub state: RunState,
    /// When it began, the first time.
    pub began_at: Option<u64>,
    /// How often it was gone on with, after the process had ended.
    pub resumed: u32,
    /// Who stopped it, where somebody did.
    pub stopped_by: Option<String>,
    /// When it ended.
    pub ended_at: Option<u64>,
    /// The exit code that the same command would have had.
    pub exit_code: Option<u8>,
    /// How it ended, as sentences.
    pub outcome: Option<String>,
    /// What to do next, as sentences.
    pub next: Option<String>,
}
