//! Statements of clients, in the client's shape.

use crate::names::{listed, quoted};
use crate::rows::{Row, Rows, Value};
use crate::schema::*;
use crate::split::Place;
use crate::writes::Writer;

impl Writer<'_> {
    /// Where a write of a row goes: to its table; or, now and then, to the partition that holds
    /// it and goes on holding it. Partitions have the shape that `public` shows.
    pub(crate) fn relation(&self, table: usize, uid: usize, after: Option<&Row>) -> String {
        let own = &self.schema.tables[table];
        let whole = quoted(&own.name);
        let was = &self.rows.tables[table][&uid];
        match own.place(was) {
            _ if !self.sees_partitions || uid.is_multiple_of(2) => whole,
            place if after.is_some_and(|after| own.place(after) != place) => whole,
            Place::In(Some(part)) => quoted(&part.name),
            _ => whole,
        }
    }

    /// `pending` are rows that are not there yet: their keys stand as they are given.
    pub(crate) fn insert_sql(
        &self,
        table: usize,
        uid: usize,
        row: &Row,
        explicit: bool,
        pending: &[usize],
    ) -> String {
        let own = &self.schema.tables[table];
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (at, column) in own.columns.iter().enumerate() {
            let value = match column.role {
                Role::Key(_) if !explicit => continue,
                Role::Tag => format!("'{}'", Rows::tag(uid)),
                Role::Note => format!("'{}'", row.note),
                Role::Time => continue,
                _ => self.value(own, at, row.values[at], pending),
            };
            names.push(&column.name);
            values.push(value);
        }
        format!(
            "INSERT INTO {} ({}) {}VALUES ({})",
            quoted(&own.name),
            listed(names),
            if explicit {
                "OVERRIDING SYSTEM VALUE "
            } else {
                ""
            },
            values.join(", ")
        )
    }

    /// A value in the client's shape: of a row that is there, its key is looked up.
    pub(crate) fn value(&self, own: &Table, at: usize, value: Value, pending: &[usize]) -> String {
        match (value, own.columns[at].root) {
            (Value::Null, _) => "NULL".to_owned(),
            (Value::Number(number), _) => number.to_string(),
            (Value::Key(uid), Some(root)) if pending.contains(&uid) => {
                given_key(uid, self.converted.contains(&root))
            }
            (Value::Key(uid), Some(root)) => {
                let there = &self.schema.tables[root];
                let key = there.key().expect("a root has a key");
                format!(
                    "(SELECT k.{} FROM {} k WHERE k.tag = '{}')",
                    quoted(&there.columns[key].name),
                    quoted(&there.name),
                    Rows::tag(uid)
                )
            }
            (Value::Key(_), None) => unreachable!("only columns with a root hold keys"),
        }
    }
}

/// A key that the client makes up.
pub fn given_key(uid: usize, is_uuid: bool) -> String {
    if is_uuid {
        format!("'00000000-0000-4000-8000-{uid:012}'")
    } else {
        (20_000 + uid).to_string()
    }
}
