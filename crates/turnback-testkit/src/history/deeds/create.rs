//! `INSERT … SELECT … RETURNING`.

use super::super::hand::{Done, Hand, version};
use super::Deed;

/// Returns the key too: where its type changes, the statement must be prepared again.
const CREATE: &str = "INSERT INTO documents (name, shelf_id, word, after) \
    SELECT $1, s.id, $2, '' FROM shelves s WHERE s.name = $3 RETURNING version, id";

impl Deed {
    pub(super) async fn create(&self, hand: &mut Hand) -> Done {
        let values = [&*self.document, &*self.word, &*self.shelf];
        let rows = hand.rows(CREATE, &values).await?;
        let written = rows
            .iter()
            .map(|row| Ok(self.wrote(version(row, CREATE)?, "")));
        written.collect()
    }
}
