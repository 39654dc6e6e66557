//! The order in which tables are filled, whatever the foreign-key graph looks like.

mod init_support;

use std::collections::BTreeSet;

use init_support::{Db, name};
use proptest::prelude::*;
use turnback_core::backfill::BackfillKind;
use turnback_core::name::{Ident, TableName};
use turnback_core::phases::program;
use turnback_core::plan::{ConvertKey, Generate, Operations, Phase};
use turnback_core::program::Program;
use turnback_core::step::Work;

type Graph = Vec<[Option<usize>; 2]>;

/// Tables with an id and two references; each reference points at some table or at none.
fn graphs() -> impl Strategy<Value = Graph> {
    (1..12_usize).prop_flat_map(|tables| {
        let reference = || prop::option::of(0..tables);
        let references = (reference(), reference()).prop_map(|(a, b)| [a, b]);
        prop::collection::vec(references, tables)
    })
}

fn plan(graph: &Graph) -> Program {
    let table = |number: usize| format!("t{number:02}");
    let mut db = Db::new("random");
    for number in 0..graph.len() {
        db = db.table(&table(number), &["*id bigint", "a bigint", "b bigint"]);
    }
    for (from, references) in graph.iter().enumerate() {
        for (column, to) in ["a", "b"].iter().zip(references) {
            if let Some(to) = to {
                db = db.points(
                    &format!("{}({column})", table(from)),
                    &format!("{}(id)", table(*to)),
                );
            }
        }
    }
    let key = |number| ConvertKey {
        table: name(&table(number)),
        column: None,
        generate: Generate::V4,
        recreate: vec![],
    };
    let phase = Phase {
        id: "p".to_owned(),
        after: vec![],
        operations: Operations::ConvertKeys((0..graph.len()).map(key).collect()),
        bake: None,
        canary: None,
    };
    program(&db.0, &phase, &[]).expect("a program").program
}

/// Columns in the order in which the backfill fills them, pass by pass.
fn passes(program: &Program) -> Vec<(TableName, Vec<Ident>)> {
    let fills = program
        .expand
        .iter()
        .filter(|step| step.id.starts_with("fill."));
    fills
        .map(|step| match &step.work {
            Work::Backfill(backfill) => match &backfill.kind {
                BackfillKind::Fill { columns, .. } => (
                    backfill.table.clone(),
                    columns.iter().map(|(column, _)| column.clone()).collect(),
                ),
                BackfillKind::Archive { .. } => panic!("expand archives nothing"),
            },
            work => panic!("a fill is a backfill: {work:?}"),
        })
        .collect()
}

fn ids(graph: &Graph) -> Vec<String> {
    plan(graph)
        .expand
        .iter()
        .filter_map(|step| step.id.strip_prefix("fill.public.").map(str::to_owned))
        .collect()
}

#[test]
fn parents_go_before_children() {
    assert_eq!(
        ids(&vec![[Some(2), None], [None, None], [Some(1), None]]),
        ["t01", "t02", "t00"]
    );
}

#[test]
fn a_table_that_refers_to_itself_gets_its_keys_first() {
    assert_eq!(ids(&vec![[Some(0), None]]), ["t00.keys", "t00"]);
}

#[test]
fn a_cycle_is_opened_where_most_tables_wait() {
    // 0 and 1 refer to each other; 2 and 3 wait for 0 as well.
    let graph = vec![
        [Some(1), None],
        [Some(0), None],
        [Some(0), None],
        [Some(0), None],
    ];
    assert_eq!(ids(&graph), ["t00.keys", "t01", "t02", "t03", "t00"]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 64,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_reference_is_filled_after_the_key_it_needs_and_every_column_once(graph in graphs()) {
        let program = plan(&graph);
        let mut filled: BTreeSet<(TableName, Ident)> = BTreeSet::new();
        for (table, columns) in passes(&program) {
            let number: usize = table.name.as_str()[1..].parse().expect("a number");
            for column in &columns {
                let reference = ["a", "b"]
                    .iter()
                    .position(|name| Ident::new(*name).new_shape() == *column);
                if let Some(to) = reference.and_then(|reference| graph[number][reference]) {
                    let key = (name(&format!("t{to:02}")), Ident::new("id").new_shape());
                    prop_assert!(filled.contains(&key), "{table}.{column} before t{to:02}.id");
                }
            }
            for column in columns {
                prop_assert!(filled.insert((table.clone(), column)), "a column of {table} twice");
            }
        }
        let touched: BTreeSet<_> = program
            .columns
            .iter()
            .map(|(table, column)| (table.clone(), column.new_shape()))
            .collect();
        prop_assert_eq!(filled, touched);
    }
}
