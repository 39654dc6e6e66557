//! Every step of a plan on a real server: stopped while it is at work and once it is done, gone
//! on with from there, and turned back from there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use turnback_core::exit::ExitCode;
use turnback_core::journal::JournalEvent;
use turnback_core::plan::{Plan, PlanSource, Target as Url, parse};
use turnback_core::scope::Scope;
use turnback_engine::edges::{Journal, Observer};
use turnback_engine::error::{EngineError, JournalError};
use turnback_engine::progress::Progress;
use turnback_engine::{BackTo, Run, Stop, Until, back, contract, up};
use turnback_postgres::PostgresTarget;
use turnback_testkit::{Cluster, Database};

const SCHEMA: &str = "
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE circles (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE members (
    user_id integer REFERENCES users ON DELETE CASCADE,
    circle_id bigint REFERENCES circles,
    PRIMARY KEY (user_id, circle_id)
);
CREATE TABLE posts (id bigserial PRIMARY KEY, author_id integer REFERENCES users, body text);
CREATE INDEX posts_author_id_idx ON posts (author_id);
INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 50) n;
INSERT INTO circles (name) SELECT 'circle ' || n FROM generate_series(1, 5) n;
INSERT INTO members SELECT u.id, c.id FROM users u, circles c WHERE (u.id + c.id) % 3 = 0;
INSERT INTO posts (author_id, body) SELECT nullif(n % 51, 0), 'post ' || n FROM generate_series(1, 200) n;";

const PLAN: &str = "version: 1
name: every
target: postgres://127.0.0.1/elsewhere
phases:
  - id: keys
    operations:
      - convert_key: { table: users, to: uuid }
      - convert_key: { table: circles, to: uuid }
  - id: mood
    operations:
      - sql:
          up: ALTER TABLE posts ADD COLUMN mood text
          down: ALTER TABLE posts DROP COLUMN mood
          verify: SELECT count(*) = 0 FROM posts WHERE mood = 'gone'
      - sql:
          up: CREATE INDEX CONCURRENTLY IF NOT EXISTS posts_mood_idx ON posts (mood)
          down: DROP INDEX CONCURRENTLY IF EXISTS posts_mood_idx
          transaction: false
";

/// What the rows say, without a key: the same through every shape.
const MEANING: &str = "SELECT u.name, c.name FROM members m JOIN users u ON u.id = m.user_id \
     JOIN circles c ON c.id = m.circle_id ORDER BY 1, 2; \
     SELECT p.body, u.name FROM posts p LEFT JOIN users u ON u.id = p.author_id ORDER BY 1";

/// How many phases are under way.
const BEGUN: &str = "SELECT count(*) FROM turnback.phase WHERE state <> 'pending'";

/// How many phases have no way back.
const GIVEN_UP: &str = "SELECT count(*) FROM turnback.phase WHERE state = 'contracted'";

/// How many ways back are under way beside the walk forward.
const AT_ONCE: usize = 2;

/// A command.
#[derive(Clone, Copy, Debug)]
enum Command {
    Up,
    Back,
    Contract,
}

/// When a command is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// As the first step begins. What cannot be cut off comes to its end: a transaction.
    During,
    /// Once a step is done.
    After,
}

/// Asks for a stop at a moment, and counts the steps that are done.
struct Watch {
    stop: Stop,
    moment: Option<Moment>,
    done: AtomicUsize,
}

impl Observer for Watch {
    fn see(&self, progress: &Progress) {
        let now = match progress {
            Progress::StepBegun { .. } => Moment::During,
            Progress::StepDone { .. } => {
                self.done.fetch_add(1, Ordering::SeqCst);
                Moment::After
            }
            _ => return,
        };
        if self.moment == Some(now) {
            self.stop.ask();
        }
    }
}

/// The ledger alone is at stake here.
#[derive(Clone)]
struct NoJournal;

impl Journal for NoJournal {
    async fn append(&self, _: &JournalEvent) -> Result<(), JournalError> {
        Ok(())
    }
}

/// A database in some state, and the plan.
struct World {
    db: Database,
    plan: Plan,
}

impl World {
    fn new() -> Self {
        let db = Cluster::shared().database("every_step");
        db.execute(SCHEMA);
        let parsed = parse(&PlanSource {
            file_name: "every.yaml",
            text: PLAN,
            env: &|_| None,
            read_file: &|path| Err(format!("{path} is not part of this test")),
            target_override: None,
        });
        let plan = parsed.map_err(|errors| format!("{errors:?}"));
        Self {
            db,
            plan: plan.expect("it is a plan").plan,
        }
    }

    fn copy(&self) -> Self {
        Self {
            db: self.db.copy("every_step"),
            plan: self.plan.clone(),
        }
    }

