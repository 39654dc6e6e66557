//! What every command of a run shares: the edges, the lease, the way to stop.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::watch;
use turnback_core::exit::ExitCode;
use turnback_core::journal::JournalEvent;
use turnback_core::plan::Settings;
use turnback_core::removal::Removal;
use turnback_core::state::PhaseState;
use turnback_core::throttle::Gauge;

use crate::edges::{Fence, Helpers, Journal, Observer, Target};
use crate::error::{EngineError, JournalError, TargetError};
use crate::flags::Flags;
use crate::gate::{Gate, Point};
use crate::progress::Progress;
use crate::stop::Stop;
use crate::transaction::between_tries;

/// How often the holder of a lease says that it is alive.
const HEARTBEAT: std::time::Duration = std::time::Duration::from_secs(2);

/// One command on one target, under one lease.
pub struct Run<T, J> {
    /// The database that is changed.
    pub target: T,
    /// Where intents and effects are written down.
    pub journal: J,
    /// Whoever watches.
    pub observer: Arc<dyn Observer>,
    /// Name of the plan.
    pub plan: String,
    /// Schema in which SQL of the user's runs.
    pub schema: String,
    /// How fast and how patient.
    pub settings: Settings,
    /// What may be done about sessions in the way; nothing, unless the user asks for it.
    pub removal: Removal,
    /// What runs the hooks of the plan; none run without it.
    pub helpers: Option<Helpers>,
    /// Where the flags of canaries are kept; no canary goes forward without it.
    pub flags: Option<Arc<dyn Flags>>,
    /// Stops the run at the next safe point.
    pub stop: Stop,
    /// Holds it back while guards are not content.
    pub gate: Gate,
    /// The states that phases came to in this run.
    pub(crate) states: watch::Sender<BTreeMap<String, PhaseState>>,
    /// The same command is to be typed again, however this one ends: what was asked is not over.
    pub(crate) unfinished: AtomicBool,
    pub(crate) fence: Fence,
    /// What the looks at the server have shown, over all backfills of the run.
    pub(crate) gauge: Arc<Mutex<Gauge>>,
    /// When it began.
    pub(crate) begun: Instant,
    heartbeat: tokio::task::JoinHandle<()>,
}

impl<T: Target, J: Journal> Run<T, J> {
    /// Opens the ledger, takes the lease and writes that the command begins.
    ///
    /// # Errors
    ///
    /// When another run is in progress, or an edge refuses.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a run, put together in one place"
    )]
    pub async fn begin(
        target: T,
        journal: J,
        observer: Arc<dyn Observer>,
        plan: &str,
        schema: &str,
        settings: Settings,
        stop: Stop,
        command: &str,
    ) -> Result<Self, EngineError> {
        open(&target, &settings).await?;
        let holder = format!(
            "turnback {command} of plan {plan}, process {}",
            std::process::id()
        );
        let fence = target
            .acquire(&holder)
            .await
            .map_err(EngineError::while_doing("taking the lease"))?;
        let heartbeat = tokio::spawn(beat(target.clone(), fence, stop.clone()));
        let run = Self {
            target,
            journal,
            observer,
            plan: plan.to_owned(),
            schema: schema.to_owned(),
            settings,
            removal: Removal::default(),
            helpers: None,
            flags: None,
            stop,
            gate: Gate::default(),
            states: watch::Sender::default(),
            unfinished: AtomicBool::new(false),
            fence,
            gauge: Arc::default(),
            begun: Instant::now(),
            heartbeat,
        };
        run.write(JournalEvent::RunBegun {
            command: command.to_owned(),
            plan: plan.to_owned(),
            epoch: fence.epoch,
            // The edge that keeps the journal knows how to show it.
            target: None,
        })
        .await?;
        Ok(run)
    }

    /// Writes how the command ended and gives the lease back. The user must have seen the
    /// outcome by now, where there is one to be seen: a way back whose end was told is over, and
    /// the same asked again is the next.
    pub async fn end(self, outcome: &str, code: ExitCode) {
        self.heartbeat.abort();
        // The change itself is committed; a journal or a server that is gone by now takes
        // nothing from it, and the lease runs out by itself.
        let _ = self
            .write(JournalEvent::RunEnded {
                outcome: outcome.to_owned(),
                exit_code: code as u8,
            })
            .await;
        // Whoever stopped or failed is asked again for the same.
        let told = !matches!(code, ExitCode::Stopped | ExitCode::Failed)
            && !self.unfinished.load(Ordering::Relaxed);
        let _ = self.target.release(self.fence, told).await;
    }

    /// Says why a command really ended. Whoever has lost the lease meets the work of its
    /// successor in the shape of other errors: columns that are there already, a stop that
    /// nobody asked for.
    pub(crate) async fn explained<R>(
        &self,
        outcome: Result<R, EngineError>,
    ) -> Result<R, EngineError> {
        match outcome {
            Err(EngineError::Target {
                doing,
                source: TargetError::Lost(reason),
            }) => Err(EngineError::Target {
                doing,
                source: TargetError::Lost(reason),
            }),
            Err(_) if self.lost_the_lease().await => Err(EngineError::Target {
                doing: "stopped".to_owned(),
                source: TargetError::Fenced,
            }),
            outcome => outcome,
        }
    }

    async fn lost_the_lease(&self) -> bool {
        matches!(
            self.target.heartbeat(self.fence).await,
            Err(TargetError::Fenced)
        )
    }

    pub(crate) async fn write(&self, event: JournalEvent) -> Result<(), JournalError> {
        self.journal.append(&event).await
    }

    pub(crate) fn show(&self, progress: Progress) {
        self.observer.see(&progress);
    }

    /// A safe point: nothing is half done here.
    pub(crate) fn safe_point(&self) -> Result<(), EngineError> {
        if self.stop.is_asked() {
            return Err(EngineError::Stopped {
                reason: "as asked".to_owned(),
            });
        }
        Ok(())
    }

    /// A safe point on the way forward: waits while guards hold the run back.
    pub(crate) async fn pass(&self, point: Point) -> Result<(), EngineError> {
        let mut shown = None;
        loop {
            self.safe_point()?;
            let held = self.gate.held();
            let Some(why) = self.gate.holds(point) else {
                return Ok(());
            };
            let is_told = held.by.is_some() || held.unheard.is_some();
            // What a canary is at is shown by itself.
            if is_told && shown.as_ref() != Some(&why) {
                self.show(Progress::Held { why: why.clone() });
                shown = Some(why);
            }
            tokio::select! {
                () = self.gate.changed(&held) => {}
                () = self.stop.asked() => {}
            }
        }
    }
}

/// Opens the ledger. What little there is to wait for there is a matter of moments.
async fn open<T: Target>(target: &T, settings: &Settings) -> Result<(), EngineError> {
    let budget = settings.lock_timeout;
    let mut attempt = 0;
    loop {
        match target.open_ledger(budget).await {
            Err(TargetError::LockRefused { .. } | TargetError::TryAgain(_))
                if attempt < settings.lock_attempts =>
            {
                attempt += 1;
                tokio::time::sleep(between_tries(budget, attempt)).await;
            }
            outcome => {
                return outcome
                    .map_err(EngineError::while_doing("opening the ledger in the target"));
            }
        }
    }
}

async fn beat<T: Target>(target: T, fence: Fence, stop: Stop) {
    let mut tick = tokio::time::interval(HEARTBEAT);
    loop {
        tick.tick().await;
        // Whoever lost the lease stops; a lost connection may come back.
        if let Err(TargetError::Fenced) = target.heartbeat(fence).await {
            stop.ask();
            return;
        }
    }
}
