//! The wire to the simulated server: each call passes two points at which something may go
//! wrong, one before its effect and one before its answer; online work passes one in between.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use turnback_core::backfill::Backfill;
use turnback_core::fact::Fact;
use turnback_core::journal::LockTimes;
use turnback_core::program::Stage;
use turnback_core::recovery::SoFar;
use turnback_core::removal::{Against, Removal};
use turnback_core::schema::Snapshot;
use turnback_core::step::TableLock;
use turnback_core::throttle::{PaceRecord, Pressure, Wish};
use turnback_engine::edges::{
    AskedBack, Blocker, Fence, Mark, PhaseRecord, StepKey, StepMark, Stripe, Target, Withdrawn,
};
use turnback_engine::error::TargetError;
use turnback_engine::stop::Stop;

use crate::fault::{Fault, Kind};
use crate::server::{Database, Server, refused};

/// A server that several controllers share.
pub type Shared = Arc<Mutex<Server>>;

/// One controller's connection, which is its journal too.
#[derive(Clone)]
pub struct Wire {
    server: Shared,
    state: Arc<State>,
}

struct State {
    faults: Vec<Fault>,
    passed: Mutex<Passed>,
    killed: Notify,
    stalled: Notify,
    resumed: Notify,
}

#[derive(Default)]
struct Passed {
    points: usize,
    gone: bool,
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lost(why: &str) -> TargetError {
    TargetError::Lost(why.to_owned())
}

impl Wire {
    pub fn new(server: Shared, faults: &[Fault]) -> Self {
        Self {
            server,
            state: Arc::new(State {
                faults: faults.to_vec(),
                passed: Mutex::default(),
                killed: Notify::new(),
                stalled: Notify::new(),
                resumed: Notify::new(),
            }),
        }
    }

    /// How many points were passed.
    pub fn points(&self) -> usize {
        guard(&self.state.passed).points
    }

    /// Returns when the controller is killed.
    pub async fn killed(&self) {
        self.state.killed.notified().await;
    }

    /// Returns when the controller stands still.
    pub async fn stalled(&self) {
        self.state.stalled.notified().await;
    }

    /// Lets a controller that stands still go on.
    pub fn resume(&self) {
        self.state.resumed.notify_one();
    }

    /// Takes down that a hook ran.
    pub fn note_hook(&self, name: &str) {
        self.server().hooks.push(name.to_owned());
    }

    pub fn server(&self) -> MutexGuard<'_, Server> {
        guard(&self.server)
    }

    pub async fn point(&self) -> Result<(), TargetError> {
        let kind = {
            let mut passed = guard(&self.state.passed);
            if passed.gone {
                return Err(lost("the server is away"));
            }
            passed.points += 1;
            let at = passed.points;
            let fault = self.state.faults.iter().find(|fault| fault.at == at);
            passed.gone = fault.is_some_and(|fault| fault.kind == Kind::Gone);
            fault.map(|fault| fault.kind)
        };
        match kind {
            None => return Ok(()),
            Some(Kind::Kill) => {
                self.state.killed.notify_one();
                return std::future::pending().await;
            }
            Some(Kind::Stall) => {
                self.state.stalled.notify_one();
                self.state.resumed.notified().await;
                return Ok(());
            }
            Some(Kind::Lost | Kind::Gone) => {}
            Some(Kind::Crash) => self.server().crash(),
            Some(Kind::Failover) => self.server().fail_over(),
        }
        Err(lost("the connection broke"))
    }

    /// A call: a point, its effect, a point.
    async fn call<R>(
        &self,
        effect: impl FnOnce(&mut Server) -> Result<R, TargetError>,
    ) -> Result<R, TargetError> {
        self.point().await?;
        let answer = effect(&mut self.server());
        self.point().await?;
        answer
    }

    /// A transaction: all of it or nothing, and nothing under an old lease.
    async fn commit<R>(
        &self,
        fence: Fence,
        waits_for_disk: bool,
        effect: impl FnOnce(&mut Database) -> Result<R, TargetError>,
    ) -> Result<R, TargetError> {
        self.call(|server| {
            let mut next = server.now.clone();
            let answer = effect(&mut next)?;
            if next.epoch != fence.epoch {
                return Err(TargetError::Fenced);
            }
            server.now = next;
            server.must_have_the_shape_that_the_flag_sends_to();
            if waits_for_disk {
                server.commit();
            }
            Ok(answer)
        })
        .await
    }

