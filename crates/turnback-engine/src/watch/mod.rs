//! Going forward with guards watching: takes a baseline before a phase, watches while it goes
//! forward and bakes, and turns back when the matrix, a deadline or a person says so.

mod after;
mod baseline;
mod canary;
mod disable;
mod edges;
mod keeper;
mod sampler;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch as channel;
use turnback_core::canary::Canary;
use turnback_core::decision::{Action, Decision, Matrix};
use turnback_core::guard::{Guard, Moment, Of};
use turnback_core::hook::HookMoment;
use turnback_core::journal::JournalEvent;
use turnback_core::plan::{Phase, Plan};
use turnback_core::program::Program;
use turnback_core::scope::{Scope, Standing};
use turnback_core::state::PhaseState;
use turnback_core::watch::{Cause, Clock};

pub use self::after::AfterBack;
use self::canary::Lead;
pub use self::edges::{Answered, Probes, Scene, WatchStore};
use self::keeper::{Keeper, TurnBack};
use self::sampler::Sampler;
use crate::back::standings;
use crate::edges::{Journal, PhaseRecord, Target};
use crate::error::EngineError;
use crate::progress::Progress;
use crate::recovery::{Recovery, RecoveryReport, recover};
use crate::run::Run;
use crate::up::{Until, UpReport, forward, plan_phase};

/// Between two looks at guards that are silent, deadlines, and answers.
const LOOK: Duration = Duration::from_secs(1);

/// Those who watch a run.
#[derive(Clone, Debug)]
pub struct Watchers<P, S> {
    /// What is measured.
    pub guards: Vec<Guard>,
    /// What is done about what they say.
    pub matrix: Matrix,
    /// Whoever measures.
    pub probes: P,
    /// What outlives the watch.
    pub store: S,
    /// What time it is.
    pub now: fn() -> Moment,
}

/// How a watched run came to its end.
#[derive(Clone, Debug)]
pub enum WatchedEnd {
    /// It went forward as far as asked.
    Forward(UpReport),
    /// It turned back.
    TurnedBack(Box<TurnedBack>),
}

/// A run that turned back by itself, or because somebody who was asked said so.
#[derive(Clone, Debug)]
pub struct TurnedBack {
    /// How far it had come.
    pub up: UpReport,
    /// What was decided, and why.
    pub decision: Decision,
    /// What brought it about.
    pub cause: Cause,
    /// When it was decided.
    pub decided: Instant,
    /// What turning back came to, timed from the decision.
    pub recovery: RecoveryReport,
}

/// How the watch over one phase ended.
enum PhaseEnd<P> {
    Through(PhaseState),
    TurnBack(Box<TurnBack>, Instant, Box<AfterBack<P>>),
}

/// How the watch itself ended.
enum Watched {
    Through(PhaseState),
    TurnBack(Box<TurnBack>, Instant),
}

/// Goes forward as far as asked, watched. Where a guard's relative thresholds have no baseline, it
/// is taken first; before a phase begins, and before its cut-over, every guard must have been
/// heard; a phase is through when it has baked.
///
/// # Errors
///
/// See [`EngineError`]; whatever was done is in the ledger, and the same call goes on.
pub async fn up_watched<T: Target, J: Journal, P: Probes, S: WatchStore>(
    run: &Run<T, J>,
    plan: &Plan,
    until: &Until,
    watchers: &Watchers<P, S>,
) -> Result<WatchedEnd, EngineError> {
    run.explained(go_forward(run, plan, until, watchers).await)
        .await
}

