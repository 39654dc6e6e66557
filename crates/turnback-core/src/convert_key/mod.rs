//! `convert_key`: integer keys to UUID, with every foreign key that points at them, online,
//! and back.
//!
//! The operation is planned in rooms of its own: `touched` finds the columns that change,
//! `passes` the order of tables, `refuse` what cannot be carried; `columns`, `sync`,
//! `fill`, `indexes`, `constraints`, `versions` and `verify` write the steps of
//! expand; `cut_over`, `back` with `carry`, and `contract` the rest of the life.

mod affected;
mod back;
mod carry;
mod columns;
mod constraints;
mod contract;
mod cut_over;
mod expression;
mod family;
mod fill;
mod indexes;
mod lookup;
mod not_null;
mod own_functions;
mod parts;
mod passes;
mod policies;
mod reach;
mod refuse;
mod statistics;
mod swap;
mod sync;
mod touched;
mod trial;
mod verify;
mod versions;
mod views;

use std::collections::BTreeSet;

use crate::name::{Ident, TableName};
use crate::plan::{ConvertKey, Recreated};
use crate::preflight::{Finding, Weight};
use crate::program::{Counterpart, Objects, Program, ReferredKey};
use crate::schema::{Snapshot, Table};
use crate::step::{Step, TableLock, Work};

pub(crate) use self::constraints::mentions;
pub use self::contract::archive_of;
pub use self::lookup::Lookup;
pub(crate) use self::own_functions::read_by as functions_read_by;
use self::policies::NewPolicy;
use self::reach::Reach;
pub use self::sync::FILL_SETTING;
use self::touched::Conversion;
pub(crate) use self::touched::allocate;
pub use self::versions::{BASE, LiveVersion};
use self::views::Carried;

/// Plans a phase of key conversions.
///
/// `live` are the version schemas that earlier phases of the plan have made and still keep.
/// The answer carries warnings and notes beside the program.
///
/// # Errors
///
/// Everything that cannot be converted or carried, object by object.
pub fn program(
    lookup: &Lookup<'_>,
    phase: &str,
    operations: &[ConvertKey],
    live: &[LiveVersion],
) -> Result<(Program, Vec<Finding>), Vec<Finding>> {
    let (conversion, findings) = examine(lookup, phase, operations, live)?;
    let room = Room {
        snapshot: lookup.snapshot,
        conversion: &conversion,
        policies: policies::of(lookup.snapshot, operations),
        views: carried(lookup.snapshot, &conversion, operations, live),
        old_tag: versions::old_tag(live).to_owned(),
    };
    let passes = passes::order(&conversion);

    let mut expand = verify::one_row_each(&room);
    expand.extend(columns::steps(&room, &passes));
    expand.extend(views::build(&room));
    expand.extend(policies::rehearse(&room));
    expand.extend(fill::steps(&room, &passes));
    expand.extend(fill::sweep_keys(&room, &passes));
    expand.extend(statistics::build(&room));
    expand.extend(fill::vacuum(&room));
    expand.extend(indexes::build(&room));
    expand.extend(constraints::filled(&room, &passes));
    expand.extend(constraints::checks(&room));
    expand.extend(constraints::foreign_keys(&room));
    expand.extend(views::fill(&room));
    let versions = versions::plan(&room, live);
    let mut settle = indexes::build_spare(&room);
    settle.extend(cut_over::settle(&room));
    let mut give_up_old = indexes::drop_spare(&room);
    give_up_old.extend(versions.give_up_old);
    expand.push(versions.create);
    expand.push(verify::step(&room));

    let program = Program {
        phase: phase.to_owned(),
        expand,
        cut_over: vec![cut_over::step(&room)],
        settle,
        swap_back: vec![back::swap(&room, &versions.stand_ins)],
        withdraw: back::withdraw(&room, &passes, versions.withdraw),
        contract: contract::steps(&room, give_up_old),
        retire: vec![versions.retire],
        tables: conversion.relations().cloned().collect(),
        columns: conversion
            .columns()
            .map(|(table, column)| (table.clone(), column.name.clone()))
            .collect(),
        counterparts: counterparts(&conversion),
        foreign_keys: constraints::touched_foreign_keys(&room)
            .into_iter()
            .map(|(table, constraint, _)| (table.clone(), constraint.name.clone()))
            .collect(),
        rewrites: fill::by_leaf(&room, &passes)
            .map(|pass| pass.table)
            .collect(),
        version_schemas: versions.schemas,
        versions: versions.kept,
        views: room.views.iter().map(|view| view.name.clone()).collect(),
        trials: trial::trials(&room),
        objects: objects(&room, &versions.names),
        irreversible: vec![],
    };
    Ok((program, findings))
}

