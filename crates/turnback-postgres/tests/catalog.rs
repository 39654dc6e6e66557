//! The catalog snapshot against a real server: an awkward schema, and a big one.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

use std::error::Error;

use sqlx::{Connection, PgConnection};
use turnback_core::name::{Ident, TableName};
use turnback_core::schema::{
    Action, Column, Constraint, ConstraintKind, Grant, Identity, Index, IndexedBy, Snapshot, Table,
    TableKind, differences,
};
use turnback_postgres::catalog::snapshot;
use turnback_testkit::{Cluster, Database};

const AWKWARD: &str = include_str!("catalog/awkward.sql");
/// What is newer than PostgreSQL 14.
const AWKWARD_15: &str = include_str!("catalog/awkward_15.sql");

async fn connect(database: &Database) -> PgConnection {
    PgConnection::connect(database.url()).await.unwrap()
}

async fn look(database: &Database) -> Snapshot {
    snapshot(&mut connect(database).await).await.unwrap()
}

/// Whether the shared cluster is of PostgreSQL 15 or later.
fn has_15() -> bool {
    Cluster::shared().binaries().major_version() >= Some(15)
}

fn awkward() -> Database {
    let database = Cluster::shared().database("catalog");
    database.execute(AWKWARD);
    if has_15() {
        database.execute(AWKWARD_15);
    }
    database
}

fn table<'a>(snapshot: &'a Snapshot, schema: &str, name: &str) -> &'a Table {
    &snapshot.tables[&TableName::new(schema, name)]
}

fn column<'a>(table: &'a Table, name: &str) -> &'a Column {
    table.column(&name.into()).unwrap()
}

fn constraint<'a>(table: &'a Table, name: &str) -> &'a Constraint {
    let found = table.constraints.iter().find(|c| c.name == name.into());
    found.unwrap()
}

fn index<'a>(table: &'a Table, name: &str) -> &'a Index {
    table.index(&name.into()).unwrap()
}

/// Bare names, for comparison with plain text.
fn bare<'a>(names: impl IntoIterator<Item = &'a Ident>) -> Vec<&'a str> {
    names.into_iter().map(Ident::as_str).collect()
}

fn grant(grantee: &str, privilege: &str) -> Grant {
    Grant {
        grantee: grantee.to_owned(),
        privilege: privilege.to_owned(),
        grantable: false,
    }
}

#[tokio::test]
async fn columns_are_found_with_identity_defaults_and_what_hangs_on_them() {
    let found = look(&awkward()).await;
    let user = table(&found, "public", "User");
    assert_eq!(
        bare(user.columns.iter().map(|c| &c.name)),
        ["id", "order", "email", "doubled", "parent"]
    );
    let id = column(user, "id");
    assert_eq!(id.identity, Some(Identity::Always));
    assert_eq!(id.sequence, Some(TableName::new("public", "User_id_seq")));
    assert_eq!(id.comment.as_deref(), Some("the key"));
    assert!(id.not_null && id.is_integer());
    assert_eq!(id.grants, [grant("PUBLIC", "SELECT")]);
    assert_eq!(
        column(user, "order").collation.as_deref(),
        Some("pg_catalog.\"C\"")
    );
    let doubled = column(user, "doubled");
    assert_eq!(doubled.generated.as_deref(), Some("(id * 2)"));
    assert_eq!(bare(&doubled.reads), ["id"]);
    assert_eq!(doubled.default, None);
    assert_eq!(column(user, "email").type_name, "character varying(80)");
    assert_eq!(column(user, "email").statistics_target, Some(500));

    let entry = table(&found, "Sales", "entry");
    let serial = column(entry, "a");
    assert_eq!(
        serial.default.as_deref(),
        Some("nextval('\"Sales\".entry_a_seq'::regclass)")
    );
    assert_eq!(column(entry, "b").identity, Some(Identity::ByDefault));
    assert_eq!(
        column(entry, "at").default.as_deref(),
        Some("'2020-01-01 00:00:00+00'::timestamp with time zone")
    );
}

