//! Which key a touched column leads to, by foreign keys: that key's table says what a value of
//! the one side is on the other.

use std::collections::{BTreeMap, BTreeSet};

use turnback_core::name::{Ident, TableName};
use turnback_core::schema::Snapshot;

/// A column of a table.
pub(super) type Place = (TableName, Ident);

/// The key that each touched column leads to; a key leads to itself.
pub(super) fn roots(snapshot: &Snapshot, touched: &BTreeSet<Place>) -> BTreeMap<Place, Place> {
    let mut leads: BTreeMap<&Place, Place> = BTreeMap::new();
    for place @ (table, column) in touched {
        let Some(table) = snapshot.tables.get(table) else {
            continue;
        };
        let far = table.foreign_keys().find_map(|(constraint, far)| {
            let at = constraint.columns.iter().position(|c| c == column)?;
            let far = (far.table.clone(), far.columns.get(at)?.clone());
            (touched.contains(&far) && &far != place).then_some(far)
        });
        if let Some(far) = far {
            leads.insert(place, far);
        }
    }
    touched
        .iter()
        .map(|place| {
            let mut root = place.clone();
            // No path is longer than there are columns, and a cycle has no key.
            for _ in 0..touched.len() {
                match leads.get(&root) {
                    Some(far) => root = far.clone(),
                    None => break,
                }
            }
            (place.clone(), root)
        })
        .collect()
}
