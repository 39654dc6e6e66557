//! What a writer asks the database: keys in its present shape, and the outcome of an operation
//! whose connection was lost.

use super::operation::{Operation, literal};
use super::session::{Backend, Failure};
use super::table::{Content, RowName, Table, field};
use super::writer::{PAUSE, Writer};

impl Writer {
    /// Asks for a row's key in the present shape. A row that was acknowledged and cannot be
    /// found is what all this is for.
    pub(super) async fn look_up(&mut self, row: &RowName) -> Result<bool, Failure> {
        let marker = literal(&row.marker);
        let sql = match row.table {
            Table::Users => format!("SELECT id::text FROM users WHERE email = {marker}"),
            Table::Conversations => {
                format!("SELECT id::text FROM conversations WHERE title = {marker}")
            }
            // By the index that is there; a chat service would not index the text's first word.
            Table::Messages => format!(
                "SELECT m.id::text FROM messages m JOIN conversations c ON c.id = m.conversation_id \
                 WHERE c.title = {} AND split_part(m.body, ' ', 1) = {marker}",
                literal(self.conversation_of(row).as_deref().unwrap_or_default())
            ),
            Table::AuditLogs => format!(
                "SELECT id::text FROM audit_logs WHERE split_part(detail, ' ', 1) = {marker}"
            ),
            Table::Participants => return Ok(true),
        };
        let found = self.run(&sql).await?;
        if let [only] = found.as_slice()
            && let Some(Some(key)) = only.first()
        {
            self.keys.insert(row.clone(), key.clone());
            return Ok(true);
        }
        let count = found.len();
        let shape = &self.shape;
        let sentence = format!("{row} was there {count} times when looked up through {shape}");
        self.memory.notice(sentence);
        Ok(false)
    }

    fn conversation_of(&self, message: &RowName) -> Option<String> {
        self.memory.model.get(message)?[field::CONVERSATION].clone()
    }

    /// Asks the database, once the lost session's process is gone, whether the operation was
    /// committed; `None` when the database cannot be asked or is in neither state.
    pub(super) async fn was_committed(
        &mut self,
        operation: &Operation,
        lost: &Backend,
    ) -> Option<bool> {
        loop {
            if self.connect().await.is_none() {
                self.memory.notice(format!(
                    "whether {} was committed could not be asked: the server does not answer",
                    operation.name
                ));
                return None;
            }
            match self.ask(operation, lost).await {
                Ok(answer) => return answer,
                Err(Failure::Unknown(_)) => self.session = None,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn ask(
        &mut self,
        operation: &Operation,
        lost: &Backend,
    ) -> Result<Option<bool>, Failure> {
        while let Some(session) = &mut self.session
            && session.is_alive(lost).await?
        {
            tokio::time::sleep(PAUSE).await;
        }
        let (mut done, mut undone) = (0, 0);
        for change in &operation.changes {
            let found = self.content(&change.row).await?;
            let before = self.memory.model.get(&change.row);
            done += usize::from(found == change.after);
            undone += usize::from(found.as_ref() == before);
        }
        let all = operation.changes.len();
        if undone == all {
            return Ok(Some(false));
        }
        if done == all {
            return Ok(Some(true));
        }
        self.memory.notice(format!(
            "{} was cut off and left {done} of {all} rows changed",
            operation.name
        ));
        Ok(None)
    }

    /// What the row holds now.
    async fn content(&mut self, row: &RowName) -> Result<Option<Content>, Failure> {
        let sql = format!(
            "SELECT * FROM ({}) r WHERE marker = {}",
            row.table.select(),
            literal(&row.marker)
        );
        let found = self.run(&sql).await?;
        Ok(found
            .into_iter()
            .next()
            .map(|mut columns| columns.split_off(1)))
    }
}
