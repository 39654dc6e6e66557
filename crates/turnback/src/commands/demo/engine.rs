//! The engine's part: the plan as `init` drafts it, and runs of it under a lease.

use std::sync::Arc;

use turnback_core::exit::ExitCode;
use turnback_core::init::{Draft, Group, Request, Tables, init};
use turnback_core::name::Ident;
use turnback_core::plan::{Generate, Plan, PlanSource, Settings, parse};
use turnback_engine::Run;
use turnback_engine::edges::Target;
use turnback_engine::error::EngineError;
use turnback_engine::stop::Stop;
use turnback_postgres::PostgresTarget;
use turnback_store::SqliteStore;
use turnback_testkit::Shape;

use super::chat::Chat;
use super::failed;
use super::screen::Screen;
use crate::commands::forward::LiveRun;
use crate::context::connect;
use crate::failure::Failure;

/// A plan, on a target, with a journal.
pub(super) struct Engine {
    pub(super) draft: Draft,
    pub(super) plan: Plan,
    target: PostgresTarget,
    journal: std::path::PathBuf,
}

impl Engine {
    /// Looks at the database and drafts a plan, as `turnback init --all --group one` does; then
    /// reads it, as every other command does.
    pub(super) async fn prepare(chat: &Chat) -> Result<Self, Failure> {
        let looking = connect(&chat.target(), &Settings::default()).await?;
        let snapshot = looking.snapshot().await.map_err(failed)?;
        let request = Request {
            tables: Tables::All,
            group: Group::One,
            generate: Generate::V4,
            name: None,
            schema: Ident::new("public"),
            target_text: "${DATABASE_URL}".to_owned(),
        };
        let draft = init(&snapshot, &request).map_err(failed)?;
        let url = chat.url().to_owned();
        let parsed = parse(&PlanSource {
            file_name: "turnback.yaml",
            text: &draft.yaml,
            env: &|name| (name == "DATABASE_URL").then(|| url.clone()),
            read_file: &|path| Err(format!("the demo reads no files, not even {path}")),
            target_override: None,
        })
        .map_err(|errors| {
            let first = errors.first().map(|error| error.message.clone());
            Failure::new(
                ExitCode::Failed,
                format!(
                    "the drafted plan does not parse: {}",
                    first.unwrap_or_default()
                ),
            )
        })?;
        Ok(Self {
            target: connect(&parsed.plan.target, &parsed.plan.settings).await?,
            journal: chat.journal(),
            plan: parsed.plan,
            draft,
        })
    }

    /// One command under the lease.
    pub(super) async fn run<R>(
        &self,
        command: &str,
        screen: &Arc<Screen>,
        work: impl AsyncFnOnce(&LiveRun<SqliteStore>, &Plan) -> Result<R, EngineError>,
    ) -> Result<R, Failure> {
        let journal = SqliteStore::open(&self.journal, &self.plan.name)
            .await
            .map_err(failed)?;
        let run = Run::begin(
            self.target.clone(),
            journal,
            screen.clone(),
            &self.plan.name,
            self.plan.schema.as_str(),
            self.plan.settings.clone(),
            Stop::default(),
            command,
        )
        .await
        .map_err(failed)?;
        let done = work(&run, &self.plan).await;
        let (outcome, code) = match &done {
            Ok(_) => ("done".to_owned(), ExitCode::Done),
            Err(error) => (error.to_string(), error.exit_code()),
        };
        run.end(&outcome, code).await;
        done.map_err(failed)
    }

    /// The new shape that clients can now work on.
    pub(super) async fn new_shape(&self) -> Result<Shape, Failure> {
        let records = self.target.phases(&self.plan.name).await.map_err(failed)?;
        records
            .iter()
            .flat_map(|record| &record.program.version_schemas)
            .map(Ident::as_str)
            .find(|schema| *schema != "public_base")
            .map(Shape::new_in)
            .ok_or_else(|| Failure::new(ExitCode::Failed, "the phase made no version schema"))
    }
}
