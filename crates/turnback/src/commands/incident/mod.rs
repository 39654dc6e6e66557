//! `turnback incident`: what the journal says of incidents, and whether it can be believed.

mod case;
mod list;
mod report;
mod show;
mod verify;
mod written;

use turnback_core::exit::ExitCode;
use turnback_store::{ControlStore, StorePlace};

pub(crate) use self::case::{Case, Cases};
pub(crate) use self::written::{last_report, write_report};
use crate::cli::{IncidentArgs, IncidentCommand};
use crate::failure::Failure;
use crate::journal::{in_time, remedy};
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
async fn store(place: &StorePlace) -> Result<ControlStore, Failure> {
    // What is read here is of every plan.
    let opened = in_time(ControlStore::open_existing(place, "")).await;
    let opened = opened.map_err(|error| {
        let failure = Failure::new(
            ExitCode::Failed,
            format!("the journal cannot be read: {}", error.0),
        );
        match place {
            StorePlace::Postgres(_) => failure.next(remedy(place)),
            _ => failure.next("--store FILE names another."),
        }
    })?;
    opened.ok_or_else(|| {
        Failure::usage(format!("there is no journal at {place}"))
            .next("`turnback up` and `turnback back` write one; --store FILE names where it is.")
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

/// How much later something was, as the end of a sentence; nothing where that is not known.
fn after(millis_or_none: Option<u64>) -> String {
    match millis_or_none {
        None => String::new(),
        Some(0) => ", at once".to_owned(),
        Some(later) => format!(", after {}", millis(later as f64)),
    }
}
