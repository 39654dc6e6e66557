//! Changes, and what is seen of them.

use serde_json::json;

use crate::world::World;

#[test]
fn a_rollout_is_made_and_grows_and_its_history_says_by_whom_and_why() {
    let world = World::new();
    let made = world.ok(&["flag", "set", "users-uuid", "--rollout", "0.1%"]);
    assert_eq!(made, "users-uuid: new on for 0.1%\n");
    let grown = world.ok(&["flag", "share", "users-uuid", "50%", "--why", "all is well"]);
    assert_eq!(grown, "users-uuid: now on for 50%\n");
    let same = world.ok(&["flag", "share", "users-uuid", "50%"]);
    assert_eq!(same, "All was so already; nothing was changed.\n");

    let list = world.json(&["flag", "list"]);
    assert_eq!(list["version"], 2);
    assert_eq!(list["flags"]["users-uuid"]["share"], "50%");
    assert!(world.ok(&["flag", "list"]).contains("on for 50%"));

    let history = world.ok(&["flag", "history", "users-uuid"]);
    let lines: Vec<&str> = history.lines().collect();
    assert!(
        lines[0].ends_with("users-uuid: on for 0.1% → on for 50% (on-call: all is well)"),
        "{history}"
    );
    assert!(
        lines[1].ends_with("users-uuid: new: on for 0.1% (on-call)"),
        "{history}"
    );
    let history = world.json(&["flag", "history"]);
    assert_eq!(history[0]["why"], "all is well");
    assert_eq!(
        history[0]["old"]["targeting"]["fractional"][0],
        json!(["on", 1])
    );
    assert!(
        world
            .ok(&["flag", "show", "users-uuid"])
            .contains("\"fractional\"")
    );
}

#[test]
fn somebody_is_told_what_they_get_and_why() {
    let world = World::new();
    world.ok(&["flag", "set", "users", "--rollout", "100%"]);
    let asked = ["flag", "evaluate", "users", "--targeting-key", "user-7"];
    assert_eq!(
        world.ok(&asked),
        "users: true (variant on, TARGETING_MATCH)\n"
    );
    assert_eq!(world.json(&asked)["value"], json!(true));
    let all = world.ok(&[
        "flag",
        "evaluate",
        "--context",
        r#"{"targetingKey": "user-7"}"#,
    ]);
    assert!(
        all.contains("maintenance: false") && all.contains("users: true"),
        "{all}"
    );
    let nobody = world.run(&["flag", "evaluate", "users"]);
    assert_eq!(nobody.code, Some(2));
    assert!(
        nobody.said.contains("TARGETING_KEY_MISSING"),
        "{}",
        nobody.said
    );
}

#[test]
fn in_an_emergency_every_flag_is_disabled_and_each_comes_back_by_itself() {
    let world = World::new();
    world.ok(&["flag", "set", "a", "--rollout", "100%"]);
    world.ok(&["flag", "set", "b", "--rollout", "10%"]);
    world.ok(&["maintenance", "on"]);
    let off = world.ok(&["flag", "disable-all", "--reason", "orders fail"]);
    assert_eq!(
        off,
        "a: now disabled: off for everybody\nb: now disabled: off for everybody\n"
    );
    let asked = world.json(&["flag", "evaluate", "a", "--targeting-key", "x"]);
    assert_eq!(
        (&asked["value"], &asked["reason"]),
        (&json!(false), &json!("DISABLED"))
    );
    assert_eq!(
        world.json(&["flag", "history", "--last", "1"])[0]["why"],
        "orders fail"
    );
    assert_eq!(world.json(&["maintenance", "status"])["on"], json!(true));
    assert_eq!(world.ok(&["flag", "enable", "b"]), "b: now on for 10%\n");
}

#[test]
fn flags_go_to_a_file_of_flagds_and_come_back() {
    let world = World::new();
    world.write(
        "flags.json",
        &json!({
            "flags": { "banner": {
                "state": "ENABLED",
                "variants": { "red": "#f00", "blue": "#00f" },
                "defaultVariant": "red",
                "targeting": { "if": [{ "$ref": "staff" }, "blue"] },
            }},
            "$evaluators": { "staff": { "ends_with": [{ "var": "email" }, "@example.com"] } },
        })
        .to_string(),
    );
    world.ok(&["flag", "set", "old", "--rollout", "1%"]);
    assert_eq!(
        world.ok(&["flag", "import", "flags.json"]),
        "$evaluators: changed\nbanner: new by its targeting, else red\n"
    );
    world.ok(&["flag", "export", "--output", "out.json"]);
    let out: serde_json::Value = serde_json::from_str(&world.read("out.json")).unwrap();
    let keys: Vec<&String> = out["flags"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["banner", "old"]);
    let context = r#"{"email": "on-call@example.com"}"#;
    let blue = world.json(&["flag", "evaluate", "banner", "--context", context]);
    assert_eq!(blue["value"], "#00f");
    // Out and in again is nothing new; in place of all others, the others go.
    assert!(
        world
            .ok(&["flag", "import", "out.json"])
            .contains("nothing was changed")
    );
    assert_eq!(
        world.ok(&["flag", "import", "flags.json", "--replace"]),
        "old: removed\n"
    );
    assert_eq!(
        world.ok(&["flag", "set", "banner", "--default", "blue"]),
        "banner: now by its targeting, else blue\n"
    );
    assert_eq!(world.ok(&["flag", "remove", "banner"]), "banner: removed\n");
    assert!(
        world
            .ok(&["flag", "history", "banner"])
            .contains("banner: removed (on-call)")
    );
}

#[test]
fn maintenance_is_announced_with_its_message_and_end() {
    let world = World::new();
    assert!(
        world
            .ok(&["maintenance", "status"])
            .starts_with("No maintenance")
    );
    let on = world.ok(&[
        "maintenance",
        "on",
        "--message",
        "Back at ten",
        "--until",
        "30m",
    ]);
    assert!(
        on.starts_with("Maintenance: Back at ten (expected to end at "),
        "{on}"
    );
    let flag = world.json(&["flag", "evaluate", "maintenance"]);
    assert_eq!(
        (&flag["value"], &flag["metadata"]["message"]),
        (&json!(true), &json!("Back at ten"))
    );
    let status = world.json(&["maintenance", "status"]);
    assert_eq!(status["until"], flag["metadata"]["until"]);
    world.ok(&["maintenance", "on", "--until", "2099-01-01T00:00:00Z"]);
    assert_eq!(
        world.json(&["maintenance", "status"])["until"],
        "2099-01-01T00:00:00.000Z"
    );
    assert!(
        world
            .ok(&["maintenance", "off", "--why", "done"])
            .starts_with("No maintenance")
    );
    assert_eq!(world.json(&["maintenance", "status"])["on"], json!(false));
}

#[test]
fn looking_makes_no_control_store() {
    let world = World::new();
    assert!(world.ok(&["flag", "list"]).contains("maintenance"));
    assert_eq!(
        world.ok(&["flag", "history"]),
        "No flag has been changed yet.\n"
    );
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&world.ok(&["flag", "export"])).unwrap()["flags"],
        json!({})
    );
    world.ok(&["maintenance", "status"]);
    world.ok(&["flag", "evaluate"]);
    assert!(!world.has(".turnback"));
}
