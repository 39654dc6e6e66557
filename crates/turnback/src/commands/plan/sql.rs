//! `plan --sql`: every statement as the executor runs it, in order, to be read and copied.

use std::io::{self, Write};

use turnback_core::program::Stage;
use turnback_core::state::PhaseState;

use super::groups::purpose;
use super::view::{Kind, PhaseView, PlanView, StepView};

/// Writes it piece by piece: a plan of hundreds of phases has hundreds of megabytes.
pub(super) fn write(view: &PlanView<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(head(view).as_bytes())?;
    for (at, phase) in view.phases.iter().enumerate() {
        writeln!(
            out,
            "\n-- ═══ Phase {} of {}: {} ({}) ═══",
            at + 1,
            view.phases.len(),
            phase.phase,
            phase.state
        )?;
        comment(out, &phase.what)?;
        for part in &phase.irreversible {
            comment(out, &format!("NO WAY BACK: {part}"))?;
        }
        if !phase.is_planned {
            comment(
                out,
                "nothing to show: `turnback check` says what stands in its way",
            )?;
        }
        if phase.state != PhaseState::Contracted {
            stages(out, phase)?;
        }
    }
    Ok(())
}

/// What the executor adds to every step, said once.
fn head(view: &PlanView<'_>) -> String {
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
--                  Of two statements the first fills every other row of a stretch, and leaves its
--                  place to one of those that the second fills: the table grows less.
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

fn stages(out: &mut impl Write, phase: &PhaseView<'_>) -> io::Result<()> {
    for stage in Stage::ALL {
        let mut steps = phase.steps.iter().filter(|s| s.stage == stage).peekable();
        if steps.peek().is_none() {
            continue;
        }
        writeln!(
            out,
            "\n-- ─── {} / {}: {} ───",
            phase.phase,
            stage.title(),
            purpose(stage, phase.clients.is_some())
        )?;
        for step in steps {
            self::step(out, step)?;
        }
    }
    Ok(())
}

fn step(out: &mut impl Write, step: &StepView<'_>) -> io::Result<()> {
    out.write_all(b"\n")?;
    let done = if step.is_done { " (done)" } else { "" };
    comment(out, &format!("step {}{done}: {}", step.step, step.title))?;
    match step.kind {
        Kind::Backfill => comment(out, "batch by batch:")?,
        Kind::Online => comment(out, "online, outside a transaction:")?,
        Kind::Verify => comment(out, "each must count none:")?,
        Kind::Script => comment(
            out,
            "your SQL, in one transaction with its mark in the ledger:",
        )?,
        Kind::ScriptOutside => comment(
            out,
            "your SQL, statement by statement, outside a transaction:",
        )?,
        Kind::Transaction => {}
    }
    if let Some(clean) = &step.clean {
        comment(
            out,
            &format!("only after a try that failed half-way: {clean};"),
        )?;
    }
    for statement in step.statements.statements() {
        let statement = statement.trim_end();
        out.write_all(statement.as_bytes())?;
        // A line comment at the end would swallow the semicolon.
        let last = statement.lines().next_back().unwrap_or("");
        if last.contains("--") {
            out.write_all(b"\n")?;
        }
        if !statement.ends_with(';') || last.contains("--") {
            out.write_all(b";")?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn comment(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "-- {}", one_line(text))
}

/// Names may hold line breaks, and a comment ends with its line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
