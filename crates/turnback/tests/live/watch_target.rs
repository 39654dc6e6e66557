//! Guards that measure the target itself, while it changes below them.

use std::time::{Duration, Instant};

use turnback_testkit::{Cluster, Shape};

use crate::traffic::Traffic;
use crate::watch::CUT_OVER;
use crate::world::World;

const GUARDS: [&str; 4] = [
    "invalid_foreign_keys",
    "orphans",
    "disagreement",
    "duplicate_keys",
];

#[tokio::test(flavor = "multi_thread")]
async fn probes_of_the_target_find_nothing_wrong_under_load_and_what_is_wrong_turns_back() {
    let world = World::chat(Cluster::shared(), "watch_target", 2_000).await;
    world.db.execute("CREATE TABLE mishaps (what text)");
    let guards: String = GUARDS
        .iter()
        .map(|guard| {
            format!(
                "  {guard}: {{ probe: {guard}, critical: \"> 0\", interval: 5s, timeout: 5s }}\n"
            )
        })
        .collect();
    world.write_plan(&format!(
        "phases:
  - id: keys
    operations:
      - convert_key: {{ table: users, to: uuid }}
      - convert_key: {{ table: conversations, to: uuid }}
      - convert_key: {{ table: messages, to: uuid }}
    bake: 1h
guards:
{guards}  mishaps:
    sql: SELECT what, count(*) FROM mishaps GROUP BY what UNION ALL SELECT 'none', 0
    critical: \"> 0\"
    interval: 100ms
    for: 1 of 1
decisions:
  - {{ when: {{ level: critical }}, do: rollback, scope: current }}
"
    ));
    let mut traffic = Traffic::start(&world, &[(Shape::Old, 2)]).await;
    let mut running = world.start(&["up"]);
    let reached = world
        .until_or_end(CUT_OVER, &mut || running.is_over())
        .await;
    assert!(reached, "{}", running.said());
    // Each has looked at both shapes at least once.
    let heard = async || {
        let journal = world.journal().await;
        let said = |guard: &str| {
            journal
                .iter()
                .any(|event| event["event"] == "guard_says" && event["verdict"]["guard"] == guard)
        };
        GUARDS.iter().all(|guard| said(guard))
    };
    let deadline = Instant::now() + Duration::from_secs(120);
    while !heard().await {
        assert!(!running.is_over(), "{}", running.said());
        assert!(Instant::now() < deadline, "a guard says nothing");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world
        .db
        .execute("INSERT INTO mishaps VALUES ('orders fail')");
    running.until_said("turning back keys").await;
    world.db.execute("DELETE FROM mishaps");
    let ran = running.ended().await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    assert!(ran.said.contains("orders fail"), "{}", ran.said);
    let journal = world.journal().await;
    let alarms: Vec<_> = journal
        .iter()
        .filter(|event| {
            event["event"] == "guard_says"
                && event["verdict"]["level"] != "pass"
                && event["verdict"]["guard"] != "mishaps"
        })
        .collect();
    assert!(alarms.is_empty(), "{alarms:?}");
    traffic.finish(&[&Shape::Old, &Shape::Public]).await;
}
