//! What speaks against a plan is found, and named.

use std::path::Path;

use crate::world::World;

const ITEMS: &str = "CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL); \
     INSERT INTO item (name) SELECT 'item ' || g FROM generate_series(1, 50) g; ANALYZE";

#[test]
fn a_way_back_that_leaves_something_behind_is_no_go_and_its_phase_is_named() {
    let Some(world) = World::new(
        "behind",
        ITEMS,
        "  - id: harmless
    operations:
      - sql: { up: ALTER TABLE item ADD COLUMN a int, down: ALTER TABLE item DROP COLUMN a }
  - id: forgetful
    operations:
      - sql: { up: ALTER TABLE item ADD COLUMN b int, down: SELECT 1 }
  - id: more
    operations:
      - sql: { up: CREATE INDEX item_name ON item (name), down: DROP INDEX item_name }",
    ) else {
        return;
    };
    let ran = world.rehearse(&[]);
    assert_eq!(ran.code, 3, "{}\n{}", ran.out, ran.said);
    let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("Phase forgetful does not turn back to where it began"),
        "{text}"
    );
    assert!(text.contains("columns / b"), "{text}");
    assert!(text.contains("no-go: 1 reason against it"), "{text}");
    // Piped, it is plain text.
    assert!(!ran.out.contains(['\u{1b}', '\r']), "{}", ran.out);
    assert!(
        ran.out.lines().all(|line| line == line.trim_end()),
        "{}",
        ran.out
    );
}

#[test]
fn clients_that_break_are_no_go_with_the_class_of_their_error() {
    let Some(world) = World::new(
        "breaks",
        ITEMS,
        "  - id: strict
    operations:
      - sql:
          up: ALTER TABLE item ADD COLUMN price int NOT NULL DEFAULT 0; ALTER TABLE item ALTER price DROP DEFAULT
          down: ALTER TABLE item DROP COLUMN price",
    ) else { return };
    let ran = world.rehearse(&["--json", "--pace", "100"]);
    assert_eq!(ran.code, 3, "{}\n{}", ran.out, ran.said);
    let report = ran.report();
    assert_eq!(report["verdict"], "no_go");
    let reasons = report["reasons"].to_string();
    assert!(
        reasons.contains("23502") && reasons.contains("public.item"),
        "{reasons}"
    );
    assert_eq!(report["catalog"]["identical"], true);
}

#[test]
fn what_check_refuses_is_not_run() {
    let Some(world) = World::new(
        "refused",
        "CREATE TABLE base (id serial PRIMARY KEY); CREATE TABLE heir () INHERITS (base)",
        "  - id: keys\n    operations:\n      - convert_key: { table: base, to: uuid }",
    ) else {
        return;
    };
    let ran = world.rehearse(&["--json"]);
    assert_eq!(ran.code, 3, "{}\n{}", ran.out, ran.said);
    let report = ran.report();
    assert_eq!(report["transitions"].as_array().map(Vec::len), Some(0));
    let finding = |finding: &serde_json::Value| finding["weight"] == "no_go";
    assert!(
        report["findings"]
            .as_array()
            .is_some_and(|all| all.iter().any(finding)),
        "{report}"
    );
}

#[test]
fn an_irreversible_phase_is_rehearsed_forward_and_said_to_have_no_way_back() {
    let Some(world) = World::new(
        "oneway",
        ITEMS,
        "  - id: keys
    operations:
      - convert_key: { table: item, to: uuid }
  - id: final
    operations:
      - sql: { up: ALTER TABLE item ADD COLUMN x int, irreversible: true }",
    ) else {
        return;
    };
    let ran = world.rehearse(&["--json"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.said);
    let report = ran.report();
    assert!(
        report["no_way_back"].to_string().contains("final"),
        "{report}"
    );
    assert_eq!(report["catalog"]["identical"], true);
    let rounds: Vec<&str> = report["transitions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|moved| moved["round"].as_str())
        .collect();
    for round in ["up", "back", "up again", "contract"] {
        assert!(rounds.contains(&round), "no {round} in {rounds:?}");
    }
}

#[test]
fn a_schema_that_is_not_ours_goes_there_and_back_under_load() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/chinook.sql");
    let Ok(chinook) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not there", file.display());
        return;
    };
    let Some(world) = World::new("chinook", "SELECT 1", "") else {
        return;
    };
    let sql = world.directory.path().join("chinook.sql");
    std::fs::write(&sql, chinook).expect("it can be written");
    world.db.psql_file(&sql);
    world.write_plan(
        "  - id: music
    operations:
      - convert_key: { table: artist, to: uuid }
      - convert_key: { table: album, to: uuid }
      - convert_key: { table: track, to: uuid }
  - id: people
    operations:
      - convert_key: { table: customer, to: uuid }
      - convert_key: { table: employee, to: uuid }",
    );
    let output = world
        .command(world.db.url(), &["--rows", "1000", "--json"])
        .output()
        .expect("the program can be run");
    let ran = crate::world::rehearsed(output);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.said);
    assert_eq!(ran.report()["verdict"], "go");
}
