//! `plan`, `check` and `up` on a database where phases have been begun.

use crate::world::{TWO_PHASES, World};

#[test]
fn what_was_begun_is_told_from_the_ledger() {
    let world = World::chat("begun", TWO_PHASES);
    world.must(&["up", "--to", "logs"], 0);
    let json = world.json("plan", 0);
    let logs = &json["phases"][0];
    assert_eq!(logs["state"], "cut_over");
    assert_eq!(logs["steps"][0]["is_done"], true);
    assert_eq!(json["phases"][1]["state"], "pending");
    assert_eq!(
        json["phases"][1]["clients"]["old_search_path"], "public_logs, public",
        "the new shape of one phase is the old shape of the next"
    );
    world.must(&["contract", "--yes"], 0);
    let said = world.must(&["plan"], 0);
    assert!(said.contains("Phase 1 of 2: logs (contracted)"), "{said}");
}

#[test]
fn nothing_that_a_begun_phase_made_itself_stands_in_its_way() {
    let world = World::chat("own", TWO_PHASES);
    for _ in 0..2 {
        world.must(&["up", "--to", "logs", "--expand-only"], 0);
        world.must(&["check"], 0);
    }
    for _ in 0..2 {
        world.must(&["up"], 0);
        world.must(&["check"], 0);
    }
    world.must(&["back", "--scope", "all", "--yes"], 5);
    world.must(&["check"], 0);
    world.must(&["up"], 0);
}

#[test]
fn what_came_up_meanwhile_stops_the_phases_ahead_and_no_others() {
    let world = World::chat("meanwhile", TWO_PHASES);
    world.must(&["up", "--to", "logs", "--expand-only"], 0);
    world
        .db
        .execute("CREATE MATERIALIZED VIEW seen AS SELECT id FROM users");
    let up = world.run(&["up"]);
    assert_eq!(up.code, 3, "{up:#?}");
    assert!(
        up.err.contains("materialized view public.seen")
            && up.err.contains("Nothing more was touched"),
        "{up:#?}"
    );
    world.must(&["up", "--to", "logs"], 0);
    world.db.execute("DROP MATERIALIZED VIEW seen");
    world.must(&["up"], 0);
}
