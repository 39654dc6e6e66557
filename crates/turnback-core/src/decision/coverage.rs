//! Rows that can never fit.

use super::{Condition, Matrix};
use crate::guard::Level;
use crate::state::PhaseState;

/// A row that can never fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeverMatches {
    /// Its place in the matrix, from 0.
    pub row: usize,
    /// Why.
    pub because: Covered,
}

/// Why a row can never fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covered {
    /// Wherever it fits, one of these earlier rows fits before it; their places, from 0.
    By(Vec<usize>),
    /// It takes more guards at once than it is about.
    TooManyAtOnce {
        /// How many guards it is about.
        guards: usize,
    },
}

/// One way in which a row can fit: a guard at a level, in a phase at a state.
struct Cell<'a> {
    guard: Option<&'a str>,
    level: Level,
    phase: Option<&'a str>,
    state: PhaseState,
}

/// The rows that can never fit, with guards and phases as the plan has them; where it has none,
/// any name stands for itself.
pub fn never_match(matrix: &Matrix, guards: &[String], phases: &[String]) -> Vec<NeverMatches> {
    let mut found = Vec::new();
    for (index, row) in matrix.rows.iter().enumerate() {
        let about = match row.when.guards.len() {
            0 => guards.len(),
            named => named,
        };
        let wants = row.when.at_once.unwrap_or(1) as usize;
        if wants > about && about > 0 {
            found.push(NeverMatches {
                row: index,
                because: Covered::TooManyAtOnce { guards: about },
            });
        } else if let Some(by) = covered_by(matrix, index, guards, phases) {
            found.push(NeverMatches {
                row: index,
                because: Covered::By(by),
            });
        }
    }
    found
}

/// The earlier rows that together leave nothing for one; none where something is left.
fn covered_by(
    matrix: &Matrix,
    index: usize,
    guards: &[String],
    phases: &[String],
) -> Option<Vec<usize>> {
    let row = &matrix.rows[index].when;
    let mut by = Vec::new();
    for cell in cells(row, guards, phases) {
        let covering = matrix.rows[..index].iter().position(|earlier| {
            earlier.when.covers_cell(&cell)
                && earlier.when.lasts_no_longer_than(row)
                && earlier.when.takes_no_more_than(row, guards)
        })?;
        if !by.contains(&covering) {
            by.push(covering);
        }
    }
    by.sort_unstable();
    (!by.is_empty()).then_some(by)
}

/// Every way in which a row can fit.
fn cells<'a>(row: &'a Condition, guards: &'a [String], phases: &'a [String]) -> Vec<Cell<'a>> {
    let guards = one_of(&row.guards, guards);
    let phases = one_of(&row.phases, phases);
    let states: &[PhaseState] = if row.states.is_empty() {
        &PhaseState::ALL
    } else {
        &row.states
    };
    let mut cells = Vec::new();
    for guard in &guards {
        for level in row.levels() {
            for phase in &phases {
                for state in states {
                    cells.push(Cell {
                        guard: *guard,
                        level: *level,
                        phase: *phase,
                        state: *state,
                    });
                }
            }
        }
    }
    cells
}

/// Those that are named, or else all that there are, or else any.
fn one_of<'a>(named: &'a [String], all: &'a [String]) -> Vec<Option<&'a str>> {
    let names = if named.is_empty() { all } else { named };
    if names.is_empty() {
        vec![None]
    } else {
        names.iter().map(|name| Some(name.as_str())).collect()
    }
}

impl Condition {
    fn covers_cell(&self, cell: &Cell<'_>) -> bool {
        let holds = |named: &[String], one: Option<&str>| {
            named.is_empty() || one.is_some_and(|one| named.iter().any(|name| name == one))
        };
        holds(&self.guards, cell.guard)
            && self.levels().contains(&cell.level)
            && holds(&self.phases, cell.phase)
            && (self.states.is_empty() || self.states.contains(&cell.state))
    }

    /// Whether it has lasted long enough for this row wherever it has for the other.
    fn lasts_no_longer_than(&self, other: &Self) -> bool {
        match (self.lasting, other.lasting) {
            (None, _) => true,
            (Some(_), None) => false,
            // Time is counted over all levels of a row: fewer levels may have lasted less.
            (Some(mine), Some(theirs)) => mine <= theirs && self.has_levels_of(other),
        }
    }

    /// Whether enough guards fit this row wherever enough fit the other.
    fn takes_no_more_than(&self, other: &Self, guards: &[String]) -> bool {
        let (mine, theirs) = (self.at_once.unwrap_or(1), other.at_once.unwrap_or(1));
        let their_guards = if other.guards.is_empty() {
            guards
        } else {
            &other.guards
        };
        let has_guards = self.guards.is_empty()
            || !their_guards.is_empty()
                && their_guards.iter().all(|guard| self.guards.contains(guard));
        mine <= 1 || mine <= theirs && has_guards && self.has_levels_of(other)
    }

    fn has_levels_of(&self, other: &Self) -> bool {
        let mine = self.levels();
        other.levels().iter().all(|level| mine.contains(level))
    }
}
