//! Drafts of plans: what is converted, in which order, at what cost, in which words.

mod init_support;

use std::collections::{BTreeMap, BTreeSet};

use init_support::{Db, chat, name, order, request, skipped};
use turnback_core::init::{Group, Level, Request, init};
use turnback_core::name::Ident;
use turnback_core::plan::{Generate, PlanSource, parse};
use turnback_core::schema::{Policy, Publication, TableKind, View};

#[test]
fn the_chat_draft_reads_as_a_careful_engineer_would_write_it() {
    let draft = chat().draft();
    assert!(draft.yaml.lines().all(|line| line.chars().count() <= 100));
    insta::assert_snapshot!("chat", draft.yaml);
}

#[test]
fn the_guards_that_a_draft_suggests_are_a_plan_once_they_are_uncommented() {
    let yaml = chat().draft().yaml;
    let (plan, guards) = yaml.split_once("# guards:").expect("it suggests some");
    let bare = guards
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(""));
    let text = format!("{plan}guards:\n{}\n", bare.collect::<Vec<_>>().join("\n"));
    let read = parse(&PlanSource {
        file_name: "turnback.yaml",
        text: &text,
        env: &|_| Some("postgres://localhost/chat".to_owned()),
        read_file: &|path| Err(path.to_owned()),
        target_override: None,
    });
    let plan = read.expect("it is a plan").plan;
    assert_eq!((plan.guards.len(), plan.decisions.rows.len()), (4, 3));
}

#[test]
fn children_go_before_the_hubs_they_point_at() {
    assert_eq!(
        order(&chat().draft()),
        [
            "leaf-tables: audit_logs",
            "messages: messages",
            "conversations: conversations",
            "users: users"
        ]
    );
}

#[test]
fn levels_and_one_phase_cost_less_and_cut_over_more() {
    let levels = chat().grouped(Group::Levels);
    assert_eq!(
        order(&levels),
        [
            "level-1: audit_logs messages",
            "level-2: conversations",
            "level-3: users"
        ]
    );
    let one = chat().grouped(Group::One);
    assert_eq!(
        order(&one),
        ["all-keys: audit_logs conversations messages users"]
    );
    let [steps, levels, one] = one.choices[..] else {
        panic!("three choices")
    };
    assert_eq!((steps.phases, steps.rewrites, steps.largest), (4, 11, 5));
    assert_eq!((levels.phases, levels.rewrites, levels.largest), (3, 11, 5));
    assert_eq!((one.phases, one.rewrites, one.largest), (1, 6, 5));
    assert!(one.bytes < levels.bytes);
}

#[test]
fn a_table_costs_its_heap_and_the_indexes_that_mention_a_touched_column() {
    let draft = chat().draft();
    let users = &draft.phases[3];
    let messages = users
        .touched
        .iter()
        .find(|t| t.table == name("messages"))
        .expect("touched");
    // One of four indexes: primary key, conversation, author, answers.
    assert_eq!((messages.indexes, messages.rewrites), (1, 1));
    assert_eq!(messages.bytes, (96 + 60 / 4) << 20);
    assert_eq!(messages.columns, [Ident::new("author_id")]);

    // Its own key is referenced by itself: keys first, then answers.
    let itself = &draft.phases[1].touched[0];
    assert_eq!((itself.rewrites, itself.indexes), (2, 2));
    assert_eq!(itself.bytes, (2 * 96 + 30) << 20);
}

#[test]
fn a_composite_key_of_foreign_keys_follows_by_itself() {
    assert_eq!(
        skipped(&chat().draft()),
        [
            "participants: its key is a foreign key: it follows conversations and users by \
             itself"
        ]
    );
}

#[test]
fn tables_in_a_cycle_change_together() {
    let db = Db::new("ring")
        .table("a", &["*id integer", "b_id integer"])
        .table("b", &["*id integer", "a_id integer"])
        .table("log", &["*id integer", "a_id integer"])
        .points("a(b_id)", "b(id)")
        .points("b(a_id)", "a(id)")
        .points("log(a_id)", "a(id)");
    let draft = db.draft();
    assert_eq!(order(&draft), ["leaf-tables: log", "a-b: a b"]);
    let passes: Vec<_> = draft.phases[1].touched.iter().map(|t| t.rewrites).collect();
    assert_eq!(passes, [2, 2, 1]);
    assert!(draft.phases[1].risk.because[0].contains("2 tables in a cycle"));
    // One key of the ring alone closes no circle.
    let alone = db.only(&["b"]).expect("a draft");
    assert!(alone.phases[0].touched.iter().all(|t| t.rewrites == 1));
}

