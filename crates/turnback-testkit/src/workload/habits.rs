//! Operations on tables with triggers of their own and keys that change.

use super::model::{Change, Model};
use super::operation::{Operation, Statement};
use super::planner::{Planner, marker};
use super::shape::Shape;
use super::sql::{INSERT_MESSAGE, message_values};
use super::table::{RowName, Table, field};

impl Planner {
    /// What the trigger writes when a user who is there gets another name.
    pub(super) fn noted_rename(&self, model: &Model, user: &RowName, name: &str) -> Option<Change> {
        let was_there = self.habits && model.get(user).is_some();
        was_there.then(|| Change {
            row: Table::AuditLogs.row(name),
            after: Some(vec![
                Some(format!("{name} renamed")),
                Some("renamed".to_owned()),
                Some(user.marker.clone()),
            ]),
        })
    }

    /// A message without a sender: the trigger makes it the owner's.
    pub(super) fn for_the_owner(&mut self, model: &Model) -> Option<Operation> {
        let (conversation, content) = self.own(model, Table::Conversations)?;
        let owner = content[field::OWNER].clone()?;
        let row = Table::Messages.row(self.fresh());
        let body = format!("{} @owner", row.marker);
        let start = Statement::sql(INSERT_MESSAGE);
        let statement = message_values(start, &conversation, None, None, &body)
            .text(")")
            .returning(vec![row.clone()]);
        let content = vec![Some(body), marker(Some(conversation)), Some(owner), None];
        Some(Operation::one(
            "message for the owner",
            statement,
            row,
            content,
        ))
    }

    /// Another action for an entry of the audit log, and with it another partition where these are
    /// by action; sometimes another actor at once.
    pub(super) fn file_audit(&mut self, model: &Model) -> Option<Operation> {
        let (entry, mut content) = self.own(model, Table::AuditLogs)?;
        let actions = ["post", "edit", "delete", "login", "logout", "renamed"];
        let action = actions[self.rng.usize(0..actions.len())].to_owned();
        let mut set = Statement::sql("UPDATE audit_logs SET action = ").value(&action);
        content[field::ACTION] = Some(action);
        if self.rng.bool() {
            let actor = self.user_or_nobody(model);
            set = set.text(", actor_id = ").key_or_null(actor.clone());
            content[field::ACTOR] = marker(actor);
        }
        let statement = set.text(" WHERE id = ").key(entry.clone()).touching_one();
        Some(Operation::one("file audit", statement, entry, content))
    }

    /// Another key for a row; what refers to it follows by `ON UPDATE CASCADE`.
    pub(super) fn renumber(&mut self, model: &Model, shape: &Shape) -> Option<Operation> {
        let tables = [Table::Users, Table::Conversations, Table::Messages];
        let table = tables[self.rng.usize(0..tables.len())];
        let (row, content) = self.own(model, table)?;
        let name = table.name();
        let key = match shape {
            Shape::Public => "DEFAULT".to_owned(),
            // A view has no default of its own, so DEFAULT would be null.
            Shape::Old => format!("nextval('public.{name}_id_seq')"),
            Shape::New { .. } => "gen_random_uuid()".to_owned(),
        };
        let sql = format!("UPDATE {name} SET id = {key} WHERE id = ");
        let statement = Statement::sql(&sql)
            .key(row.clone())
            .returning(vec![row.clone()]);
        let mut operation = Operation::one("renumber", statement, row, content);
        operation.needs_key = true;
        Some(operation)
    }
}