    /// Whether the server does not answer any more.
    pub fn is_gone(&self) -> bool {
        guard(&self.state.passed).gone
    }

    fn fenced(&self, fence: Fence) -> Result<(), TargetError> {
        if self.server().now.epoch == fence.epoch {
            Ok(())
        } else {
            Err(TargetError::Fenced)
        }
    }
}

fn claim_then_run(
    database: &mut Database,
    statements: &[String],
    mark: &Mark,
) -> Result<(), TargetError> {
    let fresh = match mark.step() {
        Some(step) => {
            if !step.holds.iter().all(|fact| database.fact(fact)) {
                return Err(TargetError::Forgotten(step.key.step.clone()));
            }
            database.ledger.claim(step)?
        }
        None => true,
    };
    if fresh {
        for statement in statements {
            database.run(statement)?;
        }
        database.ledger.become_state(mark)?;
    }
    Ok(())
}

/// The table's size stands in its schema's name.
fn pages(backfill: &Backfill) -> i64 {
    backfill.table.schema.as_str().parse().expect("a number")
}

impl Target for Wire {
    async fn open_ledger(&self, _budget: Duration) -> Result<(), TargetError> {
        self.call(|server| {
            server.ledger_is_open = true;
            Ok(())
        })
        .await
    }

    async fn has_ledger(&self) -> Result<bool, TargetError> {
        self.call(|server| Ok(server.ledger_is_open)).await
    }

    async fn acquire(&self, holder: &str) -> Result<Fence, TargetError> {
        self.call(|server| {
            if server.held {
                let holder = holder.to_owned();
                return Err(TargetError::LeaseHeld { holder, seconds: 0 });
            }
            server.held = true;
            server.now.epoch += 1;
            server.commit();
            let epoch = server.now.epoch;
            Ok(Fence { epoch })
        })
        .await
    }

    /// Runs beside the work, at moments of its own: no point of it.
    async fn heartbeat(&self, fence: Fence) -> Result<(), TargetError> {
        if guard(&self.state.passed).gone {
            return Err(lost("the server is away"));
        }
        self.fenced(fence)
    }

    async fn release(&self, fence: Fence, told: bool) -> Result<(), TargetError> {
        self.call(|server| {
            if server.now.epoch == fence.epoch {
                server.held = false;
                if told {
                    server.now.ledger.asked_back = AskedBack::default();
                    server.commit();
                }
            }
            Ok(())
        })
        .await
    }

    async fn snapshot(&self) -> Result<Snapshot, TargetError> {
        self.call(|server| Ok(server.snapshot())).await
    }

    async fn phases(&self, _plan: &str) -> Result<Vec<PhaseRecord>, TargetError> {
        self.call(|server| {
            let records = server.now.ledger.phases.values();
            let mut records: Vec<PhaseRecord> = records.map(|r| (**r).clone()).collect();
            records.sort_by_key(|record| record.ordinal);
            Ok(records)
        })
        .await
    }

    async fn begin_phase(
        &self,
        fence: Fence,
        _plan: &str,
        record: &PhaseRecord,
    ) -> Result<(), TargetError> {
        self.commit(fence, true, |database| {
            let phase = record.phase.clone();
            database
                .ledger
                .phases
                .insert(phase, Arc::new(record.clone()));
            Ok(())
        })
        .await
    }

    async fn done_steps(
        &self,
        _plan: &str,
        phase: &str,
    ) -> Result<Vec<(Stage, String)>, TargetError> {
        self.call(|server| Ok(server.now.ledger.done_steps(phase)))
            .await
    }

    async fn forget_phases(
        &self,
        fence: Fence,
        _plan: &str,
        phases: &[Withdrawn],
    ) -> Result<(), TargetError> {
        self.commit(fence, true, |database| {
            phases.iter().try_for_each(|w| database.ledger.forget(w))
        })
        .await
    }

    async fn asked_back(&self, _plan: &str) -> Result<AskedBack, TargetError> {
        self.call(|server| Ok(server.now.ledger.asked_back.clone()))
            .await
    }

    async fn ask_back(
        &self,
        fence: Fence,
        _plan: &str,
        phases: &[String],
    ) -> Result<(), TargetError> {
        self.commit(fence, true, |database| {
            let asked = &mut database.ledger.asked_back;
            if asked.phases != phases {
                asked.so_far = SoFar::default();
            }
            asked.phases = phases.to_vec();
            Ok(())
        })
        .await
    }

