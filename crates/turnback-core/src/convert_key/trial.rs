//! Trials of views: does each one's text fit tables whose keys are uuids?
//!
//! Temporary tables stand in for the touched ones, empty and with the types that their columns
//! will have. A view's text, deparsed while its relations need no schema and run again while
//! temporary ones come first, is bound to these: the view is tried without a lock on anything.

use std::collections::{BTreeMap, BTreeSet};

use super::Room;
use super::views::Carried;
use crate::name::{Ident, TableName, list, literal};
use crate::program::Trial;
use crate::schema::Table;

pub(super) fn trials(room: &Room<'_>) -> Vec<Trial> {
    let views = triable(room);
    let tables: BTreeSet<&TableName> = views
        .iter()
        .flat_map(|carried| carried.view.reads.keys())
        .filter(|name| room.conversion.tables.contains_key(*name))
        .collect();
    let shadows = tables.into_iter().map(|name| Trial {
        view: None,
        sql: shadow(room, name, room.table(name)),
    });
    let tries = views.iter().map(|carried| Trial {
        view: Some(carried.name.clone()),
        sql: attempt(carried),
    });
    shadows.chain(tries).collect()
}

/// Views that can be tried: not those that the plan gives anew, nor what stands on these; nor
/// those where a bare name would mean two relations. Expand finds out about them, early.
fn triable<'r, 'a>(room: &'r Room<'a>) -> Vec<&'r Carried<'a>> {
    let mut owners: BTreeMap<&Ident, BTreeSet<&TableName>> = BTreeMap::new();
    for carried in &room.views {
        for name in carried.view.reads.keys().chain([carried.name]) {
            owners.entry(&name.name).or_default().insert(name);
        }
    }
    let is_clear = |name: &TableName| owners.get(&name.name).is_none_or(|names| names.len() == 1);
    let mut out: BTreeSet<&TableName> = BTreeSet::new();
    let mut views = Vec::new();
    for carried in &room.views {
        let mut names = carried.view.reads.keys().chain([carried.name]);
        let fits = carried.sql.is_none() && names.all(|name| is_clear(name) && !out.contains(name));
        if fits {
            views.push(carried);
        } else {
            out.insert(carried.name);
        }
    }
    views
}

fn shadow(room: &Room<'_>, name: &TableName, table: &Table) -> String {
    let columns = table
        .columns
        .iter()
        .filter(|column| !column.name.is_aside())
        .map(|column| {
            let type_name = if room.is_touched(name, &column.name) {
                "uuid"
            } else {
                &column.type_name
            };
            let collation = column
                .collation
                .as_ref()
                .map(|collation| format!(" COLLATE {collation}"))
                .unwrap_or_default();
            format!("{} {type_name}{collation}", column.name)
        });
    format!(
        "CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP",
        name.name,
        list(columns)
    )
}

fn attempt(carried: &Carried<'_>) -> String {
    let (name, view) = (carried.name, carried.view);
    let schemas: BTreeSet<&Ident> = view.reads.keys().map(|read| &read.schema).collect();
    let schemas = list(schemas);
    let defaults = view.columns.iter().filter_map(|column| {
        let default = column.default.as_ref()?;
        Some(format!(
            "ALTER VIEW pg_temp.{} ALTER COLUMN {} SET DEFAULT {default};",
            name.name, column.name
        ))
    });
    let mark = "$turnback_trial$";
    format!(
        "DO {mark} DECLARE body text; BEGIN \
         PERFORM pg_catalog.set_config('search_path', {}, true); \
         body := pg_catalog.pg_get_viewdef({}::regclass); \
         PERFORM pg_catalog.set_config('search_path', {}, true); \
         EXECUTE {} || body; {} END {mark}",
        literal(&format!("{schemas}, pg_temp")),
        literal(&name.to_string()),
        literal(&format!("pg_temp, {schemas}")),
        literal(&format!("CREATE TEMPORARY VIEW {} AS ", name.name)),
        list_lines(defaults),
    )
}

fn list_lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join(" ")
}
