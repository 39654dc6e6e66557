//! Keeps the watch over one phase: samples become verdicts, verdicts decisions, and what is
//! decided closes the gate, asks people, or turns back.

use std::collections::BTreeMap;

use turnback_core::canary::{Share, Side};
use turnback_core::decision::Decision;
use turnback_core::guard::{AnyJudge, Baseline, Guard, Level, Moment, Of, Sample, Verdict};
use turnback_core::human::some;
use turnback_core::journal::{GuardTerms, JournalEvent};
use turnback_core::scope::Standing;
use turnback_core::state::PhaseState;
use turnback_core::watch::{Cause, Next, Watch};

use super::canary::{Lead, Led};
use super::{WatchStore, Watchers};
use crate::edges::{Journal, Target};
use crate::error::EngineError;
use crate::gate::Held;
use crate::progress::Progress;
use crate::run::Run;

/// Samples that are kept at once.
const MOST_UNKEPT: usize = 500;

/// The watch over one phase, with its judges.
pub(super) struct Keeper<'a, T, J, P, S> {
    run: &'a Run<T, J>,
    watchers: &'a Watchers<P, S>,
    phase: String,
    guards: Vec<Guard>,
    /// Of the guards that have something to measure.
    judges: BTreeMap<String, AnyJudge>,
    baseline: Baseline,
    watch: Watch,
    standings: Vec<Standing>,
    said: BTreeMap<String, Level>,
    /// The numbers by which open questions are answered.
    asked: BTreeMap<u32, i64>,
    /// The phase's canary, where it has one before it.
    lead: Option<Lead>,
    unkept: Vec<Sample>,
}

/// A way back that the watch has decided.
#[derive(Clone, Debug)]
pub(super) struct TurnBack {
    pub(super) decision: Decision,
    pub(super) cause: Cause,
}

impl<'a, T: Target, J: Journal, P, S: WatchStore> Keeper<'a, T, J, P, S> {
    pub(super) fn new(
        run: &'a Run<T, J>,
        watchers: &'a Watchers<P, S>,
        phase: &str,
        guards: Vec<Guard>,
        baseline: Baseline,
        standings: Vec<Standing>,
        lead: Option<Lead>,
    ) -> Self {
        let mut keeper = Self {
            run,
            watchers,
            phase: phase.to_owned(),
            guards,
            judges: BTreeMap::new(),
            baseline,
            watch: Watch::new(watchers.matrix.clone(), phase),
            standings,
            said: BTreeMap::new(),
            asked: BTreeMap::new(),
            lead,
            unkept: vec![],
        };
        keeper.appoint();
        keeper.set_gate();
        keeper
    }

    /// Begins: what a run that was killed left open is asked anew, where there is still reason to.
    pub(super) async fn begin(&mut self) -> Result<(), EngineError> {
        let store = &self.watchers.store;
        // The store has said already that it cannot be used.
        let _ = store
            .close(&self.phase, None, "the run that asked has ended")
            .await;
        let event = JournalEvent::WatchBegun {
            phase: self.phase.clone(),
            guards: self.guards.iter().map(GuardTerms::from).collect(),
        };
        self.run.write(event).await?;
        self.recall().await;
        Ok(())
    }

    /// Where the canary has everybody, a run that has measured too little of the rest compares with
    /// what one before it remembered.
    async fn recall(&mut self) {
        if self.share() != Some(Share::ALL) {
            return;
        }
        let kept = self.watchers.store.baseline(&of_rest(&self.phase)).await;
        let kept = kept.ok().flatten().unwrap_or_default();
        let now = self.now();
        for (name, judge) in &mut self.judges {
            if let AnyJudge::Versus(versus) = judge
                && let Some(series) = kept.guards.get(name)
                && !versus.knows_the_rest()
            {
                versus.recall(series);
                versus.begin_step(now, true);
            }
        }
    }

