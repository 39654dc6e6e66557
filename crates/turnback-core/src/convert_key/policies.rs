//! Row-level policies that the plan gives anew, swapped in the transaction that swaps names.
//!
//! A policy belongs to its table, not to a shape: the old one decides for all clients until
//! the cut-over, the new one from then on, and the old one again after the way back. Both
//! change places behind the lock that the cut-over holds anyway, so nobody ever meets a table
//! with both, or with neither (PostgreSQL manual, 5.9: permissive policies widen each other,
//! restrictive ones narrow).

use std::collections::BTreeSet;

use super::versions::version_schema;
use super::{Room, transaction, views};
use crate::name::{Ident, TableName, dollar_quoted, literal};
use crate::plan::{ConvertKey, Recreated};
use crate::schema::{Policy, Snapshot};
use crate::step::Step;

/// What to do about SQL that does not do: the ledger keeps the program as it was begun.
const AGAIN: &str = "correct the plan, then `turnback back` and `turnback up`: a phase that has begun runs the SQL that it began with";

/// A policy with what takes its place.
pub(crate) struct NewPolicy<'a> {
    pub(crate) on: &'a TableName,
    pub(crate) old: &'a Policy,
    sql: &'a str,
}

/// The policies of the database that a phase gives anew.
pub(super) fn of<'a>(snapshot: &'a Snapshot, operations: &'a [ConvertKey]) -> Vec<NewPolicy<'a>> {
    operations
        .iter()
        .flat_map(|operation| &operation.recreate)
        .filter_map(|recreate| match &recreate.what {
            Recreated::Policy { name, on } => {
                let (on, table) = snapshot.tables.get_key_value(on)?;
                let old = table.policies.iter().find(|policy| policy.name == *name)?;
                let sql = recreate.sql.as_str();
                Some(NewPolicy { on, old, sql })
            }
            Recreated::MaterializedView(_) => None,
        })
        .collect()
}

/// The new ones take the places of the old ones.
pub(super) fn cut_over(room: &Room<'_>) -> Vec<String> {
    let mut statements = Vec::new();
    for policy in &room.policies {
        statements.push(format!("DROP POLICY {} ON {}", policy.old.name, policy.on));
        statements.push(format!(
            "SET LOCAL search_path = {}, pg_catalog, pg_temp",
            policy.on.schema
        ));
        statements.push(policy.make(room));
        statements.push("SET LOCAL search_path = pg_catalog, pg_temp".to_owned());
    }
    statements
}

/// The old ones again, from the catalog's parts of them.
pub(super) fn back(room: &Room<'_>) -> Vec<String> {
    let mut statements = Vec::new();
    for policy in &room.policies {
        statements.push(format!(
            "DROP POLICY IF EXISTS {} ON {}",
            policy.old.name, policy.on
        ));
        statements.extend(policy.old.create(policy.on));
    }
    statements
}

/// Tries the swap and takes it back, before the long part of expand: SQL that does not fit the
/// new shape, or makes another kind of policy, must not be found out at the cut-over.
pub(super) fn rehearse(room: &Room<'_>) -> Option<Step> {
    if room.policies.is_empty() {
        return None;
    }
    let tries: String = swap(room)
        .iter()
        .map(|statement| format!("    EXECUTE {};\n", dollar_quoted(statement)))
        .collect();
    let block = format!(
        "BEGIN\n  BEGIN\n{tries}    RAISE EXCEPTION USING ERRCODE = 'TB001', MESSAGE = 'the rehearsal went well';\n  \
         EXCEPTION WHEN SQLSTATE 'TB001' THEN NULL;\n  END;\nEND"
    );
    Some(transaction(
        "rehearse_policies".to_owned(),
        "try the policies that the plan gives anew, and take them back".to_owned(),
        views::locks_forward(room),
        vec![format!("DO {}", dollar_quoted(&block))],
        vec![],
    ))
}

