//! Expand, second part: the backfill, one pass over each table.

use super::columns::fresh_key;
use super::passes::Pass;
use super::touched::TouchedColumn;
use super::{Era, Room, Shape};
use crate::backfill::{Backfill, BackfillKind};
use crate::step::{Step, TableLock, Work};

pub(super) fn steps(room: &Room<'_>, passes: &[Pass]) -> Vec<Step> {
    by_leaf(room, passes)
        .map(|pass| {
            let columns = crate::name::list(pass.columns.iter().map(|c| c.name.new_shape()));
            Step {
                id: format!("fill.{}", pass.id()),
                title: format!("fill {columns} of {}", pass.table),
                work: Work::Backfill(backfill(room, &pass)),
                // The catalog cannot say whether a column is filled: the ledger's progress does.
                done_when: vec![],
            }
        })
        .collect()
}

/// Passes over tables with partitions as passes over each partition that holds rows.
pub(super) fn by_leaf<'a>(
    room: &'a Room<'_>,
    passes: &'a [Pass],
) -> impl Iterator<Item = Pass> + 'a {
    passes.iter().flat_map(|pass| {
        room.leaves(&pass.table).into_iter().map(|leaf| Pass {
            table: leaf.clone(),
            ..pass.clone()
        })
    })
}

/// Makes sure that no key is left unfilled, before anything waits for keys: a row whose update
/// by a client crossed the walk, or that a client held.
///
/// The index builds that follow wait out every older snapshot (PostgreSQL manual, CREATE
/// INDEX, "Building Indexes Concurrently"), so that from there on no client, whatever its
/// isolation level, sees a key without its counterpart.
pub(super) fn sweep_keys(room: &Room<'_>, passes: &[Pass]) -> Vec<Step> {
    by_leaf(room, passes)
        .filter_map(|pass| {
            let columns: Vec<_> = pass.columns.iter().filter(|c| c.is_key).cloned().collect();
            let keys = Pass {
                columns,
                ..pass.clone()
            };
            (!keys.columns.is_empty()).then(|| Step {
                id: format!("sweep_keys.{}", pass.id()),
                title: format!("sweep up keys of {} that are not yet filled", pass.table),
                work: Work::Backfill(sweep(room, &keys)),
                done_when: vec![],
            })
        })
        .collect()
}

/// A second walk, which leaves nothing.
pub(super) fn sweep(room: &Room<'_>, pass: &Pass) -> Backfill {
    Backfill {
        complete: true,
        looked_up: false,
        ..backfill(room, pass)
    }
}

/// Backfilled tables hold each row twice until they are vacuumed, and the planner knows
/// nothing of the new columns until they are analysed. Not truncating spares the one strong
/// lock that vacuum would take.
pub(super) fn vacuum(room: &Room<'_>) -> Vec<Step> {
    room.conversion
        .tables
        .keys()
        .map(|table| Step {
            id: format!("vacuum.{table}"),
            title: format!("vacuum and analyse {table}"),
            work: Work::Online {
                lock: TableLock::online(table),
                statement: format!("VACUUM (ANALYZE, TRUNCATE false) {table}"),
                clean: None,
            },
            done_when: vec![],
        })
        .collect()
}

pub(super) fn backfill(room: &Room<'_>, pass: &Pass) -> Backfill {
    let table = room.table(&pass.table);
    // An earlier phase's sync triggers know a backfill when they see one.
    let fires_on_update = |t: &crate::schema::Trigger| {
        t.on_update && t.enabled != "D" && t.enabled != "R" && !super::sync::is_ours(&t.name)
    };
    Backfill {
        table: pass.table.clone(),
        kind: BackfillKind::Fill {
            columns: pass
                .columns
                .iter()
                .map(|column| (column.name.new_shape(), value(room, column)))
                .collect(),
            pending: pass
                .columns
                .iter()
                .map(|column| {
                    let (old, new) = (&column.name, column.name.new_shape());
                    if column.not_null {
                        format!("t.{new} IS NULL")
                    } else {
                        format!("(t.{new} IS NULL AND t.{old} IS NOT NULL)")
                    }
                })
                .collect::<Vec<_>>()
                .join(" OR "),
        },
        quiet: table.triggers.iter().any(fires_on_update),
        complete: false,
        looked_up: pass
            .columns
            .iter()
            .any(|column| column.is_key && room.conversion.key_of(column).is_referenced),
    }
}

/// What fills a column. A value that is there already stays: the row may wait for another
/// column of the same pass.
fn value(room: &Room<'_>, column: &TouchedColumn) -> String {
    let key = room.conversion.key_of(column);
    let new = column.name.new_shape();
    if column.is_key {
        let fresh = fresh_key(room.snapshot.server_version, &key.generate, "t");
        format!("coalesce(t.{new}, {fresh})")
    } else {
        let (key_old, key_new) = (
            Era::BeforeCutOver.name(&key.column, Shape::Old),
            Era::BeforeCutOver.name(&key.column, Shape::New),
        );
        format!(
            "coalesce(t.{new}, (SELECT k.{key_new} FROM {} k WHERE k.{key_old} = t.{}{}))",
            key.table,
            column.name,
            matching(column, "t")
        )
    }
}

/// What a look-up of a key compares beside the key itself: `k` is the key's row.
pub(super) fn matching(column: &TouchedColumn, row: &str) -> String {
    column
        .beside
        .iter()
        .map(|(near, of_key)| format!(" AND k.{of_key} = {row}.{near}"))
        .collect()
}
