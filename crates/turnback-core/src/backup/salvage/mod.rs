//! What was written after a backup: two databases compared row by row in the order of their
//! keys, so that no more than a row of each is held at a time. Which column of the one is which
//! of the other is for `sides`, what puts rows back for `statements`, and `knots` finds those
//! that can only go together.

mod file;
mod knots;
mod order;
mod sides;
mod statements;

use std::cmp::Ordering;

use serde::Serialize;

pub use self::file::{csv_field, csv_line};
pub use self::knots::{Loose, Reference, Wish, knots, wishes};
pub use self::order::parents_first;
pub use self::sides::{
    By, Direction, KeyName, Known, Matched, SideColumn, Standing, aside_or_base, known,
    match_columns,
};
pub use self::statements::{ShapeColumn, TableShape, Value, file_key, file_keys, is};

/// What became of a row after the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It was added.
    Added,
    /// It was changed.
    Changed,
    /// It was deleted.
    Deleted,
}

impl Kind {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
        }
    }
}

/// A row as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its key, as text, column by column, and as the restored database would have it.
    pub key: Vec<String>,
    /// The same key as its own database has it.
    pub own_key: Vec<String>,
    /// A hash of all of it.
    pub hash: String,
    /// It was written after the restore; only the restored database knows rows that are.
    pub fresh: bool,
}

/// One step of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What was found; nothing where the rows are equal, or nothing can be said.
    pub found: Option<(Kind, bool)>,
    /// Go on in the replaced database.
    pub next_failed: bool,
    /// Go on in the restored database.
    pub next_restored: bool,
}

/// Compares the next row of the replaced database with the next of the restored one. With what
/// was found stands whether the restored row was written since the restore, and so is in
/// the way.
pub fn compare(failed: Option<&Seen>, restored: Option<&Seen>) -> Option<Compared> {
    let order = match (failed, restored) {
        (None, None) => return None,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(failed), Some(restored)) => failed.key.cmp(&restored.key),
    };
    Some(match order {
        Ordering::Less => Compared {
            found: Some((Kind::Added, false)),
            next_failed: true,
            next_restored: false,
        },
        Ordering::Greater => Compared {
            // A row that came after the restore is nothing to salvage.
            found: restored
                .filter(|restored| !restored.fresh)
                .map(|_| (Kind::Deleted, false)),
            next_failed: false,
            next_restored: true,
        },
        Ordering::Equal => Compared {
            found: failed
                .zip(restored)
                .filter(|(failed, restored)| failed.hash != restored.hash)
                .map(|(_, restored)| (Kind::Changed, restored.fresh)),
            next_failed: true,
            next_restored: true,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, hash: &str, fresh: bool) -> Seen {
        Seen {
            key: vec![key.to_owned()],
            own_key: vec![key.to_owned()],
            hash: hash.to_owned(),
            fresh,
        }
    }

    /// Compares two whole tables.
    fn found(failed: &[Seen], restored: &[Seen]) -> Vec<(Kind, bool, String)> {
        let (mut f, mut r) = (0, 0);
        let mut all = Vec::new();
        while let Some(step) = compare(failed.get(f), restored.get(r)) {
            if let Some((kind, fresh)) = step.found {
                let row = if step.next_failed {
                    &failed[f]
                } else {
                    &restored[r]
                };
                all.push((kind, fresh, row.key[0].clone()));
            }
            assert!(step.next_failed || step.next_restored, "it must end");
            f += usize::from(step.next_failed);
            r += usize::from(step.next_restored);
        }
        all
    }

    #[test]
    fn every_row_that_differs_is_found_once() {
        let failed = [
            row("a", "1", false),
            row("b", "2", false),
            row("d", "4", false),
            row("e", "5", false),
        ];
        let restored = [
            row("a", "1", false),
            row("b", "x", false),
            row("c", "3", false),
            row("e", "y", true),
            row("f", "6", true),
        ];
        assert_eq!(
            found(&failed, &restored),
            [
                (Kind::Changed, false, "b".to_owned()),
                (Kind::Deleted, false, "c".to_owned()),
                (Kind::Added, false, "d".to_owned()),
                (Kind::Changed, true, "e".to_owned()),
            ]
        );
        assert!(found(&failed, &failed).is_empty());
        assert_eq!(found(&failed, &[]).len(), 4);
    }
}
