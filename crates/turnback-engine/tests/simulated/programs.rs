//! Programs in a small language that the simulated server understands.
//!
//! `add x` and `drop x` (which must be there), `drop x if there`, `show x` (what `public` shows),
//! `build x` (online: leaves an invalid remain when it fails), `validate x`.

use turnback_core::backfill::{Backfill, BackfillKind};
use turnback_core::decision::Matrix;
use turnback_core::fact::Fact;
use turnback_core::name::{Ident, TableName};
use turnback_core::notify::Notify;
use turnback_core::plan::{Backups, Operations, Phase, Plan, Settings, SqlOperation, Target};
use turnback_core::program::Program;
use turnback_core::step::{Check, LockMode, Step, TableLock, Work};

/// What a step of expand may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A transaction that adds something.
    Add,
    /// An index.
    Build,
    /// A column of a table with so many pages, at most 128.
    Fill(i64),
    /// A check of what was filled.
    Verify,
}

fn step(id: String, work: Work, done_when: Vec<Fact>) -> Step {
    Step {
        title: id.clone(),
        id,
        work,
        done_when,
    }
}

fn transaction(id: &str, statements: &[String]) -> Step {
    let work = Work::Transaction {
        locks: vec![],
        statements: statements.to_vec(),
    };
    step(id.to_owned(), work, vec![])
}

fn object(name: &str) -> TableName {
    TableName::new("public", name)
}

fn build(name: &str) -> Step {
    let index = object(name);
    let work = Work::Online {
        lock: TableLock {
            table: index.clone(),
            mode: LockMode::ShareUpdateExclusive,
            view: false,
            partitions: false,
        },
        statement: format!("build {name}"),
        clean: Some(format!("drop {name} if there")),
    };
    let done_when = vec![Fact::IndexPresent(index.clone()), Fact::IndexValid(index)];
    step(format!("index.{name}"), work, done_when)
}

fn validate(name: &str) -> Step {
    let work = Work::Online {
        lock: TableLock {
            table: object(name),
            mode: LockMode::ShareUpdateExclusive,
            view: false,
            partitions: false,
        },
        statement: format!("validate {name}"),
        clean: None,
    };
    step(format!("validate.{name}"), work, vec![])
}

/// `pages` is the size of the table: it stands in its name.
fn fill(name: &str, pages: i64) -> Step {
    let backfill = Backfill {
        table: TableName::new(format!("{pages}"), name),
        kind: BackfillKind::Fill {
            columns: vec![],
            pending: "true".to_owned(),
        },
        quiet: false,
        complete: true,
        looked_up: false,
    };
    step(format!("fill.{name}"), Work::Backfill(backfill), vec![])
}

fn verify(name: &str) -> Step {
    let checks = vec![Check {
        promise: format!("{name} is filled"),
        sql: format!("unfilled {name}"),
    }];
    step(format!("verify.{name}"), Work::Verify { checks }, vec![])
}

/// A phase with two shapes, as a key's conversion has.
pub fn two_shapes(phase: &str, pieces: &[Piece]) -> Program {
    let name = |index: usize| format!("{phase}_{index}");
    let (mut expand, mut undo, mut filled) = (Vec::new(), Vec::new(), None);
    for (index, piece) in pieces.iter().enumerate() {
        let name = name(index);
        match piece {
            Piece::Add => expand.push(transaction(
                &format!("add.{name}"),
                &[format!("add {name}")],
            )),
            Piece::Build => expand.push(build(&name)),
            Piece::Fill(pages) => {
                expand.push(transaction(
                    &format!("column.{name}"),
                    &[format!("add {name}")],
                ));
                expand.push(fill(&name, *pages));
                filled = Some(name.clone());
            }
            Piece::Verify => {
                if let Some(filled) = &filled {
                    expand.push(Step {
                        id: format!("verify.{name}"),
                        ..verify(filled)
                    });
                }
            }
        }
        undo.push(format!("drop {name} if there"));
    }
    let version = format!("version_{phase}");
    expand.push(transaction("version", &[format!("add {version}")]));
    undo.reverse();
    undo.push(format!("drop archive_{phase} if there"));
    let (old, new) = (format!("old_{phase}"), format!("new_{phase}"));
    Program {
        phase: phase.to_owned(),
        cut_over: vec![transaction(
            "cut_over",
            &[format!("add {new}"), format!("add {old}")],
        )],
        settle: vec![validate(&old)],
        swap_back: vec![transaction(
            "swap_back",
            &[format!("drop {old}"), format!("drop {new}")],
        )],
        withdraw: vec![
            transaction("drop_version", &[format!("drop {version} if there")]),
            transaction("drop_new", &undo),
        ],
        contract: vec![
            transaction("archive", &[format!("add archive_{phase}")]),
            fill(&format!("archive_{phase}"), 120),
            verify(&format!("archive_{phase}")),
            transaction("contract", &[format!("drop {old}")]),
        ],
        retire: vec![transaction("retire", &[format!("drop {version} if there")])],
        version_schemas: vec![Ident::new(version)],
        expand,
        ..Program::default()
    }
}

/// A phase of the user's own SQL; the second operation runs outside of transactions, so it is
/// written as one must be that may run twice.
pub fn sql(phase: &str) -> Phase {
    let operation = |name: &str, transaction| SqlOperation {
        up: format!(
            "add {phase}_{name}{}",
            if transaction { "" } else { " if missing" }
        ),
        down: Some(format!("drop {phase}_{name} if there")),
        verify: Some(format!("there {phase}_{name}")),
        irreversible: false,
        transaction,
    };
    Phase {
        id: phase.to_owned(),
        after: vec![],
        operations: Operations::Sql(vec![operation("within", true), operation("outside", false)]),
        bake: None,
        canary: None,
    }
}

/// A plan of these phases. What a phase of two shapes asks for is left open: its program is in
/// the ledger from the beginning.
pub fn plan(two_shapes: &[Program], sql: &[Phase]) -> Plan {
    let begun = two_shapes.iter().map(|program| Phase {
        id: program.phase.clone(),
        after: vec![],
        operations: Operations::Sql(vec![]),
        bake: None,
        canary: None,
    });
    Plan {
        name: "simulated".to_owned(),
        target: Target::new("postgres://nowhere/nothing"),
        schema: Ident::new("public"),
        settings: Settings {
            workers: 1,
            ..Settings::default()
        },
        backups: Backups::default(),
        phases: begun.chain(sql.iter().cloned()).collect(),
        guards: vec![],
        notify: Notify::default(),
        hooks: vec![],
        objectives: turnback_core::recovery::Objectives::default(),
        risks: vec![],
        decisions: Matrix::default(),
    }
}
