//! Read, think, write: lost to whoever wrote in between.

use super::super::hand::{Done, Hand, version};
use super::Deed;

const EDIT: &str = "UPDATE documents SET word = $2, after = $3 WHERE name = $1 AND word = $3 \
    RETURNING version, id";

impl Deed {
    pub(super) async fn edit(&self, hand: &mut Hand) -> Done {
        let found = hand.read(&self.document).await?;
        let mut events = vec![self.seen(&self.document, found.clone())];
        if let Some((_, word)) = found {
            let values = [&*self.document, &*self.word, &*word];
            for row in hand.rows(EDIT, &values).await? {
                events.push(self.wrote(version(&row, EDIT)?, &word));
            }
        }
        Ok(events)
    }
}
