//! Sequences, remains, space, and what clients should know.

use super::*;

#[test]
fn a_sequence_nearly_used_up_warns_and_then_stops() {
    let at = |percent: i64| {
        vec![SequencePosition {
            sequence: seq(),
            last_value: i64::from(i32::MAX) / 100 * percent,
        }]
    };
    none(|f| f.sequences = at(70));
    is(
        &only(|f| f.sequences = at(80)),
        Weight::Warning,
        "sequence-used-up",
    );
    let used_up = only(|f| f.sequences = at(95));
    is(&used_up, Weight::NoGo, "sequence-used-up");
    assert!(used_up.remedy.contains("MINVALUE -2147483648"));
}

#[test]
fn a_sequence_narrower_than_its_column_is_widened_and_a_wider_one_does_not_help() {
    let mut facts = well();
    facts.sequences = vec![SequencePosition {
        sequence: seq(),
        last_value: 32_000,
    }];
    let mut snapshot = shop();
    let sequence = snapshot.sequences.get_mut(&seq()).unwrap();
    sequence.max_value = i64::from(i16::MAX);
    let narrow = server_findings(&facts, &[&program(true)], &snapshot);
    is(&narrow[0], Weight::NoGo, "sequence-used-up");
    assert_eq!(
        narrow[0].remedy,
        "ALTER SEQUENCE public.users_id_seq AS integer MAXVALUE 2147483647"
    );
    let sequence = snapshot.sequences.get_mut(&seq()).unwrap();
    sequence.max_value = i64::MAX;
    facts.sequences[0].last_value = i64::from(i32::MAX) - 1;
    assert_eq!(
        found_in(&facts, &snapshot),
        [(Weight::NoGo, "sequence-used-up".to_owned())],
        "the column's type is the limit"
    );
}

#[test]
fn sequences_of_other_columns_do_not_matter() {
    let mut facts = well();
    facts.sequences = vec![SequencePosition {
        sequence: seq(),
        last_value: i64::from(i32::MAX),
    }];
    let other = Program {
        columns: vec![(users(), "age".into())],
        ..program(true)
    };
    assert_eq!(server_findings(&facts, &[&other], &shop()), []);
}

fn with_remains(column: &str) -> Snapshot {
    let mut snapshot = shop();
    let table = snapshot.tables.get_mut(&users()).unwrap();
    table.indexes.push(Index {
        name: "broken".into(),
        method: "btree".to_owned(),
        unique: false,
        nulls_not_distinct: false,
        primary: false,
        immediate: true,
        valid: false,
        clustered: false,
        replica_identity: false,
        keys: vec![],
        include: vec![],
        predicate: None,
        reads: [column.into()].into(),
        options: vec![],
        tablespace: None,
        constraint: false,
        parent: None,
        definition: String::new(),
        comment: None,
    });
    table.constraints.push(Constraint {
        name: "adult".into(),
        columns: vec![column.into()],
        kind: ConstraintKind::Check {
            expression: "(age > 17)".to_owned(),
        },
        deferrable: false,
        deferred: false,
        validated: false,
        inherited: false,
        parent: None,
        definition: String::new(),
        comment: None,
    });
    snapshot
}

#[test]
fn remains_beside_the_key_warn_and_those_on_it_are_left_to_the_operation() {
    let findings = server_findings(&well(), &[&program(true)], &with_remains("age"));
    is(&findings[0], Weight::Warning, "invalid-index");
    assert!(
        findings[0]
            .remedy
            .starts_with("REINDEX INDEX CONCURRENTLY public.broken")
    );
    is(&findings[1], Weight::Warning, "not-validated");
    assert_eq!(
        findings[1].remedy,
        "ALTER TABLE public.users VALIDATE CONSTRAINT adult"
    );
    assert_eq!(found_in(&well(), &with_remains("id")), []);
}

#[test]
fn space_is_compared_with_the_forecast_and_told_where_it_cannot_be() {
    let mut snapshot = shop();
    let vitals = &mut snapshot.tables.get_mut(&users()).unwrap().vitals;
    vitals.heap_bytes = 100 << 20;
    vitals.rows = 1 << 20;
    let weight = |free_bytes| {
        let mut facts = well();
        facts.state.free_bytes = free_bytes;
        found_in(&facts, &snapshot)
            .into_iter()
            .map(|(weight, code)| {
                assert_eq!(code, "disk-space");
                weight
            })
            .next()
    };
    assert_eq!(weight(Some(100 << 20)), Some(Weight::NoGo));
    assert_eq!(weight(Some(200 << 20)), Some(Weight::Warning));
    assert_eq!(weight(Some(10 << 30)), None);
    assert_eq!(weight(None), Some(Weight::Note));
}

#[test]
fn whoever_reads_tables_of_two_shapes_is_told_what_to_expect() {
    let versioned = Program {
        version_schemas: vec!["public_one".into()],
        ..program(true)
    };
    let findings = server_findings(&well(), &[&versioned, &versioned], &shop());
    assert_eq!(findings.len(), 1);
    is(&findings[0], Weight::Note, "columns-beside");
    assert_eq!(findings[0].object, "table public.users");
}
