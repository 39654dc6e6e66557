//! Foreign keys, orphans and the two shapes.

use turnback_core::guard::BuiltIn;
use turnback_core::program::{Program, Stage};
use turnback_core::state::PhaseState;
use turnback_postgres::ProbeScope;

use super::world::{PLAN, World, failure, number, values, world, world_of};

const PROOFS: [BuiltIn; 4] = [
    BuiltIn::InvalidForeignKeys,
    BuiltIn::Orphans,
    BuiltIn::Disagreement,
    BuiltIn::DuplicateKeys,
];

async fn nothing_is_wrong(world: &World, when: &str) {
    for probe in PROOFS {
        let wrong = world.wrong(probe).await;
        assert!(wrong.is_empty(), "{when}: {} {wrong:?}", probe.as_str());
    }
}

#[tokio::test]
async fn a_phase_that_goes_well_has_nothing_wrong_after_any_step() {
    let world = world("well").await;
    let program = world.program().await;
    nothing_is_wrong(&world, "before").await;
    let stages = [
        (Stage::Expand, PhaseState::Expanding, PhaseState::Expanded),
        (Stage::CutOver, PhaseState::Expanded, PhaseState::CutOver),
        (Stage::Settle, PhaseState::CutOver, PhaseState::CutOver),
        (
            Stage::SwapBack,
            PhaseState::CutOver,
            PhaseState::Withdrawing,
        ),
        (
            Stage::Withdraw,
            PhaseState::Withdrawing,
            PhaseState::Pending,
        ),
    ];
    for (stage, during, after) in stages {
        world.becomes(during);
        for step in program.steps(stage) {
            let mut only = Program::default();
            only.expand.push(step.clone());
            world.run(&only, Stage::Expand).await;
            // The state changes in the transaction that makes it so.
            if matches!(stage, Stage::CutOver | Stage::SwapBack) {
                world.becomes(after);
            }
            nothing_is_wrong(&world, &step.id).await;
        }
        world.becomes(after);
    }
    nothing_is_wrong(&world, "after").await;
}

#[tokio::test]
async fn a_row_that_only_one_shape_knows_disagrees_on_both_sides_of_the_cut_over() {
    let world = world("disagree").await;
    let program = world.expanded().await;
    let quietly = |sql: &str| {
        world
            .db
            .execute(&format!("SET session_replication_role = replica; {sql}"));
    };
    // A writer whose sync trigger did not fire moved two messages to another user.
    world.db.execute("ALTER TABLE messages DISABLE TRIGGER ALL");
    world
        .db
        .execute("UPDATE messages SET user_id = 5 WHERE id IN (1, 2)");
    world.db.execute("ALTER TABLE messages ENABLE TRIGGER ALL");
    let two = [("public.messages".to_owned(), 2.0)];
    assert_eq!(world.wrong(BuiltIn::Disagreement).await, two);
    world.run(&program, Stage::CutOver).await;
    world.becomes(PhaseState::CutOver);
    assert_eq!(world.wrong(BuiltIn::Disagreement).await, two);
    // A reference that one shape has and the other has not.
    quietly("UPDATE messages SET user_id_turnback_old = 7 WHERE user_id IS NULL");
    let three = [("public.messages".to_owned(), 3.0)];
    assert_eq!(world.wrong(BuiltIn::Disagreement).await, three);
}

