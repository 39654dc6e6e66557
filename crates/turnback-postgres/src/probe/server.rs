//! What the server bears: replication, slots, its disk.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use turnback_core::guard::Reading;
use turnback_core::throttle::{Gauge, Pressure};

use super::failure::Failure;
use super::lane::Session;
use crate::pressure;

/// Remembers where the WAL ended when: how long a standby is behind follows from that, also while
/// it does not report.
pub(super) struct Marks {
    began: Instant,
    gauge: Mutex<Gauge>,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            gauge: Mutex::default(),
        }
    }
}

/// Of the standby or subscriber that is furthest behind; no data where none is connected.
pub(super) async fn replication_lag(
    session: &mut Session<'_>,
    marks: &Marks,
) -> Result<Reading, Failure> {
    let look = look(session).await?;
    let observed = {
        let mut gauge = marks.gauge.lock().unwrap_or_else(PoisonError::into_inner);
        gauge.observe(marks.began.elapsed(), &look)
    };
    let mut furthest: Option<f64> = None;
    for (name, lag) in observed.lags {
        let Some(lag) = lag else {
            return Err(Failure::new(format!(
                "how far {name} is behind may not be seen: GRANT pg_read_all_stats to the role that turnback connects as"
            )));
        };
        furthest = Some(furthest.map_or(lag, |other| other.max(lag)));
    }
    Ok(furthest.map_or(Reading::NoData, Reading::single))
}

/// What the slot that keeps most keeps; none keeps nothing.
pub(super) async fn slot_lag(session: &mut Session<'_>) -> Result<Reading, Failure> {
    let look = look(session).await?;
    let most = look.slots.iter().map(|slot| slot.retained).max();
    Ok(Reading::single(most.unwrap_or(0) as f64))
}

/// Of the disk that the server's data directory is on.
pub(super) async fn disk_free(session: &mut Session<'_>) -> Result<Reading, Failure> {
    match look(session).await?.disk {
        Some((free, _)) => Ok(Reading::single(free as f64)),
        None => Err(Failure::new(
            "the free space of the server's disk cannot be known from here: turnback must run on the server's machine, \
             as a role with pg_read_all_settings; otherwise measure it with a `prometheus` or `command` probe",
        )),
    }
}

async fn look(session: &mut Session<'_>) -> Result<Pressure, Failure> {
    session.begin("").await?;
    let look = pressure::look(session, None, "").await?;
    session.commit().await?;
    Ok(look)
}
