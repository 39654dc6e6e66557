//! What clients write: each write as SQL that is right in every shape, and what it must come to
//! by the model.

use std::collections::BTreeSet;

use crate::cascade::{Cascade, fire};
use crate::genes::{mix, once_in};
use crate::names::{listed, quoted};
use crate::rows::{Rows, Value};
use crate::schema::*;
use crate::statement::given_key;

/// A write.
#[derive(Debug)]
pub struct Write {
    /// SQL for a shape in which the keys of these tables are uuid. Names are for the client's
    /// `search_path`.
    pub sql: String,
    /// The rows after it, or why a constraint must refuse it.
    pub after: Result<Rows, String>,
    /// The table and the row that got another key by it.
    pub rekeyed: Option<(usize, usize)>,
}

/// Makes up writes.
pub struct Writer<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// The rows before the write.
    pub rows: &'a Rows,
    /// Tables whose keys are uuid in the client's shape.
    pub converted: &'a BTreeSet<usize>,
    /// It is the shape of partitions, too.
    pub sees_partitions: bool,
}

impl Writer<'_> {
    /// The write that these numbers stand for; none where there is nothing to do, or where
    /// PostgreSQL leaves open what must come of it.
    pub fn write(&self, genes: &[u8; 4], stop: usize) -> Option<Write> {
        let salt = mix(&[
            usize::from(genes[1]),
            usize::from(genes[2]),
            usize::from(genes[3]),
            stop,
        ]);
        let table = usize::from(genes[1]) % self.schema.tables.len();
        let row = self.some_row(table, salt);
        match genes[0] % 16 {
            0..=3 => self.insert(table, salt, once_in(genes[3], 3)),
            4 => self.insert_before_its_parent(table, salt),
            5 => self.insert_with_its_parent(table, salt),
            6 | 7 => self.refer_elsewhere(table, row?, salt),
            8 => self.change_note(table, row?, salt),
            9 => self.change_number(table, row?, salt),
            10 => self.change_all(table, salt),
            11 => self.change_key(table, row?),
            12 | 13 => self.upsert(table, row?, salt),
            _ => self.delete(table, row?),
        }
    }

    fn some_row(&self, table: usize, salt: usize) -> Option<usize> {
        let rows = &self.rows.tables[table];
        let at = mix(&[salt, 11]) % rows.len().max(1);
        rows.keys().nth(at).copied()
    }

    fn insert(&self, table: usize, salt: usize, explicit: bool) -> Option<Write> {
        let mut after = self.rows.clone();
        let uid = after.add(self.schema, table);
        self.refer_all(&mut after, table, uid, salt, None);
        let refers_to_itself = self.schema.tables[table]
            .columns
            .iter()
            .zip(&after.tables[table][&uid].values)
            .any(|(column, value)| column.role == Role::Reference && *value == Value::Key(uid));
        let sql = self.insert_sql(
            table,
            uid,
            &after.tables[table][&uid],
            explicit || refers_to_itself,
            &[uid],
        );
        self.arrives(&mut after, table, uid);
        self.judged(sql, after)
    }

    /// A row first, and then, in the same transaction, the one it refers to.
    fn insert_before_its_parent(&self, table: usize, salt: usize) -> Option<Write> {
        let own = &self.schema.tables[table];
        let deferred: Vec<&Reference> = own
            .references
            .iter()
            .filter(|r| r.deferral != Deferral::Never || r.table == table)
            .filter(|r| self.by_key(r))
            .collect();
        let reference = *deferred.get(salt % deferred.len().max(1))?;
        let mut after = self.rows.clone();
        let child = after.add(self.schema, table);
        let parent = after.add(self.schema, reference.table);
        self.point_at(&mut after, (table, child), reference, parent);
        self.refer_all(&mut after, table, child, salt, Some(&reference.columns));
        self.refer_all(&mut after, reference.table, parent, salt / 3, None);
        let pending = [child, parent];
        // A parent that points at the child may do so only with a check at the end.
        let rows = [(table, child), (reference.table, parent)].map(|(table, uid)| {
            self.insert_sql(table, uid, &after.tables[table][&uid], true, &pending)
        });
        // Two rows of one table may refer to each other in one statement.
        let at_once = table == reference.table;
        let sql = match rows[1].split_once(" VALUES ") {
            Some((_, parent)) if at_once => format!("{}, {parent}", rows[0]),
            _ => format!("SET CONSTRAINTS ALL DEFERRED; {}; {}", rows[0], rows[1]),
        };
        let waits = |after: &Rows, at: usize, uid: usize| {
            self.schema.tables[at].references.iter().all(|r| {
                r.deferral != Deferral::Never
                    || r.columns.iter().all(|&column| {
                        let value = after.tables[at][&uid].values[column];
                        value == Value::Key(uid) || !pending.map(Value::Key).contains(&value)
                    })
            })
        };
        self.arrives(&mut after, table, child);
        self.arrives(&mut after, reference.table, parent);
        // A row of another table that is there before, or the row itself, needs no waiting.
        if !at_once && !waits(&after, table, child) {
            return None;
        }
        self.judged(sql, after)
    }

    /// A row and the one it refers to, by one statement.
    fn insert_with_its_parent(&self, table: usize, salt: usize) -> Option<Write> {
        let own = &self.schema.tables[table];
        let single: Vec<&Reference> = own
            .references
            .iter()
            .filter(|r| r.table != table && self.by_key(r))
            .collect();
        let reference = *single.get(salt % single.len().max(1))?;
        let there = &self.schema.tables[reference.table];
        let mut after = self.rows.clone();
        let parent = after.add(self.schema, reference.table);
        self.refer_all(&mut after, reference.table, parent, salt / 3, None);
        let parent_sql = self.insert_sql(
            reference.table,
            parent,
            &after.tables[reference.table][&parent],
            false,
            &[],
        );
        // A parent that refers to itself has to know its key.
        if after.tables[reference.table][&parent]
            .values
            .iter()
            .zip(&there.columns)
            .any(|(value, c)| c.role == Role::Reference && *value == Value::Key(parent))
        {
            return None;
        }
        let child = after.add(self.schema, table);
        self.point_at(&mut after, (table, child), reference, parent);
        self.refer_all(&mut after, table, child, salt, Some(&reference.columns));
        let row = &after.tables[table][&child];
        let knows = row.values.iter().enumerate().all(|(at, value)| {
            own.columns[at].role != Role::Reference
                || reference.columns.contains(&at)
                || ![Value::Key(parent), Value::Key(child)].contains(value)
        });
        if !knows {
            return None;
        }
        let key = there.key().map(|key| quoted(&there.columns[key].name))?;
        let child_sql = self
            .insert_sql(table, child, row, false, &[parent])
            .replace(
                &given_key(parent, self.converted.contains(&reference.table)),
                "(SELECT given FROM came)",
            );
        let sql = format!("WITH came AS ({parent_sql} RETURNING {key} AS given) {child_sql}");
        self.arrives(&mut after, reference.table, parent);
        self.arrives(&mut after, table, child);
        self.judged(sql, after)
    }

    /// Whether a foreign key points at a row by its own key, and numbers beside it.
    fn by_key(&self, reference: &Reference) -> bool {
        let there = &self.schema.tables[reference.table];
        let is_key = |at: &&usize| there.key() == Some(**at);
        reference.far.iter().filter(is_key).count() == 1
            && (reference.far.iter())
                .all(|at| there.key() == Some(*at) || there.columns[*at].role == Role::Number)
    }

    /// Lets a new row point at another new one.
    fn point_at(
        &self,
        after: &mut Rows,
        (table, child): (usize, usize),
        reference: &Reference,
        parent: usize,
    ) {
        let there = &after.tables[reference.table][&parent];
        let values = reference.far.iter().map(|&at| there.values[at]).collect();
        after.set(table, child, reference, Some(values));
    }

    fn refer_elsewhere(&self, table: usize, uid: usize, salt: usize) -> Option<Write> {
        let own = &self.schema.tables[table];
        let reference = own.references.get(salt % own.references.len().max(1))?;
        let mut after = self.rows.clone();
        let mut row = after.tables[table][&uid].clone();
        for &at in &reference.columns {
            row.values[at] = Value::Null;
        }
        after.tables[table].insert(uid, row);
        let found = after.refer(self.schema, table, uid, reference, mix(&[salt, 5]));
        after.set(table, uid, reference, found);
        self.update(after, table, uid, &reference.columns)
    }

    fn change_number(&self, table: usize, uid: usize, salt: usize) -> Option<Write> {
        let at = self.schema.tables[table]
            .columns
            .iter()
            .position(|column| column.role == Role::Number)?;
        let mut after = self.rows.clone();
        let row = after.tables[table].get_mut(&uid)?;
        row.values[at] = Value::Number((salt % 7) as i64);
        self.update(after, table, uid, &[at])
    }

    fn change_note(&self, table: usize, uid: usize, salt: usize) -> Option<Write> {
        let mut after = self.rows.clone();
        let row = after.tables[table].get_mut(&uid)?;
        row.note = format!("changed {}", salt % 100);
        self.update(after, table, uid, &[])
    }

    /// Every row of a table at once.
    fn change_all(&self, table: usize, salt: usize) -> Option<Write> {
        let own = &self.schema.tables[table];
        let mut after = self.rows.clone();
        let note = format!("all {}", salt % 100);
        let uids: Vec<usize> = after.tables[table].keys().copied().collect();
        for uid in uids {
            let was = after.tables[table][&uid].clone();
            after.tables[table].get_mut(&uid)?.note.clone_from(&note);
            let mut cascade = Cascade::new(self.schema, &mut after);
            cascade.updated(table, uid, &was, true, &[]);
            // What follows from one row may meet the next.
            if cascade.open || cascade.awaited || cascade.met.len() > 1 {
                return None;
            }
        }
        let sql = format!(
            "UPDATE {} SET {} = '{note}'",
            quoted(&own.name),
            quoted(&own.columns[own.note()].name)
        );
        self.judged(sql, after)
    }

    /// Another key for a row, in the client's shape alone.
    fn change_key(&self, table: usize, uid: usize) -> Option<Write> {
        let own = &self.schema.tables[table];
        let key = own.key()?;
        let is_uuid = self.converted.contains(&table);
        // Such keys cannot be given in an update.
        if !is_uuid && own.columns[key].role == Role::Key(Identity::Always) {
            return None;
        }
        let mut after = self.rows.clone();
        let given = given_key(after.next, is_uuid);
        after.next += 1;
        let sql = format!(
            "UPDATE {} SET {} = {given} WHERE tag = '{}'",
            quoted(&own.name),
            quoted(&own.columns[key].name),
            Rows::tag(uid)
        );
        let was = after.tables[table][&uid].clone();
        let mut cascade = Cascade::new(self.schema, &mut after);
        cascade.updated(table, uid, &was, false, &[key]);
        if cascade.open {
            return None;
        }
        let (refused, awaited) = (cascade.refused, cascade.awaited);
        // Another foreign key of the same columns may have followed before this one looks.
        if refused && cascade.met.len() > 1 {
            return None;
        }
        let mut write = self.judged(sql, after)?;
        write.rekeyed = Some((table, uid));
        if refused {
            write.after = Err("something refers to the key".to_owned());
        }
        (!awaited || write.after.is_err()).then_some(write)
    }

    /// An update of these columns and the note, in a model that has the client's values already.
    fn update(
        &self,
        mut after: Rows,
        table: usize,
        uid: usize,
        columns: &[usize],
    ) -> Option<Write> {
        let own = &self.schema.tables[table];
        let row = &after.tables[table][&uid];
        let mut sets: Vec<String> = columns
            .iter()
            .map(|&at| {
                let name = quoted(&own.columns[at].name);
                format!("{name} = {}", self.value(own, at, row.values[at], &[]))
            })
            .collect();
        sets.push(format!(
            "{} = '{}'",
            quoted(&own.columns[own.note()].name),
            row.note
        ));
        let sql = format!(
            "UPDATE {} SET {} WHERE tag = '{}'",
            self.relation(table, uid, Some(row)),
            sets.join(", "),
            Rows::tag(uid)
        );
        let was = self.rows.tables[table][&uid].clone();
        let mut cascade = Cascade::new(self.schema, &mut after);
        cascade.updated(table, uid, &was, true, &[]);
        let awaited = cascade.awaited;
        if cascade.open {
            return None;
        }
        self.judged(sql, after)
            .filter(|write| !awaited || write.after.is_err())
    }

    /// An insert of a row that is there already, which changes its note instead.
    fn upsert(&self, table: usize, uid: usize, salt: usize) -> Option<Write> {
        let own = &self.schema.tables[table];
        let row = &self.rows.tables[table][&uid];
        let arbiters: Vec<&Unique> = own
            .uniques
            .iter()
            .filter(|u| u.deferral == Deferral::Never)
            .filter(|u| {
                u.columns
                    .iter()
                    .all(|&at| row.values[at] != Value::Null || own.columns[at].role == Role::Tag)
            })
            // PostgreSQL takes every unique index on the columns, and none that may wait.
            .filter(|u| {
                let same = |other: &&Unique| {
                    other.columns.iter().collect::<BTreeSet<_>>() == u.columns.iter().collect()
                };
                own.uniques
                    .iter()
                    .filter(same)
                    .all(|other| other.deferral == Deferral::Never)
            })
            .collect();
        let arbiter = arbiters.get(salt % arbiters.len().max(1))?;
        let mut after = self.rows.clone();
        let target = after.tables[table].get_mut(&uid)?;
        target.note = format!("again {}", salt % 100);
        let note = &own.columns[own.note()].name;
        let explicit = own.key().is_some_and(|key| arbiter.columns.contains(&key));
        let insert = self.insert_sql(table, uid, target, explicit, &[]);
        let sql = format!(
            "{insert} ON CONFLICT ({}) DO UPDATE SET {note} = excluded.{note}",
            listed(arbiter.columns.iter().map(|&at| &own.columns[at].name)),
            note = quoted(note)
        );
        let was = row.clone();
        // The triggers of the insert have seen the note too.
        if own.triggers.contains(&Trigger::CapitalsOfNote)
            || own.triggers.contains(&Trigger::Capitals)
        {
            target.note = target.note.to_ascii_uppercase();
        }
        let mut cascade = Cascade::new(self.schema, &mut after);
        cascade.updated(table, uid, &was, true, &[]);
        let awaited = cascade.awaited;
        if cascade.open {
            return None;
        }
        self.judged(sql, after)
            .filter(|write| !awaited || write.after.is_err())
    }

    fn delete(&self, table: usize, uid: usize) -> Option<Write> {
        let sql = format!(
            "DELETE FROM {} WHERE tag = '{}'",
            self.relation(table, uid, None),
            Rows::tag(uid)
        );
        let mut after = self.rows.clone();
        let mut cascade = Cascade::new(self.schema, &mut after);
        cascade.deleted(table, uid);
        let awaited = cascade.awaited;
        if cascade.open {
            return None;
        }
        self.judged(sql, after)
            .filter(|write| !awaited || write.after.is_err())
    }

    /// Lets every reference of a row point at some row that is there; `given` is set already.
    fn refer_all(
        &self,
        rows: &mut Rows,
        table: usize,
        uid: usize,
        salt: usize,
        given: Option<&[usize]>,
    ) {
        for (n, reference) in self.schema.tables[table].references.iter().enumerate() {
            if given.is_some_and(|given| reference.columns == given) {
                continue;
            }
            let found = rows.refer(self.schema, table, uid, reference, mix(&[salt, n]));
            rows.set(table, uid, reference, found);
        }
    }

    /// What the table's triggers make of a row that is inserted.
    fn arrives(&self, rows: &mut Rows, table: usize, uid: usize) {
        let own = &self.schema.tables[table];
        if let Some(row) = rows.tables[table].get_mut(&uid) {
            fire(own, row, true);
        }
        rows.note_in_audit(own, "INSERT", uid);
    }

    /// A write that constraints allow, or that they must refuse.
    fn judged(&self, sql: String, after: Rows) -> Option<Write> {
        let broken = after.broken(self.schema);
        Some(Write {
            sql,
            after: match broken.is_empty() {
                true => Ok(after),
                false => Err(format!(
                    "rows (of table, number) would be wrong: {broken:?}"
                )),
            },
            rekeyed: None,
        })
    }
}
