//! The edge of flags: whoever keeps them.

use turnback_core::flag::{By, Change, ChangeRefused, Difference, Record, Stored};

use crate::helpers::Boxed;

/// Keeps the flags of a plan, every change of them, and a version that grows with each. Whoever
/// evaluates flags holds a copy in memory, and takes a new one when the version is another.
pub trait Flags: Send + Sync {
    /// The version, for those who look often.
    fn version(&self) -> Boxed<'_, Result<u64, FlagsError>>;

    /// The flags, with their version.
    fn stored(&self) -> Boxed<'_, Result<Stored, FlagsError>>;

    /// Changes flags and takes down what was changed by whom, as one. A change that changes
    /// nothing leaves the version, and no trace.
    fn change<'a>(
        &'a self,
        change: &'a Change,
        by: &'a By,
    ) -> Boxed<'a, Result<Changed, FlagsError>>;

    /// The last changes, of one flag or of all, the last first.
    fn history<'a>(
        &'a self,
        key: Option<&'a str>,
        most: u32,
    ) -> Boxed<'a, Result<Vec<Record>, FlagsError>>;
}

/// What became of a change.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The flags after it, with their version.
    pub stored: Stored,
    /// What is other than before; nothing where all was so already.
    pub differences: Vec<Difference>,
}

/// Why flags cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum FlagsError {
    /// The change makes no sense.
    #[error(transparent)]
    Refused(#[from] ChangeRefused),
    /// The control store cannot be read or written.
    #[error("the control store cannot be used for flags: {0}")]
    Store(String),
}
