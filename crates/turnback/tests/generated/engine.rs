//! The tool itself, run inside this process: what `init`, `up`, `back` and `contract` do.

use std::sync::Arc;

use turnback_core::exit::ExitCode;
use turnback_core::init::{Draft, Request, init};
use turnback_core::journal::JournalEvent;
use turnback_core::plan::{Plan, PlanSource, parse};
use turnback_core::schema::Snapshot;
use turnback_core::scope::Scope;
use turnback_engine::edges::{Journal, Observer, Target};
use turnback_engine::error::{EngineError, JournalError};
use turnback_engine::progress::Progress;
use turnback_engine::stop::Stop;
use turnback_engine::{BackTo, Run, Until, back, contract, up};
use turnback_postgres::PostgresTarget;

/// Nobody writes down, nobody watches.
#[derive(Clone)]
struct Nobody;

impl Journal for Nobody {
    async fn append(&self, _: &JournalEvent) -> Result<(), JournalError> {
        Ok(())
    }
}

impl Observer for Nobody {
    fn see(&self, _: &Progress) {}
}

/// A plan on a database.
pub struct Engine {
    /// The plan.
    pub plan: Plan,
    target: PostgresTarget,
}

/// A look at the catalog of a database.
pub async fn snapshot(url: &str) -> Result<Snapshot, String> {
    let url = turnback_core::plan::Target::new(url);
    let target = PostgresTarget::new(&url, 1).map_err(|error| error.to_string())?;
    target.snapshot().await.map_err(|error| error.to_string())
}

/// What `init` writes, as a file and read again.
pub fn drafted(snapshot: &Snapshot, request: &Request, url: &str) -> Result<(Draft, Plan), String> {
    let draft = init(snapshot, request).map_err(|error| error.to_string())?;
    let parsed = parse(&PlanSource {
        file_name: "turnback.yaml",
        text: &draft.yaml,
        env: &|name| (name == "DATABASE_URL").then(|| url.to_owned()),
        read_file: &|path| Err(format!("no file is read here, not even {path}")),
        target_override: None,
    })
    .map_err(|errors| {
        format!(
            "the drafted plan does not parse: {errors:?}\n{}",
            draft.yaml
        )
    })?;
    let errors = turnback_core::plan::check_against(&parsed, snapshot);
    if !errors.is_empty() {
        return Err(format!(
            "the drafted plan does not fit the database: {errors:?}\n{}",
            draft.yaml
        ));
    }
    Ok((draft, parsed.plan))
}

impl Engine {
    /// Prepares sessions.
    pub fn new(plan: Plan) -> Result<Self, String> {
        let target = PostgresTarget::new(&plan.target, plan.settings.workers)
            .map_err(|error| error.to_string())?;
        Ok(Self { plan, target })
    }

    async fn run<R>(
        &self,
        command: &str,
        work: impl AsyncFnOnce(&Run<PostgresTarget, Nobody>) -> Result<R, EngineError>,
    ) -> Result<R, EngineError> {
        let run = Run::begin(
            self.target.clone(),
            Nobody,
            Arc::new(Nobody),
            &self.plan.name,
            self.plan.schema.as_str(),
            self.plan.settings.clone(),
            Stop::default(),
            command,
        )
        .await?;
        let done = work(&run).await;
        run.end("over", ExitCode::Done).await;
        done
    }

    /// `up`, to this phase or to the end.
    pub async fn up(&self, phase: Option<&str>, expanded_only: bool) -> Result<(), EngineError> {
        let until = Until {
            phase: phase.map(str::to_owned),
            expanded_only,
        };
        self.run("up", async |run| {
            up(run, &self.plan, &until).await.map(drop)
        })
        .await
    }

    /// `back --scope all`. The tool compares catalogs itself and fails where they differ.
    pub async fn back(&self) -> Result<(), EngineError> {
        self.run("back", async |run| {
            back(run, &Scope::All, BackTo::Start).await.map(drop)
        })
        .await
    }

    /// `contract`, everything.
    pub async fn contract(&self) -> Result<(), EngineError> {
        self.run("contract", async |run| contract(run, None).await.map(drop))
            .await
    }
}
