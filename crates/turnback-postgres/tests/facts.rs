//! Facts about the server against a real one: rights, transactions of others, the lease.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use turnback_core::name::{Ident, TableName};
use turnback_core::preflight::{ServerFacts, Weight, server_findings};
use turnback_core::program::Program;
use turnback_postgres::catalog::snapshot;
use turnback_postgres::facts::server_facts;
use turnback_testkit::{Cluster, ClusterOptions, Database};

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn facts(database: &Database) -> ServerFacts {
    server_facts(&mut connect(database.url()).await)
        .await
        .unwrap()
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .unwrap();
}

/// A login role of this database's own, and the URL by which it connects.
fn role(database: &Database) -> (String, String) {
    let role = format!("{}_role", database.name());
    database.execute(&format!("CREATE ROLE {role} LOGIN"));
    let (scheme, rest) = database.url().split_once("://").unwrap();
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    (role.clone(), format!("{scheme}://{role}@{host}"))
}

/// Roles belong to the whole cluster and outlive a database.
fn drop_role(database: &Database, role: &str) {
    database.execute(&format!("DROP OWNED BY {role}"));
    database.execute(&format!("DROP ROLE {role}"));
}

fn codes(
    facts: &ServerFacts,
    program: &Program,
    found: &turnback_core::schema::Snapshot,
) -> Vec<String> {
    server_findings(facts, &[program], found)
        .into_iter()
        .filter(|finding| finding.weight == Weight::NoGo)
        .map(|finding| finding.code)
        .collect()
}

#[tokio::test]
async fn a_superuser_on_an_idle_server_finds_it_ready() {
    let database = Cluster::shared().database("facts");
    database.execute("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t DEFAULT VALUES");
    let facts = facts(&database).await;
    assert!(facts.state.version >= 140_000);
    assert_eq!(facts.state.database, database.name());
    assert!(!facts.state.standby && !facts.state.read_only && facts.state.autovacuum);
    assert_eq!(facts.state.free_bytes, None);
    assert!(facts.role.superuser && facts.role.creates_schemas);
    assert!(facts.role.may_silence_triggers && facts.role.sees_all_sessions);
    assert!(facts.role.creates_in.contains(&Ident::new("public")));
    assert!(facts.connections.used >= 1 && facts.connections.most > facts.connections.used);
    assert_eq!(facts.sequences.len(), 1);
    assert_eq!(
        facts.sequences[0].sequence,
        TableName::new("public", "t_id_seq")
    );
    assert_eq!(facts.sequences[0].last_value, 1);
    assert_eq!((facts.ledger, facts.prepared), (None, vec![]));
}