#[test]
fn a_shared_primary_key_follows_the_table_it_points_at() {
    let db = Db::new("shop")
        .table("people", &["*id integer"])
        .table("staff", &["*id integer"])
        .table("badges", &["*id integer", "staff_id integer"])
        .points("staff(id)", "people(id)")
        .points("badges(staff_id)", "staff(id)");
    let draft = db.draft();
    assert_eq!(order(&draft), ["leaf-tables: badges", "people: people"]);
    assert_eq!(
        skipped(&draft),
        ["staff: its key is a foreign key: it follows people by itself"]
    );
    let touched: Vec<_> = draft.phases[1].touched.iter().map(|t| &t.table).collect();
    assert_eq!(touched, [&name("badges"), &name("people"), &name("staff")]);

    let asked = db.only(&["staff"]).expect_err("nothing of its own");
    assert_eq!(
        asked.to_string(),
        "public.staff cannot be converted: its key is a foreign key and has nothing of its own to \
         convert; convert people instead, and it follows"
    );
    let both = db.only(&["people", "staff", "people"]).expect("a draft");
    assert_eq!(order(&both), ["people: people"]);
}

#[test]
fn keys_that_stay_are_named_with_the_reason() {
    let db = Db::new("mixed")
        .table("good", &["*id integer"])
        .table("uuids", &["*id uuid"])
        .table("codes", &["*code text"])
        .table("bare", &["n integer"])
        .table("lines", &["*good_id integer", "*line integer"])
        .table("parts", &["*id integer"])
        .table("far", &["*id integer"])
        .table("two", &["*id integer", "ref integer"])
        .table("good_turnback_old", &["*id integer"])
        .points("lines(good_id)", "good(id)")
        .points("two(ref)", "codes(code)")
        .with("parts", |t| {
            t.kind = TableKind::Partitioned;
            t.partition_key = Some("RANGE (id)".to_owned());
        })
        .with("far", |t| t.kind = TableKind::Foreign);
    let draft = db.draft();
    assert_eq!(order(&draft), ["leaf-tables: two", "good: good"]);
    assert_eq!(
        skipped(&draft),
        [
            "bare: it has no primary key",
            "codes: its key code is text, not an integer",
            "far: it is a foreign table: not carried yet",
            "lines: its key (good_id, line) has several columns, and line is no foreign key: only \
             keys of one column are converted",
            "parts: it is partitioned by its key id: not carried",
        ]
    );
}

#[test]
fn a_key_that_no_sequence_fills_is_not_proposed_and_check_agrees() {
    let given_by_hand = |t: &mut turnback_core::schema::Table| {
        (t.columns[0].default, t.columns[0].sequence) = (None, None);
    };
    let db = Db::new("codes")
        .table("countries", &["*id integer"])
        .table("towns", &["*id integer", "country_id integer"])
        .points("towns(country_id)", "countries(id)")
        .with("countries", given_by_hand);
    let draft = db.draft();
    assert_eq!(order(&draft), ["leaf-tables: towns"]);
    let reason = "its key id takes its values from no sequence, and rows of the new shape need \
                  old keys too; give it a default of nextval(…) first";
    assert_eq!(skipped(&draft), [format!("countries: {reason}")]);
    let asked = db.only(&["countries"]).expect_err("nothing to draw from");
    assert_eq!(
        asked.to_string(),
        format!("public.countries cannot be converted: {reason}")
    );
}

#[test]
fn a_column_that_follows_two_keys_keeps_both_as_they_are() {
    let db = Db::new("mixed")
        .table("users", &["*id integer"])
        .table("legacy_users", &["*id integer"])
        .table("notes", &["*id integer", "user_id integer"])
        .points("notes(user_id)", "users(id)")
        .points("notes(user_id)", "legacy_users(id)");
    let draft = db.draft();
    assert_eq!(order(&draft), ["leaf-tables: notes"]);
    assert_eq!(
        skipped(&draft)[1],
        "users: notes.user_id follows it and also points at legacy_users.id, which \
         does not"
    );
}

