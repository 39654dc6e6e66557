//! What a change has left behind in size, and the commands that take it back.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::human::human_bytes;
use crate::name::TableName;
use crate::schema::Snapshot;

/// Growth below this part of a table is not worth a word.
const WORTH: f64 = 0.05;
/// And below these bytes.
const WORTH_BYTES: u64 = 1 << 20;

/// A table before the change and now, in bytes of heap, indexes and TOAST.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// The table; with its partitions, where it has any.
    pub table: TableName,
    /// Whether it has.
    pub is_partitioned: bool,
    /// Before.
    pub before: u64,
    /// Now.
    pub after: u64,
}

/// Tables that are larger than they were, in order of their names. `before` are the tables of a
/// change with the catalog before it, the earliest first; `now` is the catalog now. Partitions
/// that came or went meanwhile are left out: what they hold is no growth.
pub fn growth<'a>(
    before: impl IntoIterator<Item = (&'a TableName, &'a Snapshot)>,
    now: &Snapshot,
) -> Vec<Growth> {
    let mut tables: BTreeMap<&TableName, &Snapshot> = BTreeMap::new();
    for (table, snapshot) in before {
        if snapshot.tables.contains_key(table) {
            tables.entry(table).or_insert(snapshot);
        }
    }
    tables
        .into_iter()
        .filter_map(|(table, snapshot)| {
            let is_partitioned = now.tables.get(table)?.partition_key.is_some();
            let (before, after) = snapshot
                .with_partitions(table)
                .filter_map(|(member, was)| {
                    let is = now.tables.get(member)?;
                    Some((was.vitals.total_bytes, is.vitals.total_bytes))
                })
                .fold((0_u64, 0_u64), |(before, after), (was, is)| {
                    (before.saturating_add(was), after.saturating_add(is))
                });
            let more = after.saturating_sub(before);
            let worth = more >= WORTH_BYTES && more as f64 >= before as f64 * WORTH;
            worth.then(|| Growth {
                table: table.clone(),
                is_partitioned,
                before,
                after,
            })
        })
        .collect()
}

impl Growth {
    /// From what to what.
    pub fn sizes(&self) -> [String; 2] {
        [human_bytes(self.before), human_bytes(self.after)]
    }

    /// The statement that gives the space back, and holds up readers and writers meanwhile.
    pub fn rewrite(&self) -> String {
        format!("VACUUM FULL {}", self.table)
    }

    /// The command that does so with hardly a wait for them, where that tool is installed.
    pub fn repack(&self) -> String {
        let of = if self.is_partitioned {
            "parent-table"
        } else {
            "table"
        };
        format!("pg_repack --{of}={}", self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Table, TableKind, Vitals};

    fn of(sizes: &[(&str, u64)]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for (name, total_bytes) in sizes {
            let table = Table {
                vitals: Vitals {
                    total_bytes: *total_bytes,
                    ..Vitals::default()
                },
                ..Table::default()
            };
            snapshot
                .tables
                .insert(TableName::new("public", *name), table);
        }
        snapshot
    }

    #[test]
    fn growth_counts_from_before_the_first_phase_and_only_where_it_is_worth_a_word() {
        let (first, second) = (
            of(&[("a", 10 << 20), ("b", 100 << 20), ("gone", 5)]),
            of(&[("a", 18 << 20), ("b", 100 << 20)]),
        );
        let now = of(&[("a", 20 << 20), ("b", 102 << 20)]);
        let names = ["a", "b", "gone"].map(|name| TableName::new("public", name));
        let before = names
            .iter()
            .map(|name| (name, &first))
            .chain(names.iter().map(|name| (name, &second)));
        let grown = growth(before, &now);
        assert_eq!(grown.len(), 1, "{grown:?}");
        assert_eq!(grown[0].sizes(), ["10 MB", "20 MB"]);
        assert_eq!(grown[0].rewrite(), "VACUUM FULL public.a");
    }

    #[test]
    fn a_partitioned_table_is_as_large_as_the_partitions_that_were_and_are_there() {
        let family = |sizes: &[(&str, u64)]| {
            let mut snapshot = of(sizes);
            for (name, table) in &mut snapshot.tables {
                if name.name.as_str() == "events" {
                    table.partition_key = Some("LIST (kind)".to_owned());
                } else {
                    table.kind = TableKind::Partition;
                    table.parents = vec![TableName::new("public", "events")];
                }
            }
            snapshot
        };
        let before = family(&[("events", 0), ("one", 10 << 20), ("gone", 90 << 20)]);
        let now = family(&[("events", 0), ("one", 16 << 20), ("new", 70 << 20)]);
        let table = TableName::new("public", "events");
        let grown = growth([(&table, &before)], &now);
        assert_eq!(grown[0].sizes(), ["10 MB", "16 MB"]);
        assert_eq!(grown[0].repack(), "pg_repack --parent-table=public.events");
    }
}