/// What a policy can see of the cut-over: columns and views by their new names.
fn swap(room: &Room<'_>) -> Vec<String> {
    // The old views step aside into a schema that may come at the end of expand only.
    let asides: BTreeSet<Ident> = room
        .views
        .iter()
        .map(|carried| version_schema(&carried.name.schema, &room.old_tag))
        .collect();
    let schemas = asides
        .iter()
        .map(|schema| format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
    let renames = room.conversion.columns().flat_map(|(table, column)| {
        let name = &column.name;
        [
            format!(
                "ALTER TABLE {table} RENAME COLUMN {name} TO {}",
                name.old_shape()
            ),
            format!(
                "ALTER TABLE {table} RENAME COLUMN {} TO {name}",
                name.new_shape()
            ),
        ]
    });
    schemas
        .chain(renames)
        .chain(views::swap(room))
        .chain(cut_over(room))
        .collect()
}

impl NewPolicy<'_> {
    /// Runs the plan's SQL, and holds it to the old policy's kind: what was restrictive stays
    /// so, and neither the command nor the roles become others. In a block, where the SQL can
    /// end no transaction.
    fn make(&self, room: &Room<'_>) -> String {
        let (name, on) = (&self.old.name, self.on);
        let roles: Vec<String> = self.old.roles.iter().map(|role| literal(role)).collect();
        let old_columns: Vec<String> = room
            .conversion
            .columns()
            .map(|(table, column)| {
                format!(
                    "({}::pg_catalog.regclass, {})",
                    literal(&table.to_string()),
                    literal(column.name.old_shape().as_str())
                )
            })
            .collect();
        let kind = format!(
            "AS {} FOR {} TO {}",
            if self.old.permissive {
                "PERMISSIVE"
            } else {
                "RESTRICTIVE"
            },
            self.old.command,
            self.old.roles.join(", ")
        );
        let wrong = literal(&format!(
            "turnback: the SQL that the plan gives under recreate: must make policy {name} on {on}, {kind}, like the one whose place it takes; {AGAIN}"
        ));
        let bound = literal(&format!(
            "turnback: the SQL that the plan gives under recreate: for policy {name} on {on} asks for an old column, which contract drops; {AGAIN}"
        ));
        let fails = literal(&format!(
            "turnback: the SQL that the plan gives under recreate: for policy {name} on {on} fails where the tables have the new shape: "
        ));
        let again = literal(&format!("; {AGAIN}"));
        let comment = self.old.comment.as_ref().map_or(String::new(), |comment| {
            format!(
                "  IF pg_catalog.obj_description(made.oid, 'pg_policy') IS NULL THEN\n    \
                 COMMENT ON POLICY {name} ON {on} IS {};\n  END IF;\n",
                literal(comment)
            )
        });
        let command = match self.old.command.as_str() {
            "SELECT" => "r",
            "INSERT" => "a",
            "UPDATE" => "w",
            "DELETE" => "d",
            _ => "*",
        };
        let block = format!(
            "DECLARE\n  made record;\nBEGIN\n  BEGIN\n    EXECUTE {sql};\n  EXCEPTION WHEN OTHERS THEN\n    \
             RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = {fails} || SQLERRM || {again};\n  END;\n  \
             SELECT p.oid, p.polpermissive, p.polcmd, ARRAY(\n      \
             SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(r)::text END COLLATE \"C\"\n      \
             FROM pg_catalog.unnest(p.polroles) r ORDER BY 1) AS roles INTO made\n  \
             FROM pg_catalog.pg_policy p\n  \
             WHERE p.polrelid = {on_literal}::pg_catalog.regclass AND p.polname = {name_literal};\n  \
             IF NOT FOUND OR made.polpermissive <> {permissive} OR made.polcmd <> '{command}' OR made.roles <> ARRAY(\n      \
             SELECT r COLLATE \"C\" FROM pg_catalog.unnest(ARRAY[{roles}]::text[]) r ORDER BY 1) THEN\n    \
             RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = {wrong};\n  END IF;\n  \
             IF EXISTS (SELECT FROM pg_catalog.pg_depend d\n      \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid\n      \
             WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = made.oid\n        \
             AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass\n        \
             AND (a.attrelid, a.attname) IN ({old_columns})) THEN\n    \
             RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = {bound};\n  END IF;\n\
             {comment}END",
            sql = dollar_quoted(self.sql),
            on_literal = literal(&on.to_string()),
            name_literal = literal(name.as_str()),
            permissive = self.old.permissive,
            roles = roles.join(", "),
            old_columns = old_columns.join(", "),
        );
        format!("DO {}", dollar_quoted(&block))
    }

    /// For messages.
    pub(crate) fn title(&self) -> String {
        format!("policy {} on {}", self.old.name, self.on)
    }

    /// Whether it is this policy.
    pub(crate) fn is(&self, name: &Ident, on: &TableName) -> bool {
        self.old.name == *name && self.on == on
    }
}
