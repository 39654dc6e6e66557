//! What clients do to documents, each in a file of its own. Statements name rows by their
//! names, so that one prepared statement fits every shape for as long as its connection lives.

mod copy;
mod create;
mod delete;
mod edit;
mod lock_first;
mod long_read;
mod move_shelf;
mod note;
mod savepoint;
mod upsert;

use super::event::Event;
use super::hand::{Done, Hand};
use crate::workload::Shape;

/// One thing to do.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub(super) kind: Kind,
    /// The document it is about.
    pub(super) document: String,
    /// Other documents, for a reader of many.
    pub(super) others: Vec<String>,
    /// A shelf.
    pub(super) shelf: String,
    /// A word that was never used before.
    pub(super) word: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Create,
    Copy,
    Edit,
    LockFirst,
    Savepoint,
    Upsert,
    Move,
    Delete,
    Note,
    LongRead,
}

impl Deed {
    /// Does it once; gives what was acknowledged and seen.
    pub(super) async fn run(&self, hand: &mut Hand) -> Done {
        match self.kind {
            Kind::Read => self.look(hand).await,
            Kind::Create => self.create(hand).await,
            // Views take no COPY.
            Kind::Copy if hand.shape == Shape::Public => self.copy(hand).await,
            Kind::Copy => self.create(hand).await,
            Kind::Edit => self.edit(hand).await,
            Kind::LockFirst => self.lock_first(hand).await,
            Kind::Savepoint => self.savepoint(hand).await,
            Kind::Upsert => self.upsert(hand).await,
            Kind::Move => self.move_shelf(hand).await,
            Kind::Delete => self.delete(hand).await,
            Kind::Note => self.note(hand).await,
            Kind::LongRead => self.long_read(hand).await,
        }
    }

    /// A new document?
    pub(super) fn is_new(&self) -> bool {
        matches!(self.kind, Kind::Create | Kind::Copy)
    }

    async fn look(&self, hand: &mut Hand) -> Done {
        let found = hand.read(&self.document).await?;
        Ok(vec![self.seen(&self.document, found)])
    }

    fn seen(&self, document: &str, found: Option<(i32, String)>) -> Event {
        let document = document.to_owned();
        match found {
            Some((version, word)) => Event::Read {
                document,
                version,
                word,
            },
            None => Event::Missed { document },
        }
    }

    fn wrote(&self, version: i32, after: &str) -> Event {
        Event::Wrote {
            document: self.document.clone(),
            version,
            word: self.word.clone(),
            after: after.to_owned(),
        }
    }
}
