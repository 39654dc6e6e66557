//! Plans checked against a database: names that are not there, keys that are no keys.

use turnback_core::diagnostic::Diagnostic;
use turnback_core::name::{Ident, TableName};
use turnback_core::plan::{PlanSource, check_against, parse};
use turnback_core::schema::{
    Action, Column, Constraint, ConstraintKind, ForeignKey, Index, IndexKey, IndexedBy, Policy,
    Snapshot, Table, View,
};

fn table(columns: &[(&str, &str)], primary: &[&str]) -> Table {
    let mut table = Table {
        columns: columns
            .iter()
            .map(|(name, type_name)| Column {
                name: Ident::new(*name),
                type_name: (*type_name).to_owned(),
                ..Column::default()
            })
            .collect(),
        ..Table::default()
    };
    if !primary.is_empty() {
        let kind = ConstraintKind::PrimaryKey {
            index: Ident::new("pkey"),
        };
        table.constraints.push(constraint("pkey", primary, kind));
    }
    table
}

fn constraint(name: &str, columns: &[&str], kind: ConstraintKind) -> Constraint {
    Constraint {
        name: Ident::new(name),
        columns: columns.iter().copied().map(Ident::new).collect(),
        kind,
        deferrable: false,
        deferred: false,
        validated: true,
        inherited: false,
        parent: None,
        definition: String::new(),
        comment: None,
    }
}

fn unique_index(column: &str) -> Index {
    Index {
        name: Ident::new("pkey"),
        method: "btree".to_owned(),
        unique: true,
        nulls_not_distinct: false,
        primary: true,
        immediate: true,
        valid: true,
        clustered: false,
        replica_identity: false,
        keys: vec![IndexKey {
            what: IndexedBy::Column(Ident::new(column)),
            operator_class: None,
            collation: None,
            descending: false,
            nulls_first: false,
            statistics_target: None,
        }],
        include: Vec::new(),
        predicate: None,
        reads: [Ident::new(column)].into(),
        options: Vec::new(),
        tablespace: None,
        constraint: true,
        parent: None,
        definition: String::new(),
        comment: None,
    }
}

fn database() -> Snapshot {
    let mut snapshot = Snapshot::default();
    let mut add = |schema: &str, name: &str, table: Table| {
        snapshot.tables.insert(TableName::new(schema, name), table);
    };
    let mut users = table(
        &[
            ("id", "integer"),
            ("email", "text"),
            ("number", "bigint"),
            ("born", "date"),
            ("created_at", "timestamp(3) with time zone"),
        ],
        &["id"],
    );
    users.columns[0].not_null = true;
    users.columns[0].default = Some("nextval('users_id_seq'::regclass)".to_owned());
    users.indexes.push(unique_index("id"));
    add("public", "users", users);
    let policy = |name: &str, column: &str| Policy {
        name: Ident::new(name),
        reads: [Ident::new(column)].into(),
        ..Policy::default()
    };
    let mut members = table(
        &[("user_id", "integer"), ("room", "integer")],
        &["user_id", "room"],
    );
    let far = ForeignKey {
        table: TableName::new("public", "users"),
        columns: vec![Ident::new("id")],
        on_update: Action::NoAction,
        on_delete: Action::NoAction,
        on_delete_columns: Vec::new(),
        match_full: false,
        index: None,
        turn: None,
    };
    let kind = ConstraintKind::ForeignKey(far);
    members
        .constraints
        .push(constraint("members_user", &["user_id"], kind));
    members.policies = vec![policy("own", "user_id"), policy("open", "room")];
    add("public", "members", members);
    add("public", "log", table(&[("id", "integer")], &[]));
    add("public", "Order", table(&[("Id", "bigint")], &["Id"]));
    add("public", "codes", table(&[("code", "text")], &["code"]));
    add("billing", "invoices", table(&[("id", "bigint")], &["id"]));
    let mut view = |name: &str, materialized: bool, reads: (&str, &str)| {
        let (relation, column) = reads;
        let view = View {
            materialized,
            reads: [(
                TableName::new("public", relation),
                [Ident::new(column)].into(),
            )]
            .into(),
            ..View::default()
        };
        snapshot.views.insert(TableName::new("public", name), view);
    };
    view("people", false, ("users", "id"));
    view("activity", true, ("people", "n"));
    view("emails", true, ("users", "email"));
    snapshot
}

fn check(operations: &[&str]) -> (String, Vec<Diagnostic>) {
    let operations: String = operations
        .iter()
        .map(|operation| format!("      - convert_key: {{ to: uuid, {operation} }}\n"))
        .collect();
    let text = format!(
        "version: 1\nname: x\ntarget: postgres://db/x\nphases:\n  - id: a\n    operations:\n{operations}"
    );
    let parsed = parse(&PlanSource {
        file_name: "turnback.yaml",
        text: &text,
        env: &|_| None,
        read_file: &|_| Err("no files here".to_owned()),
        target_override: None,
    })
    .unwrap_or_else(|found| panic!("{found:#?}"));
    let found = check_against(&parsed, &database());
    (text, found)
}

