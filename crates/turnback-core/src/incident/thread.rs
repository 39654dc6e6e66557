//! The runs of one plan, and the incidents among them.

use super::cost::Ledger;
use super::line::{closed, line};
use super::{
    Asked, Cost, Decided, End, Ended, Entry, HookDone, Incident, Kind, Line, PartDone, Recovery,
    Validated,
};
use crate::decision::{By, Decision};
use crate::guard::{Moment, Verdict};
use crate::journal::{GuardTerms, JournalEvent};
use crate::state::PhaseState;
use crate::watch::{Cause, Closed, Next};

/// Lines before an incident that are kept for its timeline.
const MOST_BEFORE: usize = 60;

/// The runs of one plan.
#[derive(Debug, Default)]
pub(super) struct Thread {
    target: Option<String>,
    ledger: Ledger,
    guards: Vec<GuardTerms>,
    /// What the run did until now, for the timeline.
    run: Vec<Line>,
    /// Verdicts since the watch began, with when they were written.
    said: Vec<(Moment, Verdict)>,
    /// The run turns back by hand, and has done nothing yet: since when, and as which entry.
    by_hand: Option<(Moment, i64)>,
    last: Moment,
    over: Vec<Incident>,
    current: Option<Incident>,
}

impl Thread {
    pub(super) fn into_incidents(mut self) -> Vec<Incident> {
        self.put_by();
        self.over
    }

    /// Takes the next entry in; `opened` counts incidents over all plans.
    pub(super) fn take(&mut self, entry: &Entry, opened: &mut u32) {
        if let JournalEvent::RunBegun {
            command, target, ..
        } = &entry.event
        {
            self.run_begins(entry, command, target.as_ref());
        }
        self.last = entry.at;
        self.keep_account(entry);
        self.open_where_it_begins(entry, opened);
        if let Some(line) = line(entry) {
            if let Some(current) = self.open() {
                current.timeline.push(line.clone());
                current.last_entry = entry.number;
            }
            self.run.push(line);
        }
        self.follow(entry);
        if let JournalEvent::RunEnded { outcome, exit_code } = &entry.event {
            self.run_ends(entry.at, outcome, *exit_code);
        }
    }

    /// The incident that is not over.
    fn open(&mut self) -> Option<&mut Incident> {
        self.current.as_mut().filter(|current| !current.is_over())
    }

    /// The last incident is done with: the next is another.
    fn put_by(&mut self) {
        if let Some(mut incident) = self.current.take() {
            let until = incident.ended.as_ref().map_or(self.last, |ended| ended.at);
            incident.cost = self.ledger.of(&incident.phases, until);
            self.over.push(incident);
        }
    }

    fn run_begins(&mut self, entry: &Entry, command: &str, target: Option<&String>) {
        let last = self.last;
        if let Some(current) = self.open() {
            // The run before ended without a word.
            current.ended = Some(Ended {
                at: last,
                how: End::Unknown,
            });
        }
        let goes_on = command == "back"
            && self.current.as_ref().is_some_and(|current| {
                let ended = current.ended.as_ref().map(|ended| &ended.how);
                match ended {
                    None | Some(End::RunEnded { .. } | End::Unknown) => true,
                    Some(End::TurnedBack) => self.ledger.has_left_overs(&current.phases),
                    Some(End::WentOn) => false,
                }
            });
        self.by_hand = None;
        if goes_on {
            if let Some(current) = &mut self.current {
                current.ended = None;
                let by_hand = Decided::by_hand(entry.at);
                if current.kind < Kind::TurnBack {
                    current.kind = Kind::TurnBack;
                    current.decided = entry.at;
                    current.recovered = None;
                }
                current.decisions.push(by_hand);
            }
        } else {
            self.put_by();
            self.by_hand = (command == "back").then_some((entry.at, entry.number));
        }
        self.ledger.run_begins();
        self.run.clear();
        self.said.clear();
        self.guards.clear();
        if target.is_some() {
            self.target = target.cloned();
        }
    }

    /// What is known of phases and guards, whether there is an incident or not.
    fn keep_account(&mut self, entry: &Entry) {
        match &entry.event {
            JournalEvent::PhaseBecame { phase, state } => {
                self.ledger.became(entry.at, phase, *state);
            }
            JournalEvent::StepDone {
                phase,
                stage,
                step,
                rows,
                lock,
                ..
            } => self.ledger.done(phase, *stage, step, *rows, lock.as_ref()),
            JournalEvent::LockRefused { .. } => self.ledger.refused(),
            JournalEvent::WatchBegun { guards, .. } => {
                self.guards.clone_from(guards);
                self.said.clear();
            }
            JournalEvent::GuardSays { verdict, .. } => {
                self.said.push((entry.at, verdict.clone()));
            }
            _ => {}
        }
    }