/// What stands in the way of a phase, object by object: the errors of [`program`], without
/// the work of writing one.
pub fn refusals(
    lookup: &Lookup<'_>,
    phase: &str,
    operations: &[ConvertKey],
    live: &[LiveVersion],
) -> Vec<Finding> {
    let mut findings = examine(lookup, phase, operations, live)
        .err()
        .unwrap_or_default();
    findings.retain(|finding| finding.weight == Weight::NoGo);
    findings
}

/// Whether an object that the plan gives anew computes with a column that the phase touches.
/// Nothing when the phase cannot be planned, which is said elsewhere, or the object is not there.
pub(crate) fn depends(
    lookup: &Lookup<'_>,
    phase: &str,
    operations: &[ConvertKey],
    object: &Recreated,
) -> Option<bool> {
    let conversion = touched::resolve(lookup, phase, operations).ok()?;
    match object {
        Recreated::MaterializedView(name) => {
            let reached = affected::views(lookup.snapshot, &conversion, &BTreeSet::new());
            Some(reached.iter().any(|(view, _)| *view == name))
        }
        Recreated::Policy { name, on } => {
            let table = lookup.snapshot.tables.get(on)?;
            let policy = table.policies.iter().find(|policy| policy.name == *name)?;
            let reach = Reach::new(lookup.snapshot, &conversion);
            Some(!reach.touched(&policy.all_reads(on)).is_empty())
        }
    }
}

/// The columns that change, and what there is to say about them; or what forbids it.
fn examine(
    lookup: &Lookup<'_>,
    phase: &str,
    operations: &[ConvertKey],
    live: &[LiveVersion],
) -> Result<(Conversion, Vec<Finding>), Vec<Finding>> {
    let conversion = touched::resolve(lookup, phase, operations)?;
    let given = policies::of(lookup.snapshot, operations);
    let views = carried(lookup.snapshot, &conversion, operations, live);
    let findings = refuse::findings(lookup, &conversion, &given, &views, live);
    if findings
        .iter()
        .any(|finding| finding.weight == Weight::NoGo)
    {
        return Err(findings);
    }
    Ok((conversion, findings))
}

/// What every room of this operation works on.
pub(crate) struct Room<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) conversion: &'a Conversion,
    /// Policies that the plan gives anew.
    pub(crate) policies: Vec<NewPolicy<'a>>,
    /// Views that change with it, each after those that it reads.
    pub(crate) views: Vec<Carried<'a>>,
    /// The tag of the version that shows the old shape.
    pub(crate) old_tag: String,
}

/// The views that a phase carries, with the SQL of those that the plan gives anew.
fn carried<'a>(
    snapshot: &'a Snapshot,
    conversion: &Conversion,
    operations: &'a [ConvertKey],
    live: &[LiveVersion],
) -> Vec<Carried<'a>> {
    if snapshot.views.is_empty() {
        return vec![];
    }
    let ours = versions::live_schemas(snapshot, live);
    affected::views(snapshot, conversion, &ours)
        .into_iter()
        .map(|(name, view)| Carried {
            name,
            view,
            sql: operations
                .iter()
                .flat_map(|operation| &operation.recreate)
                .find(|given| given.what == Recreated::MaterializedView(name.clone()))
                .map(|given| given.sql.as_str()),
        })
        .collect()
}

impl Room<'_> {
    pub(crate) fn phase(&self) -> &str {
        &self.conversion.phase
    }

    /// The table's entry in the snapshot: `resolve` took every touched table from there.
    pub(crate) fn table(&self, name: &TableName) -> &Table {
        self.snapshot
            .tables
            .get(name)
            .expect("a touched table comes from this snapshot")
    }

    /// Locks on all tables that the cut-over changes and their partitions, in one fixed order,
    /// so that two of our own transactions never wait for each other crosswise.
    pub(crate) fn lock_all(&self) -> Vec<TableLock> {
        let tables: BTreeSet<&TableName> = self
            .conversion
            .tables
            .keys()
            .chain(self.policies.iter().map(|policy| policy.on))
            .collect();
        tables
            .into_iter()
            .map(|table| self.exclusive(table))
            .collect()
    }

    /// Whether the column is touched.
    pub(crate) fn is_touched(&self, table: &TableName, column: &Ident) -> bool {
        self.conversion.column(table, column).is_some()
    }

    /// Columns as they stand in the new shape's making: touched ones by their new name.
    pub(crate) fn renamed(
        &self,
        table: &TableName,
        columns: &[Ident],
        era: Era,
        shape: Shape,
    ) -> Vec<Ident> {
        columns
            .iter()
            .map(|column| {
                if self.is_touched(table, column) {
                    era.name(column, shape)
                } else {
                    column.clone()
                }
            })
            .collect()
    }
}