    /// Takes a sample, and does what follows from it.
    pub(super) async fn take(&mut self, sample: Sample) -> Result<Option<TurnBack>, EngineError> {
        let verdict = self
            .judges
            .get_mut(Side::of_sample(&sample.guard).0)
            .and_then(|judge| judge.take(&sample));
        self.unkept.push(sample);
        if self.unkept.len() >= MOST_UNKEPT {
            self.keep_samples().await;
        }
        let turn_back = self.hear(verdict.into_iter().collect()).await?;
        if turn_back.is_some() {
            self.keep_samples().await;
        }
        Ok(turn_back)
    }

    /// A moment has passed: guards may have fallen silent, deadlines have come, people answered.
    pub(super) async fn tick(&mut self) -> Result<Option<TurnBack>, EngineError> {
        let now = self.now();
        let nobody = self.share().is_none_or(|share| share == Share::NONE);
        let verdicts = self
            .judges
            .values_mut()
            // Before the first step there is nobody to be silent.
            .filter(|judge| !nobody || judge.guard().of == Of::Everybody)
            .filter_map(|judge| judge.look(now))
            .collect();
        if let Some(turn_back) = self.hear(verdicts).await? {
            return Ok(Some(turn_back));
        }
        self.keep_samples().await;
        if let Some(turn_back) = self.answers().await? {
            return Ok(Some(turn_back));
        }
        self.lead().await?;
        Ok(None)
    }

    /// The share that the phase's canary has set; none where it has none before it.
    pub(super) fn share(&self) -> Option<Share> {
        self.lead.as_ref().map(Lead::share)
    }

    /// Lets the canary go on, where it is its time.
    async fn lead(&mut self) -> Result<(), EngineError> {
        if self.state() != PhaseState::Expanded {
            return Ok(());
        }
        let now = self.now();
        let seen = (
            self.held().by,
            self.unknown_of_step(),
            self.watch.questions().iter().map(|open| open.id).collect(),
        );
        let Some(lead) = &mut self.lead else {
            return Ok(());
        };
        match lead.goes_on(self.run, now, seen).await? {
            Led::Nothing => self.set_gate(),
            Led::Enter { from, to } => {
                if to == Share::ALL {
                    remember(&self.judges, &self.watchers.store, &self.phase).await;
                }
                if lead.enter(self.run, from, to).await? {
                    self.begin_step(now).await;
                }
            }
            Led::Ask(ask, because) => {
                let asked = self.watch.ask_of_canary(now, ask, because, &self.standings);
                if let Some((question, next)) = asked {
                    lead.asked(question);
                    // Nothing but a question comes of it.
                    self.follow(vec![next]).await?;
                }
            }
        }
        Ok(())
    }

    /// What was measured of the canary's clients before a step says nothing of it.
    async fn begin_step(&mut self, now: Moment) {
        let is_alone = self.share() == Some(Share::ALL);
        for (name, judge) in &mut self.judges {
            if let AnyJudge::Versus(versus) = judge {
                versus.begin_step(now, is_alone);
                self.said.remove(name);
            }
        }
        self.recall().await;
        self.set_gate();
    }

    /// Guards that have said nothing known of the canary's step, as a sentence. Whatever the
    /// matrix makes of that: a step that nobody knows of is not over.
    fn unknown_of_step(&self) -> Option<String> {
        let is_set = self.share().is_some_and(|share| share > Share::NONE);
        let unknown: Vec<String> = self
            .judges
            .iter()
            .filter_map(|(name, judge)| match self.said.get(name) {
                None if judge.guard().of == Of::Canary && !is_set => None,
                None => Some(format!("{name} has said nothing yet")),
                Some(level @ (Level::NoData | Level::Error)) if judge.guard().of == Of::Canary => {
                    Some(format!("{name} says {level}"))
                }
                Some(_) => None,
            })
            .collect();
        (!unknown.is_empty()).then(|| unknown.join(", "))
    }

