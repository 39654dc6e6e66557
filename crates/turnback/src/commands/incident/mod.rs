//! `turnback incident`: what the journal says of incidents, and whether it can be believed.

mod case;
mod list;
mod report;
mod show;
mod verify;
mod written;

use std::path::Path;

use turnback_core::exit::ExitCode;
use turnback_store::SqliteStore;

pub(crate) use self::written::{last_report, write_report};
use crate::cli::{IncidentArgs, IncidentCommand};
use crate::failure::Failure;
use crate::journal::in_time;
use crate::output::text::millis;

pub(crate) async fn run(args: IncidentArgs) -> Result<ExitCode, Failure> {
    match args.command {
        IncidentCommand::List(args) => list::run(args).await,
        IncidentCommand::Show(args) => show::run(args).await,
        IncidentCommand::Report(args) => report::run(args).await,
        IncidentCommand::Verify(args) => verify::run(args).await,
    }
}

/// The control store, which must be there: none is made.
async fn store(path: &Path) -> Result<SqliteStore, Failure> {
    let shown = path.display();
    if !path.exists() {
        return Err(Failure::usage(format!("there is no journal at {shown}"))
            .next("`turnback up` and `turnback back` write one; --store FILE names where it is."));
    }
    // What is read here is of every plan.
    in_time(SqliteStore::open(path, "")).await.map_err(|error| {
        Failure::new(
            ExitCode::Failed,
            format!("the journal cannot be read: {}", error.0),
        )
        .next("--store FILE names another.")
    })
}

/// How long something took, in milliseconds; a dash where that is not known.
fn took(millis_or_none: Option<u64>) -> String {
    millis_or_none.map_or_else(
        || "—".to_owned(),
        |took| match took {
            0 => "at once".to_owned(),
            took => millis(took as f64),
        },
    )
}
