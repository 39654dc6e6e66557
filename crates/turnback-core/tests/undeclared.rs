//! References that no foreign key declares are found before a conversion leaves them behind.

#[path = "init_support/mod.rs"]
mod init_support;

use std::collections::{BTreeMap, BTreeSet};

use turnback_core::name::{Ident, TableName};
use turnback_core::schema::TableKind;
use turnback_core::undeclared::{LeadsTo, Seen, Undeclared, undeclared, undeclared_finding};

use self::init_support::{Db, name};

fn keys(of: &[(&str, &str)]) -> BTreeMap<TableName, Ident> {
    let key = |&(table, column): &(&str, &str)| (name(table), Ident::new(column));
    of.iter().map(key).collect()
}

fn found(db: &Db, of: &[(&str, &str)]) -> Vec<String> {
    let shown = |reference: &Undeclared| match &reference.leads_to {
        LeadsTo::Table { table, key } => format!("{reference} -> {table}.{key}"),
        LeadsTo::Any { kind, .. } => format!("{reference} -> as {kind} says"),
    };
    undeclared(&db.0, &keys(of)).iter().map(shown).collect()
}

/// A journal as frameworks make them: some references declared, some by habit alone.
fn journal() -> Db {
    Db::new("journal")
        .table("users", &["*id integer"])
        .table(
            "posts",
            &[
                "*id bigint",
                "user_id integer",
                "editor_user_id integer",
                "parent_id bigint",
                "tag_ids bigint[]",
                "word_count integer",
            ],
        )
        .table("tags", &["*id integer"])
        .table("invoices", &["*invoice_no integer"])
        .table("reminders", &["*id integer", "invoice_no integer"])
        .table(
            "attachments",
            &["*id bigint", "record_type text", "record_id bigint"],
        )
        .table("events", &["*id bigint", "user_id integer"])
        .table("events_2026", &["*id bigint", "user_id integer"])
        .points("posts(user_id)", "users(id)")
        .with("events", |t| {
            t.kind = TableKind::Partitioned;
            t.partition_key = Some("RANGE (at)".to_owned());
        })
        .with("events_2026", |t| {
            t.kind = TableKind::Partition;
            t.parents = vec![name("events")];
        })
}

#[test]
fn what_refers_by_its_name_alone_is_found_once_and_what_is_declared_is_not() {
    assert_eq!(
        found(
            &journal(),
            &[
                ("users", "id"),
                ("posts", "id"),
                ("tags", "id"),
                ("invoices", "invoice_no"),
            ],
        ),
        [
            "public.attachments.record_id -> as record_type says",
            "public.events.user_id -> public.users.id",
            "public.posts.editor_user_id -> public.users.id",
            "public.posts.parent_id -> public.posts.id",
            "public.posts.tag_ids -> public.tags.id",
            "public.reminders.invoice_no -> public.invoices.invoice_no",
        ]
    );
}

#[test]
fn references_to_keys_that_stay_are_left_in_peace() {
    assert_eq!(
        found(&journal(), &[("tags", "id")]),
        [
            "public.attachments.record_id -> as record_type says",
            "public.posts.tag_ids -> public.tags.id",
        ]
    );
    assert_eq!(found(&journal(), &[]), [""; 0]);
}

fn reference(db: &Db, column: &str) -> Undeclared {
    let all = undeclared(&db.0, &keys(&[("users", "id"), ("posts", "id")]));
    let found = all.into_iter().find(|found| found.to_string() == column);
    found.unwrap_or_else(|| panic!("{column} is not found"))
}

#[test]
fn values_decide_whether_a_name_was_right() {
    let events = reference(&journal(), "public.events.user_id");
    let said = |looked, found| {
        let seen = Seen::Values { looked, found };
        undeclared_finding(&events, Some(&seen)).map(|loose| loose.finding.reason)
    };
    assert!(said(1000, 1000).is_some_and(|text| text.contains("all of 1000 values")));
    assert!(said(1000, 990).is_some_and(|text| text.contains("990 of 1000 values")));
    assert!(said(0, 0).is_some_and(|text| text.contains("no row has a value in it yet")));
    assert_eq!(said(1000, 12), None);
    let unseen = undeclared_finding(&events, None).expect("a finding");
    assert!(unseen.finding.reason.contains("nobody could look"));
    // A partitioned table takes no foreign key that is validated later.
    assert!(unseen.finding.remedy.ends_with(
        "ALTER TABLE public.events ADD FOREIGN KEY (user_id) REFERENCES public.users (id)"
    ));
}

#[test]
fn a_row_of_any_kind_is_warned_of_where_a_kind_that_is_there_changes_its_key() {
    let attachments = reference(&journal(), "public.attachments.record_id");
    let of = |kinds: &[&str]| {
        let kinds = kinds.iter().map(|&kind| kind.to_owned()).collect();
        undeclared_finding(&attachments, Some(&Seen::Kinds(kinds)))
    };
    let loose = of(&["Post", "Invoice"]).expect("posts change");
    assert_eq!(loose.tables, BTreeSet::from([name("posts")]));
    assert!(loose.finding.reason.contains("rows of public.posts"));
    assert!(of(&["Invoice"]).is_none());
    let empty = of(&[]).expect("nothing is known yet");
    assert_eq!(empty.tables.len(), 2);
}

#[test]
fn a_draft_names_them_beside_what_it_leaves_out() {
    let draft = journal().draft();
    assert!(
        draft.yaml.contains("#   events.user_id: users\n"),
        "{}",
        draft.yaml
    );
    assert!(
        draft
            .yaml
            .contains("#   attachments.record_id: any table, as record_type says\n")
    );
}