#[tokio::test]
async fn constraints_are_found_with_actions_and_deferrability() {
    let found = look(&awkward()).await;
    let user = table(&found, "public", "User");
    assert_eq!(
        user.primary_key().unwrap().kind,
        ConstraintKind::PrimaryKey {
            index: "User_pkey".into()
        }
    );
    assert_eq!(
        constraint(user, "User_pkey").comment.as_deref(),
        Some("who")
    );
    let parent = constraint(user, "User_parent_fkey");
    assert!(parent.deferrable && parent.deferred && parent.validated);

    let line = table(&found, "Sales", "line");
    let (entry, far) = line.foreign_keys().next().unwrap();
    assert_eq!(bare(&entry.columns), ["y", "x"]);
    assert_eq!(far.table, TableName::new("Sales", "entry"));
    assert_eq!(bare(&far.columns), ["b", "a"]);
    assert_eq!(
        (far.on_update, far.on_delete),
        (Action::Cascade, Action::SetNull)
    );
    assert!(far.match_full);
    assert!(!entry.validated);
    assert_eq!(
        entry.definition,
        "FOREIGN KEY (y, x) REFERENCES \"Sales\".entry(b, a) MATCH FULL \
         ON UPDATE CASCADE ON DELETE SET NULL NOT VALID"
    );
    assert_eq!(
        constraint(line, "line_n_check").kind,
        ConstraintKind::Check {
            expression: "(n > 0)".to_owned()
        }
    );
    let exclusion = constraint(line, "line_n_excl");
    assert_eq!(exclusion.kind, ConstraintKind::Exclusion);
}

#[tokio::test]
async fn indexes_are_found_key_by_key_with_all_they_read() {
    let found = look(&awkward()).await;
    let entry = table(&found, "Sales", "entry");

    let partial = index(entry, "entry_part");
    assert_eq!(
        partial.keys[0].what,
        IndexedBy::Expression("lower(note)".to_owned())
    );
    assert!(partial.keys[0].descending && partial.keys[0].nulls_first);
    assert_eq!(partial.keys[1].what, IndexedBy::Column("u".into()));
    assert_eq!(bare(&partial.include), ["doc"]);
    assert_eq!(partial.predicate.as_deref(), Some("(b > 3)"));
    assert_eq!(bare(&partial.reads), ["b", "doc", "note", "u"]);
    assert!(partial.unique && partial.valid && !partial.constraint);

    let classes = index(entry, "entry_ops");
    assert_eq!(
        classes.keys[0].operator_class.as_deref(),
        Some("pg_catalog.text_pattern_ops")
    );
    assert!(classes.keys[0].descending && !classes.keys[0].nulls_first);
    assert_eq!(
        classes.keys[1].collation.as_deref(),
        Some("pg_catalog.\"C\"")
    );
    assert_eq!(classes.keys[1].operator_class, None);

    let gin = index(entry, "entry_gin");
    assert_eq!(gin.method, "gin");
    assert_eq!(
        gin.keys[0].operator_class.as_deref(),
        Some("pg_catalog.jsonb_path_ops")
    );
    assert_eq!(gin.keys[1].operator_class, None);
    assert_eq!(gin.options, ["fastupdate=off"]);

    // Its operator class is the default of varchar's base type, its collation the column's.
    let email = index(table(&found, "public", "User"), "User_email_key");
    assert!(email.constraint && email.unique && !email.immediate);
    assert_eq!(
        (&email.keys[0].operator_class, &email.keys[0].collation),
        (&None, &None)
    );
}

