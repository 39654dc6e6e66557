//! The flags of the control store, for a run: no answer of theirs is waited for long.

use std::time::Duration;

use turnback_core::flag::{By, Change, Record, Stored};
use turnback_engine::edges::Boxed;
use turnback_engine::flags::{Changed, Flags, FlagsError};
use turnback_store::ControlStore;

/// How long a file system or a server that does not answer may hold up a canary, and its way back.
const PATIENCE: Duration = Duration::from_secs(3);

/// The flags of a control store that may hang.
pub(crate) struct TimedFlags(pub(crate) ControlStore);

impl Flags for TimedFlags {
    fn version(&self) -> Boxed<'_, Result<u64, FlagsError>> {
        in_time(self.0.version())
    }

    fn stored(&self) -> Boxed<'_, Result<Stored, FlagsError>> {
        in_time(self.0.stored())
    }

    fn change<'a>(
        &'a self,
        change: &'a Change,
        by: &'a By,
    ) -> Boxed<'a, Result<Changed, FlagsError>> {
        in_time(Flags::change(&self.0, change, by))
    }

    fn history<'a>(
        &'a self,
        key: Option<&'a str>,
        most: u32,
    ) -> Boxed<'a, Result<Vec<Record>, FlagsError>> {
        in_time(Flags::history(&self.0, key, most))
    }
}

fn in_time<'a, R: 'a>(work: Boxed<'a, Result<R, FlagsError>>) -> Boxed<'a, Result<R, FlagsError>> {
    Box::pin(async move {
        tokio::time::timeout(PATIENCE, work)
            .await
            .unwrap_or_else(|_| {
                let late = format!("it did not answer within {} s", PATIENCE.as_secs());
                Err(FlagsError::Store(late))
            })
    })
}
