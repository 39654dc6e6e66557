//! Foreign keys whose actions would take other turns. PostgreSQL carries out what foreign keys to
//! one table do in the order in which they were made (their triggers fire by name). Those that
//! change are made again, in their own order, and so come after those that stay.

use crate::convert_key::lookup::Lookup;
use crate::convert_key::touched::Conversion;
use crate::preflight::Finding;
use crate::schema::ForeignKey;

pub(super) fn turns(lookup: &Lookup<'_>, conversion: &Conversion, findings: &mut Vec<Finding>) {
    let mut pointing: Vec<_> = conversion
        .relations()
        .filter_map(|table| lookup.pointing_at.get(table))
        .flatten()
        .filter(|(_, (_, constraint, _))| {
            constraint.parent.is_none() && !constraint.name.is_aside()
        })
        .collect();
    pointing.sort_by_key(|(place, _)| *place);
    let pointing = pointing.into_iter().map(|(_, foreign_key)| *foreign_key);
    let (changes, stays): (Vec<_>, Vec<_>) = pointing.partition(|(table, c, _)| {
        let mut columns = c.columns.iter();
        columns.any(|column| conversion.column(table, column).is_some())
    });
    for (table, constraint, far) in stays {
        let overtaken = changes.iter().find(|(_, _, other)| {
            other.table == far.table && other.turn < far.turn && differ(other, far)
        });
        let Some((other_table, other, _)) = overtaken else {
            continue;
        };
        findings.push(Finding::warning(
            "foreign-key-turn",
            format!("foreign key {} of {table}", constraint.name),
            format!(
                "it is carried out after {} of {other_table}, which points at {} too and does something else; that one is made again, and this one comes first from then on",
                other.name, far.table
            ),
            format!(
                "Read both: where what the one does decides whether the other refuses, drop {} and create it again after the cut-over, and after a way back",
                constraint.name
            ),
        ));
    }
}

/// Whether it can be seen who comes first.
fn differ(one: &ForeignKey, other: &ForeignKey) -> bool {
    (one.on_delete, one.on_update) != (other.on_delete, other.on_update)
}