#[test]
fn composite_foreign_keys_are_followed_column_by_column() {
    let db = Db::new("tenants")
        .table("tenants", &["*id integer"])
        .table("orders", &["*id integer", "tenant_id integer"])
        .table(
            "items",
            &["*id integer", "tenant_id integer", "order_id integer"],
        )
        .points("orders(tenant_id)", "tenants(id)")
        .points("items(tenant_id, order_id)", "orders(tenant_id, id)");
    let draft = db.draft();
    assert_eq!(
        order(&draft),
        ["leaf-tables: items", "orders: orders", "tenants: tenants"]
    );
    let tenants = &draft.phases[2].touched;
    let columns: Vec<_> = tenants.iter().map(|t| t.columns[0].as_str()).collect();
    assert_eq!(columns, ["tenant_id", "tenant_id", "id"]);
    let because = &draft.phases[2].risk.because;
    assert!(because[0].contains("null in part"), "{because:?}");
}

#[test]
fn a_music_shop_goes_from_its_line_items_to_its_artists() {
    let db = Db::new("chinook")
        .table("artist", &["*artist_id integer"])
        .table("album", &["*album_id integer", "artist_id integer"])
        .table("genre", &["*genre_id integer"])
        .table("media_type", &["*media_type_id integer"])
        .table(
            "track",
            &[
                "*track_id integer",
                "album_id integer",
                "genre_id integer",
                "media_type_id integer",
            ],
        )
        .table("playlist", &["*playlist_id integer"])
        .table(
            "playlist_track",
            &["*playlist_id integer", "*track_id integer"],
        )
        .table("employee", &["*employee_id integer", "reports_to integer"])
        .table(
            "customer",
            &["*customer_id integer", "support_rep_id integer"],
        )
        .table("invoice", &["*invoice_id integer", "customer_id integer"])
        .table(
            "invoice_line",
            &["*line_id integer", "invoice_id integer", "track_id integer"],
        )
        .points("album(artist_id)", "artist(artist_id)")
        .points("track(album_id)", "album(album_id)")
        .points("track(genre_id)", "genre(genre_id)")
        .points("track(media_type_id)", "media_type(media_type_id)")
        .points("playlist_track(playlist_id)", "playlist(playlist_id)")
        .points("playlist_track(track_id)", "track(track_id)")
        .points("employee(reports_to)", "employee(employee_id)")
        .points("customer(support_rep_id)", "employee(employee_id)")
        .points("invoice(customer_id)", "customer(customer_id)")
        .points("invoice_line(invoice_id)", "invoice(invoice_id)")
        .points("invoice_line(track_id)", "track(track_id)");
    assert_eq!(
        order(&db.draft()),
        [
            "leaf-tables: invoice_line",
            "invoice: invoice",
            "customer: customer",
            "employee: employee",
            "playlist: playlist",
            "track: track",
            "album: album",
            "artist: artist",
            "genre: genre",
            "media_type: media_type",
        ]
    );
    let levels = db.grouped(Group::Levels);
    assert_eq!(order(&levels)[1], "level-2: invoice track");
    assert_eq!(levels.phases.len(), 4);
    insta::assert_snapshot!("chinook", levels.yaml);
}

#[test]
fn what_cannot_be_carried_yet_is_said_before_the_check_says_it() {
    let mut db = chat();
    let columns = |names: &[&str]| {
        names
            .iter()
            .map(|n| Ident::new(*n))
            .collect::<BTreeSet<_>>()
    };
    db.0.views.insert(
        name("busy"),
        View {
            materialized: true,
            reads: BTreeMap::from([(name("audit_logs"), columns(&["id", "what"]))]),
            ..View::default()
        },
    );
    db.0.publications.push(Publication {
        name: Ident::new("Feed"),
        all_tables: false,
        tables: BTreeMap::from([(name("users"), Some(vec![Ident::new("id")]))]),
        filters: BTreeMap::new(),
    });
    let db = db.with("conversations", |table| {
        table.policies.push(Policy {
            name: Ident::new("mine"),
            reads: columns(&["owner_id"]),
            ..Policy::default()
        });
    });
    let draft = db.draft();
    assert_eq!(draft.phases[0].refused, ["materialized view public.busy"]);
    // The policy reads the owner, not the conversation's own key.
    assert!(draft.phases[2].refused.is_empty());
    assert_eq!(
        draft.phases[3].refused,
        [
            "policy mine on public.conversations",
            "publication \"Feed\""
        ]
    );
    assert!(
        draft
            .yaml
            .contains("# refused   `turnback check` will refuse materialized view public.busy")
    );
}

