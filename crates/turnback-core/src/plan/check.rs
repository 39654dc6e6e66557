//! Checks a plan against a database: do its tables and columns exist, and can they do what
//! the plan asks of them.

use super::operation::repeated_key;
use super::source::{KeySpans, ParsedPlan};
use super::{ConvertKey, Generate, Operations, Recreated, hint, sql_name};
use crate::convert_key::{self, Lookup};
use crate::diagnostic::{self, Diagnostic, Span};
use crate::name::{Ident, TableName};
use crate::schema::{Snapshot, Table};

/// Checks every name in the plan against a snapshot of its database.
///
/// The answer is in the order of the file, and empty when all is well. What a conversion
/// cannot carry (triggers, policies, …) is not looked at here.
pub fn check_against(parsed: &ParsedPlan, snapshot: &Snapshot) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut seen: Vec<(&TableName, &Ident, Span)> = Vec::new();
    let lookup = Lookup::new(snapshot);
    for phase in &parsed.plan.phases {
        let Operations::ConvertKeys(keys) = &phase.operations else {
            continue;
        };
        let spans = parsed.spans.phases.get(&phase.id);
        for (index, key) in keys.iter().enumerate() {
            let nowhere = KeySpans::default();
            let at = spans
                .and_then(|spans| spans.keys.get(index))
                .unwrap_or(&nowhere);
            for (object, at) in key.recreate.iter().zip(&at.recreate) {
                let depends = || convert_key::depends(&lookup, &phase.id, keys, &object.what);
                found.extend(check_recreated(&object.what, *at, snapshot, depends));
            }
            let Some(column) = check_key(key, at, snapshot, &mut found) else {
                continue;
            };
            match seen
                .iter()
                .find(|(t, c, _)| *t == &key.table && *c == column)
            {
                Some((.., first)) => found.push(repeated_key(&key.table, at.table, *first)),
                None => seen.push((&key.table, column, at.table)),
            }
        }
    }
    diagnostic::sort(&mut found);
    found
}

/// Checks one conversion; answers the key column when it is there.
fn check_key<'a>(
    key: &'a ConvertKey,
    at: &KeySpans,
    snapshot: &'a Snapshot,
    found: &mut Vec<Diagnostic>,
) -> Option<&'a Ident> {
    let Some(table) = snapshot.tables.get(&key.table) else {
        found.push(unknown_table(&key.table, at.table, snapshot));
        return None;
    };
    if let Generate::V7From(time) = &key.generate {
        found.extend(check_time(
            &key.table,
            table,
            time,
            at.v7_from.unwrap_or(at.table),
        ));
    }
    let (name, place) = match &key.column {
        Some(column) => (column, at.column.unwrap_or(at.table)),
        None => match table.own_key() {
            Some(own) => (own, at.table),
            None => {
                let several = table
                    .primary_key()
                    .map(|primary| primary.columns.as_slice());
                found.push(no_single_key(&key.table, several, at.table));
                return None;
            }
        },
    };
    let Some(column) = table.column(name) else {
        found.push(unknown_column(&key.table, table, name, place));
        return None;
    };
    if !column.is_integer() {
        let message = format!(
            "expected an integer key (smallint, integer or bigint), but {}.{name} is {}",
            key.table, column.type_name
        );
        found.push(Diagnostic::error(
            "key-not-integer",
            place,
            message,
            column.type_name.clone(),
        ));
        return None;
    }
    let far = table
        .foreign_keys()
        .find(|(constraint, _)| constraint.columns.contains(name));
    if let Some((constraint, far)) = far {
        let message = format!(
            "expected a key of the table's own, but {}.{name} belongs to the foreign key {}",
            key.table, constraint.name
        );
        found.push(Diagnostic {
            help: Some(format!(
                "convert the key of {}: this column follows it",
                far.table
            )),
            ..Diagnostic::error("key-is-foreign", place, message, "a foreign key")
        });
        return None;
    }
    if !is_key(table, name) {
        let message = format!(
            "expected a key, but {}.{name} has neither a primary key nor a unique index",
            key.table
        );
        found.push(Diagnostic::error("not-a-key", place, message, "not a key"));
        return None;
    }
    Some(name)
}

