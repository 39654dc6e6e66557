//! The statements that put rows back.

use super::sides::{By, KeyName};
use crate::name::{Ident, TableName, list, literal};

/// A table as statements about its rows need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// The table in the restored database.
    pub table: TableName,
    /// Its columns that are compared and written: no generated ones, and of a column that a phase
    /// has in two shapes the one that both databases have.
    pub columns: Vec<ShapeColumn>,
    /// The columns of its key, with their types.
    pub key: Vec<(Ident, String)>,
}

/// A column of a [`TableShape`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeColumn {
    /// Its name in the restored database.
    pub name: Ident,
    /// Its type there, as SQL has it.
    pub kind: String,
    /// How its values are found in the replaced database.
    pub by: By,
}

/// What a row gets in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    Null,
    /// What the column itself comes up with.
    Default,
    /// This.
    Text(String),
    /// What stands for a key of the replaced database, which nobody knows yet.
    Unknown(KeyName, String),
}

impl Value {
    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Default | Self::Unknown(..) => None,
        }
    }

    /// As SQL, for a column of this type.
    pub fn sql(&self, kind: &str) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Default => "DEFAULT".to_owned(),
            Self::Text(text) => literal(text),
            Self::Unknown(key, there) => format!(
                "(SELECT k.restored FROM {FILE_KEYS} k WHERE k.key = {} AND k.replaced = {})::{kind}",
                literal(&key.to_string()),
                literal(there)
            ),
        }
    }
}

/// Where an exported file of SQL keeps the keys that it gives out, so that it can be run again.
const FILE_KEYS: &str = "turnback_salvaged.key";

/// What stands in an exported file of SQL before the first key: `ahead` moves the sequence on.
pub fn file_keys(ahead: Option<&str>) -> String {
    let ahead = ahead.map_or_else(String::new, |sql| format!("{sql};\n"));
    format!(
        "CREATE SCHEMA IF NOT EXISTS turnback_salvaged;\n\
         CREATE TABLE IF NOT EXISTS {FILE_KEYS} (key text, replaced text, restored text, PRIMARY KEY (key, replaced));\n{ahead}"
    )
}

/// The statement with which such a file takes a key down: the one that was given, or one that it
/// makes; a comment where nothing makes any.
pub fn file_key(
    key: &KeyName,
    replaced: &str,
    restored: Option<&str>,
    make: Option<&str>,
) -> String {
    let restored = restored.map(literal);
    match restored.as_deref().or(make) {
        Some(restored) => format!(
            "INSERT INTO {FILE_KEYS} VALUES ({}, {}, ({restored})::text) ON CONFLICT DO NOTHING;\n",
            literal(&key.to_string()),
            literal(replaced)
        ),
        None => format!("-- nothing makes a key for {replaced} of {key}\n"),
    }
}

impl TableShape {
    /// Adds a row, unless one with a key of it is there.
    pub fn insert(&self, values: &[Value]) -> String {
        self.insert_all([values])
    }

    /// Adds rows in one statement, unless there are rows with their keys.
    pub fn insert_all<'a>(&self, rows: impl IntoIterator<Item = &'a [Value]>) -> String {
        let rows = rows.into_iter().map(|values| {
            let values = self.columns.iter().zip(values);
            format!(
                "({})",
                list(values.map(|(column, value)| value.sql(&column.kind)))
            )
        });
        format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES {} ON CONFLICT DO NOTHING",
            self.table,
            list(self.columns.iter().map(|column| &column.name)),
            list(rows)
        )
    }

    /// Gives a row these values, unless it was written after transaction `since` (`xid`).
    pub fn update(&self, key: &[String], values: &[Value], since: u64) -> String {
        let set = self
            .columns
            .iter()
            .zip(values)
            .filter(|(column, _)| column.by != By::Beside)
            .filter(|(column, _)| !self.key.iter().any(|(key, _)| *key == column.name))
            .map(|(column, value)| format!("{} = {}", column.name, value.sql(&column.kind)));
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
        is(&self.key, key)
    }
}

/// Whether a row `t` has these values in these columns, each with its type.
pub fn is(columns: &[(Ident, String)], values: &[String]) -> String {
    let parts = columns
        .iter()
        .zip(values)
        .map(|((column, kind), value)| format!("t.{column} = {}::{kind}", literal(value)));
    parts.collect::<Vec<_>>().join(" AND ")
}

/// Whether a row `t` was written before a transaction, by the distance from now: numbers of
/// transactions go round (PostgreSQL manual, 25.1.5).
fn older(since: u64) -> String {
    format!("age(t.xmin) > age('{since}'::xid)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str, by: By) -> ShapeColumn {
        ShapeColumn {
            name: Ident::new(name),
            kind: kind.to_owned(),
            by,
        }
    }

    fn shape() -> TableShape {
        TableShape {
            table: TableName::new("public", "Order"),
            columns: vec![
                column("id", "integer", By::Same),
                column("note", "text", By::Same),
            ],
            key: vec![(Ident::new("id"), "integer".to_owned())],
        }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn statements_quote_what_they_are_given_and_spare_what_was_written_since() {
        let shape = shape();
        assert_eq!(
            shape.insert(&[text("1"), Value::Null]),
            "INSERT INTO public.\"Order\" (id, note) OVERRIDING SYSTEM VALUE VALUES ('1', NULL) ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            shape.update(&["1".to_owned()], &[text("1"), text("it's")], 7),
            "UPDATE public.\"Order\" AS t SET note = 'it''s' WHERE t.id = '1'::integer AND age(t.xmin) > age('7'::xid)"
        );
        assert_eq!(
            shape.delete(&["1".to_owned()], 7),
            "DELETE FROM public.\"Order\" AS t WHERE t.id = '1'::integer AND age(t.xmin) > age('7'::xid)"
        );
    }

    #[test]
    fn the_other_shape_of_a_key_goes_along_when_a_row_is_added_and_stays_when_it_is_changed() {
        let mut shape = shape();
        shape
            .columns
            .push(column("id_turnback_new", "uuid", By::Beside));
        assert!(
            shape
                .insert(&[text("1"), Value::Null, Value::Default])
                .contains("(id, note, id_turnback_new) OVERRIDING SYSTEM VALUE VALUES ('1', NULL, DEFAULT)")
        );
        assert!(
            !shape
                .update(&["1".to_owned()], &[text("1"), Value::Null, text("u")], 7)
                .contains("id_turnback_new")
        );
    }

    #[test]
    fn a_key_that_nobody_knows_yet_is_looked_up_by_the_statement() {
        let key = KeyName::new(TableName::new("public", "users"), Ident::new("id"));
        let value = Value::Unknown(key, "it's".to_owned());
        assert_eq!(
            value.sql("integer"),
            "(SELECT k.restored FROM turnback_salvaged.key k WHERE k.key = 'public.users.id' AND k.replaced = 'it''s')::integer"
        );
        assert_eq!(value.text(), None);
        let key = KeyName::new(TableName::new("public", "users"), Ident::new("id"));
        assert_eq!(
            file_key(&key, "a", None, Some("nextval('s')")),
            "INSERT INTO turnback_salvaged.key VALUES ('public.users.id', 'a', (nextval('s'))::text) ON CONFLICT DO NOTHING;\n"
        );
        assert!(file_key(&key, "a", Some("7"), Some("nextval('s')")).contains("('7')::text"));
        assert!(file_key(&key, "a", None, None).starts_with("-- "));
    }
}
