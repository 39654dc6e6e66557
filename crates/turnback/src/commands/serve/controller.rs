//! Keeps runs going: takes on what is asked for, carries it out with the code of the command line,
//! goes on with what an ended process had begun.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot, watch};
use turnback_core::exit::ExitCode;
use turnback_engine::stop::Stop;
use turnback_server::edges::{Answer, Refusal, RefusalKind};
use turnback_server::model::{NewRun, Order, Run};
use turnback_store::{Asked, ControlStore, KeptRun, RunEnd, RunRequest, RunState};

use super::edges::of_store;
use super::lead::Lead;
use super::order::{Carried, carry_out};
use super::resume::{Resumed, resumed};
use super::runs::shown;
use super::stage::Stage;
use crate::cli::{Blockers, PlanFile};
use crate::commands::forward::Ground;
use crate::context::Loaded;
use crate::journal::in_time;
use crate::output::Screen;
use crate::telling::now;

/// Between two looks for something to do that another process may have been asked for.
const LOOK: Duration = Duration::from_secs(1);
/// After a run was cut short by what time may mend, it is tried again after so long; twice as long
/// after the next time, and so on.
const AGAIN: Duration = Duration::from_secs(2);
/// And never after longer than this.
const LONGEST: Duration = Duration::from_secs(60);
/// So often.
const TRIES: u32 = 12;

/// A run that is carried out.
struct AtWork {
    run: i64,
    /// The lead that it was begun under.
    epoch: i64,
    stop: Stop,
}

/// Keeps runs going, one at a time.
pub(super) struct Controller {
    pub(super) loaded: Arc<Loaded>,
    pub(super) file: PlanFile,
    pub(super) blockers: Blockers,
    pub(super) store: ControlStore,
    pub(super) stage: Arc<Stage>,
    lead: Arc<Lead>,
    at_work: Mutex<Option<AtWork>>,
    wake: Notify,
    closing: watch::Sender<bool>,
}

impl Controller {
    pub(super) fn new(
        loaded: Arc<Loaded>,
        file: PlanFile,
        blockers: Blockers,
        store: ControlStore,
        stage: Arc<Stage>,
        lead: Arc<Lead>,
    ) -> Self {
        Self {
            loaded,
            file,
            blockers,
            store,
            stage,
            lead,
            at_work: Mutex::default(),
            wake: Notify::new(),
            closing: watch::Sender::new(false),
        }
    }

    fn at_work(&self) -> MutexGuard<'_, Option<AtWork>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends at the next safe point of what is at work, which the next process goes on with.
    pub(super) fn close(&self) {
        self.closing.send_replace(true);
        if let Some(at_work) = &*self.at_work() {
            at_work.stop.ask();
        }
    }

    fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Carries out what is asked for while it leads, until the process is to end.
    pub(super) async fn work(&self) {
        // The lead is given up when nothing is at work any more.
        let (over, is_over) = oneshot::channel::<()>();
        let works = async {
            let at_work = || {
                let at_work = self.at_work();
                at_work.as_ref().map(|it| (it.epoch, it.stop.clone()))
            };
            tokio::select! {
                () = self.carry_on() => {}
                never = self.lead.heed(&*self.stage, at_work) => match never {},
            }
            drop(over);
        };
        let stands = self.lead.stand(&self.store, async { drop(is_over.await) });
        tokio::join!(works, stands);
    }

    async fn carry_on(&self) {
        let mut closing = self.closing.subscribe();
        while !self.is_closing() {
            let Some(epoch) = self.lead.epoch() else {
                tokio::select! {
                    () = self.lead.changes() => {}
                    // It may have changed before it was waited for.
                    () = tokio::time::sleep(LOOK) => {}
                    _ = closing.changed() => {}
                }
                continue;
            };
            match in_time(self.store.next_run()).await {
                Ok(Some(run)) => {
                    if let Err(refusal) = self.one(run, epoch).await {
                        self.stage.line(&format!("warning: {}", refusal.what));
                        self.rest(LOOK).await;
                    }
                }
                Ok(None) => {
                    tokio::select! {
                        () = self.wake.notified() => {}
                        () = tokio::time::sleep(LOOK) => {}
                        _ = closing.changed() => {}
                    }
                }
                // Said by `/ready`, too.
                Err(error) => {
                    self.stage.line(&format!("warning: {error}"));
                    self.rest(LOOK * 5).await;
                }
            }
        }
    }

    /// Waits, but not for longer than the process is to run.
    async fn rest(&self, time: Duration) {
        let mut closing = self.closing.subscribe();
        if !*closing.borrow_and_update() {
            let _ = tokio::time::timeout(time, closing.changed()).await;
        }
    }

    /// Carries a run out, and writes in the name of whoever leads under this epoch.
    async fn one(&self, run: KeptRun, epoch: i64) -> Result<(), Refusal> {
        let store = self.store.under(epoch);
        let order: Order = serde_json::from_str(&run.request.asked_for).map_err(|error| {
            let what = format!(
                "run {} was asked for by another turnback: {error}",
                run.number
            );
            Refusal::new(RefusalKind::Failed, what)
        })?;
        let order = match resumed(&self.store, &run, order).await? {
            Resumed::GoOn(order) => order,
            Resumed::Ended(carried) => return self.ended(&store, run.number, carried).await,
        };
        let order = match run.state {
            RunState::Running => order,
            _ => super::order::settled(&self.loaded, order).await,
        };
        let asked_for = serde_json::to_string(&order).unwrap_or_default();
        let begun = in_time(store.begin_run(run.number, now(), &asked_for)).await;
        if !begun.map_err(of_store)? {
            return Ok(());
        }
        let stop = Stop::default();
        *self.at_work() = Some(AtWork {
            run: run.number,
            epoch,
            stop: stop.clone(),
        });
        // It may have been too late to be told.
        if self.is_closing() || !self.lead.still(epoch) {
            stop.ask();
        }
        self.stage.open(run.number);
        let carried = self.keep_going(&run, &order, &stop, epoch).await;
        self.stage.close();
        *self.at_work() = None;
        match carried {
            Some(carried) => self.ended(&store, run.number, carried).await,
            None => Ok(()),
        }
    }

