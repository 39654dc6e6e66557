//! A plan with guards and decisions, and what is said and done in it.

use std::time::Duration;

use turnback_core::decision::{Action, Decision, Heard, Matrix, Situation, decide};
use turnback_core::diagnostic::Diagnostic;
use turnback_core::guard::{Level, Moment, Verdict};
use turnback_core::plan::{Plan, PlanSource, parse};
use turnback_core::scope::{Scope, Standing};
use turnback_core::state::PhaseState;

/// Four phases in order; the last one has no way back.
pub const PHASES: &str = "\
version: 1
name: chat
target: ${DB}
phases:
  - id: leaf-tables
    operations: [{ convert_key: { table: audit_logs, to: uuid } }]
  - id: users
    operations: [{ convert_key: { table: users, to: uuid } }]
  - id: logins
    operations: [{ convert_key: { table: sessions, to: uuid } }]
  - id: clean-up
    operations: [{ sql: { up: DELETE FROM old, irreversible: true } }]
";

/// Guards of many kinds.
pub const GUARDS: &str = "\
guards:
  orphans: { probe: orphans, critical: \"> 0\" }
  disagreement: { probe: disagreement, critical: \"> 0\" }
  latency: { probe: statement_time, warning: +20%, critical: +50%, baseline: 5m }
  failed-queries: { probe: rollback_rate, critical: 10%, for: 1 of 1 }
  login: { http: { url: \"https://shop.example/login\" }, critical: \"> 0\" }
";

/// Reads a plan, or says what is wrong with it.
pub fn read(text: &str) -> Result<Plan, Vec<Diagnostic>> {
    parse(&PlanSource {
        file_name: "turnback.yaml",
        text,
        env: &|name| (name == "DB").then(|| "postgres://localhost/chat".to_owned()),
        read_file: &|_| Err("no such file".to_owned()),
        target_override: None,
    })
    .map(|parsed| parsed.plan)
}

/// A plan with these decisions, and these guards or those there usually are.
pub fn plan(decisions: &str) -> Plan {
    let text = format!("{PHASES}{GUARDS}decisions:\n{}", indented(decisions));
    read(&text).unwrap_or_else(|found| panic!("{found:#?}\n{text}"))
}

/// Every line two spaces in, wherever it stood.
pub fn indented(lines: &str) -> String {
    lines
        .lines()
        .map(|line| format!("  {}\n", line.trim_start()))
        .collect()
}

/// The matrix alone.
pub fn matrix(decisions: &str) -> Matrix {
    plan(decisions).decisions
}

/// What a guard says, as of a moment.
pub fn verdict(guard: &str, level: Level, at: Moment) -> Verdict {
    Verdict {
        guard: guard.to_owned(),
        at,
        level,
        since: at,
        value: None,
        object: None,
        because: format!("{guard} was made to say {level}"),
    }
}

/// The phases of [`PHASES`] in these states; those not named have not begun.
pub fn standings(states: &[PhaseState]) -> Vec<Standing> {
    let ids = ["leaf-tables", "users", "logins", "clean-up"];
    ids.iter()
        .enumerate()
        .map(|(index, id)| {
            let state = states.get(index).copied().unwrap_or_default();
            Standing {
                phase: (*id).to_owned(),
                state,
                irreversible: *id == "clean-up" && state != PhaseState::Pending,
            }
        })
        .collect()
}

/// The situation in which the last phase that was begun is watched.
pub fn situation(states: &[PhaseState], says: &[(&str, Level)], lasting: Duration) -> Situation {
    let at = Moment(1_700_000_000_000);
    let standings = standings(states);
    let phase = standings
        .iter()
        .rfind(|standing| standing.state != PhaseState::Pending)
        .or(standings.first())
        .map(|standing| standing.phase.clone())
        .expect("there are phases");
    Situation {
        at,
        phase,
        guards: says
            .iter()
            .map(|(guard, level)| Heard::lasting(verdict(guard, *level, at), lasting))
            .collect(),
        standings,
    }
}

/// What is decided about the first of the guards.
pub fn decided(
    matrix: &Matrix,
    states: &[PhaseState],
    says: &[(&str, Level)],
    lasting: Duration,
) -> Decision {
    let situation = situation(states, says, lasting);
    decide(matrix, &situation, &situation.guards[0])
}

/// Turning back, so far.
pub fn rollback(scope: Scope) -> Action {
    Action::Rollback { scope }
}

/// So many seconds.
pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many minutes.
pub fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}