    /// A phase came to another state.
    pub(super) fn stands(&mut self, states: &BTreeMap<String, PhaseState>) {
        for (phase, state) in states {
            match self.standings.iter_mut().find(|s| &s.phase == phase) {
                Some(standing) => standing.state = *state,
                None => self.standings.push(Standing {
                    phase: phase.clone(),
                    state: *state,
                    irreversible: false,
                }),
            }
        }
        self.appoint();
        self.set_gate();
    }

    /// Where the phase stands.
    pub(super) fn state(&self) -> PhaseState {
        self.standings
            .iter()
            .find(|standing| standing.phase == self.phase)
            .map_or(PhaseState::Pending, |standing| standing.state)
    }

    /// Guards of this state that have said nothing yet, or what the watch waits for otherwise, as
    /// a sentence; nothing where the run may go on.
    pub(super) fn waits(&self) -> Option<String> {
        let held = self.held();
        held.by.or(held.unheard)
    }

    /// The watch is over: nothing holds the run any more, nobody need answer.
    pub(super) async fn end(mut self, how: &str) {
        self.keep_samples().await;
        self.run.gate.set(Held::default());
        if !self.watch.questions().is_empty() {
            let store = &self.watchers.store;
            // The store has said already that it cannot be used.
            let _ = store.close(&self.phase, None, how).await;
        }
    }

    fn now(&self) -> Moment {
        (self.watchers.now)()
    }

    /// A judge for each guard that has something to measure in this state, and for no other.
    fn appoint(&mut self) {
        let (state, now) = (self.state(), self.now());
        for guard in &self.guards {
            if !guard.applies_in(state) {
                self.judges.remove(&guard.name);
                if guard.of == Of::Canary {
                    self.watch.forget(&guard.name);
                }
                continue;
            }
            if !self.judges.contains_key(&guard.name) {
                let baseline = self.baseline.guards.get(&guard.name);
                let judge = AnyJudge::new(guard.clone(), baseline, now);
                self.judges.insert(guard.name.clone(), judge);
                self.said.remove(&guard.name);
            }
        }
    }

    async fn hear(&mut self, verdicts: Vec<Verdict>) -> Result<Option<TurnBack>, EngineError> {
        for verdict in &verdicts {
            if self.said.get(&verdict.guard) != Some(&verdict.level) {
                let before = self.said.insert(verdict.guard.clone(), verdict.level);
                if before.is_some() || verdict.level != Level::Pass {
                    self.run.show(Progress::GuardSays {
                        verdict: Box::new(verdict.clone()),
                    });
                }
                let event = JournalEvent::GuardSays {
                    phase: self.phase.clone(),
                    verdict: verdict.clone(),
                };
                self.run.write(event).await?;
            }
        }
        let next = self.watch.step(self.now(), &verdicts, &self.standings);
        self.follow(next).await
    }

    /// Does what the watch says.
    async fn follow(&mut self, next: Vec<Next>) -> Result<Option<TurnBack>, EngineError> {
        let mut turn_back = None;
        for next in next {
            let (mut number, mut until) = (None, None);
            match &next {
                Next::TurnBack { decision, cause } => {
                    turn_back = Some(TurnBack {
                        decision: decision.clone(),
                        cause: cause.clone(),
                    });
                }
                Next::Ask { question } => {
                    until = self.watch.until(question);
                    let store = &self.watchers.store;
                    // Where it cannot be kept nobody can answer, and the deadline decides.
                    number = store.ask(&self.phase, question, until).await.ok();
                    self.asked
                        .extend(number.map(|number| (question.id, number)));
                }
                Next::Close { question, how } => {
                    let store = &self.watchers.store;
                    // The store has said already that it cannot be used.
                    let how = how.to_string();
                    let _ = store.close(&self.phase, Some(*question), &how).await;
                    self.asked.remove(question);
                }
                Next::DisableFlags { .. }
                | Next::Join { .. }
                | Next::Overdue { .. }
                | Next::Hold { .. }
                | Next::Release
                | Next::Tell { .. } => {}
            }
            let event = JournalEvent::Watched {
                phase: self.phase.clone(),
                next: Box::new(next.clone()),
                number,
                until,
            };
            self.run.write(event).await?;
            let disables = match &next {
                Next::DisableFlags { decision } => Some(decision.because.clone()),
                _ => None,
            };
            self.run.show(Progress::Watched {
                next: Box::new(next),
                number,
                until,
            });
            if let Some(because) = disables {
                self.run.disable_flags(because).await?;
            }
        }
        self.set_gate();
        Ok(turn_back)
    }