    /// How it ended; nothing where the next process goes on with it, or the one that leads by now.
    async fn keep_going(
        &self,
        run: &KeptRun,
        order: &Order,
        stop: &Stop,
        epoch: i64,
    ) -> Option<Carried> {
        let mut pause = AGAIN;
        let mut tries = 0;
        loop {
            let ground = Ground {
                screen: Arc::<Stage>::clone(&self.stage),
                stop: stop.clone(),
                interrupts: false,
                epoch: Some(epoch),
            };
            let carried = tokio::select! {
                carried = carry_out(self, run, order, &ground) => carried,
                never = self.heed(run.number, stop) => match never {},
            };
            if carried.code != ExitCode::Stopped {
                return Some(carried);
            }
            if self.was_stopped(run.number).await {
                return Some(carried);
            }
            let goes_on_elsewhere = || self.is_closing() || !self.lead.still(epoch);
            if goes_on_elsewhere() {
                return None;
            }
            tries += 1;
            if tries >= TRIES || !carried.may_be_tried_again {
                return Some(carried);
            }
            self.stage.line(&format!(
                "{}; it is tried again in {} s",
                carried.outcome.trim_end_matches('.'),
                pause.as_secs()
            ));
            tokio::select! {
                () = self.rest(pause) => {}
                () = stop.asked() => {}
                never = self.heed(run.number, stop) => match never {},
            }
            if stop.is_asked() {
                return if goes_on_elsewhere() {
                    None
                } else {
                    Some(carried)
                };
            }
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Hands on what somebody asked another process for: to stop this run. Never ends.
    async fn heed(&self, number: i64, stop: &Stop) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(LOOK).await;
            if !stop.is_asked() && self.was_stopped(number).await {
                stop.ask();
            }
        }
    }

    async fn was_stopped(&self, number: i64) -> bool {
        let run = in_time(self.store.run(number)).await;
        run.is_ok_and(|run| run.is_some_and(|run| run.stopped_by.is_some()))
    }

    async fn ended(
        &self,
        store: &ControlStore,
        number: i64,
        carried: Carried,
    ) -> Result<(), Refusal> {
        let end = RunEnd {
            at: now(),
            exit_code: u32::from(carried.code as u8),
            outcome: carried.outcome,
            next: carried.next,
        };
        let mut line = format!("run {number} ended ({}): {}", end.exit_code, end.outcome);
        if let Some(next) = &end.next {
            line.push_str(&format!("\n{next}"));
        }
        self.stage.line(&line);
        in_time(store.end_run(number, &end)).await.map_err(of_store)
    }

    /// Asks for a run.
    pub(super) fn ask(&self, new: NewRun, by: &str) -> Answer<'_, Run> {
        let by = by.to_owned();
        Box::pin(async move {
            if let Order::Up { to, .. } | Order::Contract { to } = &new.order {
                crate::commands::up::known_phase(self.loaded.plan(), to.as_deref())
                    .map_err(super::edges::of_failure)?;
            }
            if let Order::Up {
                to: None,
                expand_only: true,
                ..
            } = &new.order
            {
                return Err(Refusal::invalid(
                    "expand_only: it takes `to`, the phase to stop in",
                ));
            }
            let request = RunRequest {
                command: new.order.command().to_owned(),
                asked_for: serde_json::to_string(&new.order).unwrap_or_default(),
                by,
                why: new.why,
                at: now(),
            };
            let run = match in_time(self.store.ask_run(&request))
                .await
                .map_err(of_store)?
            {
                Asked::Taken(run) => run,
                Asked::Busy(open) => {
                    return Err(Refusal::conflict(format!(
                        "run {} (`turnback {}`, asked for by {}) is not over",
                        open.number, open.request.command, open.request.by
                    ))
                    .next("Wait for it, or stop it first; turning back may be asked for while it goes forward."));
                }
            };
            if request.command == "back"
                && let Some(at_work) = &*self.at_work()
            {
                at_work.stop.ask();
            }
            self.wake.notify_one();
            shown(run)
        })
    }

    /// Stops a run at its next safe point.
    pub(super) fn stop(&self, number: i64, by: &str) -> Answer<'_, Run> {
        let by = by.to_owned();
        Box::pin(async move {
            let before = in_time(self.store.run(number)).await.map_err(of_store)?;
            match before.map(|run| run.state) {
                None => return Err(Refusal::not_there(format!("there is no run {number}"))),
                Some(RunState::Ended) => {
                    return Err(Refusal::conflict(format!("run {number} has ended already")));
                }
                Some(_) => {}
            }
            let run = in_time(self.store.stop_run(number, &by, now())).await;
            if let Some(at_work) = &*self.at_work()
                && at_work.run == number
            {
                at_work.stop.ask();
            }
            let run = run.map_err(of_store)?;
            run.map_or_else(
                || Err(Refusal::not_there(format!("there is no run {number}"))),
                shown,
            )
        })
    }
}
