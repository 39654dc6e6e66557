//! Rows by `COPY`, with a column list: into tables only, as views take none.

use super::model::{Change, Model};
use super::operation::{End, Operation, Statement, Way};
use super::planner::{Planner, marker};
use super::table::{RowName, Table};

const MESSAGES: &str = "COPY messages (conversation_id, sender_id, reply_to, body) FROM STDIN";
const USERS: &str = "COPY users (email, name) FROM STDIN";

/// What `COPY` reads as null.
const NULL: &str = "\\N";

impl Planner {
    /// Some messages, or some users, in one `COPY`.
    pub(super) fn copy(&mut self, model: &Model) -> Option<Operation> {
        let count = self.rng.usize(1..6);
        if self.rng.u8(0..3) == 0 {
            return Some(self.copy_users(count));
        }
        let (mut data, mut changes) = (Statement::default(), Vec::new());
        for _ in 0..count {
            let conversation = self.some_conversation(model)?;
            let sender = self.user_or_nobody(model);
            let reply = self.reply_target(model);
            let row = Table::Messages.row(self.fresh());
            let body = format!("{} copied", row.marker);
            data = field(data.key(conversation.clone()).text("\t"), sender.clone()).text("\t");
            data = field(data, reply.clone()).text(&format!("\t{body}\n"));
            let after = vec![
                Some(body),
                marker(Some(conversation)),
                marker(sender),
                marker(reply),
            ];
            changes.push(Change {
                row,
                after: Some(after),
            });
        }
        Some(copying("copy messages", data, MESSAGES, changes))
    }

    fn copy_users(&mut self, count: usize) -> Operation {
        let (mut data, mut changes) = (Statement::default(), Vec::new());
        for _ in 0..count {
            let (row, name) = (self.fresh_user(), self.fresh());
            data = data.text(&format!("{}\t{name}\n", row.marker));
            let after = Some(vec![Some(name)]);
            changes.push(Change { row, after });
        }
        copying("copy users", data, USERS, changes)
    }
}

/// A key, or null.
fn field(data: Statement, row: Option<RowName>) -> Statement {
    match row {
        Some(row) => data.key(row),
        None => data.text(NULL),
    }
}

fn copying(
    name: &'static str,
    mut data: Statement,
    copy: &'static str,
    changes: Vec<Change>,
) -> Operation {
    data.way = Way::Copy(copy);
    data.rows = changes.len();
    Operation {
        name,
        statements: vec![data],
        end: End::Autocommit,
        fresh_rows: true,
        needs_key: false,
        changes,
    }
}
