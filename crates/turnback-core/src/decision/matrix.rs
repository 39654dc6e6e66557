//! The matrix: rows, and what is done where none of them fits.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Action, Ask, Condition, Heard, Mismatch, Otherwise, Situation};
use crate::guard::Level;
use crate::plan::show_duration;
use crate::scope::Scope;

/// The `decisions:` of a plan: for what a guard says, the first row that fits counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    /// The rows, as they stand in the file.
    pub rows: Vec<Row>,
}

/// One row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// When it fits.
    pub when: Condition,
    /// What is done then.
    pub action: Action,
    /// Whether every flag is disabled, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disable_flags: bool,
    /// The line of the file that it stands in, from 1; none where it comes from no file.
    pub line: Option<usize>,
}

impl Matrix {
    /// The first row that fits what one guard says, and its place, from 0.
    pub fn first_match(&self, situation: &Situation, about: &Heard) -> Option<(usize, &Row)> {
        self.rows
            .iter()
            .enumerate()
            .find(|(_, row)| row.when.mismatch(situation, about).is_none())
    }

    /// What is done about what one guard says: by the first row that fits, with its place, from 0;
    /// by the default where there is none.
    pub fn says(&self, situation: &Situation, about: &Heard) -> (Option<usize>, Action) {
        if let Some((index, row)) = self.first_match(situation, about) {
            return (Some(index), row.action.clone());
        }
        let level = about.verdict.level;
        if level == Level::Critical && self.about_to_fit(situation, about).is_some() {
            return (None, Action::Hold);
        }
        (None, default_for(level))
    }

    /// Of the rows before the first that fits, the one that lacks nothing but time and soonest
    /// fits if things stay as they are: its place, from 0, and the time that is left.
    pub fn about_to_fit(
        &self,
        situation: &Situation,
        about: &Heard,
    ) -> Option<(usize, &Row, Duration)> {
        self.rows
            .iter()
            .enumerate()
            .map_while(|(index, row)| Some((index, row, row.when.mismatch(situation, about)?)))
            .filter_map(|(index, row, mismatch)| {
                let Mismatch::Lasting { wants, is } = mismatch else {
                    return None;
                };
                let timeless = Condition {
                    lasting: None,
                    ..row.when.clone()
                };
                let lacks_time_alone = timeless.mismatch(situation, about).is_none();
                lacks_time_alone.then_some((index, row, wants.saturating_sub(is)))
            })
            .min_by_key(|(index, _, left)| (*left, *index))
    }
}

/// What is done where no row fits. Nothing turns back that no row says should; what is not known
/// to be well goes no further.
///
/// | level | default |
/// | --- | --- |
/// | pass | go on |
/// | warning | go on, and tell |
/// | critical, and a row lacks nothing but time | hold, and tell ([`Matrix::says`]) |
/// | critical | ask whether to turn back the current phase; after 15 minutes hold |
/// | no data, error | hold, and tell |
pub fn default_for(level: Level) -> Action {
    match level {
        Level::Pass => Action::Continue,
        Level::Warning => Action::Notify,
        Level::Critical => Action::Ask(Ask {
            scope: Scope::Current,
            deadline: Duration::from_secs(15 * 60),
            otherwise: Otherwise::Hold,
            who: vec![],
        }),
        Level::NoData | Level::Error => Action::Hold,
    }
}

impl fmt::Display for Row {
    /// As plans write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = self.when.to_string();
        if when.is_empty() {
            write!(f, "do: {}", self.action.word())?;
        } else {
            write!(f, "when: {{ {when} }}, do: {}", self.action.word())?;
        }
        if self.disable_flags {
            f.write_str(", disable_flags: true")?;
        }
        match &self.action {
            Action::Rollback { scope } => write!(f, ", scope: {scope}"),
            Action::Ask(ask) => {
                write!(
                    f,
                    ", scope: {}, deadline: {}, otherwise: {}",
                    ask.scope,
                    show_duration(ask.deadline),
                    ask.otherwise.word()
                )?;
                match ask.who.as_slice() {
                    [] => Ok(()),
                    who => write!(f, ", who: [{}]", who.join(", ")),
                }
            }
            Action::Hold | Action::FixForward | Action::Notify | Action::Continue => Ok(()),
        }
    }
}
