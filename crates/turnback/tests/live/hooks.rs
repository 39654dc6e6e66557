//! Hooks of the plan around a way forward and a way back: their order, what their failure leads
//! to, and what becomes of them when the program is killed.

use turnback_testkit::Cluster;

use crate::world::World;

/// The moments of turning back, in their order.
const BACK: [&str; 7] = [
    "maintenance_on",
    "snapshot",
    "stop_services",
    "restore_application",
    "start_services",
    "validate",
    "maintenance_off",
];
const FORWARD: [&str; 4] = [
    "before_phase",
    "before_cut_over",
    "after_cut_over",
    "after_phase",
];

/// Two phases of SQL: quick, and turned back like any other.
const SQL: &str = "phases:
  - id: first
    operations:
      - sql: { up: CREATE TABLE first (id int), down: DROP TABLE first }
  - id: second
    operations:
      - sql: { up: CREATE TABLE second (id int), down: DROP TABLE second }
";
const KEYS: &str = "phases:
  - id: keys
    operations:
      - convert_key: { table: users, to: uuid }
";

/// A hook for every moment, named after it, that says so in a file, fails where there is a file
/// `fail-MOMENT`, and hangs for as long as there is a file `hang-MOMENT`.
fn every_moment(more: &str) -> String {
    let hooks: String = FORWARD
        .iter()
        .chain(&BACK)
        .map(|moment| {
            format!("  - {{ name: {moment}, when: {moment}, run: [sh, note.sh]{more} }}\n")
        })
        .collect();
    format!("hooks:\n{hooks}")
}

fn prepare(world: &World, phases: &str, rest: &str) {
    world.write_plan(&format!("{phases}{rest}"));
    let psql = Cluster::shared().binaries().program("psql");
    let script = format!(
        "shows=$({} -XAtq -d \"$DATABASE_URL\" -c \"SELECT atttypid::regtype FROM pg_attribute \
         WHERE attrelid = 'public.users'::regclass AND attname = 'id'\")\n\
         echo \"$TURNBACK_MOMENT $shows $TURNBACK_PHASE\" >> said\n\
         if [ -e \"fail-$TURNBACK_MOMENT\" ]; then echo it cannot; exit 3; fi\n\
         while [ -e \"hang-$TURNBACK_MOMENT\" ]; do sleep 0.02; done\n",
        psql.display()
    );
    std::fs::write(world.path("note.sh"), script).expect("it can be written");
}

/// What the hooks have said since the last look, in order: moment, what `public` shows, phase.
fn said(world: &World) -> Vec<String> {
    let path = world.path("said");
    let said = std::fs::read_to_string(&path).unwrap_or_default();
    // There is none where no hook ran.
    let _ = std::fs::remove_file(path);
    said.lines().map(str::to_owned).collect()
}

fn moments(said: &[String]) -> Vec<&str> {
    said.iter()
        .filter_map(|line| line.split(' ').next())
        .collect()
}

/// The hooks that are left from a moment on: whether all is well is asked each time.
fn left(from: usize) -> Vec<&'static str> {
    let validate = BACK.iter().position(|moment| *moment == "validate");
    BACK[from.min(validate.unwrap_or(from))..].to_vec()
}

fn set(world: &World, name: &str) {
    std::fs::write(world.path(name), "").expect("it can be written");
}

