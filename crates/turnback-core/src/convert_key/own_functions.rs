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
use crate::name::{Ident, list, literal};

/// Makes every session read anew the trigger functions of touched tables, and those whose text
/// mentions such a table. `COST` is what can be set to what it was without asking for more than
/// ownership; a function that belongs to somebody else is left alone, and so is one in a language
/// that keeps no types.
pub(super) fn read_anew(room: &Room<'_>) -> Option<String> {
    let tables = &room.conversion.tables;
    let names: Vec<Ident> = tables.keys().map(|table| table.name.clone()).collect();
    let triggers = room
        .relations()
        .flat_map(|table| &room.table(table).triggers)
        .filter(|trigger| trigger.for_each_row && !is_ours(&trigger.name))
        .map(|trigger| format!("{}()", trigger.function));
    let others = room
        .snapshot
        .functions
        .iter()
        .filter(|function| function.language == "plpgsql" && mentions(&function.source, &names))
        .map(|function| function.signature.clone());
    let functions: BTreeSet<String> = triggers.chain(others).collect();
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
