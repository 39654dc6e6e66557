//! Each rule with a bad sample and a good one.

mod activity;
mod objects;
mod replication;

use super::*;
use crate::backfill::{Backfill, BackfillKind};
use crate::preflight::Weight;
use crate::schema::{Column, Constraint, ConstraintKind, Function, Index, Schema, Sequence, Table};

fn users() -> TableName {
    TableName::new("public", "users")
}

fn seq() -> TableName {
    TableName::new("public", "users_id_seq")
}

/// A server on which everything is well.
fn well() -> ServerFacts {
    ServerFacts {
        state: ServerState {
            version: 150_000,
            database: "shop".to_owned(),
            autovacuum: true,
            frozen_age: 1_000,
            free_bytes: Some(1 << 40),
            ..ServerState::default()
        },
        role: Role {
            name: "deploy".to_owned(),
            has_rights_of: ["deploy", "boss"].map(str::to_owned).into(),
            creates_schemas: true,
            creates_in: ["public".into()].into(),
            may_silence_triggers: true,
            sees_all_sessions: true,
            ..Role::default()
        },
        connections: Connections {
            most: 100,
            used: 10,
            ..Connections::default()
        },
        ..ServerFacts::default()
    }
}

/// A database with one table, `users`, of the role `boss`.
fn shop() -> Snapshot {
    let table = Table {
        owner: "boss".to_owned(),
        columns: ["id", "age"]
            .map(|name| Column {
                name: name.into(),
                type_name: "integer".to_owned(),
                sequence: (name == "id").then(seq),
                ..Column::default()
            })
            .into(),
        ..Table::default()
    };
    let sequence = Sequence {
        type_name: "integer".to_owned(),
        owner: "boss".to_owned(),
        definition: String::new(),
        max_value: i64::from(i32::MAX),
        owned_by: Some((users(), "id".into())),
        used_by: vec![(users(), "id".into())],
        dependents: vec![],
        grants: vec![],
    };
    Snapshot {
        server_version: 150_000,
        database: "shop".to_owned(),
        schemas: [("public".into(), Schema::default())].into(),
        tables: [(users(), table)].into(),
        sequences: [(seq(), sequence)].into(),
        ..Snapshot::default()
    }
}

/// A program that converts `users.id`, with a backfill that is quiet or not.
fn program(quiet: bool) -> Program {
    Program {
        phase: "one".to_owned(),
        expand: vec![Step {
            id: "fill.public.users".to_owned(),
            title: String::new(),
            work: Work::Backfill(Backfill {
                table: users(),
                kind: BackfillKind::Fill {
                    columns: vec![("id_turnback_new".into(), "gen_random_uuid()".to_owned())],
                    pending: "true".to_owned(),
                },
                quiet,
                complete: false,
                looked_up: false,
            }),
            done_when: vec![],
        }],
        tables: vec![users()],
        columns: vec![(users(), "id".into())],
        ..Program::default()
    }
}

/// Finds what there is to find for the quiet program on the shop's database.
fn found(facts: &ServerFacts) -> Vec<(Weight, String)> {
    found_in(facts, &shop())
}

fn found_in(facts: &ServerFacts, snapshot: &Snapshot) -> Vec<(Weight, String)> {
    server_findings(facts, &[&program(true)], snapshot)
        .into_iter()
        .map(|finding| (finding.weight, finding.code))
        .collect()
}