async fn go_forward<T: Target, J: Journal, P: Probes, S: WatchStore>(
    run: &Run<T, J>,
    plan: &Plan,
    until: &Until,
    watchers: &Watchers<P, S>,
) -> Result<WatchedEnd, EngineError> {
    let begun = Instant::now();
    run.ask_back(&[]).await?;
    let mut report = UpReport::default();
    for (ordinal, phase) in plan.phases.iter().enumerate() {
        let is_last = until.phase.as_deref() == Some(phase.id.as_str());
        let one = OnePhase {
            run,
            watchers,
            phase,
            ordinal,
            expanded_only: is_last && until.expanded_only,
        };
        match one.go(&mut report).await? {
            PhaseEnd::Through(state) => {
                if state == PhaseState::CutOver {
                    run.forward_hooks(HookMoment::AfterPhase, &phase.id).await?;
                }
                report.phases.push((phase.id.clone(), state));
            }
            PhaseEnd::TurnBack(turn_back, decided, after) => {
                let TurnBack { decision, cause } = *turn_back;
                let scope = scope_of(&decision);
                let recovery = Recovery {
                    decided,
                    measured: Some(&*after),
                    ..Recovery::because(decision.because.clone())
                };
                let recovery = recover(run, plan, &scope, recovery).await?;
                report.millis = begun.elapsed().as_millis() as u64;
                return Ok(WatchedEnd::TurnedBack(Box::new(TurnedBack {
                    up: report,
                    decision,
                    cause,
                    decided,
                    recovery,
                })));
            }
        }
        if is_last {
            break;
        }
    }
    report.millis = begun.elapsed().as_millis() as u64;
    Ok(WatchedEnd::Forward(report))
}

/// How far a decision to turn back goes.
fn scope_of(decision: &Decision) -> Scope {
    match &decision.action {
        Action::Rollback { scope } => scope.clone(),
        // Only ways back come here; the phase that is watched is the least that is meant.
        _ => Scope::Current,
    }
}

/// One phase on its way forward.
struct OnePhase<'a, T, J, P, S> {
    run: &'a Run<T, J>,
    watchers: &'a Watchers<P, S>,
    phase: &'a Phase,
    ordinal: usize,
    expanded_only: bool,
}

