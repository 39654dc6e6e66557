//! Who leads among controllers that share the store, for each plan.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use turnback_core::guard::Moment;
use turnback_engine::error::JournalError;
use turnback_engine::leadership::{Lead, Leadership};

use crate::ControlStore;
use crate::database::{Dialect, Row, Transaction, sql};
use crate::journal::failed;
use crate::moment::moment;

/// So long another's lead must have looked the same before it is taken for over, or half as long as
/// it lasts: the database's clock alone proves nothing, for it may have been set.
const LISTENED: Duration = Duration::from_secs(3);

/// The last lead of another that was seen, and since when it has been the same by our own clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Mutex<Option<(Seen, Instant)>>>);

/// One renewal of a lead: its number, and when it was.
type Seen = (i64, i64);

impl Heard {
    /// How long a lead has looked the same.
    fn same_for(&self, seen: Seen) -> Duration {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*heard {
            Some((before, since)) if *before == seen => since.elapsed(),
            _ => {
                *heard = Some((seen, Instant::now()));
                Duration::ZERO
            }
        }
    }
}

/// A lead, as it stands in the store.
struct Last {
    leader: Leader,
    renewed: i64,
    until: i64,
}

impl Last {
    /// How long to listen yet before it may be taken for over, where the clock says that it is.
    fn to_listen(&self, heard: &Heard) -> Duration {
        let lasts = u64::try_from(self.until.saturating_sub(self.renewed)).unwrap_or(0);
        let listened = heard.same_for((self.leader.epoch, self.renewed));
        // What was given up lasts no longer.
        LISTENED
            .min(Duration::from_millis(lasts / 2))
            .saturating_sub(listened)
    }
}

/// Who leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// Its name.
    pub holder: String,
    /// The number of its lead.
    pub epoch: i64,
    /// When it began to lead; nothing where a turnback wrote it that did not take that down.
    pub since: Option<Moment>,
    /// How much of its time is left.
    pub left: Duration,
}

impl ControlStore {
    /// Who leads the controllers of this plan; nobody where there is none, or its time has run out.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn leader(&self) -> Result<Option<Leader>, JournalError> {
        let mut look = self.database.look().await.map_err(failed)?;
        let last = last(&mut look, self).await.map_err(failed)?;
        look.commit().await.map_err(failed)?;
        let leader = last.map(|last| last.leader);
        Ok(leader.filter(|leader| !leader.left.is_zero()))
    }

    /// The same store for whoever leads under this epoch: what it writes is refused as soon as
    /// another leads.
    pub fn under(&self, epoch: i64) -> Self {
        Self {
            epoch: Some(epoch),
            ..self.clone()
        }
    }

    /// Refuses where another leads.
    pub(crate) async fn must_lead(
        &self,
        epoch: i64,
        transaction: &mut Transaction,
    ) -> Result<(), sqlx::Error> {
        let last = last(transaction, self).await?;
        if last.as_ref().is_some_and(|last| last.leader.epoch == epoch) {
            return Ok(());
        }
        let other = last.map_or_else(|| "nobody".to_owned(), |last| last.leader.holder);
        Err(sqlx::Error::InvalidArgument(format!(
            "this controller stood still for too long, and {other} leads now; what it would write \
             is refused"
        )))
    }

    async fn take(
        &self,
        holder: &str,
        epoch: Option<i64>,
        lasting: Duration,
    ) -> Result<Lead, sqlx::Error> {
        // Not as whoever leads: it may be the one that does not any more.
        let mut transaction = self.database.writing().await?;
        let next = match last(&mut transaction, self).await? {
            Some(Last { leader, .. }) if Some(leader.epoch) == epoch && leader.holder == holder => {
                leader.epoch
            }
            Some(last) => {
                let left = last.leader.left.max(last.to_listen(&self.heard));
                if !left.is_zero() {
                    return Ok(Lead::Following {
                        holder: last.leader.holder,
                        left,
                    });
                }
                last.leader.epoch + 1
            }
            None => 1,
        };
        let now = now(&mut transaction, self.database.dialect()).await?;
        let lead = sql(
            "INSERT INTO controller (plan, epoch, holder, renewed_at, until, since) \
             VALUES ($1, $2, $3, $4, $5, $4) ON CONFLICT (plan) DO UPDATE SET \
             since = CASE WHEN controller.epoch = excluded.epoch THEN controller.since \
             ELSE excluded.since END, epoch = excluded.epoch, holder = excluded.holder, \
             renewed_at = excluded.renewed_at, until = excluded.until",
        )
        .bind(&self.plan)
        .bind(next)
        .bind(holder)
        .bind(now)
        .bind(now.saturating_add(i64::try_from(lasting.as_millis()).unwrap_or(i64::MAX)));
        transaction.run(lead).await?;
        transaction.commit().await?;
        Ok(Lead::Leading { epoch: next })
    }

    async fn give_up(&self, epoch: i64) -> Result<(), sqlx::Error> {
        let mut transaction = self.database.writing().await?;
        let given_up =
            sql("UPDATE controller SET until = renewed_at WHERE plan = $1 AND epoch = $2");
        transaction
            .run(given_up.bind(&self.plan).bind(epoch))
            .await?;
        transaction.commit().await
    }
}

impl Leadership for ControlStore {
    async fn lead(
        &self,
        holder: &str,
        epoch: Option<i64>,
        lasting: Duration,
    ) -> Result<Lead, JournalError> {
        self.take(holder, epoch, lasting).await.map_err(failed)
    }

    async fn resign(&self, epoch: i64) -> Result<(), JournalError> {
        self.give_up(epoch).await.map_err(failed)
    }
}

/// The last lead of this plan.
async fn last(
    transaction: &mut Transaction,
    store: &ControlStore,
) -> Result<Option<Last>, sqlx::Error> {
    let last =
        sql("SELECT epoch, holder, since, renewed_at, until FROM controller WHERE plan = $1");
    let Some(row) = transaction.optional(last.bind(&store.plan)).await? else {
        return Ok(None);
    };
    let now = now(transaction, store.database.dialect()).await?;
    Ok(Some(Last {
        leader: Leader {
            holder: row.get("holder")?,
            epoch: row.get("epoch")?,
            since: row.get::<Option<i64>>("since")?.map(moment),
            left: left(&row, now)?,
        },
        renewed: row.get("renewed_at")?,
        until: row.get("until")?,
    }))
}

/// How much of a lead is left. One that begins further ahead than it lasts was written by a clock
/// that has been set back since: it is over, or nobody would lead until that clock is there again.
fn left(row: &Row, now: i64) -> Result<Duration, sqlx::Error> {
    let (renewed, until): (i64, i64) = (row.get("renewed_at")?, row.get("until")?);
    let set_back = renewed.saturating_sub(now) > until.saturating_sub(renewed);
    let left = if set_back {
        0
    } else {
        until.saturating_sub(now)
    };
    Ok(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
}

/// The database's clock, which all controllers share: milliseconds since 1970-01-01 UTC.
async fn now(transaction: &mut Transaction, dialect: Dialect) -> Result<i64, sqlx::Error> {
    let clock = match dialect {
        Dialect::Sqlite => "SELECT CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) AS now",
        Dialect::Postgres => {
            "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS now"
        }
    };
    transaction.one(sql(clock)).await?.get("now")
}