#[test]
fn a_hub_of_many_tables_is_summed_up_and_its_risk_explained() {
    let mut db = Db::new("erp").table("core.users", &["*id bigint"]).vitals(
        "core.users",
        4_000_000,
        900,
        400,
        700.0,
    );
    for i in 0..30_u64 {
        let table = format!("module_{i:02}");
        db = db
            .table(&table, &["*id uuid", "created_by bigint"])
            .points(&format!("{table}(created_by)"), "core.users(id)")
            .vitals(&table, 3_000_000 * i, 500 * i, 240 * i, 20.0);
    }
    let draft = db.draft();
    let risk = &draft.phases[0].risk;
    assert_eq!((risk.score, risk.level), (15, Level::High));
    assert!(draft.yaml.lines().all(|line| line.chars().count() <= 100));
    insta::assert_snapshot!("hub", draft.yaml);
}

#[test]
fn odd_names_are_quoted_for_sql_and_for_yaml() {
    let long = "x".repeat(63);
    let draft = Db::new("Bad\nname: #")
        .table("Order", &["*Id integer"])
        .table("order", &["*id integer"])
        .table("it's", &["*id integer"])
        .table("no", &["*id integer"])
        .table("billing.Order", &["*id integer"])
        .table("base", &["*id integer", "parent integer"])
        .table(&format!("{long}.{long}"), &["*id integer"])
        .table("evil\n  - id: x", &["*id integer"])
        .points("base(parent)", "base(id)")
        .draft();
    for line in [
        "{ table: '\"Order\"', to: uuid }",
        "{ table: '\"order\"', to: uuid }",
        "{ table: '\"it''s\"', to: uuid }",
        "{ table: 'no', to: uuid }",
        "{ table: 'billing.\"Order\"', to: uuid }",
        "  - id: public-base",
        "name: bad-name-uuid",
    ] {
        assert!(draft.yaml.contains(line), "{line}\n{}", draft.yaml);
    }
    assert!(!draft.yaml.contains("\n  - id: x"), "{}", draft.yaml);
    assert!(skipped(&draft)[0].contains("control character"));
}

#[test]
fn time_ordered_keys_take_their_time_only_from_a_column_that_has_it() {
    let db = Db::new("shop")
        .table("a", &["*id integer", "created_at timestamp with time zone"])
        .table("b", &["*id integer", "created_at text"]);
    let yaml = |generate| {
        let request = Request {
            generate,
            ..request()
        };
        db.try_draft(&request).expect("a draft").yaml
    };
    assert!(yaml(Generate::V7).contains("{ table: a, to: uuid, generate: v7 }"));
    let from = yaml(Generate::V7From(Ident::new("created_at")));
    assert!(from.contains("{ table: a, to: uuid, generate: v7, v7_from: created_at }"));
    assert!(from.contains("{ table: b, to: uuid, generate: v7 }"));
}

#[test]
fn a_chain_of_five_thousand_tables_does_not_overflow_the_stack() {
    let mut db = Db::new("deep");
    for i in 0..5_000 {
        db = db.table(&format!("t{i:04}"), &["*id integer", "parent integer"]);
    }
    for i in 1..5_000 {
        db = db.points(&format!("t{:04}(parent)", i - 1), &format!("t{i:04}(id)"));
    }
    let draft = init(&db.0, &request()).expect("a draft");
    assert_eq!(draft.phases.len(), 5_000);
    assert_eq!(draft.phases[4_999].id, "t4999");
    assert_eq!(draft.choices[1].phases, 5_000);
}

#[test]
fn a_chain_of_shared_keys_follows_its_one_root() {
    let mut db = Db::new("deep");
    for i in 0..2_000 {
        db = db.table(&format!("t{i:04}"), &["*id integer"]);
    }
    for i in 1..2_000 {
        db = db.points(&format!("t{i:04}(id)"), &format!("t{:04}(id)", i - 1));
    }
    let draft = db.draft();
    assert_eq!(order(&draft), ["t0000: t0000"]);
    assert_eq!(draft.phases[0].touched.len(), 2_000);
}
