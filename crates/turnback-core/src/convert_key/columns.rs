//! Expand, first part: new columns, their defaults and the triggers that fill them, one
//! short transaction for each pass over a table.
//!
//! A column and the trigger that fills it arrive together, so no client ever sees one
//! without the other. The lock that this takes waits out every writer that has no trigger
//! yet; whatever is written later fills itself.

use super::passes::Pass;
use super::sync::{self, LookUps};
use super::{Era, Room, transaction};
use crate::fact::Fact;
use crate::name::{Ident, TableName, literal};
use crate::plan::Generate;
use crate::schema::{Column, Grant};
use crate::step::Step;

pub(super) fn steps(room: &Room<'_>, passes: &[Pass]) -> Vec<Step> {
    passes.iter().map(|pass| step(room, pass)).collect()
}

fn step(room: &Room<'_>, pass: &Pass) -> Step {
    let table = &pass.table;
    let mut statements = Vec::new();
    let mut done_when = Vec::new();
    for column in &pass.columns {
        let new = column.name.new_shape();
        // Two statements: a volatile default in ADD COLUMN would rewrite the table.
        statements.push(format!("ALTER TABLE {table} ADD COLUMN {new} uuid"));
        if column.is_key {
            let default = generate_default(
                room.snapshot.server_version,
                &room.conversion.key_of(column).generate,
            );
            statements.push(format!(
                "ALTER TABLE {table} ALTER COLUMN {new} SET DEFAULT {default}"
            ));
        }
        for member in room.members(table) {
            if let Some(old) = room.table(member).column(&column.name) {
                statements.extend(
                    carry(member, old, &new)
                        .iter()
                        .map(|statement| room.if_partition(member, statement)),
                );
            }
        }
        done_when.push(Fact::Column(table.clone(), new));
    }
    for trigger in sync::triggers(room, pass) {
        statements.push(trigger.function(Era::BeforeCutOver, LookUps::Free));
        statements.extend(trigger.create());
        if trigger.ends_with_the_backfill() {
            continue;
        }
        done_when.extend(
            trigger
                .names()
                .into_iter()
                .map(|name| Fact::Trigger(table.clone(), name)),
        );
    }
    let names = crate::name::list(pass.columns.iter().map(|c| c.name.new_shape()));
    transaction(
        format!("columns.{}", pass.id()),
        format!("add {names} to {table}, with the trigger that fills it"),
        vec![room.exclusive(table)],
        statements,
        done_when,
    )
}

/// What hangs on the old column and belongs on the new one too.
fn carry(table: &TableName, old: &Column, new: &Ident) -> Vec<String> {
    let mut statements = Vec::new();
    if let Some(comment) = &old.comment {
        statements.push(format!(
            "COMMENT ON COLUMN {table}.{new} IS {}",
            literal(comment)
        ));
    }
    if let Some(target) = old.statistics_target {
        statements.push(format!(
            "ALTER TABLE ONLY {table} ALTER COLUMN {new} SET STATISTICS {target}"
        ));
    }
    if !old.options.is_empty() {
        statements.push(format!(
            "ALTER TABLE ONLY {table} ALTER COLUMN {new} SET ({})",
            old.options.join(", ")
        ));
    }
    statements.extend(
        old.grants
            .iter()
            .map(|grant| column_grant(grant, new, table)),
    );
    statements
}

/// One grant on one column of a table or view.
pub(super) fn column_grant(grant: &Grant, column: &Ident, on: &TableName) -> String {
    format!("GRANT {} ({column}) ON {on}{}", grant.privilege, to(grant))
}

/// To whom a grant is, from behind what it is on.
pub(super) fn to(grant: &Grant) -> String {
    let option = if grant.grantable {
        " WITH GRANT OPTION"
    } else {
        ""
    };
    format!(" TO {}{option}", grantee(grant))
}

/// The role of a grant, for SQL.
pub(super) fn grantee(grant: &Grant) -> String {
    if grant.grantee == "PUBLIC" {
        "PUBLIC".to_owned()
    } else {
        Ident::new(grant.grantee.as_str()).to_string()
    }
}

/// The default of a new key column.
pub(super) fn generate_default(server_version: u32, generate: &Generate) -> String {
    match generate {
        Generate::V4 => "pg_catalog.gen_random_uuid()".to_owned(),
        Generate::V7 | Generate::V7From(_) if server_version >= 180_000 => {
            "pg_catalog.uuidv7()".to_owned()
        }
        Generate::V7 | Generate::V7From(_) => uuid_v7("pg_catalog.clock_timestamp()"),
    }
}

/// A new key for a row that is there already, which may lend it its time.
pub(super) fn fresh_key(server_version: u32, generate: &Generate, row: &str) -> String {
    match generate {
        Generate::V7From(time) => uuid_v7_from(&format!("{row}.{time}")),
        Generate::V4 | Generate::V7 => generate_default(server_version, generate),
    }
}

/// A version 7 UUID as a plain SQL expression (RFC 9562, 5.7: 48 bits of milliseconds since
/// 1970, then version, variant and random bits, which are those of a version 4 one). An
/// expression and not a function of ours: it stays in the user's table for good.
pub(super) fn uuid_v7(timestamp: &str) -> String {
    uuid_v7_of(&format!("floor(extract(epoch FROM {timestamp}) * 1000)"))
}

/// Like [`uuid_v7`], from a timestamp or date column, which may hold anything: `NULL` and
/// infinity become the clock's time, and what does not fit 48 bits the nearest that does.
fn uuid_v7_from(column: &str) -> String {
    uuid_v7_of(&format!(
        "least(greatest(floor(extract(epoch FROM CASE WHEN isfinite({column}) THEN {column}::timestamptz \
         ELSE clock_timestamp() END) * 1000), 0), 281474976710655)"
    ))
}

fn uuid_v7_of(milliseconds: &str) -> String {
    format!(
        "(lpad(to_hex(({milliseconds})::bigint), 12, '0') || '7' || \
         substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid"
    )
}