#[tokio::test]
async fn triggers_policies_rules_and_statistics_say_which_columns_they_read() {
    let found = look(&awkward()).await;
    let user = table(&found, "public", "User");

    let [before, statement] = user.triggers.as_slice() else {
        panic!("two triggers, not {:?}", user.triggers);
    };
    assert_eq!(before.function, "public.\"Touch\"");
    assert!(before.before_row && before.for_each_row && before.on_update && !before.on_insert);
    assert_eq!(bare(&before.update_of), ["email", "order"]);
    // `order` is only in UPDATE OF, `email` in both, the others only in WHEN.
    assert_eq!(bare(&before.when_reads), ["id", "email", "parent"]);
    assert_eq!(before.enabled, "O");
    assert!(!statement.for_each_row && !statement.before_row && statement.on_insert);
    assert_eq!(statement.enabled, "D");

    assert!(user.row_security.enabled && !user.row_security.forced);
    assert_eq!(
        user.policies[0].definition,
        "AS PERMISSIVE FOR SELECT TO PUBLIC USING (((id > 3) AND (email IS NOT NULL)))"
    );
    assert_eq!(bare(&user.policies[0].reads), ["email", "id"]);

    let entry = table(&found, "Sales", "entry");
    assert_eq!(
        entry.statistics[0].full_name(),
        TableName::new("public", "st")
    );
    assert_eq!(bare(&entry.statistics[0].columns), ["a", "u"]);
    assert_eq!(entry.statistics[0].expressions, ["lower(note)"]);
    assert_eq!(
        entry.statistics[0].kinds,
        ["ndistinct", "dependencies", "mcv"]
    );
    assert_eq!(bare(&entry.statistics[0].reads), ["a", "note", "u"]);
    assert_eq!(
        entry.options,
        ["fillfactor=70", "toast.autovacuum_enabled=false"]
    );

    let line = table(&found, "Sales", "line");
    assert_eq!(line.replica_identity, "f");
    assert_eq!(line.rules[0].name, "quiet".into());
    assert!(line.rules[0].definition.contains("DO INSTEAD NOTHING"));
    assert!(line.rules[0].definition.contains("DISABLE RULE quiet"));
}

#[tokio::test]
async fn partitions_views_sequences_functions_and_publications_are_found() {
    let found = look(&awkward()).await;
    let log = table(&found, "public", "log");
    assert_eq!(log.kind, TableKind::Partitioned);
    assert_eq!(log.partition_key.as_deref(), Some("RANGE (at)"));
    let part = table(&found, "public", "log_1");
    assert_eq!(part.kind, TableKind::Partition);
    assert_eq!(part.parents, [TableName::new("public", "log")]);
    assert_eq!(
        part.partition_bound.as_deref(),
        Some("FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')")
    );

    let view = &found.views[&TableName::new("public", "v2")];
    assert_eq!(
        bare(&view.reads[&TableName::new("Sales", "entry")]),
        ["note", "u"]
    );
    assert_eq!(
        bare(&view.reads[&TableName::new("public", "v1")]),
        ["id"],
        "a view on a view reads the view"
    );
    assert!(view.definition.contains("public.v1"), "{}", view.definition);
    assert_eq!(view.options, ["security_barrier=true"]);
    let counted = &found.views[&TableName::new("public", "m")];
    assert!(counted.materialized);
    assert!(counted.reads[&TableName::new("public", "log")].is_empty());
    let version = &found.views[&TableName::new("public_users", "User")];
    assert_eq!(version.reads.len(), 1);

    let serial = &found.sequences[&TableName::new("Sales", "entry_a_seq")];
    let a = (TableName::new("Sales", "entry"), Ident::new("a"));
    assert_eq!(serial.owned_by.as_ref(), Some(&a));
    assert_eq!(serial.used_by, [a]);
    let shared = &found.sequences[&TableName::new("public", "shared_seq")];
    assert_eq!(shared.owned_by, None);
    assert_eq!(
        shared.used_by,
        [(TableName::new("Sales", "line"), Ident::new("n"))]
    );
    assert_eq!(
        (shared.max_value, shared.type_name.as_str()),
        (900, "bigint")
    );
    assert!(shared.definition.ends_with("CACHE 1 CYCLE"));

    let signatures: Vec<_> = found.functions.iter().map(|f| &f.signature).collect();
    assert_eq!(signatures, ["public.\"Touch\"()", "public.mails(integer)"]);
    let user = TableName::new("public", "User");
    assert_eq!(bare(&found.functions[1].reads[&user]), ["email", "id"]);
    assert!(found.functions[1].source.contains("BEGIN ATOMIC"));

    let publication = &found.publications[0];
    assert!(!publication.all_tables);
    assert_eq!(publication.tables.len(), 2);
    assert_eq!(publication.tables[&TableName::new("public", "log")], None);
}

