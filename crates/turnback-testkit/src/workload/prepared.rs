//! Named prepared statements, prepared once in each session and kept for its life.

use super::model::{Change, Model};
use super::operation::{End, Operation, Statement, Way};
use super::planner::{Planner, marker};
use super::table::{Table, field};

const SAY: Way = Way::Prepared(
    "say",
    "INSERT INTO messages (conversation_id, sender_id, body) VALUES ($1, $2, $3) RETURNING id",
);
const EDIT: Way = Way::Prepared(
    "edit",
    "UPDATE messages SET body = $2 WHERE id = $1 RETURNING id",
);
const RENAME: Way = Way::Prepared(
    "rename",
    "UPDATE users SET name = $2 WHERE email = $1 RETURNING *",
);

impl Planner {
    /// An insert, an update by key or, with a result of every column, one by address.
    pub(super) fn prepared(&mut self, model: &Model) -> Option<Operation> {
        match self.rng.u8(0..3) {
            0 => self.say(model),
            1 => self.edit(model),
            _ => self.rename(model),
        }
    }

    fn say(&mut self, model: &Model) -> Option<Operation> {
        let conversation = self.some_conversation(model)?;
        let sender = self.user_or_nobody(model);
        let row = Table::Messages.row(self.fresh());
        let body = format!("{} said", row.marker);
        let mut statement = Statement::sql("EXECUTE say(")
            .key(conversation.clone())
            .text(", ")
            .key_or_null(sender.clone())
            .text(", ")
            .value(&body)
            .text(")");
        statement.returns = vec![row.clone()];
        statement.rows = 1;
        statement.way = SAY;
        let content = vec![Some(body), marker(Some(conversation)), marker(sender), None];
        Some(Operation::one("prepared insert", statement, row, content))
    }

    fn edit(&mut self, model: &Model) -> Option<Operation> {
        let (message, mut content) = self.own(model, Table::Messages)?;
        let body = format!("{} prepared {}", message.marker, self.fresh());
        let mut statement = Statement::sql("EXECUTE edit(")
            .key(message.clone())
            .text(", ")
            .value(&body)
            .text(")");
        statement.rows = 1;
        statement.way = EDIT;
        content[field::BODY] = Some(body);
        Some(Operation::one("prepared edit", statement, message, content))
    }

    fn rename(&mut self, model: &Model) -> Option<Operation> {
        let (user, _) = self.own(model, Table::Users)?;
        let name = self.fresh();
        let mut statement = Statement::sql("EXECUTE rename(")
            .value(&user.marker)
            .text(", ")
            .value(&name)
            .text(")");
        statement.rows = 1;
        statement.way = RENAME;
        let noted = self.noted_rename(model, &user, &name);
        let after = Some(vec![Some(name)]);
        let renamed = Change { row: user, after };
        Some(Operation {
            name: "prepared rename",
            statements: vec![statement],
            end: End::Autocommit,
            fresh_rows: false,
            needs_key: false,
            changes: std::iter::once(renamed).chain(noted).collect(),
        })
    }
}
