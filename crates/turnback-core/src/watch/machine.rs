//! The state machine.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dealt::Dealt;
use super::hearing::{Hearing, millis};
use super::{Answer, AnswerRefused, Cause, Clock, Closed, Next, Question};
use crate::decision::{Action, Ask, By, Decision, Matrix, Otherwise, Situation, decide};
use crate::guard::{Level, Moment, Verdict};
use crate::scope::Standing;

/// The watch over one phase. Can be stored and taken up again: the time between does not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    phase: String,
    matrix: Matrix,
    clock: Clock,
    hearings: BTreeMap<String, Hearing>,
    situation: Option<Situation>,
    questions: Vec<Question>,
    asked: u32,
    dealt: Dealt,
    /// For what flags have been disabled.
    #[serde(default)]
    disabled: Dealt,
    holding: Vec<Decision>,
    /// Whether the run was last told to stop.
    stopped: bool,
    turning_back: Option<Vec<String>>,
    over: bool,
}

impl Watch {
    /// A watch over a phase that has heard nothing yet.
    pub fn new(matrix: Matrix, phase: impl Into<String>) -> Self {
        Self {
            phase: phase.into(),
            matrix,
            clock: Clock::default(),
            hearings: BTreeMap::new(),
            situation: None,
            questions: vec![],
            asked: 0,
            dealt: Dealt::default(),
            disabled: Dealt::default(),
            holding: vec![],
            stopped: false,
            turning_back: None,
            over: false,
        }
    }

    /// Takes what guards say at a moment and where phases stand, and gives what to do. A guard
    /// that is not among the verdicts says what it said before.
    pub fn step(&mut self, at: Moment, verdicts: &[Verdict], standings: &[Standing]) -> Vec<Next> {
        let mut next = Vec::new();
        let watched = self.clock.goes_on(at);
        for verdict in verdicts {
            self.hear(verdict, watched);
        }
        let situation = self.look(at, standings, watched);
        if self.over {
            return next;
        }
        self.dealt.forget(&situation);
        self.disabled.forget(&situation);
        let mut decisions: Vec<Decision> = situation
            .guards
            .iter()
            // Nothing to do, and nothing to record.
            .filter(|about| self.matrix.says(&situation, about).1 != Action::Continue)
            .map(|about| decide(&self.matrix, &situation, about))
            .collect();
        // The most urgent first; guards by name where they are equally urgent.
        decisions.sort_by_key(|decision| std::cmp::Reverse(decision.action.urgency()));
        self.disable_flags_for(&decisions, &mut next);
        self.turn_back_for(&decisions, &mut next);
        self.settle_overdue(&situation, watched, &mut next);
        if self.turning_back.is_none() {
            self.holding.clear();
            for decision in decisions {
                self.take(decision, watched, &mut next);
            }
        }
        self.stop_or_release(&mut next);
        next
    }

    /// Takes what a person answers to an open question. An answer counts for as long as the
    /// question is open, also when its deadline passes at the same moment.
    ///
    /// # Errors
    ///
    /// When there is no such question, when others have to answer, and when there is no way back
    /// and the answer is to turn back.
    pub fn answer(
        &mut self,
        at: Moment,
        question: u32,
        answer: Answer,
        by: &str,
        standings: &[Standing],
    ) -> Result<Vec<Next>, AnswerRefused> {
        let watched = self.clock.goes_on(at);
        let situation = self.look(at, standings, watched);
        let index = self
            .questions
            .iter()
            .position(|open| open.id == question)
            .filter(|_| !self.over)
            .ok_or(AnswerRefused::NotOpen(question))?;
        let open = &self.questions[index];
        if !open.who().is_empty() && !open.who().iter().any(|who| who == by) {
            return Err(AnswerRefused::NotAsked {
                by: by.to_owned(),
                who: open.who().to_vec(),
            });
        }
        let mut next = Vec::new();
        let how = Closed::Answered {
            answer,
            by: by.to_owned(),
        };
        match answer {
            Answer::Hold => {
                self.questions[index].until_millis = None;
                next.push(Next::Overdue { question });
            }
            Answer::GoOn => {
                self.questions.remove(index);
                next.push(Next::Close { question, how });
            }
            Answer::TurnBack => {
                let because = format!(
                    "{} {by} answered: turn back.",
                    open.decision.because.trim_end()
                );
                let Some(scope) = asked_about(&open.decision) else {
                    return Err(AnswerRefused::NoWayBack(open.decision.because.clone()));
                };
                let decision = Decision {
                    action: Action::Rollback { scope },
                    because,
                    situation,
                    ..open.decision.clone()
                }
                .bounded();
                if decision.needs_person && decision.phases.is_empty() {
                    return Err(AnswerRefused::NoWayBack(decision.because));
                }
                self.questions.remove(index);
                next.push(Next::Close { question, how });
                let by = by.to_owned();
                self.turn_back(decision, Cause::Answer { question, by }, &mut next);
            }
        }
        self.stop_or_release(&mut next);
        Ok(next)
    }

