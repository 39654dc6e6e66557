//! Plans that are right, and what is read from them.

use std::time::Duration;

use turnback_core::name::{Ident, TableName};
use turnback_core::plan::{Generate, Operations, ParsedPlan, PlanSource, Settings, parse};

fn read(text: &str) -> ParsedPlan {
    parse(&PlanSource {
        file_name: "turnback.yaml",
        text,
        env: &|name| (name == "DB").then(|| "postgres://app:pw@db/chat".to_owned()),
        read_file: &|path| match path {
            "sql/up.sql" => Ok("SELECT 1;\n".to_owned()),
            _ => Err("no such file".to_owned()),
        },
        target_override: None,
    })
    .unwrap_or_else(|found| panic!("{found:#?}"))
}

fn phase(rest: &str) -> String {
    format!("version: 1\nname: chat\ntarget: ${{DB}}\nphases:\n  - id: a\n{rest}")
}

fn convert(rest: &str) -> (TableName, Option<Ident>, Generate) {
    let parsed = read(&phase(&format!(
        "    operations:\n      - convert_key: {{ to: uuid, {rest} }}\n"
    )));
    match &parsed.plan.phases[0].operations {
        Operations::ConvertKeys(keys) => (
            keys[0].table.clone(),
            keys[0].column.clone(),
            keys[0].generate.clone(),
        ),
        Operations::Sql(_) => panic!("a key conversion became SQL"),
    }
}

#[test]
fn a_small_plan_gets_the_documented_defaults() {
    let plan = read(&phase(
        "    operations: [{ convert_key: { table: users, to: uuid } }]\n",
    ))
    .plan;
    assert_eq!(plan.name, "chat");
    assert_eq!(plan.target.expose_secret(), "postgres://app:pw@db/chat");
    assert_eq!(plan.schema, Ident::new("public"));
    assert_eq!(plan.settings, Settings::default());
    assert_eq!(plan.phases[0].bake, None);
}

#[test]
fn settings_and_durations_are_read() {
    let text = format!(
        "{}    bake: 1h30m\n    operations: [{{ sql: {{ up: x, down: y, transaction: false }} }}]\nsettings: {{ lock_timeout: 50ms, lock_attempts: 5, workers: 8, batch_time: 1s, answer_timeout: 5s, way_back_cancels_after: 400ms, vacuum_after: 10, max_lag: 3s, max_wal_rate: 20MB, max_archive_lag: 64MB, max_retained_wal: 1GB, max_lock_waits: 0, min_free_disk: 500MB, pause_when: SELECT false, ignore_standbys: [late] }}\n",
        phase("")
    );
    let plan = read(&text).plan;
    assert_eq!(
        plan.settings,
        Settings {
            lock_timeout: Duration::from_millis(50),
            lock_attempts: 5,
            workers: 8,
            batch_time: Duration::from_secs(1),
            answer_timeout: Duration::from_secs(5),
            way_back_cancels_after: Some(Duration::from_millis(400)),
            vacuum_after: 10,
            max_lag: Duration::from_secs(3),
            max_wal_rate: Some(20 << 20),
            max_archive_lag: 64 << 20,
            max_retained_wal: Some(1 << 30),
            max_lock_waits: 0,
            min_free_disk: Some(500 << 20),
            pause_when: Some("SELECT false".to_owned()),
            ignore_standbys: vec!["late".to_owned()],
        }
    );
    assert_eq!(plan.phases[0].bake, Some(Duration::from_secs(5400)));
}

