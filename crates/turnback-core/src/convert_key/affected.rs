//! Which views and materialized views a conversion reaches: those that read a touched column,
//! and those that read one of these. A view follows its relations by identity and not by name,
//! so whatever stands on a view that changes has to change with it.

use std::collections::BTreeSet;

use super::touched::Conversion;
use crate::name::{Ident, TableName};
use crate::schema::{Snapshot, View};

/// The views reached, each after those that it reads. `ours` are schemas of turnback's own.
pub(crate) fn views<'a>(
    snapshot: &'a Snapshot,
    conversion: &Conversion,
    ours: &BTreeSet<Ident>,
) -> Vec<(&'a TableName, &'a View)> {
    let theirs = || {
        snapshot
            .views
            .iter()
            .filter(|(name, _)| !ours.contains(&name.schema))
    };
    let mut reached: BTreeSet<&TableName> = BTreeSet::new();
    loop {
        let before = reached.len();
        for (name, view) in theirs() {
            if reads_touched(view, conversion) || view.reads.keys().any(|r| reached.contains(r)) {
                reached.insert(name);
            }
        }
        if reached.len() == before {
            break;
        }
    }
    let mut ordered: Vec<(&TableName, &View)> = Vec::new();
    while ordered.len() < reached.len() {
        let ready: Vec<_> = theirs()
            .filter(|(name, _)| reached.contains(name))
            .filter(|(name, _)| !ordered.iter().any(|(done, _)| done == name))
            .filter(|(_, view)| {
                let mut waits_for = view.reads.keys().filter(|read| reached.contains(read));
                waits_for.all(|read| ordered.iter().any(|(done, _)| *done == read))
            })
            .collect();
        // Views cannot read each other in a circle; should a catalog say so, name order will do.
        if ready.is_empty() {
            let rest = theirs()
                .filter(|(name, _)| reached.contains(name))
                .filter(|(name, _)| !ordered.iter().any(|(done, _)| done == name));
            let rest: Vec<_> = rest.collect();
            ordered.extend(rest);
        } else {
            ordered.extend(ready);
        }
    }
    ordered
}

/// Whether a view reads a touched column itself. PostgreSQL records no columns for a whole row
/// (`row_to_json(u.*)`): where the text may hold one, it counts.
fn reads_touched(view: &View, conversion: &Conversion) -> bool {
    view.reads.iter().any(|(relation, columns)| {
        columns
            .iter()
            .any(|column| conversion.column(relation, column).is_some())
            || (conversion.touches(relation) && view.definition.contains(".*"))
    })
}
