//! A deletion, which the document's notes follow by `ON DELETE CASCADE`.

use super::super::event::Event;
use super::super::hand::{Done, Hand};
use super::Deed;

const DELETE: &str = "DELETE FROM documents WHERE name = $1 RETURNING version";

impl Deed {
    pub(super) async fn delete(&self, hand: &mut Hand) -> Done {
        let rows = hand.rows(DELETE, &[&self.document]).await?;
        let deleted = |_| Event::Deleted {
            document: self.document.clone(),
        };
        Ok(rows.iter().map(deleted).collect())
    }
}