    /// Forgets what a guard said that has nothing to measure any more.
    pub fn forget(&mut self, guard: &str) {
        self.hearings.remove(guard);
    }

    /// Asks people whether a canary goes on, and gives the question's number. While it is open the
    /// run goes no further; whoever answers to go on ends the step. Nothing where the phase is
    /// being turned back already.
    pub fn ask_of_canary(
        &mut self,
        at: Moment,
        ask: Ask,
        because: String,
        standings: &[Standing],
    ) -> Option<(u32, Next)> {
        let watched = self.clock.goes_on(at);
        let situation = self.look(at, standings, watched);
        if self.over || self.turning_back.is_some() {
            return None;
        }
        self.asked += 1;
        let decision = Decision {
            // No guard has this name: it has spaces in it.
            guard: format!("the canary of {}", self.phase),
            level: Level::Pass,
            action: Action::Ask(ask.clone()),
            by: By::Canary,
            phases: vec![],
            left: vec![],
            instead_of: None,
            disable_flags: false,
            needs_person: false,
            because,
            situation,
        }
        .bounded();
        let question = Question {
            id: self.asked,
            guards: vec![decision.guard.clone()],
            asked: at,
            until_millis: Some(millis(watched.saturating_add(ask.deadline))),
            decision,
        };
        self.questions.push(question.clone());
        self.stopped = true;
        Some((question.id, Next::Ask { question }))
    }

    /// The way back that was decided has come to its end: the watch is over.
    pub fn turned_back(&mut self) {
        self.over = true;
    }

    /// Whether the watch has come to its end.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The phase that is watched.
    pub fn phase(&self) -> &str {
        &self.phase
    }

    /// The matrix that it decides by.
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// What was known at the last moment.
    pub fn situation(&self) -> Option<&Situation> {
        self.situation.as_ref()
    }

    /// The questions that are open.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// Decisions to hold that were in force at the last moment.
    pub fn holding(&self) -> &[Decision] {
        &self.holding
    }

    /// The phases that are being turned back, last first, once that is decided.
    pub fn turning_back(&self) -> Option<&[String]> {
        self.turning_back.as_deref()
    }

    /// When a question's deadline passes, if no clock jumps.
    pub fn until(&self, question: &Question) -> Option<Moment> {
        let millis = question.until_millis?;
        Some(self.clock.at(Duration::from_millis(millis)))
    }

    fn hear(&mut self, verdict: &Verdict, watched: Duration) {
        match self.hearings.get_mut(&verdict.guard) {
            Some(hearing) => hearing.hears(verdict.clone(), watched),
            None => {
                let hearing = Hearing::new(verdict.clone(), watched);
                self.hearings.insert(verdict.guard.clone(), hearing);
            }
        }
    }

    fn look(&mut self, at: Moment, standings: &[Standing], watched: Duration) -> Situation {
        let situation = Situation {
            at,
            phase: self.phase.clone(),
            guards: self
                .hearings
                .values()
                .map(|hearing| hearing.heard(watched))
                .collect(),
            standings: standings.to_vec(),
        };
        self.situation = Some(situation.clone());
        situation
    }

    /// Whatever else is done, and first: flags act at once. What is a person's to enable again is
    /// not disabled again for the same before that has been calm.
    fn disable_flags_for(&mut self, decisions: &[Decision], next: &mut Vec<Next>) {
        let mut new = None;
        for decision in decisions.iter().filter(|decision| decision.disable_flags) {
            if self.disabled.note(decision) {
                new.get_or_insert(decision);
            }
        }
        next.extend(new.map(|decision| Next::DisableFlags {
            decision: decision.clone(),
        }));
    }

    /// Of all ways back that are decided for a moment, the one that goes furthest is taken.
    fn turn_back_for(&mut self, decisions: &[Decision], next: &mut Vec<Next>) {
        let furthest = decisions
            .iter()
            .filter(|decision| matches!(decision.action, Action::Rollback { .. }))
            // The first of those that go equally far.
            .rev()
            .max_by_key(|decision| decision.phases.len());
        if let Some(decision) = furthest {
            self.turn_back(decision.clone(), Cause::Matrix, next);
        }
    }

