//! What the target refuses after something was forgotten, lost or taken over.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use turnback_core::backfill::{Backfill, BackfillKind};
use turnback_core::fact::Fact;
use turnback_core::name::{Ident, TableName};
use turnback_core::plan::Target as Url;
use turnback_core::program::{Program, Stage};
use turnback_core::removal::Against;
use turnback_core::state::PhaseState;
use turnback_engine::edges::{
    Fence, Mark, PhaseRecord, StepKey, StepMark, Stripe, Target, Withdrawn,
};
use turnback_engine::error::TargetError;
use turnback_postgres::PostgresTarget;
use turnback_testkit::{Cluster, Database};

const PLAN: &str = "p";
const PHASE: &str = "keys";
/// For locks in the ledger.
const BUDGET: Duration = Duration::from_secs(5);

/// A database with a ledger, a phase that is expanding, and a table of three pages.
struct World {
    db: Database,
    target: PostgresTarget,
    fence: Fence,
}

async fn world(name: &str) -> World {
    let db = Cluster::shared().database(name);
    db.execute(
        "CREATE TABLE t (id int, filled int); INSERT INTO t SELECT n FROM generate_series(1, 600) n",
    );
    let target = PostgresTarget::new(&Url::new(db.url()), 1).unwrap();
    target.open_ledger(BUDGET).await.unwrap();
    let fence = target.acquire("the first").await.unwrap();
    let record = PhaseRecord {
        phase: PHASE.to_owned(),
        ordinal: 0,
        state: PhaseState::Expanding,
        program: Program::default(),
        before: target.snapshot().await.unwrap(),
    };
    target.begin_phase(fence, PLAN, &record).await.unwrap();
    World { db, target, fence }
}

impl World {
    async fn transaction(&self, statement: &str, mark: &Mark) -> Result<(), TargetError> {
        let (budget, statements) = (BUDGET, [statement.to_owned()]);
        self.target
            .transaction(self.fence, budget, Against::Nobody, &[], &statements, mark)
            .await
            .map(drop)
    }

    fn things(&self) -> String {
        self.db.execute(
            "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname ~ '^made'",
        )
    }

    /// As if nothing had been heard of the holder for long.
    async fn taken_over(&self) -> PostgresTarget {
        self.db
            .execute("UPDATE turnback.lease SET heartbeat = heartbeat - interval '1 minute'");
        let next = PostgresTarget::new(&Url::new(self.db.url()), 1).unwrap();
        next.acquire("the second").await.unwrap();
        next
    }
}

fn key(stage: Stage, step: &str) -> StepKey {
    StepKey {
        plan: PLAN.to_owned(),
        phase: PHASE.to_owned(),
        stage,
        step: step.to_owned(),
    }
}

fn mark(stage: Stage, step: &str, after: Option<&str>) -> Mark {
    Mark::Step(StepMark {
        key: key(stage, step),
        after: after.map(ToOwned::to_owned),
        holds: vec![],
    })
}

fn filling() -> Backfill {
    Backfill {
        table: TableName::new("public", "t"),
        kind: BackfillKind::Fill {
            columns: vec![(Ident::new("filled"), "t.id".to_owned())],
            pending: "t.filled IS NULL".to_owned(),
        },
        quiet: false,
        complete: true,
        looked_up: false,
    }
}

#[tokio::test]
async fn a_batch_that_does_not_join_on_to_the_ledger_writes_nothing() {
    let world = world("batch").await;
    let (key, filling) = (key(Stage::Expand, "fill"), filling());
    let stripes = world.target.stripes(world.fence, &key, &filling, 1);
    let stripe = stripes.await.unwrap().remove(0);
    assert_eq!(stripe.next, 0);
    // The server has forgotten the first page's batch, and the worker does not know it.
    let ahead = Stripe {
        next: 1,
        ..stripe.clone()
    };
    let batch = |stripe: Stripe, end| {
        let (target, key, filling) = (&world.target, &key, &filling);
        async move {
            target
                .batch(world.fence, key, filling, &stripe, end, false)
                .await
        }
    };
    let refused = batch(ahead, stripe.end).await;
    assert!(
        matches!(refused, Err(TargetError::Forgotten(_))),
        "{refused:?}"
    );
    let progress = "SELECT count(filled), (SELECT sum(next) FROM turnback.backfill) FROM t";
    assert_eq!(world.db.execute(progress), "0|0");
    // Nor is the step done while a stripe is open.
    let done = mark(Stage::Expand, "fill", None);
    let refused = world.target.mark(world.fence, &done).await;
    assert!(
        matches!(refused, Err(TargetError::Forgotten(_))),
        "{refused:?}"
    );
    let end = stripe.end;
    assert_eq!(batch(stripe, end).await.unwrap(), 600);
    world.target.mark(world.fence, &done).await.unwrap();
}