#[test]
fn names_follow_the_rules_of_sql() {
    assert_eq!(convert("table: Users").0, TableName::new("public", "users"));
    assert_eq!(
        convert("table: billing.invoices").0,
        TableName::new("billing", "invoices")
    );
    assert_eq!(
        convert(r#"table: '"Order"'"#).0,
        TableName::new("public", "Order")
    );
    assert_eq!(
        convert(r#"table: '"My Schema"."T"'"#).0,
        TableName::new("My Schema", "T")
    );
    assert_eq!(
        convert(r#"table: t, column: '"Id"'"#).1,
        Some(Ident::new("Id"))
    );
}

#[test]
fn an_unqualified_table_is_in_the_schema_of_the_plan() {
    let text =
        phase("    operations: [{ convert_key: { table: users, to: uuid } }]\nschema: shop\n");
    let parsed = read(&text);
    let Operations::ConvertKeys(keys) = &parsed.plan.phases[0].operations else {
        panic!("a key conversion became SQL");
    };
    assert_eq!(keys[0].table, TableName::new("shop", "users"));
}

#[test]
fn new_keys_are_made_as_asked() {
    assert_eq!(convert("table: t").2, Generate::V4);
    assert_eq!(convert("table: t, generate: v4").2, Generate::V4);
    assert_eq!(convert("table: t, generate: v7").2, Generate::V7);
    assert_eq!(
        convert("table: t, generate: v7, v7_from: created_at").2,
        Generate::V7From(Ident::new("created_at"))
    );
}

#[test]
fn sql_comes_from_text_blocks_and_files() {
    let parsed = read(&phase(
        "    operations:\n      - sql:\n          up: { file: sql/up.sql }\n          down: |\n            DROP TABLE a;\n            DROP TABLE b;\n          verify: SELECT count(*) = 0 FROM t\n      - sql: { up: DELETE FROM t, irreversible: true }\n",
    ));
    let Operations::Sql(operations) = &parsed.plan.phases[0].operations else {
        panic!("SQL became a key conversion");
    };
    assert_eq!(operations[0].up, "SELECT 1;\n");
    assert_eq!(
        operations[0].down.as_deref(),
        Some("DROP TABLE a;\nDROP TABLE b;\n")
    );
    assert_eq!(
        operations[0].verify.as_deref(),
        Some("SELECT count(*) = 0 FROM t")
    );
    assert!(operations[0].transaction && !operations[0].irreversible);
    assert!(operations[1].irreversible && operations[1].down.is_none());
}

#[test]
fn phases_follow_what_they_wait_for_and_otherwise_the_file() {
    let one = |id: &str, after: &str| {
        format!("  - {{ id: {id}, {after} operations: [{{ sql: {{ up: x, down: y }} }}] }}\n")
    };
    let text = format!(
        "version: 1\nname: chat\ntarget: ${{DB}}\nphases:\n{}{}{}{}{}",
        one("c", "after: [e, b],"),
        one("a", ""),
        one("b", ""),
        one("d", "after: [a],"),
        one("e", "after: [],"),
    );
    let plan = read(&text).plan;
    let ids: Vec<_> = plan.phases.iter().map(|phase| phase.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "d", "e", "c"]);
    assert_eq!(plan.phases[4].after, ["e", "b"]);
}

#[test]
fn the_command_line_wins_over_the_target_of_the_file() {
    for target in ["", "target: ${NOT_SET}\n", "target: postgres://other/x\n"] {
        let text = format!(
            "version: 1\nname: chat\n{target}phases: [{{ id: a, operations: [{{ sql: {{ up: x, down: y }} }}] }}]\n"
        );
        let parsed = parse(&PlanSource {
            file_name: "turnback.yaml",
            text: &text,
            env: &|_| None,
            read_file: &|_| Err("no files here".to_owned()),
            target_override: Some("postgresql://db/given".to_owned()),
        })
        .unwrap_or_else(|found| panic!("{found:#?}"));
        assert_eq!(parsed.plan.target.expose_secret(), "postgresql://db/given");
    }
}

#[test]
fn variables_expand_inside_the_target_and_a_doubled_dollar_stands_for_itself() {
    let text = phase("    operations: [{ sql: { up: x, down: y } }]\n")
        .replace("${DB}", "postgres://${USER}:p$w$${x}@${HOST}/chat");
    let parsed = parse(&PlanSource {
        file_name: "turnback.yaml",
        text: &text,
        env: &|name| Some(name.to_lowercase()),
        read_file: &|_| Err("no files here".to_owned()),
        target_override: None,
    })
    .unwrap_or_else(|found| panic!("{found:#?}"));
    assert_eq!(
        parsed.plan.target.expose_secret(),
        "postgres://user:p$w${x}@host/chat"
    );
}

#[test]
fn places_of_phases_tables_and_columns_are_kept() {
    let text = phase(
        "    operations:\n      - convert_key: { table: users, column: id, to: uuid, generate: v7, v7_from: at }\n",
    );
    let parsed = read(&text);
    let spans = &parsed.spans.phases["a"];
    assert_eq!(&text[spans.id.range()], "a");
    let key = &spans.keys[0];
    assert_eq!(&text[key.table.range()], "users");
    assert_eq!((key.table.line, key.table.column), (7, 31));
    assert_eq!(key.column.map(|at| &text[at.range()]), Some("id"));
    assert_eq!(key.v7_from.map(|at| &text[at.range()]), Some("at"));
}

#[test]
fn line_ends_byte_order_marks_and_comments_do_not_matter() {
    let text = phase("    operations: [{ sql: { up: x, down: y } }] # done\n");
    let plan = read(&text).plan;
    assert_eq!(read(&text.replace('\n', "\r\n")).plan, plan);
    assert_eq!(read(&format!("\u{feff}# a plan\n---\n{text}")).plan, plan);
}

#[test]
fn a_phase_may_not_take_a_word_that_scope_gives_a_meaning_to() {
    for id in ["current", "previous", "all", "base"] {
        let text = format!(
            "version: 1\nname: p\ntarget: postgres://h/d\nphases:\n  - id: {id}\n    operations:\n      - convert_key: {{ table: t, to: uuid }}\n"
        );
        let errors = parse(&PlanSource {
            file_name: "turnback.yaml",
            text: &text,
            env: &|_| None,
            read_file: &|_| Err("no files here".to_owned()),
            target_override: None,
        })
        .expect_err(id);
        assert!(
            errors
                .iter()
                .any(|e| e.code == "bad-phase-id" && e.message.contains(id)),
            "{errors:?}"
        );
    }
}
