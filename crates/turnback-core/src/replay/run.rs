//! Takes a script through guards and decisions.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{Entry, Event, Script, What};
use crate::canary::Side;
use crate::guard::{
    AnyJudge, Baseline, BaselineRecorder, Guard, Level, Moment, Sample, Verdict, baseline_findings,
};
use crate::plan::Plan;
use crate::scope::Standing;
use crate::state::PhaseState;
use crate::watch::{Answer, Next, Waiting, Watch};

/// Between two events the watch looks this often, as a running one does.
const LOOK: Duration = Duration::from_secs(1);
/// A longer time without any event was not watched: the controller was down.
const UNWATCHED: Duration = Duration::from_secs(3600);

/// What would have been done, and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// The first moment.
    pub from: Moment,
    /// The last moment.
    pub until: Moment,
    /// What would have been seen and done.
    pub entries: Vec<Entry>,
    /// How many samples there were.
    pub samples: usize,
    /// Samples of guards that the plan does not have.
    pub unknown: BTreeMap<String, usize>,
    /// Guards of the plan of which there are no samples: they are left out.
    pub left_out: Vec<String>,
    /// What the watch is waiting for at the end; nothing once it has turned back.
    pub waiting: Vec<Waiting>,
    /// The phases that would have been turned back, last first.
    pub turned_back: Vec<String>,
}

/// Takes a script through the guards and the decisions of a plan. Samples before the first phase
/// that is watched are the baseline; without any phase, the last one of the plan is watched from
/// the first moment on, cut over. Guards without any sample take no part. Ends where the watch turns back: what comes after that would not
/// have come.
pub fn replay(plan: &Plan, script: &Script) -> Replay {
    let (from, until) = match (script.events.first(), script.events.last()) {
        (Some((from, _)), Some((until, _))) => (*from, *until),
        _ => (Moment::default(), Moment::default()),
    };
    let (guards, left_out): (Vec<Guard>, Vec<Guard>) =
        plan.guards.iter().cloned().partition(|guard| {
            script.events.iter().any(
                |(_, event)| matches!(event, Event::Sample(sample) if sample.guard == guard.name),
            )
        });
    let mut course = Course {
        plan,
        now: from,
        standings: plan.phases.iter().map(not_begun).collect(),
        baseline: BaselineRecorder::new(&guards),
        guards,
        watch: None,
        judges: vec![],
        said: BTreeMap::new(),
        replay: Replay {
            from,
            until,
            entries: vec![],
            samples: 0,
            unknown: BTreeMap::new(),
            left_out: left_out.into_iter().map(|guard| guard.name).collect(),
            waiting: vec![],
            turned_back: vec![],
        },
    };
    let names_phases = script
        .events
        .iter()
        .any(|(_, event)| matches!(event, Event::Phase { .. }));
    if !names_phases && let Some(last) = plan.phases.last() {
        course.phase(&last.id, PhaseState::CutOver);
    }
    for (at, event) in &script.events {
        if !course.goes_on_to(*at) {
            break;
        }
        course.happens(event);
    }
    course.end()
}

struct Course<'a> {
    plan: &'a Plan,
    /// Those that there are samples of.
    guards: Vec<Guard>,
    now: Moment,
    standings: Vec<Standing>,
    baseline: BaselineRecorder,
    watch: Option<Watch>,
    judges: Vec<AnyJudge>,
    /// What each guard last said.
    said: BTreeMap<String, Level>,
    replay: Replay,
}