/// An object given anew must be there, and have a reason to be given anew.
fn check_recreated(
    object: &Recreated,
    at: Span,
    snapshot: &Snapshot,
    depends: impl FnOnce() -> Option<bool>,
) -> Option<Diagnostic> {
    match object {
        Recreated::MaterializedView(name) => match snapshot.views.get(name) {
            Some(view) if view.materialized => {}
            Some(_) => {
                let message = format!("expected a materialized view, but {name} is a view");
                return Some(Diagnostic {
                    help: Some("leave it out: turnback carries views by itself".to_owned()),
                    ..Diagnostic::error("not-materialized", at, message, "a view")
                });
            }
            None => {
                let there = snapshot.views.iter().filter(|(_, view)| view.materialized);
                let near = hint::nearest(
                    name.name.as_str(),
                    there.map(|(other, _)| other.name.as_str()),
                );
                let message = format!(
                    "expected a materialized view of the database, but found no {name} in it"
                );
                return Some(Diagnostic {
                    help: near.map(|near| did_you_mean(&sql_name::show(&near.into()))),
                    ..Diagnostic::error("unknown-materialized-view", at, message, "no such view")
                });
            }
        },
        Recreated::Policy { name, on } => {
            let Some(table) = snapshot.tables.get(on) else {
                return Some(unknown_table(on, at, snapshot));
            };
            if !table.policies.iter().any(|policy| policy.name == *name) {
                let there = table.policies.iter().map(|policy| policy.name.as_str());
                let near = hint::nearest(name.as_str(), there);
                let message = format!("expected a policy of {on}, but found no {name} on it");
                return Some(Diagnostic {
                    help: near.map(|near| did_you_mean(&sql_name::show(&near.into()))),
                    ..Diagnostic::error("unknown-policy", at, message, "no such policy")
                });
            }
        }
    }
    (depends() == Some(false)).then(|| {
        let message = format!(
            "expected an object that computes with a key of this phase, but {object} does not"
        );
        Diagnostic {
            help: Some("leave it out: it goes on working as it is".to_owned()),
            ..Diagnostic::error("needless-recreate", at, message, "reads none of the keys")
        }
    })
}

fn is_key(table: &Table, column: &Ident) -> bool {
    let primary = table
        .primary_key()
        .is_some_and(|primary| primary.columns.contains(column));
    primary
        || table.indexes.iter().any(|index| {
            index.unique && index.keys.iter().any(|key| {
                matches!(&key.what, crate::schema::IndexedBy::Column(name) if name == column)
            })
        })
}

fn check_time(name: &TableName, table: &Table, time: &Ident, at: Span) -> Option<Diagnostic> {
    let Some(column) = table.column(time) else {
        return Some(unknown_column(name, table, time, at));
    };
    let type_name = column.type_name.as_str();
    if type_name == "date" || type_name.starts_with("timestamp") && !type_name.ends_with("[]") {
        return None;
    }
    let message = format!("expected a date or timestamp column, but {name}.{time} is {type_name}");
    Some(Diagnostic::error(
        "time-not-timestamp",
        at,
        message,
        type_name,
    ))
}

fn no_single_key(name: &TableName, primary: Option<&[Ident]>, at: Span) -> Diagnostic {
    let (message, help) = match primary {
        Some(columns) => (
            format!(
                "expected a primary key of one column, but that of {name} has {}",
                columns.len()
            ),
            "name the column to convert: `column: …`; columns that are foreign keys follow the tables they point at",
        ),
        None => (
            format!("expected a table with a primary key, but {name} has none"),
            "name a column with a unique index: `column: …`",
        ),
    };
    Diagnostic {
        help: Some(help.to_owned()),
        ..Diagnostic::error("no-single-key", at, message, "which column?")
    }
}

fn unknown_table(name: &TableName, at: Span, snapshot: &Snapshot) -> Diagnostic {
    if snapshot.views.contains_key(name) {
        let message = format!("expected a table, but {name} is a view");
        return Diagnostic {
            help: Some("name the table that the view reads".to_owned()),
            ..Diagnostic::error("not-a-table", at, message, "a view")
        };
    }
    let elsewhere = snapshot.tables.keys().find(|other| other.name == name.name);
    let near = elsewhere.cloned().or_else(|| {
        let siblings = snapshot
            .tables
            .keys()
            .filter(|other| other.schema == name.schema);
        hint::nearest(
            name.name.as_str(),
            siblings.map(|other| other.name.as_str()),
        )
        .map(|near| TableName::new(name.schema.clone(), near))
    });
    let help = near.map(|near| {
        if near.schema == name.schema {
            did_you_mean(&sql_name::show(&near.name))
        } else {
            let schema = sql_name::show(&near.schema);
            did_you_mean(&format!("{schema}.{}", sql_name::show(&near.name)))
        }
    });
    let message = format!("expected a table of the database, but found no {name} in it");
    Diagnostic {
        help,
        ..Diagnostic::error("unknown-table", at, message, "no such table")
    }
}

fn unknown_column(table: &TableName, columns: &Table, name: &Ident, at: Span) -> Diagnostic {
    let names = columns.columns.iter().map(|column| column.name.as_str());
    let help =
        hint::nearest(name.as_str(), names).map(|near| did_you_mean(&sql_name::show(&near.into())));
    let message = format!("expected a column of {table}, but found no {name} in it");
    Diagnostic {
        help,
        ..Diagnostic::error("unknown-column", at, message, "no such column")
    }
}

/// A name that needs SQL's quotes needs YAML's around them, which is easily forgotten.
fn did_you_mean(name: &str) -> String {
    if name.contains('"') {
        format!(
            "did you mean '{}'? In YAML the double quotes need single ones around them",
            name.replace('\'', "''")
        )
    } else {
        format!("did you mean `{name}`?")
    }
}
