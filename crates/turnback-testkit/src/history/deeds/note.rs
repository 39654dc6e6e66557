//! A row that refers to a document.

use super::super::event::Event;
use super::super::hand::{Done, Hand};
use super::Deed;

/// The document is locked as its foreign key would lock it, so that nobody deletes it first.
const NOTE: &str = "INSERT INTO notes (document_id, word) SELECT d.id, $2 FROM \
    (SELECT id FROM documents WHERE name = $1 FOR KEY SHARE) d RETURNING id, document_id";

impl Deed {
    pub(super) async fn note(&self, hand: &mut Hand) -> Done {
        let rows = hand.rows(NOTE, &[&self.document, &self.word]).await?;
        let noted = |_| Event::Noted {
            document: self.document.clone(),
            word: self.word.clone(),
        };
        Ok(rows.iter().map(noted).collect())
    }
}
