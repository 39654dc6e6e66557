//! `SELECT … FOR UPDATE`, then an update that trusts the lock.

use super::super::hand::{Done, Hand, version, version_and_word};
use super::Deed;

pub(super) const LOCK: &str = "SELECT version, word FROM documents WHERE name = $1 FOR UPDATE";
pub(super) const WRITE: &str =
    "UPDATE documents SET word = $2, after = $3 WHERE name = $1 RETURNING version";

impl Deed {
    pub(super) async fn lock_first(&self, hand: &mut Hand) -> Done {
        hand.say("BEGIN").await?;
        let mut events = Vec::new();
        for row in hand.rows(LOCK, &[&self.document]).await? {
            let (_, word) = version_and_word(&row, LOCK)?;
            let values = [&*self.document, &*self.word, &*word];
            for row in hand.rows(WRITE, &values).await? {
                events.push(self.wrote(version(&row, WRITE)?, &word));
            }
        }
        hand.say("COMMIT").await?;
        Ok(events)
    }
}