/// Code, what is underlined, help.
fn only(operation: &str) -> (&'static str, String, String) {
    let (text, found) = check(&[operation]);
    assert_eq!(found.len(), 1, "{operation}: {found:#?}");
    let under = text[found[0].span.range()].to_owned();
    (
        found[0].code,
        under,
        found[0].help.clone().unwrap_or_default(),
    )
}

#[test]
fn a_plan_that_fits_its_database_has_no_findings() {
    let (_, found) = check(&[
        "table: users, generate: v7, v7_from: created_at",
        "table: members, column: room, generate: v7",
        "table: billing.invoices",
        r#"table: '"Order"', column: '"Id"'"#,
    ]);
    assert!(found.is_empty(), "{found:#?}");
    assert!(
        check(&["table: users, generate: v7, v7_from: born"])
            .1
            .is_empty()
    );
}

#[test]
fn unknown_tables_and_columns_come_with_the_nearest_name() {
    let is = |code, under: &str, help: &str| (code, under.to_owned(), help.to_owned());
    assert_eq!(
        only("table: usres"),
        is("unknown-table", "usres", "did you mean `users`?")
    );
    assert_eq!(
        only("table: invoices"),
        is(
            "unknown-table",
            "invoices",
            "did you mean `billing.invoices`?"
        )
    );
    let (code, _, help) = only("table: \"Order\"");
    assert_eq!(code, "unknown-table");
    assert!(help.starts_with("did you mean '\"Order\"'?"), "{help}");
    assert_eq!(
        only("table: users, column: idd"),
        is("unknown-column", "idd", "did you mean `id`?")
    );
    assert_eq!(
        only("table: users, generate: v7, v7_from: createdat"),
        is("unknown-column", "createdat", "did you mean `created_at`?")
    );
    assert_eq!(only("table: people").0, "not-a-table");
}

#[test]
fn an_object_to_recreate_must_be_there_and_compute_with_a_key_of_the_phase() {
    let with = |object: &str| {
        let operation = format!("table: users, recreate: [{{ {object}, sql: a }}]");
        let (text, found) = check(&[&operation]);
        let line = found.first().map(|d| {
            let help = d.help.clone().unwrap_or_default();
            format!("{} <{}> {help}", d.code, &text[d.span.range()])
        });
        assert!(found.len() <= 1, "{object}: {found:#?}");
        line.unwrap_or_default()
    };
    assert_eq!(with("policy: own, on: members"), "");
    assert_eq!(with("materialized_view: activity"), "", "through a view");
    assert_eq!(
        [
            with("policy: owm, on: members"),
            with("policy: own, on: member"),
            with("policy: open, on: members"),
            with("materialized_view: activities"),
            with("materialized_view: people"),
            with("materialized_view: emails"),
        ],
        [
            "unknown-policy <owm> did you mean `own`?",
            "unknown-table <own> did you mean `members`?",
            "needless-recreate <open> leave it out: it goes on working as it is",
            "unknown-materialized-view <activities> did you mean `activity`?",
            "not-materialized <people> leave it out: turnback carries views by itself",
            "needless-recreate <emails> leave it out: it goes on working as it is",
        ]
    );
}

#[test]
fn the_key_must_be_an_integer_key_of_the_table_s_own() {
    assert_eq!(only("table: codes").0, "key-not-integer");
    assert_eq!(only("table: users, column: email").1, "email");
    assert_eq!(only("table: users, column: number").0, "not-a-key");
    let (code, under, help) = only("table: members, column: user_id");
    assert_eq!((code, under.as_str()), ("key-is-foreign", "user_id"));
    assert!(help.contains("public.users"), "{help}");
}

#[test]
fn without_a_column_there_must_be_a_primary_key_of_one() {
    assert_eq!(only("table: members").0, "no-single-key");
    assert_eq!(only("table: log").0, "no-single-key");
}

#[test]
fn the_time_of_a_key_comes_from_a_date_or_timestamp() {
    let (code, under, _) = only("table: users, generate: v7, v7_from: email");
    assert_eq!((code, under.as_str()), ("time-not-timestamp", "email"));
}

#[test]
fn a_key_named_once_with_and_once_without_its_column_is_one_key() {
    let (_, found) = check(&["table: users", "table: users, column: id"]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].code, found[0].span.line), ("repeated-key", 8));
    assert_eq!(found[0].related[0].span.line, 7);
}

#[test]
fn all_findings_come_at_once_in_the_order_of_the_file() {
    let (_, found) = check(&[
        "table: nope",
        "table: users, column: idd, generate: v7, v7_from: email",
        "table: log",
    ]);
    let lines: Vec<_> = found.iter().map(|d| (d.span.line, d.code)).collect();
    assert_eq!(
        lines,
        [
            (7, "unknown-table"),
            (8, "unknown-column"),
            (8, "time-not-timestamp"),
            (9, "no-single-key")
        ]
    );
}