#[tokio::test]
async fn what_only_newer_servers_know_is_found_there() {
    if !has_15() {
        return;
    }
    let found = look(&awkward()).await;
    let line = table(&found, "Sales", "line");
    let some = constraint(line, "line_some_fkey");
    let ConstraintKind::ForeignKey(far) = &some.kind else {
        panic!("a foreign key, not {:?}", some.kind);
    };
    assert_eq!(bare(&far.on_delete_columns), ["y"]);
    assert!(index(table(&found, "Sales", "entry"), "entry_nnd").nulls_not_distinct);
    let columns = &found.publications[1].tables[&TableName::new("public", "User")];
    assert_eq!(bare(columns.iter().flatten()), ["id", "email"]);
    let whole = &found.publications[2].tables;
    assert_eq!(whole.len(), 2, "every table of the schema");
}

#[tokio::test]
async fn the_ledger_system_schemas_and_extensions_are_left_out() {
    let database = awkward();
    database.execute(
        "CREATE SCHEMA turnback; CREATE TABLE turnback.phase (id int PRIMARY KEY);
         CREATE FUNCTION turnback.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
         CREATE EXTENSION IF NOT EXISTS pg_stat_statements;",
    );
    let found = look(&database).await;
    assert_eq!(
        bare(found.schemas.keys()),
        ["Sales", "public", "public_users"]
    );
    let schemas = |names: Vec<&TableName>| -> Vec<String> {
        names.iter().map(|n| n.schema.as_str().to_owned()).collect()
    };
    assert!(!schemas(found.tables.keys().collect()).contains(&"turnback".to_owned()));
    let member = TableName::new("public", "pg_stat_statements");
    assert!(!found.views.contains_key(&member), "an extension's view");
    assert_eq!(found.functions.len(), 2);
    assert_eq!(found.database, database.name());
    assert!(found.server_version >= 140_000);
    assert!(
        found.schemas[&Ident::new("Sales")]
            .grants
            .contains(&grant("PUBLIC", "USAGE"))
    );
}

#[tokio::test]
async fn sizes_rows_and_writes_are_measured() {
    let database = Cluster::shared().database("catalog");
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, body text);
         INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 10000) n;
         ANALYZE t;
         CREATE TABLE never_analysed (id bigint, more bigint) WITH (autovacuum_enabled = false);
         INSERT INTO never_analysed SELECT n, n FROM generate_series(1, 10000) n;",
    );
    let found = look(&database).await;
    let vitals = &table(&found, "public", "t").vitals;
    assert_eq!(vitals.rows, 10_000);
    assert_eq!(vitals.heap_bytes, vitals.pages * 8192);
    assert!(vitals.heap_bytes > 1_000_000, "{vitals:?}");
    assert!(vitals.index_bytes > 100_000, "{vitals:?}");
    assert!(vitals.total_bytes >= vitals.heap_bytes + vitals.index_bytes);
    assert!(vitals.frozen_age > 0 && vitals.writes_per_second.is_some());
    let guess = table(&found, "public", "never_analysed").vitals.rows;
    assert!((8_000..12_000).contains(&guess), "{guess}");
}

