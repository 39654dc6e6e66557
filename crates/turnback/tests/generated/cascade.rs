//! What follows from a write: the user's triggers, and what foreign keys do about it.

use std::collections::BTreeSet;

use crate::rows::{Row, Rows, Value};
use crate::schema::*;
use crate::split::Move;

/// What the table's triggers make of a row before it is written.
pub fn fire(table: &Table, row: &mut Row, note_is_written: bool) {
    for trigger in &table.triggers {
        match *trigger {
            Trigger::Capitals => row.note = row.note.to_ascii_uppercase(),
            Trigger::CapitalsOfNote if note_is_written => row.note = row.note.to_ascii_uppercase(),
            Trigger::Borrow { to, from } if row.values[to] == Value::Null => {
                row.values[to] = row.values[from];
            }
            _ => {}
        }
    }
}

/// What follows from a change by foreign keys' actions.
pub struct Cascade<'a> {
    schema: &'a Schema,
    rows: &'a mut Rows,
    /// Rows that were written so far.
    pub met: BTreeSet<(usize, usize)>,
    /// PostgreSQL's answer depends on the order of its own triggers.
    pub open: bool,
    /// A foreign key without an action pointed at what went: if another one's action helps, it
    /// may come before the check or after it.
    pub awaited: bool,
    /// A key changed that something refers to.
    pub refused: bool,
}

impl<'a> Cascade<'a> {
    /// Nothing has followed yet.
    pub fn new(schema: &'a Schema, rows: &'a mut Rows) -> Self {
        Self {
            schema,
            rows,
            met: BTreeSet::new(),
            open: false,
            awaited: false,
            refused: false,
        }
    }

    /// A row has new values, from a client or from an action. `rekeyed` are columns whose key is
    /// another although it stands for the same row.
    pub fn updated(
        &mut self,
        table: usize,
        uid: usize,
        was: &Row,
        note_is_written: bool,
        rekeyed: &[usize],
    ) {
        self.open |= !self.met.insert((table, uid));
        let own = &self.schema.tables[table];
        if let Some(row) = self.rows.tables[table].get_mut(&uid) {
            fire(own, row, note_is_written);
        }
        let moves = own.moves(was, &self.rows.tables[table][&uid], rekeyed);
        let children = self.children(table, was);
        // Triggers tell a row that goes to another partition from one that stays; and before
        // PostgreSQL 15 foreign keys take the one for a row that is deleted.
        let tells = own
            .triggers
            .iter()
            .any(|trigger| matches!(trigger, Trigger::Audit | Trigger::CapitalsOfNote));
        self.open |= moves == Move::Perhaps && tells;
        self.open |=
            moves != Move::Stays && self.schema.server_version < 150_000 && !children.is_empty();
        if moves == Move::Goes {
            if let Some(row) = self.rows.tables[table].get_mut(&uid) {
                fire(own, row, true);
            }
            self.rows.note_in_audit(own, "DELETE", uid);
            self.rows.note_in_audit(own, "INSERT", uid);
        } else {
            self.rows.note_in_audit(own, "UPDATE", uid);
        }
        let now = self.rows.tables[table][&uid].clone();
        if self.open {
            return;
        }
        for (child_table, child, reference) in children {
            let changed = reference
                .far
                .iter()
                .any(|&at| was.values[at] != now.values[at] || rekeyed.contains(&at));
            let rekeyed: Vec<usize> = reference
                .columns
                .iter()
                .zip(&reference.far)
                .filter(|(_, far)| rekeyed.contains(far))
                .map(|(&near, _)| near)
                .collect();
            // A row that refers to itself is written twice, or is it?
            self.open |= changed && (child_table, child) == (table, uid);
            if changed && !reference.follows_updates {
                self.awaited |= reference.deferral != Deferral::Deferred;
                self.refused |= !rekeyed.is_empty();
            }
            if changed && reference.follows_updates {
                let child_was = self.rows.tables[child_table][&child].clone();
                let values = reference.far.iter().map(|&at| now.values[at]).collect();
                self.rows.set(child_table, child, &reference, Some(values));
                self.updated(child_table, child, &child_was, false, &rekeyed);
            }
        }
    }

    /// A row is deleted, by a client or by an action.
    pub fn deleted(&mut self, table: usize, uid: usize) {
        self.open |= !self.met.insert((table, uid));
        let Some(was) = self.rows.tables[table].remove(&uid) else {
            return;
        };
        self.rows
            .note_in_audit(&self.schema.tables[table], "DELETE", uid);
        for (child_table, child, reference) in self.children(table, &was) {
            if self.open {
                return;
            }
            match reference.on_delete {
                Action::Nothing => self.awaited |= reference.deferral != Deferral::Deferred,
                Action::Restrict => self.open = true,
                Action::Cascade => self.deleted(child_table, child),
                Action::SetNull => {
                    let Some(row) = self.rows.tables[child_table].get_mut(&child) else {
                        continue;
                    };
                    let child_was = row.clone();
                    for &at in &reference.columns {
                        if reference.null_only.is_none_or(|only| only == at) {
                            row.values[at] = Value::Null;
                        }
                    }
                    self.updated(child_table, child, &child_was, false, &[]);
                }
            }
        }
    }

    /// Rows whose foreign keys pointed at a row, with the foreign key.
    fn children(&self, table: usize, was: &Row) -> Vec<(usize, usize, Reference)> {
        let mut found = Vec::new();
        for (number, own) in self.schema.tables.iter().enumerate() {
            for reference in own.references.iter().filter(|r| r.table == table) {
                for (&uid, row) in &self.rows.tables[number] {
                    let points =
                        reference
                            .columns
                            .iter()
                            .zip(&reference.far)
                            .all(|(&near, &far)| {
                                row.values[near] != Value::Null
                                    && row.values[near] == was.values[far]
                            });
                    if points {
                        found.push((number, uid, reference.clone()));
                    }
                }
            }
        }
        found
    }
}
