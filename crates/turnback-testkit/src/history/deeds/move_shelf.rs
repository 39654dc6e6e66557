//! Another reference: a document moves to another shelf.

use super::super::hand::{Done, Hand, version};
use super::Deed;

const MOVE: &str = "UPDATE documents SET word = $2, after = $3, \
    shelf_id = (SELECT s.id FROM shelves s WHERE s.name = $4) \
    WHERE name = $1 AND word = $3 RETURNING version, shelf_id";

impl Deed {
    pub(super) async fn move_shelf(&self, hand: &mut Hand) -> Done {
        let found = hand.read(&self.document).await?;
        let mut events = vec![self.seen(&self.document, found.clone())];
        if let Some((_, word)) = found {
            let values = [&*self.document, &*self.word, &*word, &*self.shelf];
            for row in hand.rows(MOVE, &values).await? {
                events.push(self.wrote(version(&row, MOVE)?, &word));
            }
        }
        Ok(events)
    }
}