    /// Takes what people have answered meanwhile.
    async fn answers(&mut self) -> Result<Option<TurnBack>, EngineError> {
        if self.watch.questions().is_empty() {
            return Ok(None);
        }
        let store = &self.watchers.store;
        // What the store cannot say now it may say the next time; the deadline holds anyway.
        for given in store.answers(&self.phase).await.unwrap_or_default() {
            let now = self.now();
            let outcome = self.watch.answer(
                now,
                given.question,
                given.answer,
                &given.by,
                &self.standings,
            );
            match outcome {
                Ok(next) => {
                    if let Some(turn_back) = self.follow(next).await? {
                        return Ok(Some(turn_back));
                    }
                }
                Err(refused) => {
                    let why = refused.to_string();
                    let _ = store.refuse(&self.phase, given.question, &why).await;
                }
            }
        }
        Ok(None)
    }

    fn held(&self) -> Held {
        let questions = self.watch.questions().iter().map(|question| {
            let about = question.about();
            match self.asked.get(&question.id) {
                Some(number) => format!(
                    "question {number} waits for an answer: {about}? (`turnback answer {number} turn-back`, `go-on` or `hold`)"
                ),
                None => format!(
                    "it would ask whether to {about}, and nobody can answer without a control store"
                ),
            }
        });
        let holding = self.watch.holding().iter().map(|decision| {
            format!(
                "guard {} says {}, and holds until it says better",
                decision.guard, decision.level
            )
        });
        let by: Vec<String> = questions.chain(holding).collect();
        // What a canary's guards have to say is between it and them ([`Keeper::lead`]).
        let unheard: Vec<&str> = self
            .judges
            .iter()
            .filter(|(guard, judge)| {
                judge.guard().of == Of::Everybody && !self.said.contains_key(*guard)
            })
            .map(|(guard, _)| guard.as_str())
            .collect();
        Held {
            by: (!by.is_empty()).then(|| by.join("; ")),
            unheard: (!unheard.is_empty()).then(|| {
                format!(
                    "no sample is not a healthy sample: the first verdict of {} is waited for",
                    some(&unheard)
                )
            }),
            canary: self.lead.as_ref().and_then(Lead::holds),
        }
    }

    fn set_gate(&self) {
        self.run.gate.set(self.held());
    }

    async fn keep_samples(&mut self) {
        if self.unkept.is_empty() {
            return;
        }
        let samples = std::mem::take(&mut self.unkept);
        // They are for reports; the store says itself when it cannot be used.
        let _ = self
            .watchers
            .store
            .keep_samples(&self.phase, &samples)
            .await;
    }
}

/// The name under which the store keeps what was measured of the rest. No phase has it.
fn of_rest(phase: &str) -> String {
    format!("{phase}@rest")
}

/// Keeps what was measured of the rest, before there is none any more.
async fn remember<S: WatchStore>(judges: &BTreeMap<String, AnyJudge>, store: &S, phase: &str) {
    let mut remembered = Baseline::default();
    for (name, judge) in judges {
        if let AnyJudge::Versus(versus) = judge
            && versus.knows_the_rest()
        {
            remembered.guards.insert(name.clone(), versus.remembered());
        }
    }
    if !remembered.guards.is_empty() {
        // Where it cannot be kept this run has it; the store says itself what is wrong.
        let _ = store.keep_baseline(&of_rest(phase), &remembered).await;
    }
}
