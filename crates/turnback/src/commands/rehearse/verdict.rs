//! Everything that a rehearsal found, as data: `--json` prints it as it is, and text is made
//! from it. Names of fields are a promise to scripts.

use serde::Serialize;
use turnback_core::preflight::Finding;
use turnback_core::program::Stage;

use super::copy::Copied;
use super::load::{Compared, Felt, Recipe};
use super::locks::{Blocks, Taken};
use super::screen::Transition;
use crate::output::text::millis;

/// Of a wait so many milliseconds may be the scheduler's on a busy machine.
const ALLOWANCE: f64 = 250.0;

/// What a rehearsal came to.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) plan: String,
    /// Without user and password.
    pub(super) target: String,
    pub(super) target_version: u32,
    pub(super) copy_version: u32,
    pub(super) seed: u64,
    pub(super) seconds: f64,
    /// The longest that a request for a strong lock may hold up traffic.
    pub(super) lock_budget_millis: f64,
    pub(super) copied: Vec<Copied>,
    /// What preflight found on the copy.
    pub(super) findings: Vec<Finding>,
    /// What clients felt while nothing was going on.
    pub(super) quiet: Felt,
    /// What they felt in all.
    pub(super) total: Felt,
    pub(super) transitions: Vec<Moved>,
    pub(super) locks: Vec<Taken>,
    pub(super) tables: Vec<Written>,
    pub(super) compared: Vec<Compared>,
    /// The catalog after the way back, compared with the one before.
    pub(super) catalog: Catalog,
    /// Phases that the way back was not rehearsed for, and why.
    pub(super) no_way_back: Vec<String>,
    pub(super) hints: Vec<Hint>,
    /// Worth a look; no reason against.
    pub(super) warnings: Vec<String>,
    /// What speaks against it; empty means go.
    pub(super) reasons: Vec<String>,
    /// `go` or `no_go`
    pub(super) verdict: &'static str,
}

/// One transition.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Moved {
    /// `up`, `back`, `up again`, `contract`.
    pub(super) round: &'static str,
    pub(super) phase: String,
    pub(super) stage: Stage,
    pub(super) millis: f64,
    pub(super) felt: Felt,
}

/// What clients did to a table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Written {
    pub(super) table: String,
    /// `written`, `changed and read`, `read`.
    pub(super) how: &'static str,
    /// Why not more, where it is not written.
    pub(super) why: Option<String>,
    /// What is not compared there, and why, where it is not all.
    pub(super) not_compared: Option<String>,
}

/// Whether the way back led to where it began.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Catalog {
    /// Nothing where no way back was rehearsed.
    pub(super) identical: Option<bool>,
    pub(super) differences: Vec<Differs>,
}

/// One thing that is not as it was.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Differs {
    /// The phase that left it, where that can be told.
    pub(super) phase: Option<String>,
    pub(super) what: String,
}

/// What the time on the copy says about the real one; a hint, no promise.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Hint {
    pub(super) phase: String,
    pub(super) step: String,
    pub(super) title: String,
    pub(super) table: String,
    pub(super) millis_here: f64,
    pub(super) rows_here: u64,
    pub(super) rows_in_target: u64,
    /// In proportion to the rows.
    pub(super) seconds_there: f64,
    /// It holds up readers or writers meanwhile.
    pub(super) holds_up_traffic: bool,
}

impl Moved {
    pub(super) fn of(transition: &Transition, felt: Felt) -> Self {
        Self {
            round: transition.round,
            phase: transition.phase.clone(),
            stage: transition.stage,
            millis: (transition.ended - transition.begun).as_secs_f64() * 1_000.0,
            felt,
        }
    }
}

impl Written {
    pub(super) fn of(recipe: &Recipe) -> Self {
        let (how, why) = match (&recipe.no_insert, &recipe.no_update) {
            (None, None) => ("written", None),
            (None, Some(why)) => (
                "made, read and removed",
                Some(format!("a change fails: {why}")),
            ),
            (Some(why), None) => (
                "changed and read",
                Some(format!("no row can be made: {why}")),
            ),
            (Some(why), Some(_)) => ("read", Some(format!("no row can be made: {why}"))),
        };
        let not_compared = match (recipe.loose, recipe.open) {
            (true, true) => Some(
                "contents, and rows that nobody acknowledged: triggers change, add or remove rows",
            ),
            (true, false) => Some("contents: triggers change its rows"),
            (false, true) => Some("rows that nobody acknowledged: triggers add or remove some"),
            (false, false) => None,
        };
        Self {
            table: recipe.table.to_string(),
            how,
            why,
            not_compared: not_compared.map(str::to_owned),
        }
    }
}

