//! A throw-away cluster, databases copied from one another, and runs of a plan on them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::watch as channel;
use turnback_core::exit::ExitCode;
use turnback_core::plan::{ParsedPlan, Plan, PlanSource, Target as Url, parse};
use turnback_core::state::PhaseState;
use turnback_engine::Run;
use turnback_engine::edges::Observer;
use turnback_engine::error::EngineError;
use turnback_engine::progress::Progress;
use turnback_engine::stop::Stop;
use turnback_postgres::PostgresTarget;
use turnback_store::{ControlStore, StorePlace};
use turnback_testkit::{CHAT_SCHEMA, Cluster, ClusterOptions, fill};

use super::Failure;
use super::machine::shared_buffers;

/// No checkpoint falls due while something is timed, and no autovacuum comes between: both
/// would hit whichever side happens to run.
const SETTINGS: [(&str, &str); 6] = [
    ("max_wal_size", "32GB"),
    ("checkpoint_timeout", "1h"),
    ("wal_level", "replica"),
    ("maintenance_work_mem", "512MB"),
    ("work_mem", "64MB"),
    ("autovacuum", "off"),
];

/// The tables of the demo's chat service that have keys of their own.
pub const CHAT_TABLES: [&str; 4] = ["users", "conversations", "messages", "audit_logs"];

/// A cluster for one benchmark.
pub struct World {
    cluster: Cluster,
}

impl World {
    pub fn start() -> Result<Self, Failure> {
        let mut settings = SETTINGS
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        settings.push((
            "shared_buffers".to_owned(),
            format!("{}GB", shared_buffers()),
        ));
        let cluster = Cluster::start(ClusterOptions {
            fsync: true,
            settings,
            ..ClusterOptions::default()
        })?;
        Ok(Self { cluster })
    }

    /// The connection string of a database.
    pub fn url(&self, database: &str) -> String {
        let url = self.cluster.url();
        let server = url.rsplit_once('/').map_or(url, |(server, _)| server);
        format!("{server}/{database}")
    }

    /// Makes a database, empty or as a copy of another to which nobody is connected.
    pub async fn create(&self, database: &str, template: Option<&str>) -> Result<(), Failure> {
        let mut admin = PgConnection::connect(self.cluster.url()).await?;
        let sql = match template {
            Some(template) => {
                format!("CREATE DATABASE {database} TEMPLATE {template} STRATEGY file_copy")
            }
            None => format!("CREATE DATABASE {database}"),
        };
        execute(&mut admin, &sql).await?;
        execute(&mut admin, "CHECKPOINT").await?;
        Ok(())
    }

    /// Drops a database.
    pub async fn drop(&self, database: &str) -> Result<(), Failure> {
        let mut admin = PgConnection::connect(self.cluster.url()).await?;
        execute(
            &mut admin,
            &format!("DROP DATABASE {database} WITH (FORCE)"),
        )
        .await?;
        Ok(())
    }

    /// A session on a database.
    pub async fn connect(&self, database: &str) -> Result<PgConnection, Failure> {
        Ok(PgConnection::connect(&self.url(database)).await?)
    }

    /// A cluster with the demo's chat service, of about so many rows, in the database `chat`.
    pub async fn chat(rows: u64) -> Result<Self, Failure> {
        let world = Self::start()?;
        world.create("chat", None).await?;
        let mut connection = world.connect("chat").await?;
        execute(&mut connection, CHAT_SCHEMA).await?;
        fill(&mut connection, rows).await?;
        for sql in ["VACUUM ANALYZE", "CHECKPOINT"] {
            execute(&mut connection, sql).await?;
        }
        Ok(world)
    }

    /// A plan that converts these tables' keys, on a database.
    pub async fn plan(&self, database: &str, tables: &[&str]) -> Result<Planned, Failure> {
        self.plan_with(database, tables, "").await
    }