#[tokio::test]
async fn a_role_without_rights_learns_which_it_needs_and_gets_by_with_them() {
    let database = Cluster::shared().database("facts");
    database.execute(
        "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t DEFAULT VALUES; \
         REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    );
    let (role, url) = role(&database);
    let program = Program {
        tables: vec![TableName::new("public", "t")],
        columns: vec![(TableName::new("public", "t"), "id".into())],
        ..Program::default()
    };
    let found = snapshot(&mut connect(database.url()).await).await.unwrap();
    let mut connection = connect(&url).await;
    let before = server_facts(&mut connection).await.unwrap();
    assert_eq!(before.role.name, role);
    assert!(!before.role.superuser && !before.role.may_silence_triggers);
    assert!(before.sequences.is_empty(), "it may not read the sequence");
    assert_eq!(
        codes(&before, &program, &found),
        ["not-owner", "no-create-on-database", "no-create-on-schema"]
    );

    let owner = format!("{role}_owner");
    database.execute(&format!(
        "CREATE ROLE {owner}; ALTER TABLE t OWNER TO {owner}; GRANT {owner} TO {role}; \
         GRANT CREATE ON SCHEMA public TO {role}; GRANT CREATE ON DATABASE {} TO {role}",
        Ident::new(database.name())
    ));
    if before.state.version >= 150_000 {
        database.execute(&format!(
            "GRANT SET ON PARAMETER session_replication_role TO {role}"
        ));
    }
    let found = snapshot(&mut connect(database.url()).await).await.unwrap();
    // The session is of use after a refused try, and sees the new rights.
    let after = server_facts(&mut connection).await.unwrap();
    assert_eq!(codes(&after, &program, &found), Vec::<String>::new());
    assert!(after.role.has_rights_of.contains(&owner));
    assert_eq!(
        after.role.may_silence_triggers,
        after.state.version >= 150_000
    );
    assert_eq!(after.sequences.len(), 1);
    let still: String = sqlx::query_scalar("SHOW session_replication_role")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(still, "origin", "the try leaves nothing behind");
    connection.close().await.unwrap();
    drop_role(&database, &owner);
    drop_role(&database, &role);
}

#[tokio::test]
async fn an_open_transaction_is_seen_without_the_data_in_its_query() {
    let database = Cluster::shared().database("facts");
    let mut other = connect(&format!("{}?application_name=report", database.url())).await;
    run(&mut other, "BEGIN").await;
    run(&mut other, "SELECT\n  1 AS \"n\", 'hunter2' AS secret").await;
    let facts = facts(&database).await;
    assert_eq!(facts.sessions.len(), 1, "{:?}", facts.sessions);
    let seen = &facts.sessions[0];
    assert_eq!(seen.application, "report");
    assert_eq!(seen.state, "idle in transaction");
    assert_eq!(seen.query, "SELECT 1 AS \"n\",");
    assert!(!format!("{facts:?}").contains("hunter2"));
    assert!(seen.age_seconds < 300);
}

#[tokio::test]
async fn sessions_of_others_are_counted_where_they_cannot_be_looked_into() {
    let database = Cluster::shared().database("facts");
    let (role, url) = role(&database);
    let mut other = connect(database.url()).await;
    run(&mut other, "BEGIN; SELECT 1").await;
    let mut connection = connect(&url).await;
    let facts = server_facts(&mut connection).await.unwrap();
    assert!(!facts.role.sees_all_sessions);
    assert_eq!((facts.hidden_sessions, facts.sessions.len()), (1, 0));
    run(
        &mut other,
        &format!("GRANT pg_read_all_stats TO {role}; COMMIT; BEGIN; SELECT 1"),
    )
    .await;
    let facts = server_facts(&mut connection).await.unwrap();
    assert_eq!((facts.hidden_sessions, facts.sessions.len()), (0, 1));
    connection.close().await.unwrap();
    run(&mut other, "COMMIT").await;
    drop_role(&database, &role);
}

#[tokio::test]
async fn limits_on_the_role_count_as_limits_on_sessions() {
    let database = Cluster::shared().database("facts");
    let (role, url) = role(&database);
    database.execute(&format!("ALTER ROLE {role} CONNECTION LIMIT 3"));
    let mut connection = connect(&url).await;
    let connections = server_facts(&mut connection).await.unwrap().connections;
    assert_eq!(connections.most - connections.used, 2, "{connections:?}");
    connection.close().await.unwrap();
    drop_role(&database, &role);
}

#[tokio::test]
async fn a_database_made_read_only_is_seen_through_the_sessions_own_setting() {
    let database = Cluster::shared().database("facts");
    database.execute(&format!(
        "ALTER DATABASE {} SET default_transaction_read_only = on",
        Ident::new(database.name())
    ));
    let mut connection = connect(database.url()).await;
    run(&mut connection, "SET default_transaction_read_only = off").await;
    let facts = server_facts(&mut connection).await.unwrap();
    assert!(facts.state.read_only);
}

/// The ledger's table of the lease, as turnback makes it.
const LEASE: &str = "CREATE SCHEMA turnback; CREATE TABLE turnback.lease (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), epoch bigint NOT NULL, holder text,
    backend int, backend_start timestamptz, heartbeat timestamptz);
    INSERT INTO turnback.lease (epoch) VALUES (0)";

