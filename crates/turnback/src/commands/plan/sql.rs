//! `plan --sql`: every statement as the executor runs it, in order, to be read and copied.

use turnback_core::program::Stage;
use turnback_core::state::PhaseState;

use super::groups::purpose;
use super::view::{Kind, PhaseView, PlanView, StepView};

pub(super) fn render(view: &PlanView) -> String {
    let mut sql = head(view);
    for (at, phase) in view.phases.iter().enumerate() {
        sql.push_str(&format!(
            "\n-- ═══ Phase {} of {}: {} ({}) ═══\n",
            at + 1,
            view.phases.len(),
            phase.phase,
            phase.state
        ));
        comment(&mut sql, &phase.what);
        for part in &phase.irreversible {
            comment(&mut sql, &format!("NO WAY BACK: {part}"));
        }
        if !phase.is_planned {
            comment(
                &mut sql,
                "nothing to show: `turnback check` says what stands in its way",
            );
        }
        if phase.state != PhaseState::Contracted {
            stages(&mut sql, phase);
        }
    }
    sql
}

/// What the executor adds to every step, said once.
fn head(view: &PlanView) -> String {
    format!(
        "\
-- {plan} on {target}
-- Every statement that turnback runs on its own behalf is below, in order, as it runs it.
-- Around them, not repeated at every step:
--   each session   SET search_path = pg_catalog, pg_temp; SET lock_timeout = '10s'; …
--   each LOCK      SET LOCAL lock_timeout = {budget}, less what earlier locks of the same transaction
--                  have used up: the lock budget. When it runs out: ROLLBACK, a pause, once more,
--                  at most {attempts} times.
--   each COMMIT    before it, the step is marked as done in the schema turnback, and
--                  SELECT turnback.fence(…) makes sure that this run still holds the lease.
--   each online    SET lock_timeout = 0; nobody queues behind it but schema changes. The catalog is
--                  looked at first: what is there already, or gone already, is not done again.
--   each batch     a transaction with SET LOCAL lock_timeout = 100 and its progress in the ledger,
--                  over the pages from $first up to $end: about {batch} ms each, {workers} side by side.
--   each backfill  beside it, and after it where others look up what it filled,
--                  VACUUM (SKIP_LOCKED, …, TRUNCATE false) of its table: settings.vacuum_after.
--   SQL of yours   under the search_path of the plan's schema.
-- The way back and contract stand here too; each runs only when it is asked for.
",
        plan = one_line(&view.plan),
        target = view.target,
        budget = view.lock_timeout_ms,
        attempts = view.lock_attempts,
        batch = view.batch_time_ms,
        workers = view.workers,
    )
}

fn stages(sql: &mut String, phase: &PhaseView) {
    for stage in Stage::ALL {
        let steps: Vec<&StepView> = phase.steps.iter().filter(|s| s.stage == stage).collect();
        if steps.is_empty() {
            continue;
        }
        sql.push_str(&format!(
            "\n-- ─── {} / {}: {} ───\n",
            phase.phase,
            stage.title(),
            purpose(stage, phase.clients.is_some())
        ));
        for step in steps {
            self::step(sql, step);
        }
    }
}

fn step(sql: &mut String, step: &StepView) {
    sql.push('\n');
    let done = if step.is_done { " (done)" } else { "" };
    comment(sql, &format!("step {}{done}: {}", step.step, step.title));
    match step.kind {
        Kind::Backfill => comment(sql, "batch by batch:"),
        Kind::Online => comment(sql, "online, outside a transaction:"),
        Kind::Verify => comment(sql, "each must count none:"),
        Kind::Script => comment(
            sql,
            "your SQL, in one transaction with its mark in the ledger:",
        ),
        Kind::ScriptOutside => comment(
            sql,
            "your SQL, statement by statement, outside a transaction:",
        ),
        Kind::Transaction => {}
    }
    if let Some(clean) = &step.clean {
        comment(
            sql,
            &format!("only after a try that failed half-way: {clean};"),
        );
    }
    for statement in &step.statements {
        let statement = statement.trim_end();
        sql.push_str(statement);
        // A line comment at the end would swallow the semicolon.
        let last = statement.lines().last().unwrap_or("");
        if last.contains("--") {
            sql.push('\n');
        }
        if !statement.ends_with(';') || last.contains("--") {
            sql.push(';');
        }
        sql.push('\n');
    }
}

fn comment(sql: &mut String, text: &str) {
    sql.push_str("-- ");
    sql.push_str(&one_line(text));
    sql.push('\n');
}

/// Names may hold line breaks, and a comment ends with its line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