    /// The same, with more below its one phase, `keys`.
    pub async fn plan_with(
        &self,
        database: &str,
        tables: &[&str],
        more: &str,
    ) -> Result<Planned, Failure> {
        let operations: String = tables
            .iter()
            .map(|table| format!("      - convert_key: {{ table: {table}, to: uuid }}\n"))
            .collect();
        let text = format!(
            "version: 1\nname: bench\ntarget: ${{DATABASE_URL}}\nschema: public\n\
             phases:\n  - id: keys\n    operations:\n{operations}{more}"
        );
        let url = self.url(database);
        let ParsedPlan { plan, .. } = parse(&PlanSource {
            file_name: "bench.yaml",
            text: &text,
            env: &|name| (name == "DATABASE_URL").then(|| url.clone()),
            read_file: &|path| Err(format!("{path} is not read")),
            target_override: None,
        })
        .map_err(|errors| format!("the plan is wrong: {errors:?}"))?;
        let workers = plan.settings.workers;
        Ok(Planned {
            target: PostgresTarget::new(&Url::new(&url), workers)?,
            journal: tempfile::tempdir()?,
            plan,
            state: channel::Sender::new(PhaseState::Pending),
        })
    }
}

/// A plan on its target.
pub struct Planned {
    target: PostgresTarget,
    journal: tempfile::TempDir,
    plan: Plan,
    state: channel::Sender<PhaseState>,
}

impl Planned {
    /// Returns once the phase is in a state.
    pub async fn becomes(&self, state: PhaseState) {
        let mut seen = self.state.subscribe();
        // The sender lives as long as this value, so waiting cannot fail.
        let _ = seen.wait_for(|seen| *seen == state).await;
    }

    /// One command under the lease; gives what it gave and its steps.
    pub async fn run<R>(
        &self,
        command: &str,
        work: impl AsyncFnOnce(&Run<PostgresTarget, ControlStore>, &Plan) -> Result<R, EngineError>,
    ) -> Result<(R, Vec<StepTime>), Failure> {
        let watch = Arc::new(Watch {
            steps: Mutex::default(),
            state: self.state.clone(),
        });
        let store = ControlStore::open(
            &StorePlace::File(self.journal.path().join("journal.db")),
            "bench",
        )
        .await?;
        let run = Run::begin(
            self.target.clone(),
            store,
            watch.clone(),
            &self.plan.name,
            self.plan.schema.as_str(),
            self.plan.settings.clone(),
            Stop::default(),
            command,
        )
        .await?;
        let done = work(&run, &self.plan).await;
        run.end("done", ExitCode::Done).await;
        let steps = std::mem::take(&mut *watch.steps.lock().expect("no watcher panics"));
        Ok((done?, steps))
    }
}

/// One step of a run.
pub struct StepTime {
    pub step: String,
    pub took: Duration,
    pub rows: u64,
}

struct Watch {
    steps: Mutex<Vec<StepTime>>,
    state: channel::Sender<PhaseState>,
}

impl Observer for Watch {
    fn see(&self, progress: &Progress) {
        if let Progress::PhaseBecame { state, .. } = progress {
            self.state.send_replace(*state);
        }
        if let Progress::StepDone {
            step, millis, rows, ..
        } = progress
        {
            let mut steps = self.steps.lock().expect("no watcher panics");
            steps.push(StepTime {
                step: step.clone(),
                took: Duration::from_millis(*millis),
                rows: rows.unwrap_or(0),
            });
        }
    }
}

/// Runs SQL; gives the rows it touched.
pub async fn execute(connection: &mut PgConnection, sql: &str) -> Result<u64, Failure> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Runs statements one after the other; gives how long they took.
pub async fn timed(connection: &mut PgConnection, sql: &[&str]) -> Result<Duration, Failure> {
    let begun = Instant::now();
    for statement in sql {
        execute(connection, statement).await?;
    }
    Ok(begun.elapsed())
}
