//! What shows that the journal is not as it was written.

use std::fmt;

use serde::Serialize;

use super::Head;

/// One thing that shows that the journal is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Entries do not agree with their sums: they were edited or moved, others stand where they
    /// stood, or sums were.
    Changed {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// Entries are gone.
    Missing {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// Entries were written past the chain: by hand, or by a turnback that knows of none.
    Unchained {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// The chain does not end with the head that the file keeps.
    NotTheHead {
        /// The head that the file keeps.
        kept: Option<Head>,
        /// The end of the chain.
        found: Option<Head>,
    },
    /// A head that was kept elsewhere is none of this journal's.
    NotAsKept {
        /// The head that was kept.
        kept: Head,
    },
    /// The triggers that keep entries from being edited are gone.
    Unguarded {
        /// Their names.
        triggers: Vec<String>,
    },
}

/// `entry 3`, `entries 3 to 5`.
fn entries(from: i64, to: i64) -> String {
    if from == to {
        format!("entry {from}")
    } else {
        format!("entries {from} to {to}")
    }
}

impl fmt::Display for Finding {
    /// As a sentence without its stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { from, to } => write!(
                f,
                "{} {} not as written: edited, moved or put there, or their sums were",
                entries(*from, *to),
                if from == to { "is" } else { "are" },
            ),
            Self::Missing { from, to } => write!(
                f,
                "{} {} missing",
                entries(*from, *to),
                if from == to { "is" } else { "are" },
            ),
            Self::Unchained { from, to } => write!(
                f,
                "{} {} written past the chain: by hand, or by an earlier turnback that was at work \
                 while a later one opened the file",
                entries(*from, *to),
                if from == to { "was" } else { "were" },
            ),
            Self::NotTheHead { kept, found } => {
                let shown = |head: &Option<Head>| {
                    head.map_or_else(|| "nothing".to_owned(), |head| head.to_string())
                };
                write!(
                    f,
                    "the chain ends with {}, and the file keeps {} as its end",
                    shown(found),
                    shown(kept)
                )
            }
            Self::NotAsKept { kept } => write!(
                f,
                "the journal does not hold {kept}: that was its end once, or it is the head of \
                 another"
            ),
            Self::Unguarded { triggers } => write!(
                f,
                "what keeps entries from being edited is gone (triggers {})",
                triggers.join(", ")
            ),
        }
    }
}