impl Course<'_> {
    /// Lets time pass; not any more once it has turned back.
    fn goes_on_to(&mut self, at: Moment) -> bool {
        if at.since(self.now) <= UNWATCHED {
            while self.now + LOOK < at && self.is_going_on() {
                self.now = self.now + LOOK;
                self.look();
            }
        }
        if self.is_going_on() {
            self.now = at;
            self.look();
        }
        self.is_going_on()
    }

    fn is_going_on(&self) -> bool {
        self.replay.turned_back.is_empty()
    }

    fn happens(&mut self, event: &Event) {
        match event {
            Event::Sample(sample) => self.sample(sample),
            Event::Phase { phase, state } => self.phase(phase, *state),
            Event::Answer {
                question,
                answer,
                by,
            } => self.answer(*question, *answer, by),
        }
    }

    fn sample(&mut self, sample: &Sample) {
        self.replay.samples += 1;
        let guard = Side::of_sample(&sample.guard).0;
        if self.plan.guard(guard).is_none() {
            *self.replay.unknown.entry(sample.guard.clone()).or_default() += 1;
        } else if self.watch.is_none() {
            self.baseline.take(sample);
        }
        let judge = self
            .judges
            .iter_mut()
            .find(|judge| judge.guard().name == guard);
        if let Some(verdict) = judge.and_then(|judge| judge.take(sample)) {
            self.step(&[verdict]);
        }
    }

    /// Asks every judge what it says now, and the watch what is to be done.
    fn look(&mut self) {
        let now = self.now;
        let verdicts: Vec<Verdict> = self
            .judges
            .iter_mut()
            .filter_map(|judge| judge.look(now))
            .collect();
        self.step(&verdicts);
    }

    fn step(&mut self, verdicts: &[Verdict]) {
        let Some(watch) = &mut self.watch else { return };
        let next = watch.step(self.now, verdicts, &self.standings);
        for verdict in verdicts {
            if self.said.insert(verdict.guard.clone(), verdict.level) != Some(verdict.level) {
                self.replay.entries.push(Entry {
                    at: self.now,
                    what: What::Says(verdict.clone()),
                });
            }
        }
        self.does(next);
    }

    fn answer(&mut self, question: u32, answer: Answer, by: &str) {
        let given = match &mut self.watch {
            Some(watch) => watch
                .answer(self.now, question, answer, by, &self.standings)
                .map_err(|refused| refused.to_string()),
            None => Err("nothing is being watched yet".to_owned()),
        };
        match given {
            Ok(next) => self.does(next),
            Err(because) => self.note(What::Refused {
                by: by.to_owned(),
                because,
            }),
        }
    }

    fn does(&mut self, next: Vec<Next>) {
        for next in next {
            if let Next::TurnBack { decision, .. } = &next {
                self.replay.turned_back = decision.phases.clone();
            }
            self.note(What::Does(Box::new(next)));
        }
    }

    fn note(&mut self, what: What) {
        self.replay.entries.push(Entry { at: self.now, what });
    }

    fn phase(&mut self, id: &str, state: PhaseState) {
        self.note(What::Phase {
            phase: id.to_owned(),
            state,
        });
        let Some(at) = self.standings.iter().position(|known| known.phase == id) else {
            return;
        };
        for (index, standing) in self.standings.iter_mut().enumerate() {
            // What stands before a phase that runs is through, unless something else was said.
            if index < at && standing.state == PhaseState::Pending {
                standing.state = PhaseState::CutOver;
            } else if index == at {
                standing.state = state;
            }
            standing.irreversible =
                standing.state != PhaseState::Pending && self.plan.phases[index].is_irreversible();
        }
        let watched = self.watch.as_ref().is_some_and(|watch| watch.phase() == id);
        if state != PhaseState::Pending && !watched {
            self.begin(id);
        }
    }

    /// Begins to watch a phase.
    fn begin(&mut self, id: &str) {
        let baseline = self.baseline.baseline().clone();
        for finding in baseline_findings(&self.guards, id, &baseline, self.now) {
            self.note(What::NotReady(finding));
        }
        self.judges = self.judges(id, &baseline);
        self.said.clear();
        self.watch = Some(Watch::new(self.plan.decisions.clone(), id));
    }

    fn judges(&self, id: &str, baseline: &Baseline) -> Vec<AnyJudge> {
        self.guards
            .iter()
            .filter(|guard| guard.watches(id))
            .map(|guard| {
                let series = baseline.guards.get(&guard.name);
                AnyJudge::new(guard.clone(), series, self.now)
            })
            .collect()
    }

    fn end(mut self) -> Replay {
        if self.is_going_on()
            && let Some(watch) = &self.watch
        {
            self.replay.waiting = watch.waiting();
        } else {
            self.replay.until = self.now;
        }
        self.replay
    }
}

fn not_begun(phase: &crate::plan::Phase) -> Standing {
    Standing {
        phase: phase.id.clone(),
        state: PhaseState::Pending,
        irreversible: false,
    }
}
