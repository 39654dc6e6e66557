//! What is refused, with what to do, and changes nothing.

use crate::world::World;

#[test]
fn what_makes_no_sense_is_refused_in_words_and_changes_nothing() {
    let world = World::new();
    world.ok(&["flag", "set", "users", "--rollout", "1%"]);
    world.write("bad.json", r#"{"flags": {"x": {"state": "ON"}}}"#);
    world.write("none.json", "{");
    for (arguments, said) in [
        (
            &["flag", "show", "nobody"][..],
            "there is no flag \"nobody\"",
        ),
        (&["flag", "enable", "nobody"], "there is no flag \"nobody\""),
        (&["flag", "share", "users", "101%"], "in steps of 0.1%"),
        (&["flag", "set", "users"], "--rollout"),
        (
            &["flag", "set", "users", "--default", "maybe"],
            "it has off, on",
        ),
        (
            &["flag", "set", "users", "--definition", "{}"],
            "flags.users.state",
        ),
        (&["flag", "set", "users", "--definition", "{"], "is no JSON"),
        (&["flag", "import", "bad.json"], "flags.x.state"),
        (&["flag", "import", "none.json"], "is no JSON"),
        (&["flag", "import", "gone.json"], "cannot be read"),
        (&["flag", "disable", "maintenance"], "turnback maintenance"),
        (&["flag", "disable-all"], "--reason"),
        (
            &["flag", "disable-all", "--reason", "x", "--by", " "],
            "--by NAME",
        ),
        (
            &["flag", "evaluate", "users", "--context", "[]"],
            "a JSON object",
        ),
        (&["maintenance", "on", "--until", "soon"], "30m"),
        (
            &["maintenance", "on", "--until", "2020-01-01T00:00:00Z"],
            "in the past",
        ),
    ] {
        let done = world.run(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}");
        assert!(
            done.complained.contains(said),
            "{arguments:?}: {}",
            done.complained
        );
    }
    assert_eq!(world.json(&["flag", "list"])["version"], 1);
}

#[test]
fn a_control_store_that_cannot_be_used_is_named() {
    let world = World::new();
    world.write(
        "broken.db",
        "this is no database, and long enough to be seen to be none at all",
    );
    let done = world.run(&["flag", "list", "--store", "broken.db"]);
    assert_eq!(done.code, Some(1));
    assert!(done.complained.contains("broken.db"), "{}", done.complained);
}