#[tokio::test]
async fn nothing_stands_on_what_the_server_has_forgotten() {
    let world = world("forgotten").await;
    let state = |from, state, after| Mark::State {
        plan: PLAN.to_owned(),
        phase: PHASE.to_owned(),
        from,
        state,
        after,
        step: None,
    };
    let mut unfounded = mark(Stage::Expand, "index", None);
    if let Mark::Step(step) = &mut unfounded {
        step.holds = vec![Fact::IndexValid(TableName::new("public", "made_index"))];
    }
    for (what, mark) in [
        (
            "the step before",
            mark(Stage::Expand, "second", Some("first")),
        ),
        ("the phase's state", mark(Stage::Withdraw, "drop", None)),
        ("what was built", unfounded),
        (
            "the state before",
            state(PhaseState::CutOver, PhaseState::Contracting, None),
        ),
        (
            "the last step",
            state(
                PhaseState::Expanding,
                PhaseState::Expanded,
                Some(key(Stage::Expand, "last")),
            ),
        ),
    ] {
        let refused = world
            .transaction("CREATE TABLE public.made ()", &mark)
            .await;
        assert!(
            matches!(refused, Err(TargetError::Forgotten(_))),
            "{what}: {refused:?}"
        );
        assert_eq!(world.things(), "", "{what}");
    }
    let withdrawn = Withdrawn {
        phase: PHASE.to_owned(),
        after: Some(key(Stage::Withdraw, "drop")),
    };
    let refused = world
        .target
        .forget_phases(world.fence, PLAN, &[withdrawn])
        .await;
    assert!(
        matches!(refused, Err(TargetError::Forgotten(_))),
        "{refused:?}"
    );
    let unread = mark(Stage::Expand, "script", Some("first"));
    let refused = world
        .target
        .script(
            world.fence,
            &unread,
            "CREATE TABLE public.made ()",
            "search_path = public",
        )
        .await;
    assert!(
        matches!(refused, Err(TargetError::Forgotten(_))),
        "{refused:?}"
    );
    assert_eq!(world.things(), "");
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_is_found_and_not_run_again() {
    let world = world("answer").await;
    let first = mark(Stage::Expand, "first", None);
    world
        .transaction("CREATE TABLE public.made_1 ()", &first)
        .await
        .unwrap();
    // Whoever did not hear of it tries again; a second time it could not be run.
    world
        .transaction("CREATE TABLE public.made_1 ()", &first)
        .await
        .unwrap();
    assert_eq!(world.things(), "made_1");
}

#[tokio::test]
async fn a_transaction_in_flight_is_refused_by_the_fence_when_the_lease_is_taken_over() {
    let world = world("flight").await;
    let mut late = PgConnection::connect(world.db.url()).await.unwrap();
    let begun = "BEGIN; CREATE TABLE public.made_late ()";
    sqlx::raw_sql(begun).execute(&mut late).await.unwrap();
    world.taken_over().await;
    let fence = "SELECT turnback.fence(1)";
    let refused = sqlx::raw_sql(fence).execute(&mut late).await;
    let code = refused.unwrap_err().into_database_error().unwrap();
    assert_eq!(code.code().as_deref(), Some("TB001"));
    sqlx::raw_sql("COMMIT").execute(&mut late).await.unwrap();
    assert_eq!(world.things(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_the_lease_over_ends_what_its_predecessor_has_at_work() {
    let world = world("ended").await;
    let mut client = PgConnection::connect(world.db.url()).await.unwrap();
    let hold = "SELECT pg_advisory_lock(1)";
    sqlx::raw_sql(hold).execute(&mut client).await.unwrap();
    let statement =
        "CREATE TABLE public.made_late (); SET LOCAL lock_timeout = 0; SELECT pg_advisory_lock(1)";
    let late = mark(Stage::Expand, "late", None);
    let (ended, next) = tokio::join!(world.transaction(statement, &late), async {
        let waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory')";
        // Its end before that is told below.
        for _ in 0..100_000 {
            let waits = sqlx::query_scalar::<_, bool>(waiting);
            if waits.fetch_one(&mut client).await.unwrap() {
                break;
            }
        }
        world.taken_over().await
    });
    assert!(matches!(ended, Err(TargetError::Lost(_))), "{ended:?}");
    // The client still holds what it waited for: it was ended, and has left nothing.
    assert_eq!(world.things(), "");
    let statement = "CREATE TABLE public.made_late ()".to_owned();
    let budget = Duration::from_secs(5);
    let refused = world
        .target
        .transaction(
            world.fence,
            budget,
            Against::Nobody,
            &[],
            &[statement],
            &late,
        )
        .await;
    assert!(matches!(refused, Err(TargetError::Fenced)), "{refused:?}");
    let online = world
        .target
        .script(
            world.fence,
            &late,
            "CREATE TABLE public.made_late ()",
            "search_path = public",
        )
        .await;
    assert!(matches!(online, Err(TargetError::Fenced)), "{online:?}");
    assert_eq!(world.things(), "");
    drop(next);
}

#[tokio::test]
async fn a_commit_of_ours_is_on_disk_although_the_database_is_content_with_less() {
    let world = world("disk").await;
    let name = world.db.name();
    world.db.execute(&format!(
        "ALTER DATABASE {name} SET synchronous_commit = off"
    ));
    let fresh = PostgresTarget::new(&Url::new(world.db.url()), 1).unwrap();
    let statement =
        "CREATE TABLE public.made_with AS SELECT current_setting('synchronous_commit') AS s";
    let budget = Duration::from_secs(5);
    fresh
        .transaction(
            world.fence,
            budget,
            Against::Nobody,
            &[],
            &[statement.to_owned()],
            &mark(Stage::Expand, "first", None),
        )
        .await
        .unwrap();
    assert_eq!(world.db.execute("SELECT s FROM made_with"), "on");
}

#[tokio::test]
async fn a_holder_whose_session_is_hidden_from_the_role_is_not_taken_for_gone() {
    let world = world("hidden").await;
    let role = format!("{}_role", world.db.name());
    world.db.execute(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA turnback TO {role}; \
         GRANT SELECT, UPDATE ON turnback.lease TO {role}"
    ));
    let (scheme, rest) = world.db.url().split_once("://").unwrap();
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    let other = PostgresTarget::new(&Url::new(format!("{scheme}://{role}@{host}")), 1).unwrap();
    let refused = other.acquire("the second").await;
    assert!(
        matches!(refused, Err(TargetError::LeaseHeld { .. })),
        "{refused:?}"
    );
    world
        .db
        .execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