impl Report {
    /// Draws the conclusion; what stopped the rehearsal early is among the reasons already.
    pub(super) fn conclude(&mut self) {
        self.clients();
        self.rows();
        self.back();
        self.verdict = if self.reasons.is_empty() {
            "go"
        } else {
            "no_go"
        };
    }

    fn clients(&mut self) {
        for (class, (times, first)) in &self.total.errors {
            let times = match times {
                1 => "one error".to_owned(),
                n => format!("{n} errors"),
            };
            let said = format!("clients saw {times} of class {class}, the first: {first}");
            // What was seen while nothing was going on is no doing of the plan's.
            if self.quiet.errors.contains_key(class) {
                self.warnings.push(format!(
                    "{said}; they saw it before anything had begun, too, so it does not speak against the plan"
                ));
            } else {
                self.reasons.push(said);
            }
        }
        self.stalls();
        let calm: u64 = self
            .transitions
            .iter()
            .filter(|moved| !matches!(moved.stage, Stage::CutOver | Stage::SwapBack))
            .map(|moved| moved.felt.retries.values().sum::<u64>())
            .sum();
        if calm > 0 {
            self.warnings.push(format!(
                "clients had to try {calm} transactions again outside of cut-over and swap back"
            ));
        }
    }

    /// Waits that the lock budget and the locks that were held do not account for.
    fn stalls(&mut self) {
        for moved in &self.transitions {
            let held = self
                .locks
                .iter()
                .filter(|lock| lock.round == moved.round && lock.phase == moved.phase)
                .filter(|lock| lock.blocks >= Blocks::Writers)
                .map(|lock| lock.held_millis)
                .fold(0.0, f64::max);
            let machine = self
                .quiet
                .longest_millis
                .max(moved.felt.untouched_longest_millis);
            let accounted = self.lock_budget_millis + held + machine + ALLOWANCE;
            if moved.felt.longest_millis > accounted {
                self.warnings.push(format!(
                    "a client waited {} in {}: {} of phase {}, longer than the lock budget, the locks held and the machine account for",
                    millis(moved.felt.longest_millis),
                    moved.round,
                    moved.stage.title(),
                    moved.phase
                ));
            }
        }
    }

    fn rows(&mut self) {
        for compared in &self.compared {
            for (faults, word) in [
                (&compared.lost, "lost"),
                (&compared.invented, "invented"),
                (&compared.wrong, "wrong"),
            ] {
                if let Some(first) = faults.first.first() {
                    self.reasons.push(format!(
                        "{} {} {word} {}, the first: {first}",
                        faults.count,
                        if faults.count == 1 { "row" } else { "rows" },
                        compared.when
                    ));
                }
            }
        }
        let acknowledged: u64 = self
            .compared
            .last()
            .map_or(0, |compared| compared.acknowledged);
        if self.tables.is_empty() {
            self.warnings
                .push("no table is known that the plan touches, so no client wrote".to_owned());
        } else if acknowledged == 0 && !self.compared.is_empty() {
            self.reasons.push("no client could write to any table that the plan touches, so nothing is proven about writes".to_owned());
        }
    }

    fn back(&mut self) {
        for differs in &self.catalog.differences {
            let by = match &differs.phase {
                Some(phase) => format!("phase {phase} does not turn back to where it began"),
                None => "the catalog is not as it was after the way back".to_owned(),
            };
            self.reasons.push(format!("{by}: {}", differs.what));
        }
        for without in &self.no_way_back {
            self.warnings.push(without.clone());
        }
        for hint in &self.hints {
            if hint.holds_up_traffic && hint.seconds_there > 1.0 {
                self.warnings.push(format!(
                    "{} of phase {} holds up traffic on {} while it works, and with the target's rows that may be {:.0} s",
                    hint.step, hint.phase, hint.table, hint.seconds_there
                ));
            }
        }
    }
}