impl<T: Target, J: Journal, P: Probes, S: WatchStore> OnePhase<'_, T, J, P, S> {
    async fn go(&self, report: &mut UpReport) -> Result<PhaseEnd<P>, EngineError> {
        let (run, id) = (self.run, &self.phase.id);
        let records = run.phases().await?;
        let guards: Vec<Guard> = self
            .watchers
            .guards
            .iter()
            .filter(|guard| guard.watches(id))
            .filter(|guard| guard.of == Of::Everybody || self.canary().is_some())
            .cloned()
            .collect();
        let bake = self.phase.bake.filter(|_| !self.expanded_only);
        let state = state_of(&records, id);
        if !self.is_to_watch(state, &records, &guards, bake).await {
            return self.forward(report).await.map(PhaseEnd::Through);
        }
        let scene = Scene {
            program: Arc::new(self.program(&records).await?),
            state,
            share: None,
        };
        let (scene, scenes) = channel::channel(scene);
        let baseline = self.baseline(&guards, &scenes).await?;
        let lead = match self.canary().filter(|_| state.is_before_cut_over()) {
            Some(canary) => Some(Lead::new(run, id, canary).await?),
            None => None,
        };
        let mut keeper = Keeper::new(
            run,
            self.watchers,
            id,
            guards.clone(),
            baseline.clone(),
            self.standings(&records, &scenes),
            lead,
        );
        keeper.begin().await?;
        let (probes, now) = (&self.watchers.probes, self.watchers.now);
        let compare = self.canary().map(|canary| &canary.compare);
        let mut sampler = Sampler::start(&guards, compare, probes, &scenes, now);
        let watched = self
            .watch(report, &mut keeper, &mut sampler, &scene, bake)
            .await;
        let how = match &watched {
            Ok(Watched::Through(_)) => "the phase is through",
            Ok(Watched::TurnBack(..)) => "turned back",
            Err(_) => "the run ended",
        };
        keeper.end(how).await;
        drop(sampler);
        match watched? {
            Watched::Through(state) => Ok(PhaseEnd::Through(state)),
            Watched::TurnBack(turn_back, decided) => {
                probes.stand_aside().await;
                let after = AfterBack {
                    guards,
                    baseline,
                    program: Arc::clone(&scenes.borrow().program),
                    probes: probes.clone(),
                    now,
                };
                Ok(PhaseEnd::TurnBack(turn_back, decided, Box::new(after)))
            }
        }
    }

    /// Whether there is anything to watch: guards while the phase is on its way, or its bake.
    async fn is_to_watch(
        &self,
        state: PhaseState,
        records: &[PhaseRecord],
        guards: &[Guard],
        bake: Option<Duration>,
    ) -> bool {
        match state {
            PhaseState::Pending | PhaseState::Expanding | PhaseState::Expanded => {
                !guards.is_empty() || bake.is_some() || self.canary().is_some()
            }
            PhaseState::CutOver if bake.is_some() => {
                let later_has_begun = records.iter().any(|record| {
                    record.ordinal > self.ordinal as i32 && record.state != PhaseState::Pending
                });
                let store = &self.watchers.store;
                // What cannot be found out is baked anew.
                !later_has_begun && !store.has_baked(&self.phase.id).await.unwrap_or(false)
            }
            _ => false,
        }
    }

    /// The canary that stands before the cut-over; none where that is not asked for.
    fn canary(&self) -> Option<&Canary> {
        let canary = self.phase.canary.as_ref();
        canary.filter(|_| !self.expanded_only)
    }

    async fn forward(&self, report: &mut UpReport) -> Result<PhaseState, EngineError> {
        forward(
            self.run,
            self.phase,
            self.ordinal,
            self.expanded_only,
            report,
        )
        .await
    }

    /// What the phase expands to: as it was planned when it began, or as it would be now.
    async fn program(&self, records: &[PhaseRecord]) -> Result<Program, EngineError> {
        let begun = records
            .iter()
            .find(|r| r.phase == self.phase.id && r.state != PhaseState::Pending);
        match begun {
            Some(record) => Ok(record.program.clone()),
            None => {
                let before = self.run.snapshot().await?;
                plan_phase(&before, self.phase, records).map_err(EngineError::NoGo)
            }
        }
    }

    /// Where every phase stands, this one among them though it may not have begun.
    fn standings(
        &self,
        records: &[PhaseRecord],
        scene: &channel::Receiver<Scene>,
    ) -> Vec<Standing> {
        let mut standings = standings(records);
        let scene = scene.borrow();
        match standings.iter_mut().find(|s| s.phase == self.phase.id) {
            Some(standing) => standing.irreversible = !scene.program.irreversible.is_empty(),
            None => standings.push(Standing {
                phase: self.phase.id.clone(),
                state: scene.state,
                irreversible: !scene.program.irreversible.is_empty(),
            }),
        }
        standings
    }

    /// Goes forward and watches, side by side: neither waits for the other.
    async fn watch(
        &self,
        report: &mut UpReport,
        keeper: &mut Keeper<'_, T, J, P, S>,
        sampler: &mut Sampler,
        scene: &channel::Sender<Scene>,
        bake: Option<Duration>,
    ) -> Result<Watched, EngineError> {
        let (came, through) = channel::channel(None);
        let way = self.forward(report);
        let watching = self.keep(keeper, sampler, scene, bake, through);
        tokio::pin!(way, watching);
        let mut ended = None;
        loop {
            tokio::select! {
                state = &mut way, if ended.is_none() => {
                    let state = state?;
                    ended = Some(state);
                    came.send_replace(Some(state));
                }
                watched = &mut watching => {
                    let watched = watched?;
                    if matches!(watched, Watched::TurnBack(..)) && ended.is_none() {
                        self.make_way(&mut way).await?;
                    }
                    return Ok(watched);
                }
            }
        }
    }

    /// Keeps the watch until the phase is through and has baked, or is to turn back.
    async fn keep(
        &self,
        keeper: &mut Keeper<'_, T, J, P, S>,
        sampler: &mut Sampler,
        scene: &channel::Sender<Scene>,
        bake: Option<Duration>,
        mut through: channel::Receiver<Option<PhaseState>>,
    ) -> Result<Watched, EngineError> {
        let mut states = self.run.states.subscribe();
        // Whoever goes forward may have come to another state before this was first asked.
        states.mark_changed();
        let mut look = tokio::time::interval(LOOK);
        let mut baking: Option<Baking> = None;
        loop {
            let decided = tokio::select! {
                sample = sampler.next() => keeper.take(sample).await?,
                _ = look.tick() => keeper.tick().await?,
                // The run, which has the other end, outlives this.
                _ = states.changed() => {
                    let now = states.borrow_and_update().clone();
                    keeper.stands(&now);
                    let state = keeper.state();
                    scene.send_modify(|scene| scene.state = state);
                    None
                }
                // So does whoever goes forward.
                _ = through.changed(), if baking.is_none() => {
                    let state = *through.borrow_and_update();
                    match (state, bake) {
                        (Some(PhaseState::CutOver), Some(bake)) => {
                            baking = Some(self.begin_baking(bake).await?);
                        }
                        (state, _) => return Ok(Watched::Through(state.unwrap_or_default())),
                    }
                    None
                }
                () = self.run.stop.asked(), if baking.is_some() => {
                    self.run.safe_point()?;
                    None
                }
            };
            let share = keeper.share();
            scene.send_if_modified(|scene| std::mem::replace(&mut scene.share, share) != share);
            if let Some(turn_back) = decided {
                return Ok(Watched::TurnBack(Box::new(turn_back), Instant::now()));
            }
            let Some(baking) = &mut baking else { continue };
            if baking.is_over((self.watchers.now)(), keeper.waits()) {
                let phase = self.phase.id.clone();
                let event = JournalEvent::BakePassed {
                    phase: phase.clone(),
                };
                self.run.write(event).await?;
                self.run.show(Progress::Baked { phase });
                return Ok(Watched::Through(PhaseState::CutOver));
            }
            baking.show(self.run, &self.phase.id);
        }
    }

    /// Waits for whatever goes forward to end at a safe point. What it failed of meanwhile does
    /// not matter any more, unless nothing can be done under this lease.
    async fn make_way(
        &self,
        way: &mut (impl Future<Output = Result<PhaseState, EngineError>> + Unpin),
    ) -> Result<(), EngineError> {
        let stop = &self.run.stop;
        stop.make_way();
        let ended = way.await;
        stop.way_is_clear();
        self.run.safe_point()?;
        match ended {
            Err(error) if error.is_fenced() => Err(error),
            _ => Ok(()),
        }
    }

    async fn begin_baking(&self, bake: Duration) -> Result<Baking, EngineError> {
        let event = JournalEvent::BakeBegun {
            phase: self.phase.id.clone(),
            millis: bake.as_millis() as u64,
        };
        self.run.write(event).await?;
        Ok(Baking {
            of: bake,
            clock: Clock::default(),
            waits: None,
            shown: None,
        })
    }
}

/// A phase that bakes.
struct Baking {
    of: Duration,
    clock: Clock,
    waits: Option<String>,
    shown: Option<(u64, Option<String>)>,
}

impl Baking {
    /// Goes on to a moment; over when it has lasted long enough, and the watch waits for nothing.
    fn is_over(&mut self, now: Moment, waits: Option<String>) -> bool {
        let baked = self.clock.goes_on(now) >= self.of;
        let is_over = baked && waits.is_none();
        self.waits = waits;
        is_over
    }

    /// Shows how long it takes yet, once a second.
    fn show<T: Target, J: Journal>(&mut self, run: &Run<T, J>, phase: &str) {
        let left = self.of.saturating_sub(self.clock.watched());
        let shown = Some((left.as_secs(), self.waits.clone()));
        if self.shown != shown {
            self.shown = shown;
            run.show(Progress::Baking {
                phase: phase.to_owned(),
                left,
                of: self.of,
                waits: self.waits.clone(),
            });
        }
    }
}

fn state_of(records: &[PhaseRecord], phase: &str) -> PhaseState {
    records
        .iter()
        .find(|record| record.phase == phase)
        .map_or(PhaseState::Pending, |record| record.state)
}
