//! Whatever the foreign-key graph looks like, a draft is a plan that holds together.

mod init_support;

use std::collections::{BTreeMap, BTreeSet};

use init_support::{Db, request};
use proptest::prelude::*;
use turnback_core::init::{Draft, Group, Request};
use turnback_core::name::TableName;

/// Tables with an id and three references; each reference points at some table or at none.
fn graphs() -> impl Strategy<Value = Vec<[Option<usize>; 3]>> {
    (1..12_usize).prop_flat_map(|tables| {
        let reference = || prop::option::of(0..tables);
        let references = (reference(), reference(), reference()).prop_map(|(a, b, c)| [a, b, c]);
        prop::collection::vec(references, tables)
    })
}

fn database(graph: &[[Option<usize>; 3]]) -> Db {
    let mut db = Db::new("random");
    for table in 0..graph.len() {
        let columns = ["*id bigint", "a bigint", "b bigint", "c bigint"];
        db = db.table(&format!("t{table}"), &columns);
    }
    for (from, references) in graph.iter().enumerate() {
        for (column, to) in ["a", "b", "c"].iter().zip(references) {
            if let Some(to) = to {
                db = db.points(&format!("t{from}({column})"), &format!("t{to}(id)"));
            }
        }
    }
    db
}

/// Whether one table reaches another through foreign keys, straightforwardly.
fn reaches(graph: &[[Option<usize>; 3]], from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(table) = waiting.pop() {
        for &next in graph[table].iter().flatten() {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                waiting.push(next);
            }
        }
    }
    false
}

fn phase_of(draft: &Draft) -> BTreeMap<&TableName, usize> {
    // No phase changes a key that another has changed.
    let all: Vec<_> = draft
        .phases
        .iter()
        .enumerate()
        .flat_map(|(number, phase)| phase.keys.iter().map(move |key| (key, number)))
        .collect();
    let found: BTreeMap<_, _> = all.iter().copied().collect();
    assert_eq!(found.len(), all.len(), "each key once");
    found
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_key_changes_once_and_children_go_first(graph in graphs()) {
        let db = database(&graph);
        for group in Group::ALL {
            let draft = db.try_draft(&Request { group, ..request() }).expect("a draft");
            let phase = phase_of(&draft);
            prop_assert_eq!(phase.len(), graph.len());
            for from in 0..graph.len() {
                for to in (0..graph.len()).filter(|&to| to != from) {
                    if !reaches(&graph, from, to) {
                        continue;
                    }
                    let at = |t: usize| phase[&init_support::name(&format!("t{t}"))];
                    if reaches(&graph, to, from) {
                        prop_assert_eq!(at(from), at(to), "a cycle changes together");
                    } else if group != Group::One {
                        prop_assert!(at(from) < at(to), "t{} before t{}", from, to);
                    }
                }
            }
        }
    }

    #[test]
    fn fewer_phases_never_rewrite_more(graph in graphs()) {
        let [steps, levels, one] = database(&graph).draft().choices[..] else {
            panic!("three choices")
        };
        prop_assert!(steps.phases >= levels.phases && levels.phases >= one.phases);
        prop_assert!(one.largest >= levels.largest && one.largest >= steps.largest);
        prop_assert!(one.bytes <= levels.bytes && one.bytes <= steps.bytes);
    }
}
