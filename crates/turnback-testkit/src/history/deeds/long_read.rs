//! One snapshot for seconds: what it showed first, it must show at the end.

use super::super::event::Event;
use super::super::hand::{Done, Fault, Hand, REST};
use super::Deed;

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

impl Deed {
    pub(super) async fn long_read(&self, hand: &mut Hand) -> Done {
        hand.say(BEGIN).await?;
        let first = self.all(hand).await?;
        tokio::time::sleep(REST).await;
        let second = self.all(hand).await?;
        hand.say("COMMIT").await?;
        if first != second {
            return Err(Fault {
                statement: BEGIN,
                source: sqlx::Error::Protocol(format!(
                    "one snapshot showed {first:?}, then {second:?}"
                )),
            });
        }
        Ok(first)
    }

    async fn all(&self, hand: &mut Hand) -> Result<Vec<Event>, Fault> {
        let mut events = Vec::new();
        for document in &self.others {
            let found = hand.read(document).await?;
            events.push(self.seen(document, found));
        }
        Ok(events)
    }
}