#[tokio::test]
async fn a_lease_is_seen_with_whether_its_session_lives() {
    let database = Cluster::shared().database("facts");
    database.execute(LEASE);
    let ledger = facts(&database).await.ledger.unwrap();
    assert_eq!(ledger.lease, None, "nobody holds it");

    let mut holder = connect(database.url()).await;
    run(
        &mut holder,
        "UPDATE turnback.lease SET epoch = 1, holder = 'deploy@build', backend = pg_backend_pid(), \
         backend_start = (SELECT a.backend_start FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()), \
         heartbeat = clock_timestamp()",
    )
    .await;
    let held = facts(&database).await;
    let lease = held.ledger.clone().unwrap().lease.unwrap();
    assert_eq!(lease.holder, "deploy@build");
    assert!(lease.present && lease.silent_seconds < 15);
    let found = snapshot(&mut holder).await.unwrap();
    assert_eq!(
        codes(&held, &Program::default(), &found),
        ["run-in-progress"]
    );

    // The same process, begun at another time, is another session.
    run(
        &mut holder,
        "UPDATE turnback.lease SET backend_start = backend_start - interval '1 hour'",
    )
    .await;
    let lease = facts(&database).await.ledger.unwrap().lease.unwrap();
    assert!(!lease.present);
}

#[tokio::test]
async fn a_ledger_that_may_not_be_read_does_not_stop_the_look() {
    let database = Cluster::shared().database("facts");
    database.execute(LEASE);
    let (role, url) = role(&database);
    let mut connection = connect(&url).await;
    let facts = server_facts(&mut connection).await.unwrap();
    let ledger = facts.ledger.clone().unwrap();
    assert_eq!(ledger.lease, None);
    let found = snapshot(&mut connection).await.unwrap();
    let codes = codes(&facts, &Program::default(), &found);
    assert_eq!(codes, ["not-owner-of-ledger"]);
    connection.close().await.unwrap();
    drop_role(&database, &role);
}

#[tokio::test]
async fn event_triggers_that_are_on_are_seen() {
    let database = Cluster::shared().database("facts");
    database.execute(
        "CREATE FUNCTION \"Look\"() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; \
         CREATE EVENT TRIGGER look_on ON ddl_command_end EXECUTE FUNCTION \"Look\"(); \
         CREATE EVENT TRIGGER look_off ON sql_drop EXECUTE FUNCTION \"Look\"(); \
         ALTER EVENT TRIGGER look_off DISABLE",
    );
    let facts = facts(&database).await;
    assert_eq!(facts.event_triggers.len(), 1);
    assert_eq!(facts.event_triggers[0].event, "ddl_command_end");
    assert_eq!(facts.event_triggers[0].function, "public.\"Look\"");
}

#[tokio::test]
async fn prepared_transactions_slots_and_the_archiver_are_seen() {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let cluster = Cluster::start(ClusterOptions {
        settings: vec![
            set("max_prepared_transactions", "2"),
            set("archive_mode", "on"),
            set("archive_command", "false"),
            set("autovacuum", "off"),
        ],
        ..ClusterOptions::default()
    })
    .unwrap();
    let database = cluster.database("facts");
    let elsewhere = cluster.database("elsewhere");
    elsewhere.execute("CREATE TABLE t (id int)");
    let mut session = connect(elsewhere.url()).await;
    run(
        &mut session,
        "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'other'",
    )
    .await;
    let mut session = connect(database.url()).await;
    run(&mut session, "CREATE TABLE t (id int)").await;
    run(
        &mut session,
        "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'it''s'",
    )
    .await;
    run(
        &mut session,
        "SELECT pg_create_physical_replication_slot('feed', true)",
    )
    .await;
    run(&mut session, "SELECT pg_switch_wal()").await;
    let seen = facts(&database).await;
    let gids: Vec<&str> = seen.prepared.iter().map(|p| p.gid.as_str()).collect();
    assert_eq!(
        gids,
        ["it's"],
        "those of other databases hold up nothing here"
    );
    assert_eq!(seen.slots.len(), 1);
    assert_eq!(
        (seen.slots[0].name.as_str(), seen.slots[0].active),
        ("feed", false)
    );
    assert!(seen.slots[0].retained_bytes.is_some());
    assert!(!seen.state.autovacuum);
    assert!(seen.archiver.is_some());
    for database in [&database, &elsewhere] {
        let prepared = database
            .execute("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()");
        database.execute(&format!(
            "ROLLBACK PREPARED '{}'",
            prepared.replace('\'', "''")
        ));
    }
}