    /// Decides a way back once; after that only what goes further.
    fn turn_back(&mut self, decision: Decision, cause: Cause, next: &mut Vec<Next>) {
        let known = self.turning_back.get_or_insert_default();
        let further = decision.phases.iter().any(|phase| !known.contains(phase));
        if !further {
            return;
        }
        for phase in &decision.phases {
            if !known.contains(phase) {
                known.push(phase.clone());
            }
        }
        self.holding.clear();
        next.extend(self.questions.drain(..).map(|open| Next::Close {
            question: open.id,
            how: Closed::Overtaken,
        }));
        next.push(Next::TurnBack { decision, cause });
    }

    /// Does about a decision what is new of it.
    fn take(&mut self, decision: Decision, watched: Duration, next: &mut Vec<Next>) {
        match &decision.action {
            Action::Rollback { .. } | Action::Continue => {}
            Action::Ask(ask) => {
                let until = watched.saturating_add(ask.deadline);
                self.ask(decision, Some(until), next);
            }
            // What should have turned back and cannot is a person's matter.
            Action::Hold if decision.needs_person => self.ask(decision, None, next),
            Action::Hold => {
                let again = !self.dealt.note(&decision);
                if !self.stopped || !again {
                    next.push(Next::Hold {
                        decision: decision.clone(),
                        again,
                    });
                }
                self.holding.push(decision);
            }
            Action::FixForward | Action::Notify => {
                if self.dealt.note(&decision) {
                    let cause = Cause::Matrix;
                    next.push(Next::Tell { decision, cause });
                }
            }
        }
    }

    fn ask(&mut self, decision: Decision, until: Option<Duration>, next: &mut Vec<Next>) {
        if !self.dealt.note(&decision) {
            return;
        }
        let same = |open: &&mut Question| {
            open.decision.by == decision.by && open.decision.action == decision.action
        };
        if let Some(open) = self.questions.iter_mut().find(same) {
            if !open.guards.contains(&decision.guard) {
                open.guards.push(decision.guard.clone());
            }
            next.push(Next::Join {
                question: open.id,
                decision,
            });
            return;
        }
        self.asked += 1;
        let question = Question {
            id: self.asked,
            guards: vec![decision.guard.clone()],
            asked: decision.situation.at,
            until_millis: until.map(millis),
            decision,
        };
        self.questions.push(question.clone());
        next.push(Next::Ask { question });
    }

    /// Does what is to be done about questions that nobody answered in time.
    fn settle_overdue(&mut self, situation: &Situation, watched: Duration, next: &mut Vec<Next>) {
        let overdue: Vec<u32> = self
            .questions
            .iter()
            .filter(|open| {
                open.until_millis
                    .is_some_and(|until| until <= millis(watched))
            })
            .map(|open| open.id)
            .collect();
        for id in overdue {
            // A way back that was decided for one closes the others.
            if let Some(index) = self.questions.iter().position(|open| open.id == id) {
                self.settle(index, situation, next);
            }
        }
    }

    fn settle(&mut self, index: usize, situation: &Situation, next: &mut Vec<Next>) {
        let open = &self.questions[index];
        let question = open.id;
        let Action::Ask(Ask {
            scope, otherwise, ..
        }) = &open.decision.action
        else {
            return;
        };
        let passes = |guard: &String| {
            situation
                .heard(guard)
                .is_some_and(|heard| heard.verdict.level == Level::Pass)
        };
        if open.guards.iter().all(passes) {
            self.questions.remove(index);
            let how = Closed::Passed;
            next.push(Next::Close { question, how });
            return;
        }
        let decision = Decision {
            action: otherwise.action(scope),
            because: format!(
                "{} Nobody has answered in time.",
                open.decision.because.trim_end()
            ),
            situation: situation.clone(),
            ..open.decision.clone()
        }
        .bounded();
        let cause = Cause::Deadline { question };
        if *otherwise == Otherwise::Hold || decision.action == Action::Hold {
            // Still open, without an end: whoever was asked can still answer.
            self.questions[index].until_millis = None;
            next.push(Next::Overdue { question });
            return;
        }
        self.questions.remove(index);
        let how = Closed::Deadline {
            then: decision.action.clone(),
        };
        next.push(Next::Close { question, how });
        match decision.action {
            Action::Rollback { .. } => self.turn_back(decision, cause, next),
            Action::FixForward | Action::Notify => next.push(Next::Tell { decision, cause }),
            Action::Ask(_) | Action::Hold | Action::Continue => {}
        }
    }

    /// Says that the run may go on, once nothing holds it any more.
    fn stop_or_release(&mut self, next: &mut Vec<Next>) {
        let stopped = !self.may_go_on();
        if self.stopped && !stopped {
            next.push(Next::Release);
        }
        self.stopped = stopped;
    }
}

/// How far a question is about turning back; nothing where there was no way back to ask about.
fn asked_about(decision: &Decision) -> Option<crate::scope::Scope> {
    let action = decision.instead_of.as_ref().unwrap_or(&decision.action);
    action.scope().cloned()
}
