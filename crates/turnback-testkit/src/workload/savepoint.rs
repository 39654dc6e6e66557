//! Transactions of which a part is rolled back.

use super::model::{Change, Model};
use super::operation::{End, Operation, Statement};
use super::planner::{Planner, marker};
use super::sql::{INSERT_MESSAGE, insert_conversation, insert_user, message_values};
use super::table::{RowName, Table};

impl Planner {
    /// A conversation and a message, with a message in between that is taken back, and where
    /// there is somebody to double, a statement that fails: only what is kept counts.
    pub(super) fn partly(&mut self, model: &Model) -> Operation {
        let owner = self.user_or_nobody(model);
        let conversation = Table::Conversations.row(self.fresh());
        let (dropped, kept) = (self.fresh(), Table::Messages.row(self.fresh()));
        let body = format!("{} kept", kept.marker);
        let message = |body: &str, row: &RowName| {
            let start = Statement::sql(INSERT_MESSAGE);
            message_values(start, &conversation, owner.clone(), None, body)
                .text(")")
                .returning(vec![row.clone()])
        };
        let mut statements = vec![
            insert_conversation(&conversation, owner.clone()),
            Statement::sql("SAVEPOINT one"),
            message(
                &format!("{dropped} dropped"),
                &Table::Messages.row(dropped.as_str()),
            ),
            Statement::sql("ROLLBACK TO one"),
            message(&body, &kept),
        ];
        if let Some((user, _)) = self.own(model, Table::Users) {
            let mut duplicate = insert_user(&user, "impostor", "");
            duplicate.returns.clear();
            duplicate.refused = Some("23505");
            statements.extend([
                Statement::sql("SAVEPOINT two"),
                duplicate,
                Statement::sql("ROLLBACK TO two"),
            ]);
        }
        statements.push(Statement::sql("RELEASE one"));
        let rows = [
            (conversation.clone(), vec![marker(owner.clone())]),
            (
                kept,
                vec![Some(body), Some(conversation.marker), marker(owner), None],
            ),
        ];
        Operation {
            name: "partly rolled back",
            statements,
            end: End::Commit,
            fresh_rows: true,
            needs_key: false,
            changes: rows
                .into_iter()
                .map(|(row, content)| Change {
                    row,
                    after: Some(content),
                })
                .collect(),
        }
    }
}
