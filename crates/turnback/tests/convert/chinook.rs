//! A schema that is not ours: Chinook, where it is present.

use std::path::{Path, PathBuf};

use crate::journey::{no_trace, outline};
use crate::world::{World, program, ran};

fn file() -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/chinook.sql");
    if file.exists() {
        return Some(file);
    }
    println!("skipped: {} is not there", file.display());
    None
}

fn there_and_back(group: &str) {
    let Some(file) = file() else { return };
    let world = World::new("chinook", "SELECT 1", "");
    world.db.psql_file(file);
    let before = world.db.dump(&["turnback"]);
    let (outline_before, counts_before) = (outline(&world), counts(&world));

    let plan = world.plan_file();
    let mut init = program();
    init.args([
        "init",
        "--convert-keys",
        "uuid",
        "--all",
        "--force",
        "--group",
        group,
    ])
    .args(["--target", world.db.url(), "--out"])
    .arg(&plan)
    .env("DATABASE_URL", world.db.url());
    let init = ran(init);
    assert_eq!(init.code, 0, "{}", init.said);

    world.up();
    all_uuid(&world);
    assert_eq!(counts_before, counts(&world));
    world.back();
    assert_eq!(before, world.db.dump(&["turnback"]));

    world.up();
    world.contract();
    all_uuid(&world);
    assert_eq!(counts_before, counts(&world));
    assert_eq!(outline_before, outline(&world));
    no_trace(&world);
    let archives = world.sql(
        "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'turnback'::regnamespace AND relkind = 'r' AND relname LIKE 'keys\\_%'",
    );
    assert_eq!(archives.split(' ').count(), 10, "{archives}");
    for archive in archives.split(' ') {
        let table = archive
            .trim_start_matches("keys_public_")
            .split("__")
            .next()
            .expect("split gives one part at least");
        assert_eq!(
            world.sql(&format!(
                "SELECT count(*) FROM turnback.\"{archive}\" JOIN {table} ON new_key = {table}_id"
            )),
            world.sql(&format!("SELECT count(*) FROM {table}")),
            "{archive}"
        );
    }
}

/// Every key and every reference is a uuid, and every constraint holds.
fn all_uuid(world: &World) {
    assert_eq!(
        world.sql(
            "SELECT count(*) FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = ANY (conkey) \
             WHERE contype IN ('p', 'f') AND connamespace = 'public'::regnamespace AND conname !~ 'turnback' AND atttypid <> 'uuid'::regtype"
        ),
        "0"
    );
    assert_eq!(
        world.sql("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated"),
        "0"
    );
}

fn counts(world: &World) -> String {
    world.sql(
        "SELECT string_agg(relname || (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I', relname), false, true, '')))[1]::text, ' ' ORDER BY relname) \
         FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    )
}

#[test]
fn chinook_goes_there_and_back_step_by_step() {
    there_and_back("steps");
}

#[test]
fn chinook_goes_there_and_back_level_by_level() {
    there_and_back("levels");
}

#[test]
fn chinook_goes_there_and_back_at_once() {
    there_and_back("one");
}