/// The only finding, after one change to a server on which everything is well.
fn only(change: impl FnOnce(&mut ServerFacts)) -> Finding {
    let mut facts = well();
    change(&mut facts);
    let mut findings = server_findings(&facts, &[&program(true)], &shop());
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

fn none(change: impl FnOnce(&mut ServerFacts)) {
    let mut facts = well();
    change(&mut facts);
    assert_eq!(found(&facts), []);
}

fn is(finding: &Finding, weight: Weight, code: &str) {
    assert_eq!((finding.weight, finding.code.as_str()), (weight, code));
    for text in [&finding.object, &finding.reason, &finding.remedy] {
        assert!(!text.is_empty() && !text.ends_with('.'), "{finding:?}");
    }
}

#[test]
fn nothing_is_said_of_a_server_on_which_all_is_well() {
    none(|_| {});
}

#[test]
fn a_function_of_somebody_elses_that_holds_plans_of_a_changed_table_is_named() {
    let of = |owner: &str, source: &str| Function {
        signature: format!("public.{owner}_counts()"),
        owner: owner.to_owned(),
        language: "plpgsql".to_owned(),
        source: source.to_owned(),
        ..Function::default()
    };
    let mut snapshot = shop();
    let (mentions, not) = ("PERFORM FROM users WHERE id = 1", "PERFORM FROM orders");
    snapshot.functions = vec![of("boss", mentions), of("app", mentions), of("batch", not)];
    let named: Vec<Finding> = server_findings(&well(), &[&program(true)], &snapshot);
    assert_eq!(named.len(), 1, "{named:?}");
    is(&named[0], Weight::Warning, "not-owner-of-function");
    assert_eq!(named[0].object, "function public.app_counts()");
    assert!(named[0].remedy.starts_with("GRANT app TO deploy"));
}

#[test]
fn whoever_does_not_own_a_table_is_told_whose_rights_to_ask_for() {
    let finding = only(|f| f.role.has_rights_of.retain(|role| role != "boss"));
    is(&finding, Weight::NoGo, "not-owner");
    assert_eq!(finding.remedy, "GRANT boss TO deploy");
    assert!(finding.reason.contains("public.users"));
    none(|f| {
        f.role.has_rights_of.clear();
        f.role.creates_in.clear();
        f.role.superuser = true;
    });
}

#[test]
fn rights_to_create_are_missed_by_name() {
    let finding = only(|f| f.role.creates_schemas = false);
    is(&finding, Weight::NoGo, "no-create-on-database");
    assert_eq!(finding.remedy, "GRANT CREATE ON DATABASE shop TO deploy");
    let finding = only(|f| f.role.creates_in.clear());
    is(&finding, Weight::NoGo, "no-create-on-schema");
    assert_eq!(finding.remedy, "GRANT CREATE ON SCHEMA public TO deploy");
    // The ledger is there, and this program makes no schema of its own.
    none(|f| {
        f.role.creates_schemas = false;
        f.ledger = Some(Ledger {
            owner: "boss".to_owned(),
            lease: None,
        });
    });
}

#[test]
fn somebody_elses_ledger_stops_the_run() {
    let finding = only(|f| {
        f.ledger = Some(Ledger {
            owner: "Stranger".to_owned(),
            lease: None,
        })
    });
    is(&finding, Weight::NoGo, "not-owner-of-ledger");
    assert!(finding.remedy.starts_with("GRANT \"Stranger\" TO deploy"));
}

#[test]
fn triggers_must_be_silenced_only_where_a_backfill_is_quiet() {
    let finding = only(|f| f.role.may_silence_triggers = false);
    is(&finding, Weight::NoGo, "no-session-replication-role");
    assert_eq!(
        finding.remedy,
        "GRANT SET ON PARAMETER session_replication_role TO deploy"
    );
    let finding = only(|f| {
        f.role.may_silence_triggers = false;
        f.state.version = 140_000;
    });
    assert!(!finding.remedy.contains("GRANT SET ON PARAMETER"));
    let mut facts = well();
    facts.role.may_silence_triggers = false;
    let loud = server_findings(&facts, &[&program(false)], &shop());
    assert_eq!(loud, []);
}

#[test]
fn versions_that_cannot_work_stop_and_untried_ones_warn() {
    is(
        &only(|f| f.state.version = 130_012),
        Weight::NoGo,
        "server-too-old",
    );
    is(
        &only(|f| f.state.version = 190_000),
        Weight::Warning,
        "server-untried",
    );
    none(|f| f.state.version = 140_000);
    none(|f| f.state.version = 180_004);
}

#[test]
fn a_standby_and_a_database_that_is_read_only_stop() {
    is(&only(|f| f.state.standby = true), Weight::NoGo, "standby");
    is(
        &only(|f| f.state.read_only = true),
        Weight::NoGo,
        "read-only",
    );
}

#[test]
fn autovacuum_and_a_failing_archiver_are_missed() {
    is(
        &only(|f| f.state.autovacuum = false),
        Weight::Warning,
        "autovacuum-off",
    );
    let archiver = |failing| Some(Archiver { failing, failed: 7 });
    is(
        &only(|f| f.archiver = archiver(true)),
        Weight::Warning,
        "archiver-failing",
    );
    none(|f| f.archiver = archiver(false));
}

#[test]
fn wraparound_warns_and_then_stops() {
    is(
        &only(|f| f.state.frozen_age = 1_200_000_000),
        Weight::Warning,
        "wraparound",
    );
    is(
        &only(|f| f.state.frozen_age = 1_600_000_000),
        Weight::NoGo,
        "wraparound",
    );
    is(
        &only(|f| f.state.multixact_age = 1_600_000_000),
        Weight::NoGo,
        "multixact-wraparound",
    );
    none(|f| f.state.frozen_age = 999_999_999);
    let mut snapshot = shop();
    let table = snapshot.tables.get_mut(&users()).unwrap();
    table.vitals.frozen_age = 1_100_000_000;
    assert_eq!(
        found_in(&well(), &snapshot),
        [(Weight::Warning, "wraparound".to_owned())]
    );
}

#[test]
fn sessions_must_be_free_for_all_workers() {
    let used = |used| move |f: &mut ServerFacts| f.connections.used = used;
    none(used(94));
    is(&only(used(95)), Weight::Warning, "few-connections");
    is(&only(used(97)), Weight::NoGo, "few-connections");
    is(&only(used(200)), Weight::NoGo, "few-connections");
    let many = only(|f| f.connections.needed = Connections::needed_for(90, false));
    is(&many, Weight::Warning, "few-connections");
}

#[test]
fn event_triggers_are_named_but_for_those_at_login() {
    let trigger = |event: &str| {
        vec![EventTrigger {
            name: "Audit".into(),
            event: event.to_owned(),
            function: "public.audit".to_owned(),
        }]
    };
    let finding = only(|f| f.event_triggers = trigger("ddl_command_end"));
    is(&finding, Weight::Warning, "event-trigger");
    assert_eq!(finding.object, "event trigger \"Audit\"");
    none(|f| f.event_triggers = trigger("login"));
}

#[test]
fn facts_survive_json() {
    let mut facts = well();
    facts.sessions = activity::session("active", 1);
    let text = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<ServerFacts>(&text).unwrap(), facts);
}

#[test]
fn a_cut_over_of_more_partitions_than_the_server_has_locks_for_is_found() {
    let weights = |slots| {
        let mut facts = well();
        facts.state.lock_slots = slots;
        let program = Program {
            tables: vec![users()],
            ..Program::default()
        };
        server_findings(&facts, &[&program], &shop())
            .into_iter()
            .filter(|finding| finding.code == "few-locks")
            .map(|finding| finding.weight)
            .collect::<Vec<_>>()
    };
    assert_eq!(weights(6_400), vec![]);
    assert_eq!(weights(8), vec![Weight::Warning]);
    assert_eq!(weights(1), vec![Weight::NoGo]);
    assert_eq!(weights(0), vec![], "what is not known is no finding");
}