    fn open_where_it_begins(&mut self, entry: &Entry, opened: &mut u32) {
        let begins = match &entry.event {
            JournalEvent::Watched { phase, next, .. } => match &**next {
                Next::TurnBack { decision, .. } => Some((Kind::TurnBack, phase, Some(decision))),
                // Its plan has a canary ask that of itself: nothing has happened.
                Next::Ask { question } if question.decision.by == By::Canary => None,
                Next::Ask { question } => Some((Kind::Question, phase, Some(&question.decision))),
                Next::Hold { decision, .. } => Some((Kind::Hold, phase, Some(decision))),
                Next::Join { .. }
                | Next::Overdue { .. }
                | Next::Close { .. }
                | Next::DisableFlags { .. }
                | Next::Release
                | Next::Tell { .. } => None,
            },
            JournalEvent::StepIntended { phase, .. }
            | JournalEvent::PhaseBecame { phase, .. }
            | JournalEvent::HookRan { phase, .. }
                if self.by_hand.is_some() =>
            {
                Some((Kind::TurnBack, phase, None))
            }
            JournalEvent::RecoveryBegun { phases, .. } => {
                phases.first().map(|phase| (Kind::TurnBack, phase, None))
            }
            _ => None,
        };
        let Some((kind, phase, decision)) = begins else {
            return;
        };
        if self.open().is_some() {
            return;
        }
        self.put_by();
        *opened += 1;
        let by_hand = self.by_hand.take();
        let (since, first_entry) = by_hand.unwrap_or((entry.at, entry.number));
        let trigger = decision.and_then(|decision| {
            let heard = decision.situation.heard(&decision.guard);
            heard.map(|heard| heard.verdict.clone())
        });
        let detected = trigger.as_ref().map(|verdict| self.heard(verdict));
        let before = self.run.len().saturating_sub(MOST_BEFORE);
        self.current = Some(Incident {
            number: *opened,
            plan: entry.plan.clone(),
            target: self.target.clone(),
            phases: vec![phase.clone()],
            kind,
            trigger,
            first_entry,
            last_entry: entry.number,
            opened: since,
            detected,
            decided: since,
            recovered: None,
            ended: None,
            decisions: match decision {
                None => vec![Decided::by_hand(since)],
                Some(_) => vec![],
            },
            questions: vec![],
            recovery: Recovery::default(),
            hooks: vec![],
            validation: vec![],
            cost: Cost::default(),
            guards: self.guards.clone(),
            timeline: self.run[before..].to_vec(),
        });
    }

    /// When the guard first said this, without having said otherwise since.
    fn heard(&self, verdict: &Verdict) -> Moment {
        let of_guard = self.said.iter().rev();
        let same = of_guard
            .filter(|(_, said)| said.guard == verdict.guard)
            .take_while(|(_, said)| said.level == verdict.level);
        same.last().map_or(verdict.since, |(at, _)| *at)
    }

    /// What an entry adds to the incident that is not over.
    fn follow(&mut self, entry: &Entry) {
        let at = entry.at;
        let Some(current) = self.open() else { return };
        match &entry.event {
            JournalEvent::Watched { next, number, .. } => current.hears(at, next, *number),
            JournalEvent::PhaseBecame { phase, state } if current.kind == Kind::TurnBack => {
                current.stands(at, phase, *state);
            }
            JournalEvent::HookRan {
                phase,
                on_failure,
                outcome,
            } => current.hooks.push(HookDone {
                at,
                phase: phase.clone(),
                on_failure: *on_failure,
                outcome: outcome.clone(),
            }),
            JournalEvent::RecoveryBegun { phases, because } => {
                current.comes_to(Kind::TurnBack, at);
                current.is_about(phases);
                // Who turns back by hand is known; why, the event says.
                if let Some(last) = current.decisions.last_mut()
                    && last.because.is_empty()
                {
                    last.because.clone_from(because);
                }
            }
            JournalEvent::RecoveryPart {
                part,
                millis,
                objective_millis,
                failure,
            } => current.recovery.parts.push(PartDone {
                part: *part,
                at,
                millis: *millis,
                objective_millis: *objective_millis,
                failure: failure.clone(),
            }),
            JournalEvent::Validated {
                promise,
                holds,
                evidence,
            } => current.validation.push(Validated {
                promise: promise.clone(),
                holds: *holds,
                evidence: evidence.clone(),
            }),
            JournalEvent::RecoveryEnded {
                millis,
                objective_millis,
                failure,
            } => {
                current.recovery.millis = Some(*millis);
                current.recovery.objective_millis = *objective_millis;
                current.recovery.failure.clone_from(failure);
            }
            _ => {}
        }
    }

