//! What `plan` knows, as data: `--json` prints it as it is, the other forms are made from it.
//! Names of fields are a promise to scripts.

use serde::{Serialize, Serializer};
use turnback_core::preflight::Finding;
use turnback_core::program::{Objects, Stage};
use turnback_core::state::PhaseState;
use turnback_core::step::{LockMode, Step};

/// The whole plan.
#[derive(Debug, Serialize)]
pub(super) struct PlanView<'a> {
    pub(super) plan: String,
    /// Without user and password.
    pub(super) target: String,
    /// The longest that traffic may queue behind a request for a strong lock.
    pub(super) lock_timeout_ms: u64,
    pub(super) lock_attempts: u32,
    pub(super) workers: u32,
    pub(super) batch_time_ms: u64,
    /// Seconds that are left, over all phases; a forecast, waits for locks and bakes aside.
    pub(super) forecast_seconds: f64,
    pub(super) phases: Vec<PhaseView<'a>>,
}

/// A phase.
#[derive(Debug, Serialize)]
pub(super) struct PhaseView<'a> {
    pub(super) phase: String,
    pub(super) state: PhaseState,
    pub(super) after: Vec<String>,
    /// What it does, in one line.
    pub(super) what: String,
    /// False when something stands in its way: see `findings`.
    pub(super) is_planned: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) steps: Vec<StepView<'a>>,
    pub(super) rewrites: Vec<RewriteView>,
    pub(super) forecast: Option<ForecastView>,
    pub(super) clients: Option<ClientsView>,
    pub(super) canary: Option<CanaryView>,
    pub(super) objects: &'a Objects,
    /// What cannot be turned back, in plain words.
    pub(super) irreversible: Vec<String>,
}

/// A step.
#[derive(Debug, Serialize)]
pub(super) struct StepView<'a> {
    pub(super) stage: Stage,
    pub(super) step: &'a str,
    pub(super) title: &'a str,
    pub(super) kind: Kind,
    pub(super) is_done: bool,
    pub(super) locks: Vec<LockView>,
    /// Who waits for its locks, in plain words.
    pub(super) holds_up: &'static str,
    /// How long traffic may queue behind its request for locks; nothing where nobody queues,
    /// or where it is the user's SQL that decides.
    pub(super) queue_ms_at_most: Option<u64>,
    /// Nothing where sizes tell nothing.
    pub(super) forecast_seconds: Option<f64>,
    /// As the executor runs them. In a backfill's, `$first` and `$end` are page numbers.
    #[serde(serialize_with = "statements")]
    pub(super) statements: &'a Step,
    /// Removes the remains of a try that failed, should there be any.
    pub(super) clean: Option<&'a str>,
}

/// Told by the step itself: hundreds of phases have millions, and most forms show none.
fn statements<S: Serializer>(step: &&Step, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(step.statements())
}

/// How a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// One transaction under the lock budget.
    Transaction,
    /// One long statement that holds up no traffic.
    Online,
    /// Many short batches.
    Backfill,
    /// Looks and compares.
    Verify,
    /// The user's SQL in one transaction.
    Script,
    /// The user's SQL, statement by statement.
    ScriptOutside,
}

/// A lock.
#[derive(Debug, Serialize)]
pub(super) struct LockView {
    pub(super) table: String,
    pub(super) mode: LockMode,
}

/// A table whose rows are written again.
#[derive(Debug, Serialize)]
pub(super) struct RewriteView {
    pub(super) table: String,
    pub(super) passes: u64,
    pub(super) rows: u64,
    /// Bytes of its heap, once for each pass.
    pub(super) bytes: u64,
}

/// What going forward will take; a guess from sizes.
#[derive(Debug, Serialize)]
pub(super) struct ForecastView {
    /// Seconds of the steps that are left.
    pub(super) seconds: f64,
    pub(super) rewritten_bytes: u64,
    pub(super) index_bytes: u64,
    pub(super) wal_bytes: u64,
    /// If vacuum frees nothing meanwhile.
    pub(super) growth_bytes: u64,
    /// Where vacuum keeps pace with the backfills.
    pub(super) least_growth_bytes: u64,
}

/// The `search_path` that shows each shape, from expanded until contract.
#[derive(Debug, Serialize)]
pub(super) struct ClientsView {
    pub(super) old_search_path: String,
    pub(super) new_search_path: String,
}

/// The canary of a phase, between expand and its cut-over.
#[derive(Debug, Serialize)]
pub(super) struct CanaryView {
    pub(super) flag: String,
    /// How its clients and the rest are told apart, in plain words.
    pub(super) compare: String,
    /// The guards that compare them.
    pub(super) guards: Vec<String>,
    pub(super) steps: Vec<CanaryStepView>,
    /// What its steps take, if nothing holds and people answer at once.
    pub(super) seconds: f64,
}

/// A step of a canary.
#[derive(Debug, Serialize)]
pub(super) struct CanaryStepView {
    /// As plans write it.
    pub(super) share: String,
    pub(super) hold_seconds: f64,
    /// What a person is asked at its end, in plain words.
    pub(super) asks: Option<String>,
}
