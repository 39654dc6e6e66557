//! What the times on the copy say about the real run: in proportion to the rows, and so a hint.

use std::collections::BTreeMap;

use turnback_core::journal::JournalEvent;
use turnback_core::program::{Program, Stage};
use turnback_core::step::Work;

use super::copy::Copied;
use super::locks::{Blocks, Taken};
use super::verdict::Hint;

/// Of steps that took less than these milliseconds nothing can be told but that they are quick:
/// most of their time is what every step costs, whatever the rows.
const WORTH_TELLING: f64 = 200.0;
/// SQL of the user's may hold strong locks for as long as it takes, so it is told of sooner.
const WORTH_TELLING_OF_SQL: f64 = 10.0;

/// One hint for each step whose time grows with the rows, the longest first.
pub(super) fn hints(
    events: &[JournalEvent],
    programs: &[&Program],
    locks: &[Taken],
    copied: &[Copied],
) -> Vec<Hint> {
    let mut hints: BTreeMap<(String, &str, String), Hint> = BTreeMap::new();
    for event in events {
        let JournalEvent::StepDone {
            phase,
            stage,
            step,
            millis,
            ..
        } = event
        else {
            continue;
        };
        if !matches!(stage, Stage::Expand | Stage::CutOver | Stage::Settle) {
            continue;
        }
        let planned = programs
            .iter()
            .filter(|program| &program.phase == phase)
            .flat_map(|program| program.steps(*stage))
            .find(|known| &known.id == step);
        let Some(planned) = planned else { continue };
        let strongest = locks
            .iter()
            .find(|lock| &lock.phase == phase && &lock.step == step);
        let table = match &planned.work {
            Work::Backfill(_) | Work::Online { .. } => {
                planned.locks().first().map(|lock| lock.table.to_string())
            }
            Work::Script { .. } => strongest.map(|lock| lock.relation.clone()),
            Work::Transaction { .. } | Work::Verify { .. } => None,
        };
        let Some(copied) = table.and_then(|table| copied.iter().find(|c| c.table == table)) else {
            continue;
        };
        let there = copied.rows_in_target.unwrap_or(copied.rows);
        let (here, took) = (copied.rows.max(1), *millis as f64);
        let is_script = matches!(planned.work, Work::Script { .. });
        let least = if is_script {
            WORTH_TELLING_OF_SQL
        } else {
            WORTH_TELLING
        };
        if took < least || there <= copied.rows {
            continue;
        }
        let hint = Hint {
            phase: phase.clone(),
            step: step.clone(),
            title: planned.title.clone(),
            table: copied.table.clone(),
            millis_here: took,
            rows_here: copied.rows,
            rows_in_target: there,
            seconds_there: took / 1_000.0 * there as f64 / here as f64,
            holds_up_traffic: is_script
                && strongest.is_some_and(|lock| lock.blocks >= Blocks::Writers),
        };
        let key = (phase.clone(), stage.title(), step.clone());
        // The first time counts: later ones find warm caches.
        hints.entry(key).or_insert(hint);
    }
    let mut hints: Vec<Hint> = hints.into_values().collect();
    hints.sort_by(|a, b| b.seconds_there.total_cmp(&a.seconds_there));
    hints
}
