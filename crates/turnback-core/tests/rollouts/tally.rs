//! Many rollouts, counted.

use std::collections::BTreeMap;
use std::fmt::Write;

use turnback_core::plan::{Plan, PlanSource, parse};

use super::rollout::{Fault, Outcome, Should, roll_out};

/// The plan that all of them run.
const PLAN: &str = include_str!("rollouts.yaml");

/// The plan that all of them run, as it was read.
pub fn plan() -> Plan {
    parse(&PlanSource {
        file_name: "rollouts.yaml",
        text: PLAN,
        env: &|_| None,
        read_file: &|path| Err(format!("{path} is not there")),
        target_override: None,
    })
    .unwrap_or_else(|found| panic!("{found:#?}"))
    .plan
}

/// What became of rollouts with one fault.
#[derive(Default)]
pub struct Tally {
    /// How many there were.
    pub rollouts: usize,
    /// How many of them did as much as they should, and no more.
    pub right: usize,
    /// How many turned back that should not have.
    pub false_rollbacks: usize,
    /// How many asked that should not have.
    pub false_questions: usize,
    /// How many did less than they should.
    pub missed: usize,
    /// How many were held at any time.
    pub held: usize,
    /// Seconds until they did what they should, sorted.
    pub seconds: Vec<f64>,
}

/// Runs so many rollouts, as many with each fault; each has a seed of its own.
pub fn tally(plan: &Plan, rollouts: usize, seed: u64) -> BTreeMap<Fault, Tally> {
    let mut tallies: BTreeMap<Fault, Tally> = BTreeMap::new();
    for index in 0..rollouts {
        let fault = Fault::ALL[index % Fault::ALL.len()];
        let seed = seed.wrapping_add(index as u64 * 7919);
        tallies
            .entry(fault)
            .or_default()
            .add(&roll_out(plan, fault, seed));
    }
    for tally in tallies.values_mut() {
        tally.seconds.sort_by(f64::total_cmp);
    }
    tallies
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        let should = outcome.fault.should();
        self.rollouts += 1;
        self.held += usize::from(outcome.held);
        self.false_rollbacks +=
            usize::from(outcome.done == Should::TurnBack && should < Should::TurnBack);
        self.false_questions += usize::from(outcome.done == Should::Ask && should < Should::Ask);
        // What should only be told is right also where nobody had to be told.
        self.missed += usize::from(outcome.done < should);
        if outcome.done == should {
            self.right += 1;
            self.seconds.extend(outcome.seconds);
        }
    }

    /// The time within which so many parts of the right ones were done.
    pub fn within(&self, part: f64) -> Option<f64> {
        let last = self.seconds.len().checked_sub(1)?;
        let index = (part * last as f64).round() as usize;
        self.seconds.get(index).copied()
    }
}

/// The table, as Markdown.
pub fn table(tallies: &BTreeMap<Fault, Tally>) -> String {
    let mut text = String::from(
        "| fault | should | rollouts | right | turned back wrongly | asked wrongly | missed | held meanwhile | median | 95% | longest |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for fault in Fault::ALL {
        let Some(tally) = tallies.get(&fault) else {
            continue;
        };
        let should = match fault.should() {
            Should::GoOn => "go on",
            Should::Tell => "tell",
            Should::Ask => "ask",
            Should::TurnBack => "turn back",
        };
        let time = |part| match tally.within(part) {
            Some(seconds) if fault.should() != Should::GoOn => format!("{seconds:.0} s"),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "| {} | {should} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            fault.words(),
            tally.rollouts,
            tally.right,
            tally.false_rollbacks,
            tally.false_questions,
            tally.missed,
            tally.held,
            time(0.5),
            time(0.95),
            time(1.0),
        );
    }
    text
}
