//! What `plan` shows of later phases is what `up` runs when their turn comes, although the
//! catalog has changed by then.

use turnback_core::init::{Group, Request, Tables, init};
use turnback_core::name::Ident;
use turnback_core::phases::programs;
use turnback_core::plan::{Generate, PlanSource, Target as Url, parse};
use turnback_engine::edges::Target;
use turnback_postgres::PostgresTarget;
use turnback_testkit::{CHAT_SCHEMA, Cluster};

#[tokio::test]
async fn every_phase_planned_ahead_is_the_one_that_runs() {
    let database = Cluster::shared().database("ahead");
    database.execute(CHAT_SCHEMA);
    let target = PostgresTarget::new(&Url::new(database.url()), 1).expect("a connection string");
    let snapshot = target.snapshot().await.expect("a look at the catalog");
    let request = Request {
        tables: Tables::All,
        group: Group::Steps,
        generate: Generate::V4,
        name: Some("ahead".to_owned()),
        schema: Ident::new("public"),
        target_text: "${DATABASE_URL}".to_owned(),
    };
    let yaml = init(&snapshot, &request).expect("keys to convert").yaml;
    let parsed = parse(&PlanSource {
        file_name: "ahead.yaml",
        text: &yaml,
        env: &|_| None,
        read_file: &|path| Err(format!("{path} is not part of this test")),
        target_override: Some(database.url().to_owned()),
    })
    .expect("what init writes is a plan");
    let ahead: Vec<_> = programs(&snapshot, &parsed.plan.phases, &[])
        .into_iter()
        .map(|(phase, planned)| (phase.id.clone(), planned.expect("all is carried").program))
        .collect();
    assert!(ahead.len() > 2, "several phases, on tables that they share");

    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("ahead.yaml");
    std::fs::write(&file, &yaml).expect("the plan is written");
    let up = std::process::Command::new(env!("CARGO_BIN_EXE_turnback"))
        .args(["up", "--target", database.url(), "--plan"])
        .arg(&file)
        .arg("--store")
        .arg(directory.path().join("journal.db"))
        .output()
        .expect("the program runs");
    assert!(
        up.status.success(),
        "{}",
        String::from_utf8_lossy(&up.stderr)
    );

    let ran = target.phases("ahead").await.expect("the ledger");
    assert_eq!(ran.len(), ahead.len());
    for ((phase, planned), record) in ahead.iter().zip(&ran) {
        assert_eq!(phase, &record.phase);
        assert_eq!(planned, &record.program, "phase {phase}");
    }
}
