//! What a key conversion expands to: the whole of it on a chat schema, what it refuses, how
//! long it takes to say.

mod init_support;

use init_support::{Db, chat, name, request};
use turnback_core::init::init;
use turnback_core::name::{Ident, TableName};
use turnback_core::phases::programs;
use turnback_core::plan::{ConvertKey, Generate, Operations, Phase};
use turnback_core::program::{Program, Stage};
use turnback_core::schema::Snapshot;
use turnback_core::step::Work;

fn phase(id: &str, tables: impl IntoIterator<Item = TableName>) -> Phase {
    let operation = |table| ConvertKey {
        table,
        column: None,
        generate: Generate::V4,
        recreate: vec![],
    };
    Phase {
        id: id.to_owned(),
        after: vec![],
        operations: Operations::ConvertKeys(tables.into_iter().map(operation).collect()),
        bake: None,
        canary: None,
    }
}

/// One phase that converts these keys, or the codes of what stands in the way.
fn plan(db: &Db, tables: &[&str]) -> Result<Program, Vec<String>> {
    let phase = phase("p", tables.iter().map(|table| name(table)));
    let mut planned = programs(&db.0, [&phase], &[]);
    let (_, program) = planned.remove(0);
    program
        .map(|planned| planned.program)
        .map_err(|findings| findings.into_iter().map(|f| f.code).collect())
}

fn columns(program: &Program) -> Vec<String> {
    let one = |(table, column): &(TableName, Ident)| format!("{}.{column}", table.name);
    program.columns.iter().map(one).collect()
}

/// The program as one reads it: stage by stage, each step with its SQL.
fn text(program: &Program) -> String {
    let mut out = String::new();
    for stage in Stage::ALL {
        out.push_str(&format!("== {}\n", stage.title()));
        for step in program.steps(stage) {
            out.push_str(&format!("-- {}: {}\n", step.id, step.title));
            match &step.work {
                Work::Transaction { locks, statements } => {
                    for lock in locks {
                        out.push_str(&format!("lock {} {}\n", lock.table, lock.mode.sql()));
                    }
                    out.push_str(&statements.join(";\n"));
                    out.push('\n');
                }
                Work::Online { statement, .. } => out.push_str(&format!("{statement}\n")),
                Work::Verify { checks } => {
                    for check in checks {
                        out.push_str(&format!("{}\n{}\n", check.promise, check.sql));
                    }
                }
                work @ (Work::Backfill(_) | Work::Script { .. }) => {
                    out.push_str(&format!("{work:#?}\n"));
                }
            }
        }
    }
    out
}

#[test]
fn the_whole_program_of_a_chat_service_is_as_it_was() {
    let program = plan(&chat(), &["users", "conversations", "messages"]).expect("a program");
    insta::assert_snapshot!("chat", text(&program));
}

#[test]
fn a_column_that_leads_to_two_keys_is_refused() {
    let db = Db::new("mixed")
        .table("users", &["*id integer"])
        .table("legacy_users", &["*id integer"])
        .table("notes", &["*id integer", "user_id integer"])
        .points("notes(user_id)", "users(id)")
        .points("notes(user_id)", "legacy_users(id)");
    let refused = plan(&db, &["users", "legacy_users"]).expect_err("one uuid cannot be both");
    assert_eq!(refused, ["two-keys"]);
}

#[test]
fn a_shared_primary_key_follows_the_table_it_points_at() {
    let db = Db::new("shop")
        .table("people", &["*id integer"])
        .table("staff", &["*id integer"])
        .table("badges", &["*id integer", "staff_id integer"])
        .points("staff(id)", "people(id)")
        .points("badges(staff_id)", "staff(id)");
    let program = plan(&db, &["people"]).expect("a program");
    assert_eq!(
        columns(&program),
        ["badges.staff_id", "people.id", "staff.id"]
    );
    assert_eq!(
        plan(&db, &["staff"]).expect_err("nothing of its own"),
        ["key-is-a-foreign-key"]
    );
}

#[test]
fn a_composite_key_follows_column_by_column() {
    let program = plan(&chat(), &["users"]).expect("a program");
    assert_eq!(
        columns(&program),
        [
            "audit_logs.user_id",
            "conversations.owner_id",
            "messages.author_id",
            "participants.user_id",
            "users.id"
        ]
    );
    assert_eq!(
        plan(&chat(), &["participants"]).expect_err("no key of its own"),
        ["composite-key"]
    );
}

#[test]
fn a_program_and_a_snapshot_survive_json() {
    let db = chat();
    let program = plan(&db, &["users", "messages"]).expect("a program");
    let json = serde_json::to_string(&program).expect("a program is data");
    assert_eq!(serde_json::from_str::<Program>(&json).ok(), Some(program));
    let json = serde_json::to_string(&db.0).expect("a snapshot is data");
    assert_eq!(serde_json::from_str::<Snapshot>(&json).ok(), Some(db.0));
}

/// A thousand tables, each with up to three references to any of them.
fn wide() -> Db {
    let mut db = Db::new("wide");
    let mut random = 7_u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % below
    };
    for i in 0..1_000 {
        let columns = ["*id bigint", "a bigint", "b bigint", "c bigint"];
        db = db.table(&format!("t{i:03}"), &columns);
    }
    for n in 0..2_500 {
        let (from, to) = (n % 1_000, next(1_000));
        let column = ["a", "b", "c"][n / 1_000];
        db = db.points(&format!("t{from:03}({column})"), &format!("t{to:03}(id)"));
    }
    db
}

#[test]
fn a_thousand_tables_are_planned_however_they_are_grouped() {
    let db = wide();
    let all = phase("all", db.0.tables.keys().cloned());
    // How long that takes is measured by the benchmark `planning`.
    assert!(programs(&db.0, [&all], &[])[0].1.is_ok());

    let draft = init(&db.0, &request()).expect("a draft");
    let steps: Vec<_> = draft
        .phases
        .iter()
        .map(|drafted| phase(&drafted.id, drafted.keys.iter().cloned()))
        .collect();
    let planned = programs(&db.0, &steps, &[]);
    assert!(planned.iter().all(|(_, program)| program.is_ok()));
}
