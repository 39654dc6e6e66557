//! What commands share: the plan file read and checked, the target, the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use turnback_core::exit::ExitCode;
use turnback_core::lock_report::{PhaseLocks, worst_locks};
use turnback_core::plan::{ParsedPlan, Plan, PlanSource, Settings, Target as Url, parse};
use turnback_core::schema::Snapshot;
use turnback_engine::edges::Target;
use turnback_engine::error::{JournalError, TargetError};
use turnback_postgres::PostgresTarget;
use turnback_store::{ControlStore, StorePlace};

use crate::cli::PlanFile;
use crate::failure::Failure;
use crate::journal::in_time;
use crate::output;
use crate::render_diagnostics::render;

/// A plan with its file, as it was read.
pub(crate) struct Loaded {
    file_name: String,
    directory: PathBuf,
    text: String,
    parsed: ParsedPlan,
}

impl Loaded {
    /// Reads and checks the plan file; every error is shown with its place.
    pub(crate) fn read(file: &PlanFile) -> Result<Self, Failure> {
        let file_name = file.plan.display().to_string();
        let text = std::fs::read_to_string(&file.plan).map_err(|error| {
            let failure = Failure::usage(format!("the plan {file_name} cannot be read: {error}"));
            if error.kind() == std::io::ErrorKind::NotFound {
                failure.next("`turnback init --target URL --convert-keys uuid --all` looks at a database and writes one; `--plan FILE` names another.")
            } else {
                failure
            }
        })?;
        let directory = file
            .plan
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default();
        let parsed = parse(&PlanSource {
            file_name: &file_name,
            text: &text,
            env: &|name| std::env::var(name).ok(),
            read_file: &|path| {
                std::fs::read_to_string(directory.join(path)).map_err(|error| error.to_string())
            },
            target_override: file.target.clone(),
        })
        .map_err(|errors| Failure::usage(render(&file_name, &text, &errors, output::colour())))?;
        Ok(Self {
            file_name,
            directory,
            text,
            parsed,
        })
    }

    /// Reads and checks the plan file for a command that asks no database: which one it names
    /// makes no difference, and need not be known.
    pub(crate) fn read_alone(plan: &Path) -> Result<Self, Failure> {
        Self::read(&PlanFile {
            plan: plan.to_path_buf(),
            target: Some("postgres://localhost/".to_owned()),
            store: StorePlace::File(PathBuf::new()),
        })
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.parsed.plan
    }

    /// The directory of the plan file, from which its paths go.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The name of the file, as it was given.
    pub(crate) fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Compares what the plan names with what the database has. Phases that were begun are
    /// left out: what they asked for was there, and may be changed by now.
    pub(crate) fn check_against(
        &self,
        snapshot: &Snapshot,
        begun: &BTreeSet<&str>,
    ) -> Result<(), Failure> {
        let mut pending = self.parsed.clone();
        pending
            .plan
            .phases
            .retain(|phase| !begun.contains(phase.id.as_str()));
        let errors = turnback_core::plan::check_against(&pending, snapshot);
        if errors.is_empty() {
            return Ok(());
        }
        Err(Failure::usage(render(
            &self.file_name,
            &self.text,
            &errors,
            output::colour(),
        )))
    }

    pub(crate) async fn target(&self) -> Result<PostgresTarget, Failure> {
        connect(&self.plan().target, &self.plan().settings).await
    }

    /// What the journal holds about the locks of each phase; nothing where there is no journal,
    /// and looking makes none.
    ///
    /// # Errors
    ///
    /// When there is a control store and it cannot be read.
    pub(crate) async fn locks(
        &self,
        file: &PlanFile,
    ) -> Result<BTreeMap<String, PhaseLocks>, JournalError> {
        in_time(async {
            match ControlStore::open_existing(&file.store, &self.plan().name).await? {
                Some(journal) => Ok(worst_locks(&journal.about_locks().await?)),
                None => Ok(BTreeMap::new()),
            }
        })
        .await
    }
}

/// Prepares the target and finds out, before anything else, whether it lets us in.
pub(crate) async fn connect(url: &Url, settings: &Settings) -> Result<PostgresTarget, Failure> {
    let target = PostgresTarget::new(url, settings.workers)
        .map_err(|error| Failure::usage(error.to_string()))?
        .answering_within(settings.answer_timeout);
    let name = url.redacted();
    match target.session().await {
        Ok(_) => Ok(target),
        Err(TargetError::Lost(reason)) => Err(Failure::new(
            ExitCode::Stopped,
            format!("{name} cannot be reached: {reason}"),
        )
        .next("Nothing was touched; once the server answers, the same command goes on.")),
        // No such database or role, a wrong password: nothing that time would mend.
        Err(error) => Err(
            Failure::usage(format!("{name} does not let turnback in: {error}")).next(
                "Nothing was touched. Correct the plan's `target`, or give another with --target.",
            ),
        ),
    }
}

/// One look at the catalog, with the database's name in the error.
pub(crate) async fn snapshot(target: &PostgresTarget, url: &Url) -> Result<Snapshot, Failure> {
    target.snapshot().await.map_err(|error| {
        let failure = Failure::from(error);
        Failure {
            message: format!("{}: {}", url.redacted(), failure.message),
            ..failure
        }
    })
}
