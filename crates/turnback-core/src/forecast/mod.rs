//! The forecast of a program: how long it will take, and how many bytes it will write, from
//! the sizes of its tables. It is a guess for a small machine and never a promise: traffic,
//! disks and cold caches decide.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::backfill::{Backfill, BackfillKind};
use crate::fact::Fact;
use crate::name::{Ident, TableName};
use crate::program::{Program, Stage};
use crate::schema::{Index, IndexedBy, Snapshot, Table, Vitals};
use crate::step::{Step, Work};

// The speeds below were measured on PostgreSQL 15 with two cores, everything in memory and
// one backfill worker (a million rows of 126 bytes, two indexes). The default second worker
// is left for the traffic beside it.

/// Seconds to write one row again, whatever is filled.
const FILL_ROW_SECONDS: f64 = 4e-6;
/// Seconds more for each column that is filled: a fresh key, or the look-up of one.
const FILL_COLUMN_SECONDS: f64 = 1.5e-6;
/// Seconds more for each index of the table: a row that moves gets an entry in all of them.
const FILL_INDEX_SECONDS: f64 = 2e-6;
/// Seconds to copy one pair of keys to the archive, which has two unique indexes.
const ARCHIVE_ROW_SECONDS: f64 = 8e-6;
/// Seconds to sort and write one index entry.
const INDEX_ROW_SECONDS: f64 = 0.5e-6;
/// Seconds to test one row against a check.
const CHECK_ROW_SECONDS: f64 = 0.1e-6;
/// Seconds to look one row up for a foreign key or a comparison.
const LOOK_UP_ROW_SECONDS: f64 = 0.25e-6;
/// Bytes read per second when a table is scanned.
const SCAN_BYTES_PER_SECOND: f64 = 500e6;
/// Bytes of heap and indexes that vacuum gets through per second.
const VACUUM_BYTES_PER_SECOND: f64 = 250e6;
/// Seconds of a transaction that touches the catalog only, its wait for locks included.
const CATALOG_SECONDS: f64 = 0.1;

/// Bytes of a uuid in a row.
const UUID_BYTES: u64 = 16;
/// Bytes of any other index key, its alignment included: right for integers and dates.
const OTHER_KEY_BYTES: u64 = 8;
/// Bytes of an index entry beside its keys: its header and its line pointer.
const ENTRY_BYTES: u64 = 12;
/// Bytes of an archived pair: 24 of keys, the row's header, and twice an index entry.
const ARCHIVE_ROW_BYTES: u64 = 140;
/// Bytes of heap below which a backfill lets no vacuum run beside it.
const LEAST_SHARE_BYTES: u64 = 16 << 20;
/// Bytes of WAL for a row that is written again, beside the row itself.
const WAL_ROW_BYTES: u64 = 100;
/// Bytes of WAL for each index entry of such a row.
const WAL_ENTRY_BYTES: u64 = 100;

/// What a program will take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Every step of every stage, in order.
    pub steps: Vec<StepForecast>,
    /// Seconds of going forward: expand, cut over and settle, waits for locks and bakes aside.
    pub seconds: f64,
    /// Bytes of heap that are written again, over all passes.
    pub rewritten_bytes: u64,
    /// Bytes of the indexes that are built.
    pub index_bytes: u64,
    /// Bytes of WAL going forward: what standbys and the archive must take in.
    pub wal_bytes: u64,
    /// Bytes by which the database grows going forward, WAL aside, if vacuum frees nothing
    /// meanwhile: somebody's old transaction may forbid it. Space that vacuum frees stays with
    /// the tables, for later rows.
    pub growth_bytes: u64,
    /// The same where vacuum keeps pace with each backfill: what is dead of one share of a table
    /// makes room for the next.
    pub least_growth_bytes: u64,
}

/// What one step will take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepForecast {
    /// The step's id.
    pub step: String,
    /// The stage it belongs to.
    pub stage: Stage,
    /// How long it will take; zero where that is not known.
    pub seconds: f64,
    /// Whether sizes say anything about it: nothing is known of the user's own SQL.
    pub known: bool,
}

/// The cost of one step.
#[derive(Clone, Copy, Default)]
struct Cost {
    seconds: f64,
    rewritten: u64,
    index: u64,
    wal: u64,
    growth: u64,
    /// How much of that growth vacuum beside the backfill can spare.
    spared: u64,
}

impl Cost {
    fn seconds(seconds: f64) -> Option<Self> {
        Some(Self {
            seconds,
            ..Self::default()
        })
    }
}

