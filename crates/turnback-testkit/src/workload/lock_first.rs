//! `SELECT … FOR UPDATE`, then the update.

use super::model::{Change, Model};
use super::operation::{End, Operation, Statement};
use super::planner::Planner;
use super::sql::update;
use super::table::{Table, field};

impl Planner {
    /// Locks a message, and edits it in the same transaction.
    pub(super) fn lock_first(&mut self, model: &Model) -> Option<Operation> {
        let (message, mut content) = self.own(model, Table::Messages)?;
        let mut lock = Statement::sql("SELECT body FROM messages WHERE id = ")
            .key(message.clone())
            .text(" FOR UPDATE");
        lock.rows = 1;
        let body = format!("{} locked {}", message.marker, self.fresh());
        let edit = update(&message, "body", Statement::default().value(&body));
        content[field::BODY] = Some(body);
        Some(Operation {
            name: "lock and edit message",
            statements: vec![lock, edit],
            end: End::Commit,
            fresh_rows: false,
            needs_key: false,
            changes: vec![Change {
                row: message,
                after: Some(content),
            }],
        })
    }
}
