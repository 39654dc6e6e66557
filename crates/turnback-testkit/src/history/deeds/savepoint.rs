//! A version that is taken back to a savepoint, and the one that is written instead.

use super::super::hand::{Done, Hand, version, version_and_word};
use super::Deed;
use super::lock_first::{LOCK, WRITE};

impl Deed {
    pub(super) async fn savepoint(&self, hand: &mut Hand) -> Done {
        hand.say("BEGIN").await?;
        let mut events = Vec::new();
        for row in hand.rows(LOCK, &[&self.document]).await? {
            let (_, word) = version_and_word(&row, LOCK)?;
            hand.say("SAVEPOINT here").await?;
            let dropped = format!("{} dropped", self.word);
            hand.rows(WRITE, &[&self.document, &dropped, &word]).await?;
            hand.say("ROLLBACK TO here").await?;
            let values = [&*self.document, &*self.word, &*word];
            for row in hand.rows(WRITE, &values).await? {
                events.push(self.wrote(version(&row, WRITE)?, &word));
            }
        }
        hand.say("COMMIT").await?;
        Ok(events)
    }
}
