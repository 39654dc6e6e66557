//! What work on backups says while it is at it.

/// What is being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Tables are dumped: begun so many of so many, so many bytes written.
    Dumping {
        /// Tables begun.
        tables: u64,
        /// All of them.
        of: u64,
        /// Bytes on the disk so far.
        bytes: u64,
    },
    /// Rows are counted and summed: so many tables of so many.
    Counting {
        /// Tables done.
        tables: u64,
        /// All of them.
        of: u64,
    },
    /// Tables are restored: begun so many of so many.
    Restoring {
        /// Tables begun.
        tables: u64,
        /// All of them.
        of: u64,
    },
    /// Something else, in words.
    Step(String),
}

/// Whoever listens. Must not block.
pub type Tell<'a> = &'a (dyn Fn(Doing) + Send + Sync);
