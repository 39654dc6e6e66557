//! `INSERT … ON CONFLICT DO UPDATE`: the database itself says which version was before.

use sqlx::Row;

use super::super::hand::{Done, Fault, Hand, version};
use super::Deed;

/// Only a document that is there: a deleted one stays deleted.
const UPSERT: &str = "INSERT INTO documents AS d (name, shelf_id, word, after) \
    SELECT name, shelf_id, $2, '' FROM documents WHERE name = $1 FOR UPDATE \
    ON CONFLICT (name) DO UPDATE SET word = excluded.word, after = d.word \
    RETURNING version, after, id";

impl Deed {
    pub(super) async fn upsert(&self, hand: &mut Hand) -> Done {
        let mut events = Vec::new();
        for row in hand.rows(UPSERT, &[&self.document, &self.word]).await? {
            let after: String = row.try_get("after").map_err(|source| Fault {
                statement: UPSERT,
                source,
            })?;
            events.push(self.wrote(version(&row, UPSERT)?, &after));
        }
        Ok(events)
    }
}
