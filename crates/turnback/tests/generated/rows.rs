//! The rows that the database must hold, as the model knows them: keys stand for rows, not for
//! numbers or uuids, so one model is right for both shapes.

use std::collections::{BTreeMap, BTreeSet};

use crate::genes::mix;
use crate::schema::*;
use crate::split::Place;

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// `NULL`
    Null,
    /// The key of a row, by the row's number.
    Key(usize),
    /// A number that is no key.
    Number(i64),
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What its note says.
    pub note: String,
    /// A value for each column; of the tag, the note and the time none.
    pub values: Vec<Value>,
}

/// All rows, and what the audit has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// By table and by the row's number, which no other row of any table has.
    pub tables: Vec<BTreeMap<usize, Row>>,
    /// Lines of the audit, and how often each is there.
    pub audit: BTreeMap<String, i64>,
    /// The number of the next row.
    pub next: usize,
}

impl Rows {
    /// The rows that a schema starts with: as many as it asks for, without those that its
    /// constraints do not allow.
    pub fn first(schema: &Schema) -> Self {
        let mut rows = Self::default();
        for (number, table) in schema.tables.iter().enumerate() {
            rows.tables.push(BTreeMap::new());
            for _ in 0..table.rows {
                rows.add(schema, number);
            }
        }
        for number in 0..schema.tables.len() {
            let uids: Vec<usize> = rows.tables[number].keys().copied().collect();
            for uid in uids {
                let table = &schema.tables[number];
                for (n, reference) in table.references.iter().enumerate() {
                    let found = rows.refer(schema, number, uid, reference, mix(&[uid, n, 7]));
                    rows.set(number, uid, reference, found);
                }
            }
        }
        // What breaks a constraint goes, and then what pointed at it.
        loop {
            let broken = rows.broken(schema);
            if broken.is_empty() {
                return rows;
            }
            for (table, uid) in broken {
                rows.tables[table].remove(&uid);
            }
        }
    }

    /// A new row that refers to nothing yet; gives its number.
    pub fn add(&mut self, schema: &Schema, table: usize) -> usize {
        let uid = self.next;
        self.next += 1;
        let values = schema.tables[table]
            .columns
            .iter()
            .map(|column| match column.role {
                Role::Key(_) => Value::Key(uid),
                Role::Number => Value::Number((mix(&[uid, 3]) % 5) as i64),
                _ => Value::Null,
            })
            .collect();
        let note = ["id", "some note", "Small Note"][uid % 3].to_owned();
        self.tables[table].insert(uid, Row { note, values });
        uid
    }

    /// The tag of a row.
    pub fn tag(uid: usize) -> String {
        format!("r{uid}")
    }

    /// The key that a row starts with, before any conversion: another number than its own, and
    /// not in the order of the rows.
    pub fn first_key(uid: usize) -> usize {
        500 - uid
    }

    /// Values for a reference's columns: those of a row it may point at that agrees with the
    /// columns which are set already; none where there is no such row or chance says so.
    pub fn refer(
        &self,
        schema: &Schema,
        table: usize,
        uid: usize,
        reference: &Reference,
        salt: usize,
    ) -> Option<Vec<Value>> {
        let row = &self.tables[table][&uid];
        let columns = &schema.tables[table].columns;
        let nullable = reference
            .columns
            .iter()
            .all(|&at| !columns[at].not_null && row.values[at] == Value::Null);
        if nullable && salt.is_multiple_of(4) {
            return None;
        }
        let fits = |there: &Vec<Value>| {
            reference.columns.iter().zip(there).all(|(&at, value)| {
                *value != Value::Null && (row.values[at] == Value::Null || row.values[at] == *value)
            })
        };
        let there: Vec<Vec<Value>> = self.tables[reference.table]
            .values()
            .map(|row| reference.far.iter().map(|&at| row.values[at]).collect())
            .filter(fits)
            .collect();
        (!there.is_empty()).then(|| there[salt / 4 % there.len()].clone())
    }

    /// Puts values into a reference's columns.
    pub fn set(
        &mut self,
        table: usize,
        uid: usize,
        reference: &Reference,
        values: Option<Vec<Value>>,
    ) {
        if let (Some(values), Some(row)) = (values, self.tables[table].get_mut(&uid)) {
            for (&at, value) in reference.columns.iter().zip(values) {
                row.values[at] = value;
            }
        }
    }

    /// Rows that break a constraint; of two that clash, the later.
    pub fn broken(&self, schema: &Schema) -> BTreeSet<(usize, usize)> {
        let mut broken = BTreeSet::new();
        for (number, table) in schema.tables.iter().enumerate() {
            let rows = &self.tables[number];
            for (&uid, row) in rows {
                let null = table
                    .columns
                    .iter()
                    .zip(&row.values)
                    .any(|(column, value)| {
                        column.not_null && column.role != Role::Tag && *value == Value::Null
                    });
                let dangling = table
                    .references
                    .iter()
                    .any(|reference| !self.holds(reference, row));
                if null || dangling || table.place(row) == Place::Nowhere {
                    broken.insert((number, uid));
                }
            }
            let uniques = table
                .uniques
                .iter()
                .map(|u| (&u.columns, u.nulls_not_distinct, Predicate::None));
            let indexes = table
                .indexes
                .iter()
                .filter(|index| index.unique)
                .map(|index| (&index.columns, false, index.predicate));
            for (columns, nulls_not_distinct, predicate) in uniques.chain(indexes) {
                broken.extend(
                    clashes(table, rows, columns, nulls_not_distinct, predicate)
                        .into_iter()
                        .map(|uid| (number, uid)),
                );
            }
        }
        broken
    }

    /// Whether a foreign key holds for a row.
    fn holds(&self, reference: &Reference, row: &Row) -> bool {
        let near: Vec<Value> = reference.columns.iter().map(|&at| row.values[at]).collect();
        let nulls = near.iter().filter(|value| **value == Value::Null).count();
        match nulls {
            0 => self.tables[reference.table].values().any(|there| {
                reference
                    .far
                    .iter()
                    .zip(&near)
                    .all(|(&at, value)| there.values[at] == *value)
            }),
            all if all == near.len() => true,
            _ => !reference.match_full,
        }
    }

    /// A line in the audit, where the table has one.
    pub fn note_in_audit(&mut self, table: &Table, event: &str, uid: usize) {
        if table.triggers.contains(&Trigger::Audit) {
            *self
                .audit
                .entry(format!("{event} {}", Self::tag(uid)))
                .or_default() += 1;
        }
    }
}

/// Rows that have the same values in these columns as one before them.
fn clashes(
    table: &Table,
    rows: &BTreeMap<usize, Row>,
    columns: &[usize],
    nulls_not_distinct: bool,
    predicate: Predicate,
) -> Vec<usize> {
    // A tag is no other row's.
    if columns
        .iter()
        .any(|&at| table.columns[at].role == Role::Tag)
    {
        return vec![];
    }
    let mut seen = BTreeSet::new();
    rows.iter()
        .filter(|(_, row)| {
            // What has no value in the model is null only where it is a reference.
            let first = row.values[columns[0]];
            match predicate {
                Predicate::Given => first != Value::Null,
                Predicate::Missing => first == Value::Null,
                Predicate::None | Predicate::Note => true,
            }
        })
        .filter(|(_, row)| {
            let values: Vec<Value> = columns.iter().map(|&at| row.values[at]).collect();
            let counts = nulls_not_distinct || !values.contains(&Value::Null);
            counts && !seen.insert(values)
        })
        .map(|(&uid, _)| uid)
        .collect()
}
