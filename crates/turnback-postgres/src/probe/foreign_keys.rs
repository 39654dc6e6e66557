//! Foreign keys of the phase's tables: which are not valid, and rows without what they refer to.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use turnback_core::fact::Fact;
use turnback_core::guard::Value;
use turnback_core::name::{Ident, TableName};
use turnback_core::program::{Counterpart, Program, Stage};
use turnback_core::state::PhaseState;

use super::scan::Count;
use super::standing::{ForeignKey, Standing, rows};

/// Foreign keys, by their object id, that were valid when they were last looked at.
#[derive(Default)]
pub(super) struct SeenValid(Mutex<BTreeSet<i64>>);

/// For each foreign key whether it is not valid (1), and for each that the phase had and that is
/// gone.
///
/// turnback makes foreign keys `NOT VALID` and validates them online: those are left out until it
/// has done so.
pub(super) fn invalid(standing: &Standing, program: &Program, seen: &SeenValid) -> Vec<Value> {
    let ours = being_made(program, standing.state);
    let mut seen = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
    let mut values = Vec::new();
    for key in staying(standing, program).filter(|key| key.enforced) {
        let is_ours = ours.contains(&(&key.table, &key.name));
        if key.valid {
            seen.insert(key.oid);
        } else if is_ours && !seen.contains(&key.oid) {
            continue;
        }
        values.push(Value {
            object: Some(title(&key.table, &key.name)),
            value: f64::from(u8::from(!key.valid)),
        });
    }
    for (table, name) in &program.foreign_keys {
        let is_there = |key: &ForeignKey| key.table == *table && key.name == *name;
        if !ours.contains(&(table, name)) && !standing.foreign_keys.iter().any(is_there) {
            values.push(Value {
                object: Some(format!("{}, which is gone", title(table, name))),
                value: 1.0,
            });
        }
    }
    values
}

/// For each foreign key the rows without the one that they refer to; and for each column that the
/// phase knows to be a reference, where the foreign key is gone.
pub(super) fn orphans(standing: &Standing, program: &Program) -> Vec<Count> {
    let keys = staying(standing, program)
        // Periods are not matched by being equal.
        .filter(|key| !key.period)
        .map(|key| Count {
            object: title(&key.table, &key.name),
            sql: Some(of_key(key)),
        });
    let bare = program.counterparts.iter().filter_map(|counterpart| {
        let Counterpart {
            table,
            column,
            refers_to: Some(key),
        } = counterpart
        else {
            return None;
        };
        if standing.is_held(table, column) {
            return None;
        }
        let beside = key
            .beside
            .iter()
            .map(|(near, far)| format!(" AND k.{far} = t.{near}"))
            .collect::<String>();
        Some(Count {
            object: format!("references of {table}.{column}"),
            sql: Some(format!(
                "SELECT /* turnback */ count(*) FROM {} t WHERE t.{column} IS NOT NULL \
                 AND NOT EXISTS (SELECT FROM {} k WHERE k.{} = t.{column}{beside})",
                standing.rows_of(table),
                standing.rows_of(&key.table),
                key.column,
            )),
        })
    });
    keys.chain(bare).collect()
}

/// Foreign keys but for those of a new shape that is being dropped: they came back without being
/// validated, and go with it.
fn staying<'a>(
    standing: &'a Standing,
    program: &'a Program,
) -> impl Iterator<Item = &'a ForeignKey> {
    let leaving: BTreeSet<Ident> = match standing.state {
        PhaseState::Withdrawing => {
            let columns = program.counterparts.iter();
            columns.map(|one| one.column.new_shape()).collect()
        }
        PhaseState::Pending
        | PhaseState::Expanding
        | PhaseState::Expanded
        | PhaseState::CutOver
        | PhaseState::Contracting
        | PhaseState::Contracted => BTreeSet::new(),
    };
    standing
        .foreign_keys
        .iter()
        .filter(move |key| !key.columns.iter().any(|column| leaving.contains(column)))
}

/// A row with a null among the columns refers to nothing (PostgreSQL manual, 5.5.5).
fn of_key(key: &ForeignKey) -> String {
    let given: Vec<String> = key
        .columns
        .iter()
        .map(|column| format!("t.{column} IS NOT NULL"))
        .collect();
    let equal: Vec<String> = key
        .columns
        .iter()
        .zip(&key.far_columns)
        .zip(&key.equal)
        .map(|((near, far), equal)| format!("k.{far} {equal} t.{near}"))
        .collect();
    format!(
        "SELECT /* turnback */ count(*) FROM {} t WHERE {} AND NOT EXISTS (SELECT FROM {} k WHERE {})",
        rows(&key.table, key.partitioned),
        given.join(" AND "),
        rows(&key.far, key.far_partitioned),
        equal.join(" AND "),
    )
}

fn title(table: &TableName, name: &Ident) -> String {
    format!("foreign key {name} of {table}")
}

/// Constraints that steps which run in a state make and validate.
fn being_made(program: &Program, state: PhaseState) -> BTreeSet<(&TableName, &Ident)> {
    Stage::ALL
        .into_iter()
        .filter(|stage| stage.runs_in().contains(&state))
        .flat_map(|stage| program.steps(stage))
        .flat_map(|step| &step.done_when)
        .flat_map(constraints)
        .collect()
}

fn constraints(fact: &Fact) -> Vec<(&TableName, &Ident)> {
    match fact {
        Fact::Constraint(table, name) | Fact::ConstraintValid(table, name) => vec![(table, name)],
        Fact::Either(one, other) => [constraints(one), constraints(other)].concat(),
        Fact::Column(..)
        | Fact::NotNull(..)
        | Fact::IndexPresent(_)
        | Fact::IndexValid(_)
        | Fact::Trigger(..)
        | Fact::Relation(_)
        | Fact::Statistics(_)
        | Fact::Filled(_)
        | Fact::Reads(..)
        | Fact::Partition(..)
        | Fact::Not(_) => vec![],
    }
}