#[tokio::test]
async fn an_unchanged_database_looks_the_same_twice_whatever_the_session_is_set_to() {
    let database = awkward();
    let before = look(&database).await;
    let mut other = connect(&database).await;
    sqlx::raw_sql(
        "SET search_path = \"Sales\", public; SET quote_all_identifiers = on;
         SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Kolkata'; SET extra_float_digits = 0;",
    )
    .execute(&mut other)
    .await
    .unwrap();
    let after = snapshot(&mut other).await.unwrap();
    assert_eq!(differences(&before, &after), vec![]);

    let (path, depth): (String, String) = sqlx::query_as(
        "SELECT current_setting('search_path'), current_setting('transaction_isolation')",
    )
    .fetch_one(&mut other)
    .await
    .unwrap();
    assert_eq!(
        path, "\"Sales\", public",
        "the session has its settings back"
    );
    assert_eq!(depth, "read committed");
}

#[tokio::test]
async fn the_same_shape_made_again_is_the_same_and_one_changed_thing_is_one_difference() {
    let first = awkward();
    let mut before = look(&first).await;
    let after = look(&awkward()).await;
    before.database.clone_from(&after.database);
    assert_eq!(differences(&before, &after), vec![]);

    first.execute("ALTER TABLE \"Sales\".line ALTER COLUMN n SET NOT NULL");
    let mut changed = look(&first).await;
    changed.database.clone_from(&before.database);
    let found = differences(&before, &changed);
    let at: Vec<_> = found.iter().map(|d| d.at.as_str()).collect();
    assert!(at.contains(&"tables / Sales.line / columns / n / not_null"));
}

#[tokio::test]
async fn a_look_survives_tables_that_come_and_go() {
    let database = awkward();
    let mut connection = connect(&database).await;
    let mut churn = connect(&database).await;
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let churning = tokio::spawn(async move {
        while stopped.try_recv().is_err() {
            // Each on its own: within one transaction nobody would ever see the table.
            for sql in [
                "CREATE TABLE fleeting (id int PRIMARY KEY CHECK (id > 0), x int UNIQUE)",
                "DROP TABLE fleeting",
            ] {
                sqlx::raw_sql(sql).execute(&mut churn).await.unwrap();
            }
        }
    });
    for _ in 0..20 {
        let found = snapshot(&mut connection).await.unwrap();
        assert!(found.tables.len() >= 5);
    }
    stop.send(()).unwrap();
    churning.await.unwrap();
}

#[tokio::test]
async fn a_failure_names_what_was_read_and_keeps_its_cause() {
    let database = Cluster::shared().database("catalog");
    let mut connection = connect(&database).await;
    let mut open = connection.begin().await.unwrap();
    let error = snapshot(&mut open).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not read the state from the database's catalog"
    );
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_thousand_tables_are_read_whole() {
    let database = Cluster::shared().database("catalog");
    // One transaction per hundred tables: the lock table of the server is small.
    for hundred in 0..10 {
        database.execute(&format!(
            "DO $$
             DECLARE i int; k int;
             BEGIN
               FOR i IN {hundred} * 100 + 1 .. {hundred} * 100 + 100 LOOP
                 EXECUTE format('CREATE TABLE t%s (id bigserial PRIMARY KEY, name text NOT NULL,
                     email text UNIQUE, made timestamptz DEFAULT now(),
                     r1 bigint, r2 bigint, r3 bigint, CHECK (length(name) < 100))', i);
                 EXECUTE format('CREATE INDEX ON t%s (r1)', i);
                 FOR k IN 1 .. 2 + i % 2 LOOP
                   EXECUTE format('ALTER TABLE t%s ADD FOREIGN KEY (r%s) REFERENCES t%s',
                       i, k, 1 + (i * 7 * k) % i);
                 END LOOP;
               END LOOP;
             END $$"
        ));
    }
    let mut connection = connect(&database).await;
    let found = snapshot(&mut connection).await.unwrap();
    // How long that takes is measured by `make bench`, on a machine that does nothing else.
    assert_eq!(found.tables.len(), 1_000);
    assert_eq!(found.foreign_keys().count(), 2_500);
}
