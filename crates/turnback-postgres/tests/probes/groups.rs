//! Built-in probes of one of a canary's groups.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use turnback_core::canary::{Compare, Side, ToldBy, of_side};
use turnback_core::guard::{Belief, BuiltIn, Guard, Of, Probe, Reading};

use super::world::{LONG, World, counting_statements, number, world, world_of};

/// The two groups.
fn compare(by: ToldBy, [canary, rest]: [&str; 2]) -> Compare {
    Compare {
        by,
        canary: canary.to_owned(),
        rest: rest.to_owned(),
    }
}

/// What a guard with this probe reads of one group.
async fn read_of(world: &World, probe: BuiltIn, compare: &Compare, side: Side) -> Reading {
    let guard = Guard {
        name: "guard".to_owned(),
        probe: Probe::BuiltIn(probe),
        unit: probe.unit(),
        warning: None,
        critical: None,
        belief: Belief { beyond: 3, of: 5 },
        interval: Duration::from_secs(10),
        initial_delay: Duration::ZERO,
        timeout: LONG,
        baseline: Duration::ZERO,
        phases: None,
        of: Of::Canary,
    };
    let guard = of_side(&guard, compare, side);
    let reading = world
        .prober
        .read(&guard.name, &guard.probe, &world.scope, LONG);
    reading.await.unwrap()
}

/// A client that connects as a role, and calls itself something.
async fn client(world: &World, role: &str, name: &str) -> PgConnection {
    let url = world.db.url().replacen("postgres@", &format!("{role}@"), 1);
    let mut client = PgConnection::connect(&url).await.unwrap();
    let set = format!("SET application_name = '{name}'");
    sqlx::raw_sql(AssertSqlSafe(set))
        .execute(&mut client)
        .await
        .unwrap();
    client
}

/// Two roles that may read and write what there is.
fn two_roles(world: &World) -> [String; 2] {
    ["new", "old"].map(|which| {
        let role = format!("{which}_{}", world.db.name());
        world.db.execute(&format!(
            "CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"
        ));
        role
    })
}

fn drop_roles(world: &World, roles: &[String; 2]) {
    for role in roles {
        world
            .db
            .execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
}

#[tokio::test]
async fn connections_are_those_of_the_group_and_of_nobody_else() {
    let world = world("grouped").await;
    let roles = two_roles(&world);
    let most: f64 = world.db.execute("SHOW max_connections").parse().unwrap();
    let by_role = compare(ToldBy::Role, [&roles[0], &roles[1]]);
    let by_name = compare(ToldBy::ApplicationName, ["chat-v2", "chat-v1"]);
    let mut clients = Vec::new();
    for (role, name, count) in [(0, "chat-v2", 2), (1, "chat-v1", 5)] {
        for _ in 0..count {
            clients.push(client(&world, &roles[role], name).await);
        }
    }
    for compare in [&by_role, &by_name] {
        for (side, count) in [(Side::Canary, 2.0), (Side::Rest, 5.0)] {
            let reading = read_of(&world, BuiltIn::Connections, compare, side).await;
            let found = number(&reading) * most;
            assert!((found - count).abs() < 1e-6, "{compare}: {found}");
        }
    }
    // A group without a session says nothing of itself.
    let gone = compare(ToldBy::ApplicationName, ["chat-v3", "chat-v1"]);
    let reading = read_of(&world, BuiltIn::Connections, &gone, Side::Canary).await;
    assert_eq!(reading, Reading::NoData);
    for client in clients {
        client.close().await.unwrap();
    }
    drop_roles(&world, &roles);
}

#[tokio::test]
async fn the_time_of_statements_is_that_of_the_groups_role() {
    let Some(cluster) = counting_statements() else {
        return;
    };
    let world = world_of(
        &cluster,
        "timed",
        "CREATE EXTENSION pg_stat_statements; CREATE TABLE users (id serial PRIMARY KEY, name text)",
    )
    .await;
    let roles = two_roles(&world);
    let compare = compare(ToldBy::Role, [&roles[0], &roles[1]]);
    let mut canary = client(&world, &roles[0], "app").await;
    let mut rest = client(&world, &roles[1], "app").await;
    let time = async |side| read_of(&world, BuiltIn::StatementTime, &compare, side).await;
    for side in [Side::Canary, Side::Rest] {
        assert_eq!(time(side).await, Reading::NoData, "the first sample");
    }
    // The same statement, by each of them: one waits.
    let ask = async |client: &mut PgConnection, seconds: f64| {
        let slow = "SELECT pg_sleep($1) FROM (SELECT count(*) FROM users) c";
        sqlx::query(slow)
            .bind(seconds)
            .execute(client)
            .await
            .unwrap();
    };
    ask(&mut canary, 1.0).await;
    assert_eq!(time(Side::Rest).await, Reading::NoData, "it called nothing");
    // Many, so that one that the machine holds up is not the mean.
    for _ in 0..20 {
        ask(&mut rest, 0.0).await;
    }
    let (slow, fast) = (
        number(&time(Side::Canary).await),
        number(&time(Side::Rest).await),
    );
    assert!(slow >= 1.0, "{slow}");
    assert!(fast < slow, "{fast} and {slow}");
    assert_eq!(time(Side::Canary).await, Reading::NoData, "nor it since");
}
