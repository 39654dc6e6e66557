//! A chat service's database, a plan beside it, and the real program, which can be killed.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use turnback_testkit::{
    CHAT_HABITS, CHAT_PARTS, CHAT_SCHEMA, Cluster, Control, Database, HISTORY_SCHEMA, Shape, fill,
};

/// Longer than anything in these tests takes.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(3);

/// One phase with every key of the chat service.
const ONE_PHASE: &str = "phases:
  - id: keys
    operations:
      - convert_key: { table: users, to: uuid }
      - convert_key: { table: conversations, to: uuid }
      - convert_key: { table: messages, to: uuid }
      - convert_key: { table: audit_logs, to: uuid }
";

/// A database with a plan of its own.
pub struct World {
    /// The database.
    pub db: Database,
    /// The catalog before anything was done to it.
    pub before: String,
    directory: tempfile::TempDir,
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// All that it printed, on both streams.
    pub said: String,
}

impl World {
    /// A chat database of about so many rows, and a plan of one phase, `keys`.
    pub async fn chat(cluster: &Cluster, name: &str, rows: u64) -> Self {
        Self::with_settings(cluster, name, rows, "").await
    }

    /// A chat service with triggers and cascades of its own, the tables of histories, some of
    /// both partitioned, a table that nobody changes, and a plan of one phase, `keys`, that converts every key.
    pub async fn busy(cluster: &Cluster, name: &str, rows: u64) -> Self {
        let mut world = Self::chat(cluster, name, rows).await;
        for sql in [CHAT_HABITS, HISTORY_SCHEMA, CHAT_PARTS, Control::SCHEMA] {
            world.db.execute(sql);
        }
        let more: String = ["shelves", "documents", "notes", "audit_marks"]
            .map(|table| format!("      - convert_key: {{ table: {table}, to: uuid }}\n"))
            .concat();
        world.write_plan(&format!("{ONE_PHASE}{more}"));
        world.before = catalog(&world.db);
        world
    }

    /// The chat database, with settings in the plan (`settings: { … }`).
    pub async fn with_settings(cluster: &Cluster, name: &str, rows: u64, settings: &str) -> Self {
        let db = cluster.database(name);
        db.execute(CHAT_SCHEMA);
        let mut connection = PgConnection::connect(db.url())
            .await
            .expect("the database is there");
        fill(&mut connection, rows)
            .await
            .expect("the tables are there");
        let world = Self {
            before: catalog(&db),
            db,
            directory: tempfile::tempdir().expect("a temporary directory can be made"),
        };
        world.write_plan(&format!("{settings}\n{ONE_PHASE}"));
        world
    }

    /// Takes the catalog as it is now for the one before anything was done.
    pub fn remember(&mut self) {
        self.before = catalog(&self.db);
    }

    /// Writes the plan anew: settings and phases.
    pub fn write_plan(&self, rest: &str) {
        let text = format!("version: 1\nname: chat\ntarget: ${{DATABASE_URL}}\n{rest}");
        std::fs::write(self.path("turnback.yaml"), text).expect("the plan can be written");
    }

    /// A path beside the plan.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Makes ready to run the program, with nothing from the environment that would change
    /// what it does.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_turnback"));
        self.place(&mut command);
        command.args(arguments);
        command
    }

    /// Puts a command where the plan is.
    pub fn place(&self, command: &mut Command) {
        command
            .current_dir(self.directory.path())
            .env_remove("TURNBACK_TARGET")
            .env_remove("TURNBACK_STORE")
            .env("DATABASE_URL", self.db.url())
            .env("NO_COLOR", "1");
    }

    /// Starts the program.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Runs the program to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).ended().await
    }

    /// Runs the program, which must end with this exit code; gives what it said.
    pub async fn must(&self, arguments: &[&str], code: i32) -> String {
        let ran = self.run(arguments).await;
        assert_eq!(ran.code, code, "turnback {arguments:?} said:\n{}", ran.said);
        ran.said
    }

    /// A session of the test's own.
    pub async fn session(&self) -> PgConnection {
        PgConnection::connect(self.db.url())
            .await
            .expect("the database is there")
    }

    /// A client that can hold things.
    pub async fn client(&self) -> Client {
        let url = format!("{}?application_name=reports", self.db.url());
        let mut session = PgConnection::connect(&url)
            .await
            .expect("the database is there");
        let pid = sqlx::query_scalar("SELECT pg_backend_pid()")
            .fetch_one(&mut session)
            .await
            .expect("it answers");
        Client { pid, session }
    }

    /// A client that has run this and left its transaction open.
    pub async fn holding(&self, sql: &str) -> Client {
        let mut client = self.client().await;
        client.begin(sql).await;
        client
    }

    /// A client with a snapshot that it keeps, and no lock on any table.
    pub async fn old_snapshot(&self) -> Client {
        self.holding("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1")
            .await
    }

    /// Every event of the journal, oldest first.
    pub async fn journal(&self) -> Vec<serde_json::Value> {
        let url = format!("sqlite://{}", self.path(".turnback/journal.db").display());
        let mut journal = sqlx::SqliteConnection::connect(&url)
            .await
            .expect("there is a journal");
        let events: Vec<String> = sqlx::query_scalar("SELECT event FROM journal ORDER BY number")
            .fetch_all(&mut journal)
            .await
            .expect("it can be read");
        events
            .iter()
            .map(|event| serde_json::from_str(event).expect("an event is JSON"))
            .collect()
    }

    /// All that the ledger holds about phases and steps.
    pub fn ledger(&self) -> String {
        self.db.execute(
            "SELECT phase, state, changed_at FROM turnback.phase; \
             SELECT stage, step, done_at FROM turnback.step ORDER BY done_at, step; \
             SELECT at, state, epoch FROM turnback.history ORDER BY at; SELECT epoch FROM turnback.lease",
        )
    }

    /// Waits until a query says true. A ledger that is not there yet says nothing.
    pub async fn until(&self, condition: &str) {
        let waited = self.until_or_end(condition, &mut || false).await;
        assert!(waited, "in vain waited for: {condition}");
    }

    /// Waits until a query says true, or `over` does; gives whether it was the query.
    pub async fn until_or_end(&self, condition: &str, over: &mut dyn FnMut() -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut session = self.session().await;
        while Instant::now() < deadline && !over() {
            let holds: Result<Option<bool>, _> =
                sqlx::query_scalar(AssertSqlSafe(condition.to_owned()))
                    .persistent(false)
                    .fetch_one(&mut session)
                    .await;
            if let Ok(Some(true)) = holds {
                return true;
            }
            tokio::time::sleep(LOOK).await;
        }
        false
    }

    /// Where the phases stand in the ledger, in order.
    pub fn states(&self) -> String {
        self.db.execute(
            "SELECT coalesce(string_agg(state, ' ' ORDER BY ordinal), '') FROM turnback.phase",
        )
    }

    /// The catalog must be what it was before anything was done.
    pub fn must_be_as_before(&self) {
        let now = catalog(&self.db);
        assert!(
            now == self.before,
            "the catalog is not as it was:\n{}",
            difference(&self.before, &now)
        );
    }

    /// The new shape, in the version schema of a phase.
    pub fn new_shape(phase: &str) -> Shape {
        Shape::new_in(format!("public_{phase}"))
    }
}