    async fn note_so_far(
        &self,
        fence: Fence,
        _plan: &str,
        so_far: &SoFar,
    ) -> Result<(), TargetError> {
        self.commit(fence, true, |database| {
            database.ledger.asked_back.so_far = so_far.clone();
            Ok(())
        })
        .await
    }

    async fn mark(&self, fence: Fence, mark: &Mark) -> Result<(), TargetError> {
        self.commit(fence, true, |database| claim_then_run(database, &[], mark))
            .await
    }

    async fn inspect(&self, facts: &[Fact]) -> Result<Vec<bool>, TargetError> {
        self.call(|server| Ok(facts.iter().map(|fact| server.now.fact(fact)).collect()))
            .await
    }

    async fn transaction(
        &self,
        fence: Fence,
        _budget: Duration,
        _against: Against,
        _locks: &[TableLock],
        statements: &[String],
        mark: &Mark,
    ) -> Result<LockTimes, TargetError> {
        self.commit(fence, true, |database| {
            claim_then_run(database, statements, mark)
        })
        .await?;
        Ok(LockTimes::default())
    }

    async fn online(
        &self,
        fence: Fence,
        step: &StepMark,
        statement: &str,
        _stop: &Stop,
        _removal: Removal,
        _waiting: &(dyn Fn(Vec<Blocker>) + Send + Sync),
    ) -> Result<LockTimes, TargetError> {
        self.point().await?;
        self.fenced(fence)?;
        self.server().now.ledger.joins(step)?;
        let built = statement.strip_prefix("build ").map(ToOwned::to_owned);
        {
            let mut server = self.server();
            match &built {
                Some(name) if server.now.things.contains_key(name) => {
                    return Err(refused(format!("{name} is there already")));
                }
                Some(name) => {
                    server.now.things.insert(name.clone(), false);
                }
                None => server.now.run(statement)?,
            }
            server.commit();
        }
        self.point().await?;
        if self.fenced(fence).is_err() {
            return Err(lost("the session was ended by whoever took the lease over"));
        }
        if let Some(name) = built {
            let mut server = self.server();
            // What was lost meanwhile is not there to be finished.
            if let Some(whole) = server.now.things.get_mut(&name) {
                *whole = true;
            }
            server.commit();
        }
        self.point().await?;
        Ok(LockTimes::default())
    }

    async fn count(&self, sql: &str, _path: &str) -> Result<i64, TargetError> {
        self.call(|server| server.now.count(sql)).await
    }

    async fn count_within(
        &self,
        sql: &str,
        path: &str,
        _limit: Duration,
    ) -> Result<Option<i64>, TargetError> {
        self.count(sql, path).await.map(Some)
    }

    async fn script(
        &self,
        fence: Fence,
        mark: &Mark,
        sql: &str,
        _path: &str,
    ) -> Result<(), TargetError> {
        self.commit(fence, true, |database| {
            if let Some(step) = mark.step() {
                database.ledger.joins(step)?;
            }
            database.run(sql)
        })
        .await?;
        self.mark(fence, mark).await
    }

    async fn stripes(
        &self,
        fence: Fence,
        key: &StepKey,
        backfill: &Backfill,
        _stripes: u32,
    ) -> Result<Vec<Stripe>, TargetError> {
        self.commit(fence, true, |database| {
            Ok(database.ledger.stripes(key, pages(backfill)))
        })
        .await
    }

    async fn batch(
        &self,
        fence: Fence,
        key: &StepKey,
        backfill: &Backfill,
        stripe: &Stripe,
        end: i64,
        _around_locks: bool,
    ) -> Result<u64, TargetError> {
        self.commit(fence, false, |database| {
            let name = backfill.table.name.as_str();
            if !database.things.contains_key(name) {
                return Err(refused(format!("there is no {name}")));
            }
            let filled = database.filled.entry(name.to_owned()).or_default();
            (stripe.next..end).for_each(|page| *filled |= 1 << page);
            database.ledger.progress(key, stripe, end)?;
            Ok(1)
        })
        .await
    }

    /// Nothing here is ever too much for the server.
    async fn pressure(
        &self,
        _pause_when: Option<&str>,
        _path: &str,
    ) -> Result<Pressure, TargetError> {
        Ok(Pressure::default())
    }

    async fn pace(
        &self,
        fence: Fence,
        _plan: &str,
        _record: &PaceRecord,
    ) -> Result<Wish, TargetError> {
        self.fenced(fence)?;
        Ok(Wish::default())
    }
}
