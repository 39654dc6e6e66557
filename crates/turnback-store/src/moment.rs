//! Moments as the store keeps them: milliseconds since 1970-01-01 UTC.

use turnback_core::guard::Moment;

pub(crate) fn millis(moment: Moment) -> i64 {
    i64::try_from(moment.0).unwrap_or(i64::MAX)
}

pub(crate) fn moment(millis: i64) -> Moment {
    Moment(u64::try_from(millis).unwrap_or(0))
}
