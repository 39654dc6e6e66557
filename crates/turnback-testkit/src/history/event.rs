//! What a client did or saw, in the words of its own statements.

/// One thing that the database acknowledged to a client, or showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A version of a document was written and acknowledged.
    Wrote {
        /// Name of the document.
        document: String,
        /// The version's number, as the database gave it.
        version: i32,
        /// The version's own word; no two versions share one.
        word: String,
        /// The word of the version that it was made from; empty for the first.
        after: String,
    },
    /// A document was deleted.
    Deleted {
        /// Name of the document.
        document: String,
    },
    /// A note was written on a document.
    Noted {
        /// Name of the document.
        document: String,
        /// The note's own word.
        word: String,
    },
    /// A document was read.
    Read {
        /// Name of the document.
        document: String,
        /// The version.
        version: i32,
        /// Its word.
        word: String,
    },
    /// A document was looked for and was not there.
    Missed {
        /// Name of the document.
        document: String,
    },
}