/// Which shape a column belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Old,
    New,
}

/// Columns carry their plain name in the shape that `public` shows; the other shape's stand
/// aside. PL/pgSQL refers to fields by name, so everything written in it exists per era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    BeforeCutOver,
    AfterCutOver,
}

impl Era {
    pub(crate) fn name(self, column: &Ident, shape: Shape) -> Ident {
        match (self, shape) {
            (Self::BeforeCutOver, Shape::Old) | (Self::AfterCutOver, Shape::New) => column.clone(),
            (Self::BeforeCutOver, Shape::New) => column.new_shape(),
            (Self::AfterCutOver, Shape::Old) => column.old_shape(),
        }
    }
}

/// Schema and table as one word, for names of our own objects: `public_users`. A dot stands
/// between them where an underscore would leave open which is which.
fn one_word(table: &TableName) -> String {
    let (schema, name) = (table.schema.as_str(), table.name.as_str());
    let between = if schema.contains('_') || name.contains('.') {
        '.'
    } else {
        '_'
    };
    format!("{schema}{between}{name}")
}

/// The columns that change, with the keys that they refer to.
fn counterparts(conversion: &Conversion) -> Vec<Counterpart> {
    conversion
        .columns()
        .map(|(table, column)| {
            let key = conversion.key_of(column);
            Counterpart {
                table: table.clone(),
                column: column.name.clone(),
                refers_to: (!column.is_key).then(|| ReferredKey {
                    table: key.table.clone(),
                    column: key.column.clone(),
                    beside: column.beside.clone(),
                }),
            }
        })
        .collect()
}

/// A transaction step.
pub(crate) fn transaction(
    id: String,
    title: String,
    locks: Vec<TableLock>,
    statements: Vec<String>,
    done_when: Vec<crate::fact::Fact>,
) -> Step {
    Step {
        id,
        title,
        work: Work::Transaction { locks, statements },
        done_when,
    }
}

fn objects(room: &Room<'_>, views: &[String]) -> Objects {
    let mut objects = Objects::default();
    for (table, column) in room.conversion.columns() {
        objects
            .created
            .push(format!("column {table}.{}", column.name.new_shape()));
        objects
            .changed
            .push(format!("column {table}.{} (integer to uuid)", column.name));
        objects
            .dropped
            .push(format!("column {table}.{}", column.name.old_shape()));
        if let Some(sequence) = room
            .table(table)
            .column(&column.name)
            .and_then(|c| c.sequence.as_ref())
        {
            objects.dropped.push(format!("sequence {sequence}"));
        }
    }
    for table in room.conversion.tables.keys() {
        for trigger in sync::trigger_names(room, table) {
            objects
                .created
                .push(format!("trigger {trigger} on {table}"));
        }
        for index in indexes::touched(room, table) {
            objects.created.push(format!(
                "index {}",
                table.sibling(index.name.new_shape_of(room.phase()))
            ));
            objects
                .changed
                .push(format!("index {}", table.sibling(index.name.clone())));
        }
    }
    for (_, found) in statistics::touched(room) {
        let name = statistics::new_name(room, found);
        objects.created.push(format!("statistics {name}"));
        objects
            .changed
            .push(format!("statistics {}", found.full_name()));
    }
    for policy in &room.policies {
        objects
            .changed
            .push(format!("{} (given anew)", policy.title()));
    }
    objects
        .created
        .extend(views.iter().map(|view| ["view ", view].concat()));
    for carried in &room.views {
        let kind = carried.kind().to_lowercase();
        let name = carried.name;
        objects
            .created
            .push(format!("{kind} {name} of the new shape"));
        objects
            .changed
            .push(format!("{kind} {name} (shows the new shape)"));
        objects
            .dropped
            .push(format!("{kind} {name} of the old shape"));
    }
    for key in &room.conversion.keys {
        objects.created.push(format!(
            "table {} (key archive, at contract)",
            contract::archive_table(room, key)
        ));
    }
    objects
}