fn unset(world: &World, name: &str) {
    std::fs::remove_file(world.path(name)).expect("it was there");
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_run_in_their_order_around_the_swap_of_names() {
    let world = World::chat(Cluster::shared(), "hooks_order", 300).await;
    let objectives = "objectives: { database: 1ms, validate: 1d, total: 1d }\n";
    prepare(&world, KEYS, &format!("{}{objectives}", every_moment("")));
    world.must(&["up"], 0).await;
    let forward = [
        "before_phase integer keys",
        "before_cut_over integer keys",
        "after_cut_over uuid keys",
        "after_phase uuid keys",
    ];
    assert_eq!(said(&world), forward);
    world.must(&["up"], 0).await;
    assert_eq!(
        said(&world),
        [""; 0],
        "what came after the cut-over is done"
    );

    let shown = world.must(&["back", "--yes"], 5).await;
    let back: Vec<String> = BACK
        .iter()
        .enumerate()
        .map(|(at, moment)| {
            let shows = if at < 3 { "uuid" } else { "integer" };
            format!("{moment} {shows} keys")
        })
        .collect();
    assert_eq!(said(&world), back);
    world.must_be_as_before();
    for line in [
        "✓ no acknowledged write is lost: both shapes of keys agree in every row",
        "✓ the catalog of every changed table equals the one before",
        "✓ every foreign key is valid",
        "✓ no reference leads nowhere",
        "✓ validate passes",
    ] {
        assert!(shown.contains(line), "no line {line}:\n{shown}");
    }
    let database = shown
        .lines()
        .find(|line| line.contains("database back") && line.contains("no"));
    assert!(database.is_some(), "nothing is done within 1 ms:\n{shown}");

    let events = world.journal().await;
    let of = |name: &str| -> Vec<&serde_json::Value> {
        events
            .iter()
            .filter(|event| event["event"] == name)
            .collect()
    };
    assert_eq!(of("hook_ran").len(), FORWARD.len() + BACK.len());
    assert_eq!(of("recovery_begun")[0]["phases"][0], "keys");
    let parts: Vec<&str> = of("recovery_part")
        .iter()
        .filter_map(|event| event["part"].as_str())
        .collect();
    let order = [
        "confirm",
        "maintenance_on",
        "snapshot",
        "stop_services",
        "database",
        "restore_application",
        "start_services",
        "drop_new_shape",
        "validate",
        "maintenance_off",
    ];
    assert_eq!(parts, order);
    assert!(of("validated").iter().all(|line| line["holds"] == true));
    assert!(of("recovery_ended")[0]["failure"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_fails_stops_there_and_the_same_command_goes_on() {
    let world = World::chat(Cluster::shared(), "hooks_stop", 10).await;
    prepare(&world, SQL, &every_moment(""));
    for (at, moment) in BACK.iter().enumerate() {
        world.must(&["up"], 0).await;
        said(&world);
        set(&world, &format!("fail-{moment}"));
        let code = if *moment == "validate" { 6 } else { 4 };
        let stopped = world.must(&["back", "--scope", "all", "--yes"], code).await;
        assert_eq!(moments(&said(&world)), BACK[..=at], "{stopped}");
        assert!(stopped.contains("it ended with exit code 3"), "{stopped}");
        let is_on = stopped.contains("Maintenance is on, and stays on");
        assert_eq!(is_on, at > 0, "{moment}: {stopped}");
        let are_stopped = stopped.contains("Services are stopped");
        assert_eq!(are_stopped, at == 3 || at == 4, "{moment}: {stopped}");
        unset(&world, &format!("fail-{moment}"));
        world.must(&["back", "--scope", "all", "--yes"], 5).await;
        assert_eq!(moments(&said(&world)), left(at), "{moment}");
        world.must_be_as_before();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_may_fail_is_told_and_the_rest_goes_on() {
    let world = World::chat(Cluster::shared(), "hooks_continue", 10).await;
    prepare(&world, SQL, &every_moment(", on_failure: continue"));
    for moment in FORWARD.iter().chain(&BACK) {
        set(&world, &format!("fail-{moment}"));
    }
    let shown = world.must(&["up"], 0).await;
    assert!(shown.contains("the plan says to go on"), "{shown}");
    said(&world);
    let shown = world.must(&["back", "--scope", "all", "--yes"], 5).await;
    assert_eq!(moments(&said(&world)), BACK);
    assert!(
        shown.contains("✗ validate passes: does not hold"),
        "{shown}"
    );
    world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_can_be_asked_a_hook_that_asks_stops_for_a_person() {
    let world = World::chat(Cluster::shared(), "hooks_ask", 10).await;
    prepare(&world, SQL, &every_moment(", on_failure: ask"));
    set(&world, "fail-before_phase");
    let shown = world.must(&["up"], 6).await;
    assert!(shown.contains("nobody was there to be asked"), "{shown}");
    assert!(shown.contains("Phase first was not begun"), "{shown}");
    assert_eq!(world.states(), "");
    unset(&world, "fail-before_phase");
    world.must(&["up"], 0).await;
    said(&world);
    set(&world, "fail-stop_services");
    world.must(&["back", "--yes"], 6).await;
    let shown = world.must(&["back", "--yes"], 6).await;
    assert!(shown.contains("Maintenance is on"), "{shown}");
    let shown = world.must(&["back", "--yes", "--no-hooks"], 5).await;
    assert!(shown.contains("Hooks of the plan are left out"), "{shown}");
    let ran = [
        "maintenance_on",
        "snapshot",
        "stop_services",
        "stop_services",
    ];
    assert_eq!(moments(&said(&world)), ran);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_on_the_way_forward_that_fails_stops_where_it_is_safe() {
    let world = World::chat(Cluster::shared(), "hooks_forward", 10).await;
    prepare(&world, KEYS, &every_moment(""));
    for (moment, stands, state) in [
        ("before_phase", "was not begun", ""),
        ("before_cut_over", "is expanded", "expanded"),
        ("after_cut_over", "is cut over", "cut_over"),
        ("after_phase", "is cut over", "cut_over"),
    ] {
        set(&world, &format!("fail-{moment}"));
        let stopped = world.must(&["up"], 4).await;
        assert!(stopped.contains(stands), "{moment}: {stopped}");
        assert_eq!(world.states(), state, "{moment}");
        unset(&world, &format!("fail-{moment}"));
    }
    world.must(&["up"], 0).await;
    let ran: Vec<&str> = FORWARD.iter().flat_map(|moment| [*moment; 2]).collect();
    assert_eq!(moments(&said(&world)), ran);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_any_hook_of_a_way_back_the_same_command_does_what_is_left() {
    let world = World::chat(Cluster::shared(), "hooks_killed", 10).await;
    prepare(&world, SQL, &every_moment(""));
    for (at, moment) in BACK.iter().enumerate() {
        world.must(&["up"], 0).await;
        said(&world);
        set(&world, &format!("hang-{moment}"));
        let mut running = world.start(&["back", "--scope", "all", "--yes"]);
        let path = world.path("said");
        let begun = world
            .until_or_end("SELECT false", &mut || {
                let said = std::fs::read_to_string(&path).unwrap_or_default();
                running.is_over() || said.lines().any(|line| line.starts_with(moment))
            })
            .await;
        assert!(!begun, "the query says false for ever");
        assert_eq!(running.killed().await.code, -1, "{moment}");
        unset(&world, &format!("hang-{moment}"));
        assert_eq!(moments(&said(&world)), BACK[..=at]);
        world.must(&["back", "--scope", "all", "--yes"], 5).await;
        assert_eq!(moments(&said(&world)), left(at), "{moment}");
        world.must_be_as_before();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_takes_too_long_is_ended_and_has_failed() {
    let world = World::chat(Cluster::shared(), "hooks_timeout", 10).await;
    let hooks = "hooks:\n  - { name: for ever, when: stop_services, run: [sleep, '3600'], timeout: 300ms }\n";
    prepare(&world, SQL, hooks);
    world.must(&["up"], 0).await;
    let stopped = world.must(&["back", "--yes"], 4).await;
    assert!(
        stopped.contains("hook for ever failed: it was not done within 0.3 s"),
        "{stopped}"
    );
    assert!(stopped.contains("public shows the new shape"), "{stopped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_of_a_phase_run_when_that_phase_turns_back_and_once() {
    let world = World::chat(Cluster::shared(), "hooks_scope", 10).await;
    let hooks = "hooks:
  - { name: of the first, when: stop_services, phases: [first], run: [sh, note.sh] }
  - { name: of both, when: start_services, run: [sh, -c, 'echo $TURNBACK_PHASES, $TURNBACK_REASON >> said'] }
";
    prepare(&world, SQL, hooks);
    world.must(&["up"], 0).await;
    world.must(&["back", "--yes"], 5).await;
    let reason = "`turnback back --scope current` was typed";
    assert_eq!(said(&world), [format!("second, {reason}")]);
    world.must(&["back", "--yes"], 5).await;
    let first = [
        "stop_services integer first".to_owned(),
        format!("first, {reason}"),
    ];
    assert_eq!(said(&world), first);
    world.must(&["up"], 0).await;
    world
        .must(&["back", "--scope", "previous", "--yes"], 5)
        .await;
    assert_eq!(said(&world).len(), 2);
    world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_hooks_turns_back_and_validates() {
    let world = World::chat(Cluster::shared(), "hooks_none", 100).await;
    prepare(&world, KEYS, "");
    world.must(&["up"], 0).await;
    let shown = world.must(&["back", "--yes"], 5).await;
    assert!(!shown.contains("objective"), "{shown}");
    assert!(shown.contains("✓ no acknowledged write is lost"), "{shown}");
    world.must_be_as_before();
    assert_eq!(said(&world), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_shape_that_says_otherwise_than_the_old_one_is_kept_until_somebody_has_looked() {
    let world = World::chat(Cluster::shared(), "hooks_differ", 100).await;
    prepare(&world, KEYS, "");
    world.must(&["up"], 0).await;
    // A write that the other shape does not see.
    world.db.execute(
        "ALTER TABLE messages DISABLE TRIGGER USER; \
         UPDATE messages SET sender_id = (SELECT max(id::text)::uuid FROM users) \
         WHERE id = (SELECT min(id) FROM messages WHERE sender_id <> (SELECT max(id::text)::uuid FROM users))",
    );
    for _ in 0..2 {
        let shown = world.must(&["back", "--yes"], 6).await;
        assert!(shown.contains("The new shape is kept"), "{shown}");
        assert!(shown.contains("1 row(s) say otherwise"), "{shown}");
    }
    let shows = "SELECT atttypid::regtype FROM pg_attribute \
                 WHERE attrelid = 'public.users'::regclass AND attname = 'id'";
    assert_eq!(world.db.execute(shows), "integer");
    let shown = world.must(&["back", "--yes", "--drop-anyway"], 6).await;
    assert!(shown.contains("does not hold"), "{shown}");
    world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_announces_maintenance_by_the_flag_that_applications_ask() {
    let world = World::chat(Cluster::shared(), "hooks_maintenance", 10).await;
    let turnback = env!("CARGO_BIN_EXE_turnback");
    prepare(
        &world,
        SQL,
        &format!(
            "hooks:
  - name: announce
    when: maintenance_on
    run: [{turnback}, maintenance, on, --message, Back in a minute, --until, 5m, --why, turning back]
  - name: seen
    when: stop_services
    run: [sh, -c, \"{turnback} flag evaluate maintenance > during\"]
  - name: open again
    when: maintenance_off
    run: [{turnback}, maintenance, off]
"
        ),
    );
    world.must(&["up"], 0).await;
    world.must(&["back", "--yes"], 5).await;
    let during = std::fs::read_to_string(world.path("during")).expect("a hook wrote it");
    assert!(during.contains("maintenance: true"), "{during}");
    let status = world.must(&["maintenance", "status"], 0).await;
    assert!(status.contains("No maintenance"), "{status}");
    let history = world.must(&["flag", "history", "maintenance"], 0).await;
    assert!(history.contains("turning back"), "{history}");
}
