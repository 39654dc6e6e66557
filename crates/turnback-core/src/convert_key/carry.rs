//! References follow a new key that changes, while no foreign key of the new shape is there to see
//! to it: from the way back, which takes these with the new primary key, until the new shape is
//! dropped. A table that is referred to gets a trigger that does what each foreign key did on update.
//!
//! A row that refers to the changing one may be written at the same moment, through the old shape,
//! by a client that knows nothing of new keys. The trigger locks the changing row as a change of a
//! key does, and look-ups wait for that ([`super::sync::LookUps`]): either the reference is there
//! and is carried, or it comes later and finds the key as it is then. A repeatable-read transaction
//! does not see what came after its first statement, so what it leaves behind is for the comparison
//! before the drop to find.

use std::collections::BTreeMap;

use super::constraints::{stands_on_partitioned_key, touched_foreign_keys};
use super::{Era, Room, Shape};
use crate::name::{Ident, TableName, literal};
use crate::schema::{Action, Constraint, ForeignKey};

/// Foreign keys of the new shape that the way back gives up, by the table that they point at.
pub(super) type Missed<'a> =
    BTreeMap<&'a TableName, Vec<(&'a TableName, &'a Constraint, &'a ForeignKey)>>;

/// Those of a partitioned table's primary key are made anew by the way back and go on.
pub(super) fn missed<'a>(room: &'a Room<'_>) -> Missed<'a> {
    let mut missed = Missed::new();
    for found in touched_foreign_keys(room) {
        if !stands_on_partitioned_key(room, found.2) {
            missed.entry(&found.2.table).or_default().push(found);
        }
    }
    missed
}

/// Creates the triggers with their functions, by the names that there are once `public` shows the
/// old shape again.
pub(super) fn begin(room: &Room<'_>) -> Vec<String> {
    missed(room)
        .iter()
        .flat_map(|(table, missed)| begin_on(room, table, missed))
        .collect()
}

fn begin_on(
    room: &Room<'_>,
    table: &TableName,
    missed: &[(&TableName, &Constraint, &ForeignKey)],
) -> Vec<String> {
    let function = function_name(room, table);
    let mut keys: Vec<Ident> = missed
        .iter()
        .flat_map(|(_, _, far)| &far.columns)
        .filter(|column| room.is_touched(table, column))
        .map(Ident::new_shape)
        .collect();
    keys.sort();
    keys.dedup();
    let joined = |one: &dyn Fn(&Ident) -> String, by: &str| {
        keys.iter().map(one).collect::<Vec<_>>().join(by)
    };
    let changes = joined(
        &|key| format!("OLD.{key} IS DISTINCT FROM NEW.{key}"),
        " OR ",
    );
    let same = joined(&|key| format!("k.{key} = OLD.{key}"), " AND ");
    let mut statements = vec![format!(
        "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER \
         SET search_path = pg_catalog, pg_temp AS $turnback$\nBEGIN\n  \
         IF TG_WHEN = 'BEFORE' THEN\n    \
         PERFORM FROM {table} k WHERE {same} FOR UPDATE;\n    \
         RETURN NEW;\n  END IF;\n{}  RETURN NULL;\nEND\n$turnback$",
        missed
            .iter()
            .map(|one| act(room, table, *one))
            .collect::<String>()
    )];
    for (when, name) in ["BEFORE", "AFTER"].into_iter().zip(trigger_names(room)) {
        statements.push(format!(
            "CREATE TRIGGER {name} {when} UPDATE ON {table} FOR EACH ROW WHEN ({changes}) EXECUTE FUNCTION {function}()"
        ));
        statements.push(format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"));
    }
    statements
}

/// Drops what [`begin`] made on a table, whether it is there or not.
pub(super) fn end(room: &Room<'_>, missed: &Missed<'_>, table: &TableName) -> Vec<String> {
    if !missed.contains_key(table) {
        return vec![];
    }
    let mut statements: Vec<String> = trigger_names(room)
        .iter()
        .map(|name| format!("DROP TRIGGER IF EXISTS {name} ON {table}"))
        .collect();
    statements.push(format!(
        "DROP FUNCTION IF EXISTS {}()",
        function_name(room, table)
    ));
    statements
}

/// What one foreign key does on update. The old one has done the same by now for columns that
/// both shapes share, so rows are found by what they hold in the old shape.
fn act(
    room: &Room<'_>,
    table: &TableName,
    (near, constraint, far): (&TableName, &Constraint, &ForeignKey),
) -> String {
    let era = Era::BeforeCutOver;
    let pairs = |shape: Shape| {
        let columns = room.renamed(near, &constraint.columns, era, shape);
        columns
            .into_iter()
            .zip(room.renamed(table, &far.columns, era, shape))
    };
    let all: Vec<(Ident, Ident)> = pairs(Shape::New).collect();
    let new: Vec<(Ident, Ident)> = all
        .iter()
        .zip(&constraint.columns)
        .filter(|(_, column)| room.is_touched(near, column))
        .map(|(pair, _)| pair.clone())
        .collect();
    let mut left_behind: Vec<String> = pairs(Shape::Old)
        .map(|(column, key)| format!("t.{column} = NEW.{key}"))
        .collect();
    left_behind.extend(
        new.iter()
            .map(|(column, key)| format!("t.{column} = OLD.{key} AND t.{column} <> NEW.{key}")),
    );
    let left_behind = left_behind.join(" AND ");
    let set = |pairs: &[(Ident, Ident)], value: &dyn Fn(&Ident) -> String| {
        let columns: Vec<String> = pairs
            .iter()
            .map(|(column, key)| format!("{column} = {}", value(key)))
            .collect();
        format!(
            "  UPDATE {near} t SET {} WHERE {left_behind};\n",
            columns.join(", ")
        )
    };
    match far.on_update {
        Action::Cascade => set(&new, &|key| format!("NEW.{key}")),
        Action::SetNull => set(&all, &|_| "NULL".to_owned()),
        Action::SetDefault => set(&all, &|_| "DEFAULT".to_owned()),
        Action::NoAction | Action::Restrict => format!(
            "  IF EXISTS (SELECT FROM {near} t WHERE {left_behind}) THEN\n    \
             RAISE foreign_key_violation USING MESSAGE = {}, SCHEMA = {}, TABLE = {}, CONSTRAINT = {};\n  END IF;\n",
            literal(&format!(
                "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"",
                table.name.as_str(),
                constraint.name.as_str(),
                near.name.as_str()
            )),
            literal(near.schema.as_str()),
            literal(near.name.as_str()),
            literal(constraint.name.as_str())
        ),
    }
}

fn function_name(room: &Room<'_>, table: &TableName) -> TableName {
    let name = Ident::new(format!("carry_{}", super::one_word(table)));
    TableName::new("turnback", name.with_suffix(&format!("__{}", room.phase())))
}

/// The one that fires before the change and the one that fires after it.
fn trigger_names(room: &Room<'_>) -> [Ident; 2] {
    ["!turnback_3_carry", "~turnback_5_carry"]
        .map(|name| Ident::new(name).with_suffix(&format!("_{}", room.phase())))
}