    fn run_ends(&mut self, at: Moment, outcome: &str, exit_code: u8) {
        self.by_hand = None;
        let ledger = &self.ledger;
        let current = self.current.as_mut();
        let Some(current) = current.filter(|current| !current.is_over()) else {
            return;
        };
        if current.kind == Kind::TurnBack && ledger.shows_new_shape(&current.phases) {
            // Some of it is back, and not all that was to be.
            current.recovered = None;
        }
        let turned_back = current.kind == Kind::TurnBack
            && current.recovered.is_some()
            && current.recovery.failure.is_none()
            && matches!(exit_code, 0 | 5);
        current.ended = Some(Ended {
            at,
            how: if turned_back {
                End::TurnedBack
            } else {
                End::RunEnded {
                    outcome: outcome.to_owned(),
                    exit_code,
                }
            },
        });
    }
}

impl Incident {
    /// It is about these phases, too.
    fn is_about(&mut self, phases: &[String]) {
        for phase in phases {
            if !self.phases.contains(phase) {
                self.phases.push(phase.clone());
            }
        }
    }

    /// It comes to more than it was.
    fn comes_to(&mut self, kind: Kind, at: Moment) {
        if self.kind < kind {
            self.kind = kind;
            self.decided = at;
        }
    }

    fn hears(&mut self, at: Moment, next: &Next, number: Option<i64>) {
        match next {
            Next::TurnBack { decision, cause } => {
                self.comes_to(Kind::TurnBack, at);
                self.is_about(&decision.phases);
                self.decides(at, decision, Some(cause));
            }
            Next::Ask { question } => {
                self.comes_to(Kind::Question, at);
                self.decides(at, &question.decision, None);
                self.questions.push(Asked {
                    question: question.id,
                    number,
                    who: question.who().to_vec(),
                    at,
                    closed: None,
                    by: None,
                    how: None,
                });
            }
            Next::Hold { decision, .. } | Next::Tell { decision, .. } => {
                self.decides(at, decision, None);
            }
            Next::Close { question, how } => {
                let asked = self.questions.iter_mut().rev();
                let mut asked = asked.filter(|asked| asked.question == *question);
                if let Some(asked) = asked.next() {
                    asked.closed = Some(at);
                    asked.how = Some(closed(how));
                    if let Closed::Answered { by, .. } = how {
                        asked.by = Some(by.clone());
                    }
                }
            }
            Next::Release if self.kind < Kind::TurnBack => {
                self.recovered = Some(at);
                self.ended = Some(Ended {
                    at,
                    how: End::WentOn,
                });
            }
            Next::Release
            | Next::Join { .. }
            | Next::Overdue { .. }
            | Next::DisableFlags { .. } => {}
        }
    }

    fn decides(&mut self, at: Moment, decision: &Decision, cause: Option<&Cause>) {
        self.decisions.push(Decided {
            at,
            what: decision.action.to_string(),
            by: match cause {
                Some(Cause::Answer { question, by }) => {
                    format!("{by}, who answered question {question}")
                }
                Some(Cause::Deadline { question }) => {
                    format!("the deadline of question {question}")
                }
                Some(Cause::Matrix) | None => decision.by.to_string(),
            },
            because: decision.because.clone(),
        });
    }

    /// A phase came to a state while it is turned back.
    fn stands(&mut self, at: Moment, phase: &str, state: PhaseState) {
        if !matches!(state, PhaseState::Withdrawing | PhaseState::Pending) {
            return;
        }
        self.is_about(&[phase.to_owned()]);
        // From `withdrawing` on `public` shows the old shape, so what follows makes nothing later.
        if state == PhaseState::Withdrawing || self.recovered.is_none() {
            self.recovered = Some(at);
        }
    }
}

impl Decided {
    fn by_hand(at: Moment) -> Self {
        Self {
            at,
            what: "turn back".to_owned(),
            by: "a person, with turnback back".to_owned(),
            because: String::new(),
        }
    }
}
