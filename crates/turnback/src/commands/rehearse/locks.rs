//! The locks that each statement really took on the copy: those of a transaction as the server
//! showed them before it committed, from the journal; those of all other work (batches, the
//! user's SQL outside a transaction) looked up while they were held.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use sqlx::{PgConnection, Row};
use tokio::task::JoinHandle;
use turnback_core::journal::JournalEvent;
use turnback_core::name::TableName;

use super::failed;
use super::screen::{Doing, Screen};
use crate::failure::Failure;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Locks of turnback's own sessions on relations that are neither PostgreSQL's nor ours.
const QUERY: &str = "SELECT l.pid::text AS pid, n.nspname::text AS schema, c.relname::text AS name, \
     replace(l.mode, 'Lock', '') AS mode, l.granted::text AS granted \
     FROM pg_catalog.pg_locks l \
     JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
     JOIN pg_catalog.pg_class c ON c.oid = l.relation \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE l.locktype = 'relation' AND a.application_name = 'turnback' AND a.datname = current_database() \
       AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'turnback', 'turnback_control', 'turnback_rehearsal') \
       AND c.relkind IN ('r', 'p', 'v', 'm')";

/// What a lock lets others do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Blocks {
    /// No reader and no writer.
    Nobody,
    /// Schema changes and vacuum.
    SchemaChanges,
    /// Whoever writes.
    Writers,
    /// Everybody.
    ReadersAndWriters,
}

impl Blocks {
    /// By the mode's name (manual, 13.3.1).
    fn of(mode: &str) -> Self {
        match mode {
            "AccessExclusive" => Self::ReadersAndWriters,
            "Share" | "ShareRowExclusive" | "Exclusive" => Self::Writers,
            "ShareUpdateExclusive" => Self::SchemaChanges,
            _ => Self::Nobody,
        }
    }

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::SchemaChanges => "schema changes, vacuum",
            Self::Writers => "writers",
            Self::ReadersAndWriters => "readers and writers",
        }
    }
}

/// A lock of a step: the strongest that it had on a relation.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Taken {
    pub(super) round: &'static str,
    pub(super) phase: String,
    pub(super) step: String,
    pub(super) title: String,
    pub(super) relation: String,
    /// As PostgreSQL names it: `AccessExclusive`.
    pub(super) mode: String,
    pub(super) blocks: Blocks,
    /// The longest that it was held, in milliseconds.
    pub(super) held_millis: f64,
    /// The longest that it was waited for.
    pub(super) waited_millis: f64,
}

/// Who held what, and since when.
type Held = BTreeMap<(String, String, String, bool), Instant>;

/// Looks for locks until it is dropped.
pub(super) struct Watch {
    taken: Arc<Mutex<Vec<Taken>>>,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watch {
    /// Begins to look.
    pub(super) async fn begin(
        mut session: PgConnection,
        screen: Arc<Screen>,
    ) -> Result<Self, Failure> {
        // The first look must work: a watch that sees nothing is none.
        look(&mut session)
            .await
            .map_err(|error| failed("looking for locks", error))?;
        let taken: Arc<Mutex<Vec<Taken>>> = Arc::default();
        let into = taken.clone();
        let task = tokio::spawn(async move {
            let mut held = Held::new();
            let mut tick = tokio::time::interval(LOOK);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                let doing = screen.at();
                let Ok(found) = look(&mut session).await else {
                    return;
                };
                let now = Instant::now();
                held.retain(|key, _| found.contains(key));
                for key in found {
                    let since = *held.entry(key.clone()).or_insert(now);
                    if let Some(doing) = &doing {
                        note(
                            &mut into.lock().unwrap_or_else(PoisonError::into_inner),
                            doing,
                            &key,
                            now - since,
                        );
                    }
                }
            }
        });
        Ok(Self { taken, task })
    }

