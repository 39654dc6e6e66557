//! The proof of a way back: the catalog is as it was, and every constraint is valid.

use serde::Serialize;
use turnback_core::name::{Ident, TableName};
use turnback_core::program::Program;
use turnback_core::schema::{ConstraintKind, Difference, Snapshot, differences};

/// What a comparison with the catalog before the phase found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Proof {
    /// Differences in tables that the phases changed: must be empty.
    pub left_behind: Vec<Difference>,
    /// Differences elsewhere: somebody else changed something meanwhile.
    pub by_others: Vec<Difference>,
}

impl Proof {
    /// Compares, telling what the phases touched from what others did meanwhile.
    pub fn of<'a>(
        before: &Snapshot,
        after: &Snapshot,
        programs: impl IntoIterator<Item = &'a Program>,
    ) -> Self {
        let ours: Vec<String> = programs
            .into_iter()
            .flat_map(|program| {
                let tables = program.tables.iter().map(place);
                let schemas = program
                    .version_schemas
                    .iter()
                    .map(|schema| format!("schemas / {}", schema.as_str()));
                tables.chain(schemas).collect::<Vec<_>>()
            })
            .collect();
        let left = partitions_that_left(before, after);
        let is_ours = |difference: &Difference| {
            let within =
                |at: &String| difference.at == *at || difference.at.starts_with(&format!("{at} /"));
            // No step grants anything on a table, or takes it back.
            let granted = |at: &String| difference.at == format!("{at} / grants");
            ours.iter().any(|at| within(at) && !granted(at)) && !left.iter().any(within)
        };
        let (left_behind, by_others) = differences(before, after).into_iter().partition(is_ours);
        Self {
            left_behind,
            by_others,
        }
    }

    /// The same where an earlier phase was contracted since: leaves out what went with it,
    /// that is whatever stood aside, its triggers and the version schemas of its old shape.
    pub(crate) fn after_contract<'a>(
        before: &Snapshot,
        after: &Snapshot,
        programs: impl IntoIterator<Item = &'a Program>,
    ) -> Self {
        let mut proof = Self::of(
            &without_not_null(before),
            &without_not_null(after),
            programs,
        );
        proof
            .left_behind
            .retain(|difference| difference.after.is_some() || !stands_aside(difference));
        proof
    }

    /// The same where an earlier phase was turned back too, and its new shape is kept: leaves
    /// out what that shape consists of.
    pub(crate) fn beside_kept(mut self) -> Self {
        self.left_behind
            .retain(|difference| difference.before.is_some() || !stands_aside(difference));
        self
    }
}

/// What a phase has beside the shape that `public` shows: by its name.
fn stands_aside(difference: &Difference) -> bool {
    let last = difference.at.rsplit(" / ").next().unwrap_or_default();
    Ident::new(last).is_aside()
        || last.starts_with("!turnback_")
        || last.starts_with("~turnback_")
        || difference.at.starts_with("schemas / ")
}

/// Leaves out the names under which PostgreSQL 18 keeps `NOT NULL`: the contract gave the new
/// column the name that the old one had. Whether a column takes NULL is compared with the column.
fn without_not_null(snapshot: &Snapshot) -> Snapshot {
    let mut snapshot = snapshot.clone();
    for table in snapshot.tables.values_mut() {
        table
            .constraints
            .retain(|constraint| constraint.kind != ConstraintKind::NotNull);
    }
    snapshot
}

/// Where differences of a table are found.
fn place(table: &TableName) -> String {
    format!("tables / {}.{}", table.schema.as_str(), table.name.as_str())
}

/// Partitions that somebody dropped or detached meanwhile: their own affair.
fn partitions_that_left(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    before
        .tables
        .iter()
        .filter(|(name, table)| {
            table.partition_bound.is_some()
                && after
                    .tables
                    .get(*name)
                    .is_none_or(|now| now.parents != table.parents)
        })
        .map(|(name, _)| place(name))
        .collect()
}
