//! The engine's part: the plan as `init` drafts it, and runs of it under a lease.

use std::sync::Arc;

use turnback_core::exit::ExitCode;
use turnback_core::init::{Draft, Group, Request, Tables, init};
use turnback_core::name::Ident;
use turnback_core::plan::{Generate, Plan, PlanSource, Settings, parse};
use turnback_engine::edges::Target;
use turnback_engine::error::EngineError;
use turnback_engine::stop::Stop;
use turnback_engine::watch::{WatchedEnd, up_watched};
use turnback_engine::{Run, Until};
use turnback_postgres::PostgresTarget;
use turnback_store::{ControlStore, StorePlace};
use turnback_testkit::Shape;

use super::chat::Chat;
use super::failed;
use super::screen::Screen;
use crate::commands::forward::LiveRun;
use crate::commands::watching::watchers;
use crate::context::connect;
use crate::failure::Failure;

/// A plan, on a target, with a journal.
pub(super) struct Engine {
    pub(super) draft: Draft,
    text: String,
    pub(super) plan: Plan,
    target: PostgresTarget,
    journal: std::path::PathBuf,
}

/// What the second half puts under the drafted plan.
const GUARDS: &str = include_str!("guards.yaml");

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
        let text = draft.yaml.clone();
        Self::read(chat, draft, text).await
    }

    /// The same plan with guards and decisions, and a bake that is long enough for whatever may
    /// happen.
    pub(super) async fn with_guards(&self, chat: &Chat) -> Result<Self, Failure> {
        let mut text = String::new();
        for line in self.draft.yaml.lines() {
            let line = if line.trim_start().starts_with("# bake:") {
                "    bake: 1h"
            } else {
                line
            };
            text.push_str(line);
            text.push('\n');
        }
        for line in GUARDS.lines() {
            let about_latency = line.contains("latency");
            if !about_latency || chat.times_statements().await? {
                text.push_str(line);
                text.push('\n');
            }
        }
        Self::read(chat, self.draft.clone(), text).await
    }

    async fn read(chat: &Chat, draft: Draft, text: String) -> Result<Self, Failure> {
        let url = chat.url().to_owned();
        let parsed = parse(&PlanSource {
            file_name: "turnback.yaml",
            text: &text,
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
            text,
        })
    }

    /// The plan as it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a guard watches how long statements take.
    pub(super) fn watches_latency(&self) -> bool {
        self.plan.guards.iter().any(|guard| guard.name == "latency")
    }

    /// Goes forward, watched.
    pub(super) async fn watched(
        &self,
        command: &str,
        screen: &Arc<Screen>,
        until: &Until,
    ) -> Result<WatchedEnd, Failure> {
        self.run(command, screen, async |run, plan| {
            let watchers = watchers(plan, &run.target, run.journal.clone())?;
            up_watched(run, plan, until, &watchers).await
        })
        .await
    }

    /// One command under the lease.
    pub(super) async fn run<R>(
        &self,
        command: &str,
        screen: &Arc<Screen>,
        work: impl AsyncFnOnce(&LiveRun<ControlStore>, &Plan) -> Result<R, EngineError>,
    ) -> Result<R, Failure> {
        let journal =
            ControlStore::open(&StorePlace::from(self.journal.as_path()), &self.plan.name)
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