    /// What was seen.
    pub(super) fn seen(&self) -> Vec<Taken> {
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Every lock, worst first: the journal's, and for steps of which it tells none what was seen.
pub(super) fn taken(events: &[JournalEvent], seen: Vec<Taken>) -> Vec<Taken> {
    let mut taken: Vec<Taken> = Vec::new();
    let (mut round, mut was_back) = ("up", false);
    let mut titles: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for event in events {
        match event {
            JournalEvent::RunBegun { command, .. } => {
                was_back |= command == "back";
                round = match command.as_str() {
                    "back" => "back",
                    "contract" => "contract",
                    _ if was_back => "up again",
                    _ => "up",
                };
            }
            JournalEvent::StepIntended {
                phase, step, title, ..
            } => {
                titles.insert((phase, step), title);
            }
            JournalEvent::StepDone {
                phase,
                step,
                lock: Some(times),
                ..
            } => {
                taken.extend(times.taken.iter().map(|lock| {
                    let mode = lock.mode.strip_suffix("Lock").unwrap_or(&lock.mode);
                    Taken {
                        round,
                        phase: phase.clone(),
                        step: step.clone(),
                        title: titles
                            .get(&(phase, step))
                            .copied()
                            .unwrap_or_default()
                            .to_owned(),
                        relation: lock.relation.clone(),
                        mode: mode.to_owned(),
                        blocks: Blocks::of(mode),
                        held_millis: lock.hold_millis,
                        waited_millis: lock.wait_millis.unwrap_or_default(),
                    }
                }));
            }
            _ => {}
        }
    }
    let told: Vec<(&'static str, String, String)> = taken
        .iter()
        .map(|lock| (lock.round, lock.phase.clone(), lock.step.clone()))
        .collect();
    let is_told = |lock: &Taken| {
        told.iter().any(|(round, phase, step)| {
            *round == lock.round && phase == &lock.phase && step == &lock.step
        })
    };
    taken.extend(seen.into_iter().filter(|lock| !is_told(lock)));
    taken.sort_by(|a, b| {
        b.blocks
            .cmp(&a.blocks)
            .then(b.held_millis.total_cmp(&a.held_millis))
    });
    taken
}

async fn look(
    session: &mut PgConnection,
) -> Result<Vec<(String, String, String, bool)>, sqlx::Error> {
    let rows = sqlx::raw_sql(QUERY).fetch_all(session).await?;
    rows.iter()
        .map(|row| {
            let text = |name| row.try_get_unchecked::<String, _>(name);
            let relation = TableName::new(text("schema")?, text("name")?);
            Ok((
                text("pid")?,
                relation.to_string(),
                text("mode")?,
                text("granted")?.starts_with('t'),
            ))
        })
        .collect()
}

fn note(
    taken: &mut Vec<Taken>,
    doing: &Doing,
    (_, relation, mode, granted): &(String, String, String, bool),
    since: Duration,
) {
    let millis = since.as_secs_f64() * 1_000.0;
    let known = taken.iter_mut().find(|known| {
        known.round == doing.round
            && known.phase == doing.phase
            && known.step == doing.step
            && &known.relation == relation
    });
    let blocks = Blocks::of(mode);
    let entry = match known {
        Some(known) => known,
        None => {
            taken.push(Taken {
                round: doing.round,
                phase: doing.phase.clone(),
                step: doing.step.clone(),
                title: doing.title.clone(),
                relation: relation.clone(),
                mode: mode.clone(),
                blocks,
                held_millis: 0.0,
                waited_millis: 0.0,
            });
            let last = taken.len() - 1;
            &mut taken[last]
        }
    };
    // What a weaker one was held for says nothing about the strongest.
    if blocks > entry.blocks {
        entry.mode.clone_from(mode);
        entry.blocks = blocks;
        entry.held_millis = 0.0;
    }
    if blocks == entry.blocks && *granted {
        entry.held_millis = entry.held_millis.max(millis);
    }
    if !granted {
        entry.waited_millis = entry.waited_millis.max(millis);
    }
}
