//! What differs between two snapshots: the proof that a way back left nothing behind.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{ConstraintKind, Snapshot, Table, Vitals};

/// One difference between two shapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where, for example `table public.users / columns / id / not_null`.
    pub at: String,
    /// What the first snapshot has there; nothing when it is only in the second.
    pub before: Option<String>,
    /// What the second snapshot has there; nothing when it is only in the first.
    pub after: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                write!(f, "{}: was {before}, is {after}", self.at)
            }
            (Some(before), None) => write!(f, "{}: missing (was {before})", self.at),
            (None, after) => write!(f, "{}: extra ({})", self.at, after.as_deref().unwrap_or("")),
        }
    }
}

/// Compares two snapshots object by object, sizes and counters aside.
///
/// An empty answer means that the catalogs are equal, up to object ids, physical column
/// positions and statistics.
pub fn differences(before: &Snapshot, after: &Snapshot) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", &shape(before), &shape(after), &mut found);
    found
}

/// The snapshot as JSON objects keyed by name, without what changes from moment to moment.
fn shape(snapshot: &Snapshot) -> Value {
    let mut snapshot = snapshot.clone();
    for table in snapshot.tables.values_mut() {
        table.vitals = Vitals::default();
        sort_by_name(table);
        for constraint in &mut table.constraints {
            if let ConstraintKind::ForeignKey(far) = &mut constraint.kind {
                (far.index, far.turn) = (None, None);
            }
        }
    }
    for function in &mut snapshot.functions {
        // Nothing of ours gives one away, and earlier ledgers do not know it.
        function.owner.clear();
    }
    snapshot
        .functions
        .sort_by(|a, b| a.signature.cmp(&b.signature));
    let value = serde_json::to_value(&snapshot).unwrap_or(Value::Null);
    keyed(value)
}

fn sort_by_name(table: &mut Table) {
    table.constraints.sort_by(|a, b| a.name.cmp(&b.name));
    table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    table.triggers.sort_by(|a, b| a.name.cmp(&b.name));
    table.policies.sort_by(|a, b| a.name.cmp(&b.name));
}

/// Turns lists of named things into objects, so that one missing entry is one difference.
fn keyed(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let keys: Option<Vec<String>> = items.iter().map(key_of).collect();
            match keys {
                Some(keys) if !items.is_empty() => Value::Object(
                    keys.into_iter()
                        .zip(items.into_iter().map(|item| keyed(unpair(item))))
                        .collect(),
                ),
                _ => Value::Array(items),
            }
        }
        Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k, keyed(v))).collect()),
        other => other,
    }
}

fn key_of(item: &Value) -> Option<String> {
    match item {
        Value::Object(map) => map
            .get("name")
            .or_else(|| map.get("signature"))
            .and_then(Value::as_str)
            .map(str::to_owned),
        Value::Array(pair) => match pair.as_slice() {
            [Value::Array(name), _] => match name.as_slice() {
                [Value::String(schema), Value::String(name)] => Some(format!("{schema}.{name}")),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn unpair(item: Value) -> Value {
    match item {
        Value::Array(mut pair) if pair.len() == 2 => pair.remove(1),
        other => other,
    }
}

fn compare(at: &str, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    let below = |key: &str| {
        if at.is_empty() {
            key.to_owned()
        } else {
            format!("{at} / {key}")
        }
    };
    match (before, after) {
        (Value::Object(b), Value::Object(a)) => {
            for (key, value) in b {
                match a.get(key) {
                    Some(other) => compare(&below(key), value, other, found),
                    None => found.push(Difference {
                        at: below(key),
                        before: Some(brief(value)),
                        after: None,
                    }),
                }
            }
            for (key, value) in a.iter().filter(|(key, _)| !b.contains_key(*key)) {
                found.push(Difference {
                    at: below(key),
                    before: None,
                    after: Some(brief(value)),
                });
            }
        }
        (b, a) if b == a => {}
        // An empty list and a keyed object are both "a list of named things".
        (Value::Array(b), Value::Object(_)) if b.is_empty() => {
            compare(at, &Value::Object(Default::default()), after, found);
        }
        (Value::Object(_), Value::Array(a)) if a.is_empty() => {
            compare(at, before, &Value::Object(Default::default()), found);
        }
        (b, a) => found.push(Difference {
            at: at.to_owned(),
            before: Some(brief(b)),
            after: Some(brief(a)),
        }),
    }
}

fn brief(value: &Value) -> String {
    if let Value::Object(map) = value
        && let Some(Value::String(definition)) = map.get("definition")
    {
        return definition.clone();
    }
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Ident, TableName};
    use crate::schema::Column;

    fn users(column: &str, not_null: bool) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.tables.insert(
            TableName::new("public", "users"),
            Table {
                columns: vec![Column {
                    name: Ident::new(column),
                    not_null,
                    ..Column::default()
                }],
                vitals: Vitals {
                    rows: u64::from(not_null),
                    ..Vitals::default()
                },
                ..Table::default()
            },
        );
        snapshot
    }

    #[test]
    fn sizes_and_counters_are_no_difference_but_a_lost_not_null_is() {
        assert_eq!(differences(&users("id", true), &users("id", true)), vec![]);
        let found = differences(&users("id", true), &users("id", false));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            found[0].to_string(),
            "tables / public.users / columns / id / not_null: was true, is false"
        );
    }

    #[test]
    fn a_missing_and_an_extra_column_are_named() {
        let found = differences(&users("id", true), &users("key", true));
        let at: Vec<_> = found.iter().map(|d| d.at.as_str()).collect();
        assert_eq!(
            at,
            [
                "tables / public.users / columns / id",
                "tables / public.users / columns / key"
            ]
        );
    }

    #[test]
    fn a_snapshot_survives_json() {
        let snapshot = users("Id", true);
        let json = serde_json::to_string(&snapshot).expect("plain data");
        assert_eq!(
            serde_json::from_str::<Snapshot>(&json).expect("own json"),
            snapshot
        );
    }
}
