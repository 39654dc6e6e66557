//! What was written after a backup: two databases compared row by row in the order of their
//! keys, so that no more than a row of each is held at a time; and the statements that put it
//! back.

use std::cmp::Ordering;

use serde::Serialize;

use crate::name::{Ident, TableName, list, literal};

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its key, as text, column by column.
    pub key: Vec<String>,
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

/// A table as statements about its rows need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// The table in the restored database.
    pub table: TableName,
    /// Its columns that can be written: all but generated ones.
    pub columns: Vec<Ident>,
    /// The columns of its key, with their types.
    pub key: Vec<(Ident, String)>,
}

impl TableShape {
    /// Adds a row, unless one with a key of it is there.
    pub fn insert(&self, values: &[Option<String>]) -> String {
        format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({}) ON CONFLICT DO NOTHING",
            self.table,
            list(&self.columns),
            list(values.iter().map(|value| shown(value.as_deref())))
        )
    }

    /// Gives a row these values, unless it was written after transaction `since` (`xid`).
    pub fn update(&self, key: &[String], values: &[Option<String>], since: u64) -> String {
        let set = self
            .columns
            .iter()
            .zip(values)
            .filter(|(column, _)| !self.key.iter().any(|(key, _)| key == *column))
            .map(|(column, value)| format!("{column} = {}", shown(value.as_deref())));
        format!(
            "UPDATE {} AS t SET {} WHERE {} AND {}",
            self.table,
            list(set),
            self.is(key),
            older(since)
        )
    }

    /// Deletes a row, unless it was written after transaction `since` (`xid`).
    pub fn delete(&self, key: &[String], since: u64) -> String {
        format!(
            "DELETE FROM {} AS t WHERE {} AND {}",
            self.table,
            self.is(key),
            older(since)
        )
    }

    /// Whether a row `t` has this key.
    pub fn is(&self, key: &[String]) -> String {
        let parts = self
            .key
            .iter()
            .zip(key)
            .map(|((column, kind), value)| format!("t.{column} = {}::{kind}", literal(value)));
        parts.collect::<Vec<_>>().join(" AND ")
    }
}

/// Whether a row `t` was written before a transaction, by the distance from now: numbers of
/// transactions go round (PostgreSQL manual, 25.1.5).
fn older(since: u64) -> String {
    format!("age(t.xmin) > age('{since}'::xid)")
}

fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), literal)
}

/// A field of comma-separated values (RFC 4180); nothing between two commas is NULL, and an
/// empty text stands in quotes, as PostgreSQL's COPY writes them.
pub fn csv_field(value: Option<&str>) -> String {
    match value {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains(['"', ',', '\n', '\r']) || text == "\\." => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text.to_owned(),
    }
}

/// A line of comma-separated values.
pub fn csv_line<'a>(fields: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let fields: Vec<String> = fields.into_iter().map(csv_field).collect();
    fields.join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, hash: &str, fresh: bool) -> Seen {
        Seen {
            key: vec![key.to_owned()],
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

    #[test]
    fn statements_quote_what_they_are_given_and_spare_what_was_written_since() {
        let shape = TableShape {
            table: TableName::new("public", "Order"),
            columns: vec![Ident::new("id"), Ident::new("note")],
            key: vec![(Ident::new("id"), "integer".to_owned())],
        };
        assert_eq!(
            shape.insert(&[Some("1".to_owned()), None]),
            "INSERT INTO public.\"Order\" (id, note) OVERRIDING SYSTEM VALUE VALUES ('1', NULL) ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            shape.update(
                &["1".to_owned()],
                &[Some("1".to_owned()), Some("it's".to_owned())],
                7
            ),
            "UPDATE public.\"Order\" AS t SET note = 'it''s' WHERE t.id = '1'::integer AND age(t.xmin) > age('7'::xid)"
        );
        assert_eq!(
            shape.delete(&["1".to_owned()], 7),
            "DELETE FROM public.\"Order\" AS t WHERE t.id = '1'::integer AND age(t.xmin) > age('7'::xid)"
        );
    }

    #[test]
    fn null_and_an_empty_text_stay_different_in_a_file() {
        assert_eq!(
            csv_line([None, Some(""), Some("a\"b"), Some("c,d")]),
            ",\"\",\"a\"\"b\",\"c,d\"\n"
        );
    }
}