#[tokio::test]
async fn a_shape_that_somebody_took_away_is_a_failure_and_no_pass() {
    let world = world("taken").await;
    world.expanded().await;
    world
        .db
        .execute("ALTER TABLE users DROP COLUMN id_turnback_new CASCADE");
    for probe in [BuiltIn::Disagreement, BuiltIn::DuplicateKeys] {
        let why = failure(world.read(probe).await);
        assert!(
            why.contains("public.users.id should be there in both shapes"),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_new_key_that_two_rows_have_is_found_also_once_contracted() {
    let live = world("twice").await;
    live.expanded().await;
    // No index of ours lets that in: it takes somebody who drops it.
    live.db
        .execute("DROP INDEX users_pkey_turnback_new_keys CASCADE");
    live.db.execute(
        "ALTER TABLE users DISABLE TRIGGER ALL; \
         UPDATE users SET id_turnback_new = (SELECT id_turnback_new FROM users WHERE id = 1) WHERE id IN (2, 3)",
    );
    let one = [("public.users.id".to_owned(), 1.0)];
    assert_eq!(live.wrong(BuiltIn::DuplicateKeys).await, one);

    let done = world("contracted").await;
    let program = done.cut_over().await;
    done.becomes(PhaseState::Contracting);
    done.run(&program, Stage::Contract).await;
    done.becomes(PhaseState::Contracted);
    nothing_is_wrong(&done, "contracted").await;
    done.db.execute(
        "ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE; \
         INSERT INTO users (id, name) SELECT id, name FROM users LIMIT 1",
    );
    assert_eq!(done.wrong(BuiltIn::DuplicateKeys).await, one);
}

#[tokio::test]
async fn an_orphan_is_found_with_its_foreign_key_gone_or_not_valid() {
    let world = world("orphan").await;
    world.cut_over().await;
    // A new version drops the key, and writes what it would have refused.
    world.db.execute(
        "ALTER TABLE messages DROP CONSTRAINT messages_user_id_fkey; SET session_replication_role = replica; \
         INSERT INTO messages (user_id, body) SELECT gen_random_uuid(), 'lost'",
    );
    let key = "foreign key messages_user_id_fkey of public.messages".to_owned();
    assert_eq!(
        world.wrong(BuiltIn::InvalidForeignKeys).await,
        [(format!("{key}, which is gone"), 1.0)]
    );
    let old = (
        "foreign key messages_user_id_fkey_turnback_old_keys of public.messages".to_owned(),
        1.0,
    );
    assert_eq!(
        world.wrong(BuiltIn::Orphans).await,
        [
            old.clone(),
            ("references of public.messages.user_id".to_owned(), 1.0)
        ]
    );
    // It makes the key anew, and does not ask what there is.
    world.db.execute(
        "ALTER TABLE messages ADD CONSTRAINT messages_user_id_fkey FOREIGN KEY (user_id) REFERENCES users NOT VALID",
    );
    assert_eq!(
        world.wrong(BuiltIn::InvalidForeignKeys).await,
        [(key.clone(), 1.0)]
    );
    assert_eq!(world.wrong(BuiltIn::Orphans).await, [(key, 1.0), old]);
}

#[tokio::test]
async fn a_plan_of_sql_alone_looks_at_the_tables_of_its_schema() {
    let world = world_of(
        turnback_testkit::Cluster::shared(),
        "sql",
        "CREATE TABLE users (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY); \
         CREATE TABLE \"Odd\" (\"User\" int, CONSTRAINT \"Key\" FOREIGN KEY (\"User\") REFERENCES users)",
    )
    .await;
    let program = Program {
        phase: "sql".to_owned(),
        ..Program::default()
    };
    let scope = ProbeScope::new(PLAN, "public", program.into(), PhaseState::Pending);
    let world = World { scope, ..world };
    nothing_is_wrong(&world, "at first").await;
    assert_eq!(number(&world.read(BuiltIn::Disagreement).await), 0.0);
    world.db.execute(
        "ALTER TABLE \"Odd\" DROP CONSTRAINT \"Key\"; INSERT INTO \"Odd\" VALUES (1), (2), (NULL); \
         ALTER TABLE \"Odd\" ADD CONSTRAINT \"Key\" FOREIGN KEY (\"User\") REFERENCES users NOT VALID",
    );
    let object = "foreign key \"Key\" of public.\"Odd\"".to_owned();
    assert_eq!(
        values(world.read(BuiltIn::Orphans).await),
        [(object.clone(), 2.0)]
    );
    assert_eq!(
        world.wrong(BuiltIn::InvalidForeignKeys).await,
        [(object, 1.0)]
    );
}
