//! A made-up night: samples go through real judges and a real watch, and what comes of it is
//! written into a journal, as a run does.

use std::collections::BTreeMap;
use std::time::Duration;

use turnback_core::guard::{
    Baseline, BaselineRecorder, Judge, Level, Moment, Reading, Sample, Value, Verdict,
};
use turnback_core::incident::Entry;
use turnback_core::journal::{GuardTerms, JournalEvent, LockTimes};
use turnback_core::plan::{Plan, PlanSource, parse};
use turnback_core::program::Stage;
use turnback_core::scope::Standing;
use turnback_core::state::PhaseState;
use turnback_core::watch::{Answer, Next, Watch};

const PLAN: &str = "\
version: 1
name: shop
target: postgres://shop:secret@db.example/shop
phases:
  - id: leaf-tables
    operations: [{ convert_key: { table: audit_logs, to: uuid } }]
  - id: users
    operations: [{ convert_key: { table: users, to: uuid } }]
    bake: 30m
guards:
  latency: { sql: \"SELECT 1\", unit: milliseconds, warning: \"> 100ms\", critical: \"> 500ms\", for: 2 of 3 }
  slower: { sql: \"SELECT 1\", unit: milliseconds, critical: \"+50%\", for: 5 of 5, baseline: 5m }
  orphans: { probe: orphans, critical: \"> 0\" }
decisions:
";

/// When it begins: 2026-11-21 13:25:34 UTC.
pub const BEGINS: Moment = Moment(1_795_267_534_000);

/// A night on which a plan is run.
pub struct Night {
    pub plan: Plan,
    pub entries: Vec<Entry>,
    pub samples: Vec<Sample>,
    pub baseline: Baseline,
    pub now: Moment,
    name: String,
    judges: BTreeMap<String, Judge>,
    said: BTreeMap<String, Level>,
    watch: Option<Watch>,
    standings: Vec<Standing>,
}

impl Night {
    /// Of the plan with these rows in its matrix.
    pub fn deciding(rows: &str) -> Self {
        let rows: String = rows
            .lines()
            .map(|line| format!("  {}\n", line.trim()))
            .collect();
        let text = format!("{PLAN}{rows}");
        let plan = parse(&PlanSource {
            file_name: "turnback.yaml",
            text: &text,
            env: &|_| None,
            read_file: &|_| Err("no such file".to_owned()),
            target_override: None,
        });
        let plan = plan
            .unwrap_or_else(|found| panic!("{found:#?}\n{text}"))
            .plan;
        let standings = plan.phases.iter().map(|phase| Standing {
            phase: phase.id.clone(),
            state: PhaseState::Pending,
            irreversible: false,
        });
        Self {
            name: plan.name.clone(),
            standings: standings.collect(),
            plan,
            entries: vec![],
            samples: vec![],
            baseline: Baseline::default(),
            now: BEGINS,
            judges: BTreeMap::new(),
            said: BTreeMap::new(),
            watch: None,
        }
    }

    /// What comes now is written by a run of another plan.
    pub fn of_plan(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    pub fn later(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }

    pub fn millis_later(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
    }

    pub fn write(&mut self, event: JournalEvent) {
        self.entries.push(Entry {
            number: self.entries.len() as i64 + 1,
            at: self.now,
            plan: self.name.clone(),
            event,
        });
    }

    pub fn begins(&mut self, command: &str) {
        self.write(JournalEvent::RunBegun {
            command: command.to_owned(),
            plan: self.name.clone(),
            epoch: 7,
            target: Some(self.plan.target.redacted()),
        });
    }

    pub fn ends(&mut self, outcome: &str, exit_code: u8) {
        self.write(JournalEvent::RunEnded {
            outcome: outcome.to_owned(),
            exit_code,
        });
        self.watch = None;
    }

    pub fn becomes(&mut self, phase: &str, state: PhaseState) {
        for standing in &mut self.standings {
            if standing.phase == phase {
                standing.state = state;
            }
        }
        self.write(JournalEvent::PhaseBecame {
            phase: phase.to_owned(),
            state,
        });
    }

    /// A step that took its time, wrote rows, and held its locks for so long.
    pub fn did(&mut self, phase: &str, stage: Stage, step: &str, rows: u64, hold_millis: f64) {
        self.write(JournalEvent::StepIntended {
            phase: phase.to_owned(),
            stage,
            step: step.to_owned(),
            title: step.to_owned(),
        });
        self.millis_later(80);
        self.write(JournalEvent::StepDone {
            phase: phase.to_owned(),
            stage,
            step: step.to_owned(),
            millis: 80,
            rows: (rows > 0).then_some(rows),
            lock: (hold_millis > 0.0).then(|| LockTimes {
                wait_millis: 1.5,
                hold_millis,
                ..LockTimes::default()
            }),
        });
    }

    /// A phase goes forward until it is cut over, and a watch over it begins.
    pub fn cuts_over(&mut self, phase: &str) {
        self.begins("up");
        self.becomes(phase, PhaseState::Expanding);
        self.later(20);
        self.did(phase, Stage::Expand, "fill", 20_000, 0.0);
        self.becomes(phase, PhaseState::Expanded);
        self.did(phase, Stage::CutOver, "swap", 0, 31.0);
        self.becomes(phase, PhaseState::CutOver);
        self.watches(phase);
        self.write(JournalEvent::BakeBegun {
            phase: phase.to_owned(),
            millis: 1_800_000,
        });
    }

    pub fn watches(&mut self, phase: &str) {
        let guards = &self.plan.guards;
        self.judges = guards
            .iter()
            .map(|guard| {
                let baseline = self.baseline.guards.get(&guard.name);
                let judge = Judge::new(guard.clone(), baseline, self.now);
                (guard.name.clone(), judge)
            })
            .collect();
        self.said.clear();
        self.watch = Some(Watch::new(self.plan.decisions.clone(), phase));
        let guards = guards.iter().map(GuardTerms::from).collect();
        self.write(JournalEvent::WatchBegun {
            phase: phase.to_owned(),
            guards,
        });
    }

    /// So many samples of a guard, every ten seconds, before the phase.
    pub fn baseline_of(&mut self, guard: &str, values: impl IntoIterator<Item = f64>) {
        let mut recorder = BaselineRecorder::new(&self.plan.guards);
        for value in values {
            self.later(10);
            let sample = sample(guard, self.now, measured(value));
            recorder.take(&sample);
            self.samples.push(sample);
        }
        self.baseline = recorder.baseline().clone();
    }

    /// A guard measures this, ten seconds after what happened before.
    pub fn measures(&mut self, guard: &str, value: f64) {
        self.reads(guard, measured(value));
    }

    pub fn reads(&mut self, guard: &str, reading: Reading) {
        self.later(10);
        let sample = sample(guard, self.now, reading);
        self.samples.push(sample.clone());
        let judge = self.judges.get_mut(guard).expect("it watches");
        let verdict = judge.take(&sample);
        self.hears(verdict);
    }

    pub fn hears(&mut self, verdict: Option<Verdict>) {
        let watch = self.watch.as_ref().expect("there is a watch");
        let phase = watch.phase().to_owned();
        if let Some(verdict) = &verdict
            && self.said.insert(verdict.guard.clone(), verdict.level) != Some(verdict.level)
        {
            self.write(JournalEvent::GuardSays {
                phase,
                verdict: verdict.clone(),
            });
        }
        let verdicts: Vec<Verdict> = verdict.into_iter().collect();
        let watch = self.watch.as_mut().expect("there is a watch");
        let next = watch.step(self.now, &verdicts, &self.standings);
        self.does(next);
    }

    pub fn answers(&mut self, by: &str, answer: Answer) {
        let watch = self.watch.as_mut().expect("there is a watch");
        let question = watch.questions()[0].id;
        let next = watch.answer(self.now, question, answer, by, &self.standings);
        self.does(next.expect("it counts"));
    }

    fn does(&mut self, next: Vec<Next>) {
        for next in next {
            let watch = self.watch.as_ref().expect("there is a watch");
            self.write(JournalEvent::Watched {
                phase: watch.phase().to_owned(),
                next: Box::new(next),
                number: None,
                until: None,
            });
        }
    }

    /// The database turns back, and the new shape is dropped.
    pub fn turns_back(&mut self, phase: &str) {
        self.millis_later(20);
        self.did(phase, Stage::SwapBack, "swap back", 0, 27.5);
        self.becomes(phase, PhaseState::Withdrawing);
        self.did(phase, Stage::Withdraw, "drop", 0, 0.0);
        self.becomes(phase, PhaseState::Pending);
    }
}

fn measured(value: f64) -> Reading {
    Reading::Measured(vec![Value {
        object: None,
        value,
    }])
}

fn sample(guard: &str, at: Moment, reading: Reading) -> Sample {
    Sample {
        guard: guard.to_owned(),
        at,
        reading,
    }
}
