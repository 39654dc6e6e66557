//! The user's own functions, when the columns under a name change type.
//!
//! PL/pgSQL compiles a function once in each session, and plans its expressions with the types
//! that the fields of `NEW`, `OLD` and other records had then. A session that has fired a trigger
//! before the cut-over would fail afterwards, at every write, through either shape: "type of
//! parameter 5 (uuid) does not match that when preparing the plan (bigint)". It compiles a
//! function anew when the function's row in `pg_proc` is another, so that row is written again,
//! as it is (manual, PL/pgSQL under the Hood, Plan Caching).

use std::collections::BTreeSet;

use super::Room;
use super::constraints::mentions;
use super::sync::is_ours;
use crate::name::{Ident, TableName, list, literal};
use crate::schema::Snapshot;

/// Signatures of the trigger functions of these relations, and of functions in PL/pgSQL whose text
/// mentions one of these tables.
pub(crate) fn read_by<'a>(
    snapshot: &Snapshot,
    tables: impl Iterator<Item = &'a TableName>,
    relations: impl Iterator<Item = &'a TableName>,
) -> BTreeSet<String> {
    let names: Vec<Ident> = tables.map(|table| table.name.clone()).collect();
    let triggers = relations
        .filter_map(|table| snapshot.tables.get(table))
        .flat_map(|table| &table.triggers)
        .filter(|trigger| trigger.for_each_row && !is_ours(&trigger.name))
        .map(|trigger| format!("{}()", trigger.function));
    let others = snapshot
        .functions
        .iter()
        .filter(|function| function.language == "plpgsql" && mentions(&function.source, &names))
        .map(|function| function.signature.clone());
    triggers.chain(others).collect()
}

/// Makes every session read anew the trigger functions of touched tables, and those whose text
/// mentions such a table. `COST` is what can be set to what it was without asking for more than
/// ownership; a function that belongs to somebody else is left alone, of which `check` warns, and so
/// is one in a language that keeps no types.
pub(super) fn read_anew(room: &Room<'_>) -> Option<String> {
    let functions = read_by(
        room.snapshot,
        room.conversion.tables.keys(),
        room.relations(),
    );
    (!functions.is_empty()).then(|| {
        format!(
            "DO $turnback$ DECLARE again text; BEGIN \
             FOR again IN SELECT pg_catalog.format('ALTER FUNCTION %s COST %s', p.oid::regprocedure, p.procost) \
             FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
             WHERE l.lanname = 'plpgsql' AND p.prokind = 'f' AND pg_catalog.pg_has_role(p.proowner, 'USAGE') \
             AND p.oid IN (SELECT pg_catalog.to_regprocedure(f) FROM pg_catalog.unnest(ARRAY[{}]) f) \
             LOOP EXECUTE again; END LOOP; END $turnback$",
            list(functions.iter().map(|function| literal(function)))
        )
    })
}