/// Forecasts a program from the sizes in a snapshot. `vacuum_after` is the setting: the hundredths
/// of a table after which a backfill lets vacuum free what it left dead, or 0.
pub fn forecast(program: &Program, snapshot: &Snapshot, vacuum_after: u32) -> Forecast {
    let mut forecast = Forecast::default();
    let mut spared = 0_u64;
    for stage in Stage::ALL {
        let look = Look {
            program,
            snapshot,
            stage,
            vacuum_after,
        };
        for step in program.steps(stage) {
            let cost = look.step(step);
            forecast.steps.push(StepForecast {
                step: step.id.clone(),
                stage,
                seconds: cost.map_or(0.0, |cost| cost.seconds),
                known: cost.is_some(),
            });
            if let Some(cost) = cost
                && matches!(stage, Stage::Expand | Stage::CutOver | Stage::Settle)
            {
                forecast.seconds += cost.seconds;
                for (sum, more) in [
                    (&mut forecast.rewritten_bytes, cost.rewritten),
                    (&mut forecast.index_bytes, cost.index),
                    (&mut forecast.wal_bytes, cost.wal),
                    (&mut forecast.growth_bytes, cost.growth),
                    (&mut spared, cost.spared),
                ] {
                    *sum = sum.saturating_add(more);
                }
            }
        }
    }
    forecast.least_growth_bytes = forecast.growth_bytes.saturating_sub(spared);
    forecast
}

struct Look<'a> {
    program: &'a Program,
    snapshot: &'a Snapshot,
    stage: Stage,
    vacuum_after: u32,
}