/// The catalog as `pg_dump` prints it, turnback's ledger and all rows left out.
fn catalog(db: &Database) -> String {
    let mut keep = true;
    let mut lines = Vec::new();
    for line in db.dump(&["turnback"]).lines() {
        if line.starts_with("COPY ") {
            keep = false;
        }
        if keep && !line.starts_with("SELECT pg_catalog.setval") {
            lines.push(line.to_owned());
        }
        if line == "\\." {
            keep = true;
        }
    }
    lines.join("\n")
}

fn difference(before: &str, now: &str) -> String {
    let only = |of: &str, not_in: &str, mark: &str| {
        of.lines()
            .filter(|line| !not_in.lines().any(|other| other == *line))
            .map(|line| format!("{mark} {line}\n"))
            .collect::<String>()
    };
    format!("{}{}", only(before, now, "-"), only(now, before, "+"))
}

/// A client of the test's own.
pub struct Client {
    /// Its process in the server.
    pub pid: i32,
    session: PgConnection,
}

impl Client {
    /// Begins a transaction, runs this in it and leaves it open.
    pub async fn begin(&mut self, sql: &str) {
        self.run(&format!("BEGIN; {sql}")).await;
    }

    /// Ends the transaction.
    pub async fn end(&mut self) {
        self.run("COMMIT").await;
    }

    async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut self.session)
            .await
            .expect("a client's own SQL works");
    }
}

/// The program at work.
pub struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts a command; what it prints is kept.
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program can be run");
        let said = Arc::new(Mutex::new(String::new()));
        let out = child.stdout.take().expect("it is piped");
        let err = child.stderr.take().expect("it is piped");
        let readers = vec![
            tokio::spawn(keep(out, said.clone())),
            tokio::spawn(keep(err, said.clone())),
        ];
        Self {
            child,
            said,
            readers,
        }
    }

    /// What it has printed so far.
    pub fn said(&self) -> String {
        self.said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until it has printed this.
    pub async fn until_said(&mut self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && !self.is_over() && !self.said().contains(words) {
            tokio::time::sleep(LOOK).await;
        }
        let said = self.said();
        assert!(said.contains(words), "in vain waited for {words}: {said}");
    }

    /// Whether it has ended.
    pub fn is_over(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it is still there")
    }

    /// Sends a signal by its name (`INT`, `STOP`, `CONT`).
    pub fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let sent = std::process::Command::new("kill")
            .args([&format!("-{signal}"), &pid])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{signal}");
    }

    /// `kill -9`; gives what it came to, which may be an end of its own just before.
    pub async fn killed(mut self) -> Ran {
        // It may be over already.
        let _ = self.child.start_kill();
        self.ended().await
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Ran {
        let status: ExitStatus = match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.expect("a child of ours can be waited for"),
            Err(_) => panic!("it does not end; it said:\n{}", self.said()),
        };
        for reader in self.readers.drain(..) {
            reader.await.expect("reading does not panic");
        }
        Ran {
            code: status.code().unwrap_or(-1),
            said: self.said(),
        }
    }
}

async fn keep(mut from: impl AsyncRead + Unpin, into: Arc<Mutex<String>>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        into.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
}
