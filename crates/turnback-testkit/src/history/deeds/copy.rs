//! `COPY … FROM STDIN`, in a transaction that looks up the shelf's key.

use sqlx::Row;

use super::super::hand::{Done, Fault, Hand};
use super::Deed;

const SHELF: &str = "SELECT id::text AS key FROM shelves WHERE name = $1";
const COPY: &str = "COPY documents (name, shelf_id, word, after) FROM STDIN";

impl Deed {
    pub(super) async fn copy(&self, hand: &mut Hand) -> Done {
        hand.say("BEGIN").await?;
        // Its lock keeps the key's type until the transaction ends.
        let rows = hand.rows(SHELF, &[&self.shelf]).await?;
        let key = |source| Fault {
            statement: SHELF,
            source,
        };
        let mut written = Vec::new();
        for row in &rows {
            let shelf: String = row.try_get("key").map_err(key)?;
            let data = format!("{}\t{shelf}\t{}\t\n", self.document, self.word);
            hand.copy(COPY, &data).await?;
            written.push(self.wrote(1, ""));
        }
        hand.say("COMMIT").await?;
        Ok(written)
    }
}