    /// Runs a command, stopped at a moment; gives what it came to and the steps that it did.
    async fn run(
        &self,
        command: Command,
        moment: Option<Moment>,
    ) -> (Result<(), EngineError>, usize) {
        let target = PostgresTarget::new(&Url::new(self.db.url()), 2).expect("a connection string");
        let watch = Arc::new(Watch {
            stop: Stop::default(),
            moment,
            done: AtomicUsize::new(0),
        });
        let run = Run::begin(
            target,
            NoJournal,
            watch.clone(),
            &self.plan.name,
            self.plan.schema.as_str(),
            self.plan.settings.clone(),
            watch.stop.clone(),
            "test",
        )
        .await
        .expect("nobody else is at work");
        let outcome = match command {
            Command::Up => up(&run, &self.plan, &Until::default()).await.map(drop),
            Command::Back => back(&run, &Scope::All, BackTo::Start).await.map(drop),
            Command::Contract => contract(&run, None).await.map(drop),
        };
        let code = match &outcome {
            Ok(()) => ExitCode::Done,
            Err(error) => error.exit_code(),
        };
        run.end("over", code).await;
        (outcome, watch.done.load(Ordering::SeqCst))
    }

    /// Runs a command to its end.
    async fn must(&self, command: Command, when: &str) {
        if let (Err(error), _) = self.run(command, None).await {
            panic!("{command:?} {when}: {error}");
        }
    }

    /// Runs a command that is stopped at a moment; gives whether it came to its end before,
    /// and how many steps it did.
    async fn stopped(&self, command: Command, moment: Moment) -> (bool, usize) {
        let (outcome, done) = self.run(command, Some(moment)).await;
        if let Err(error) = &outcome {
            let stopped = matches!(error, EngineError::Stopped { .. });
            assert!(stopped, "{command:?} {moment:?}: {error}");
        }
        (outcome.is_ok(), done)
    }

    /// Takes a command to its end, stopped during every step and after every step, each time
    /// by a run of its own that knows nothing but the ledger. `look` is shown each place where
    /// it stood still.
    async fn walk(&self, command: Command, mut look: impl AsyncFnMut(&str)) {
        let (mut steps, mut cut_off) = (0, 0);
        loop {
            let (over, done) = self.stopped(command, Moment::During).await;
            if over {
                break;
            }
            steps += done;
            if done == 0 {
                cut_off += 1;
                look(&format!("in the middle of what comes after {steps} steps")).await;
                let (over, done) = self.stopped(command, Moment::After).await;
                if over {
                    break;
                }
                assert!(done > 0, "{command:?} stands still after {steps} steps");
                steps += done;
            }
            look(&format!("after {steps} steps")).await;
        }
        println!("{command:?}: stopped after {steps} steps, and {cut_off} times within one");
        assert!(steps > 3, "{command:?}: {steps}");
    }

    /// All there is, catalog and rows, but the ledger.
    fn all(&self) -> String {
        self.db.dump(&["turnback"])
    }

    /// The catalog without the ledger, and what the rows say: new keys are drawn anew each time.
    fn end(&self) -> String {
        let all = self.all();
        let mut rows = false;
        let catalog: Vec<&str> = all
            .lines()
            .filter(|line| {
                rows |= line.starts_with("COPY ");
                let kept = !rows;
                rows &= *line != "\\.";
                kept
            })
            .collect();
        format!("{}\n{}", catalog.join("\n"), self.db.execute(MEANING))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_at_every_step_up_comes_to_the_same_end() {
    let world = World::new();
    let undisturbed = world.copy();
    undisturbed.must(Command::Up, "undisturbed").await;
    world.walk(Command::Up, async |_| {}).await;
    assert_eq!(world.end(), undisturbed.end());
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_at_any_step_up_turns_back_to_the_start() {
    let world = World::new();
    let before = Arc::new(world.all());
    let mut ways = JoinSet::new();
    world
        .walk(Command::Up, async |place| {
            let (way, place, before) = (world.copy(), place.to_owned(), before.clone());
            ways.spawn_blocking(move || {
                // Nothing may have been begun.
                if way.db.execute(BEGUN) != "0" {
                    Handle::current().block_on(way.must(Command::Back, &place));
                }
                assert_eq!(way.all(), *before, "stopped {place} and turned back");
            });
            if ways.len() > AT_ONCE {
                ways.join_next().await.transpose().expect("it turns back");
            }
        })
        .await;
    ways.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_at_every_step_back_comes_to_the_start_and_up_goes_forward_again() {
    let world = World::new();
    let before = world.all();
    world.must(Command::Up, "undisturbed").await;
    let end = world.end();
    world.walk(Command::Back, async |_| {}).await;
    assert_eq!(world.all(), before);
    world.must(Command::Up, "again").await;
    assert_eq!(world.end(), end);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_at_every_step_contract_comes_to_the_same_end_and_turns_back_before_it() {
    let world = World::new();
    let before = world.all();
    world.must(Command::Up, "undisturbed").await;
    let undisturbed = world.copy();
    undisturbed.must(Command::Contract, "undisturbed").await;
    world
        .walk(Command::Contract, async |place| {
            let way = world.copy();
            if way.db.execute(GIVEN_UP) == "0" {
                way.must(Command::Back, place).await;
                assert_eq!(
                    way.all(),
                    before,
                    "contract, stopped {place}, and turned back"
                );
            }
        })
        .await;
    assert_eq!(world.end(), undisturbed.end());
}