impl Look<'_> {
    fn step(&self, step: &Step) -> Option<Cost> {
        match &step.work {
            Work::Transaction { .. } => Cost::seconds(CATALOG_SECONDS),
            Work::Backfill(backfill) => self.backfill(step, backfill),
            Work::Online { lock, .. } => self.online(step, &lock.table),
            Work::Verify { .. } => self.verify(step),
            Work::Script { .. } => None,
        }
    }

    fn backfill(&self, step: &Step, backfill: &Backfill) -> Option<Cost> {
        let table = self.snapshot.tables.get(&backfill.table)?;
        let vitals = &table.vitals;
        let rows = vitals.rows;
        let filled = match &backfill.kind {
            BackfillKind::Fill { columns, .. } => columns,
            BackfillKind::Archive { .. } => {
                let bytes = rows.saturating_mul(ARCHIVE_ROW_BYTES);
                return Some(Cost {
                    seconds: scan(vitals) + rows as f64 * ARCHIVE_ROW_SECONDS,
                    wal: bytes,
                    growth: bytes,
                    ..Cost::default()
                });
            }
        };
        if self.is_sweep(step, &backfill.table, filled) {
            // Hardly a row is left by then; finding that out is a scan.
            return Cost::seconds(scan(vitals) + rows as f64 * CHECK_ROW_SECONDS);
        }
        let columns = filled.len() as u64;
        let indexes = table.indexes.len() as u64;
        let row = FILL_ROW_SECONDS
            + FILL_COLUMN_SECONDS * columns as f64
            + FILL_INDEX_SECONDS * indexes as f64;
        let rewritten = vitals
            .heap_bytes
            .saturating_add(rows.saturating_mul(UUID_BYTES * columns));
        // The first change of a page after a checkpoint logs the whole page.
        let pages = vitals.heap_bytes.saturating_add(vitals.index_bytes);
        let records = rows.saturating_mul(WAL_ROW_BYTES + WAL_ENTRY_BYTES * indexes);
        Some(Cost {
            seconds: scan(vitals) + rows as f64 * row,
            rewritten,
            wal: rewritten.saturating_add(pages).saturating_add(records),
            growth: rewritten.saturating_add(vitals.index_bytes),
            spared: self.spared(vitals.heap_bytes, rewritten),
            ..Cost::default()
        })
    }

    /// Bytes of a heap that need no new place, because vacuum has freed others by then: all rows
    /// but those of the first share find what the share before them left, which is as large as
    /// the rows were before. Entries of indexes stay until the vacuum that follows.
    fn spared(&self, heap: u64, rewritten: u64) -> u64 {
        if heap == 0 || self.vacuum_after == 0 {
            return 0;
        }
        let fewest = LEAST_SHARE_BYTES as f64 / heap as f64;
        let share = (f64::from(self.vacuum_after) / 100.0).max(fewest).min(1.0);
        (heap.min(rewritten) as f64 * (1.0 - share)) as u64
    }

    /// Whether earlier steps of this stage have filled these columns already.
    fn is_sweep(&self, step: &Step, table: &TableName, columns: &[(Ident, String)]) -> bool {
        let filled: BTreeSet<&Ident> = self
            .program
            .steps(self.stage)
            .iter()
            .take_while(|earlier| earlier.id != step.id)
            .filter_map(|earlier| match &earlier.work {
                Work::Backfill(Backfill {
                    table: same,
                    kind: BackfillKind::Fill { columns, .. },
                    ..
                }) if same == table => Some(columns.iter().map(|(column, _)| column)),
                _ => None,
            })
            .flatten()
            .collect();
        columns.iter().all(|(column, _)| filled.contains(column))
    }

    fn online(&self, step: &Step, table: &TableName) -> Option<Cost> {
        let entry = self.snapshot.tables.get(table)?;
        let rows = entry.vitals.rows as f64;
        // From the backfill on, the heap holds each row twice.
        let twice = 2.0 * scan(&entry.vitals);
        for fact in &step.done_when {
            match fact {
                Fact::IndexValid(index) => {
                    let bytes = self.index_bytes(table, entry, &index.name);
                    // A concurrent build scans the table twice.
                    return Some(Cost {
                        seconds: 2.0 * twice + rows * INDEX_ROW_SECONDS,
                        index: bytes,
                        wal: bytes,
                        growth: bytes,
                        ..Cost::default()
                    });
                }
                Fact::ConstraintValid(_, name) => {
                    let row = if self.is_foreign_key(entry, name) {
                        LOOK_UP_ROW_SECONDS
                    } else {
                        CHECK_ROW_SECONDS
                    };
                    return Cost::seconds(twice + rows * row);
                }
                _ => {}
            }
        }
        // What is left is vacuum.
        let bytes = (entry.vitals.heap_bytes as f64 + entry.vitals.index_bytes as f64) * 2.0;
        Cost::seconds(bytes / VACUUM_BYTES_PER_SECOND)
    }

    fn verify(&self, step: &Step) -> Option<Cost> {
        let tables: Vec<&TableName> = match self.stage {
            // Each archive is compared with the table that was copied just before.
            Stage::Contract => self
                .program
                .contract
                .iter()
                .take_while(|earlier| earlier.id != step.id)
                .filter_map(|earlier| match &earlier.work {
                    Work::Backfill(backfill) => Some(&backfill.table),
                    _ => None,
                })
                .last()
                .into_iter()
                .collect(),
            _ => self
                .program
                .columns
                .iter()
                .map(|(table, _)| table)
                .collect(),
        };
        // The user's own checks name no columns of ours: nothing says how long they take.
        if tables.is_empty() {
            return None;
        }
        let seconds = tables
            .into_iter()
            .flat_map(|table| self.snapshot.with_partitions(table))
            .map(|(_, t)| 2.0 * scan(&t.vitals) + t.vitals.rows as f64 * LOOK_UP_ROW_SECONDS)
            .sum();
        Cost::seconds(seconds)
    }

    fn is_foreign_key(&self, table: &Table, name: &Ident) -> bool {
        let phase = &self.program.phase;
        table.foreign_keys().any(|(constraint, _)| {
            [
                constraint.name.new_shape_of(phase),
                constraint.name.old_shape_of(phase),
                constraint.name.clone(),
            ]
            .contains(name)
        })
    }

    /// Rows times an entry's width, in pages filled to nine tenths (the manual's `fillfactor`
    /// of B-trees); an index on some rows only counts as if it were on all.
    fn index_bytes(&self, table: &TableName, entry: &Table, name: &Ident) -> u64 {
        let phase = &self.program.phase;
        let found = entry.indexes.iter().find_map(|index| {
            if index.name.new_shape_of(phase) == *name {
                Some((index, UUID_BYTES))
            } else if index.name.old_shape_of(phase) == *name {
                Some((index, OTHER_KEY_BYTES))
            } else {
                None
            }
        });
        let keys = found.map_or(UUID_BYTES, |(index, width)| self.keys(table, index, width));
        (entry.vitals.rows as f64 * (keys + ENTRY_BYTES) as f64 / 0.9) as u64
    }

    /// Bytes of an entry's keys, where those that change have `width`.
    fn keys(&self, table: &TableName, index: &Index, width: u64) -> u64 {
        // What a program says of columns, it says of the partitioned table.
        let table = self.snapshot.root_of(table);
        let is_touched = |column: &Ident| {
            self.program
                .columns
                .iter()
                .any(|(t, c)| t == table && c == column)
        };
        let of = |column: &Ident| {
            if is_touched(column) {
                width
            } else {
                OTHER_KEY_BYTES
            }
        };
        let keys = index.keys.iter().map(|key| match &key.what {
            IndexedBy::Column(column) => of(column),
            IndexedBy::Expression(_) => OTHER_KEY_BYTES,
        });
        keys.chain(index.include.iter().map(of)).sum()
    }
}

/// Seconds to read the heap once.
fn scan(vitals: &Vitals) -> f64 {
    vitals.heap_bytes as f64 / SCAN_BYTES_PER_SECOND
}

#[cfg(test)]
mod tests;
