//! A decision with the rows that were tried before it.

use serde::Serialize;

use super::{Decision, Heard, Matrix, Mismatch, Situation, decide};

/// What would be done, and how the matrix comes to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What would be done.
    pub decision: Decision,
    /// The rows that were tried before, in order.
    pub before: Vec<Tried>,
    /// The row that fits, as plans write it; none where none does.
    pub row: Option<String>,
}

/// A row that does not fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// Its number, from 1.
    pub number: usize,
    /// Its line in the file, from 1.
    pub line: Option<usize>,
    /// The row, as plans write it.
    pub row: String,
    /// What of it is not so.
    pub mismatch: Mismatch,
    /// The same as a sentence.
    pub because: String,
}

/// Decides, and says why no row before the one that fits does.
pub fn explain(matrix: &Matrix, situation: &Situation, about: &Heard) -> Explanation {
    let mut before = Vec::new();
    let mut fits = None;
    for (index, row) in matrix.rows.iter().enumerate() {
        let Some(mismatch) = row.when.mismatch(situation, about) else {
            fits = Some(row.to_string());
            break;
        };
        before.push(Tried {
            number: index + 1,
            line: row.line,
            row: row.to_string(),
            because: mismatch.to_string(),
            mismatch,
        });
    }
    Explanation {
        decision: decide(matrix, situation, about),
        before,
        row: fits,
    }
}
