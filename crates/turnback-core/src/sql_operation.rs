//! `sql`: the user's own statements, with the user's own way back.

use std::collections::BTreeSet;

use crate::plan::SqlOperation;
use crate::program::Program;
use crate::step::{Check, Step, Work};

/// Plans a phase of `sql` operations: all `up` in order at expand, all `down` in reverse on
/// the way back. There is no second shape, so cut-over and contract have nothing to do.
pub fn program(phase: &str, operations: &[SqlOperation]) -> Program {
    let mut program = Program {
        phase: phase.to_owned(),
        ..Program::default()
    };
    for (index, operation) in operations.iter().enumerate() {
        let number = index + 1;
        program.expand.push(script(
            format!("sql.{number}.up"),
            format!("run the SQL of operation {number}"),
            &operation.up,
            operation.transaction,
        ));
        if let Some(verify) = &operation.verify {
            program.expand.push(Step {
                id: format!("sql.{number}.verify"),
                title: format!("verify operation {number}"),
                work: Work::Verify {
                    checks: vec![Check {
                        promise: format!("the verify query of operation {number} answers true"),
                        sql: format!(
                            "SELECT CASE WHEN (\n{}\n) THEN 0 ELSE 1 END::bigint",
                            verify.trim().trim_end_matches(';')
                        ),
                    }],
                },
                done_when: vec![],
            });
        }
        match &operation.down {
            Some(down) => program.withdraw.insert(
                0,
                script(
                    format!("sql.{number}.down"),
                    format!("run the way back of operation {number}"),
                    down,
                    operation.transaction,
                ),
            ),
            None => program.irreversible.push(format!(
                "operation {number} is marked irreversible: it has no way back but a backup"
            )),
        }
    }
    program.objects.changed = operations
        .iter()
        .map(|o| format!("whatever this SQL changes: {}", first_line(&o.up)))
        .collect();
    program
}

/// Ways back whose way forward was never begun, by step id, given the steps of expand that
/// are done: running them would undo what is not there.
///
/// SQL in a transaction was done or was not; SQL outside of one may have been left half done,
/// so its way back runs unless an operation before it was not through.
pub fn nothing_to_undo(program: &Program, expanded: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut needless = BTreeSet::new();
    let mut reached = true;
    for step in &program.expand {
        let is_done = expanded.contains(step.id.as_str());
        if let Work::Script { transaction, .. } = &step.work
            && !is_done
            && (!reached || *transaction)
            && let Some(operation) = step.id.strip_suffix(".up")
        {
            needless.insert(format!("{operation}.down"));
        }
        reached &= is_done;
    }
    needless
}

fn script(id: String, title: String, sql: &str, transaction: bool) -> Step {
    Step {
        id,
        title,
        work: Work::Script {
            sql: sql.to_owned(),
            transaction,
        },
        done_when: vec![],
    }
}

fn first_line(sql: &str) -> &str {
    sql.trim().lines().next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(transaction: bool) -> SqlOperation {
        SqlOperation {
            up: "SELECT 1".to_owned(),
            down: Some("SELECT 2".to_owned()),
            verify: Some("SELECT true -- always".to_owned()),
            irreversible: false,
            transaction,
        }
    }

    #[test]
    fn only_what_was_begun_is_undone() {
        let program = program("p", &[operation(true), operation(false), operation(true)]);
        let needless = |done: &[&str]| -> Vec<String> {
            nothing_to_undo(&program, &done.iter().copied().collect())
                .into_iter()
                .collect()
        };
        assert_eq!(needless(&[]), ["sql.1.down", "sql.2.down", "sql.3.down"]);
        // The second may have been left half done.
        assert_eq!(needless(&["sql.1.up", "sql.1.verify"]), ["sql.3.down"]);
        // The first one's verify failed, so the second was not begun.
        assert_eq!(needless(&["sql.1.up"]), ["sql.2.down", "sql.3.down"]);
    }
}
