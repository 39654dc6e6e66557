//! `turnback store`: the control store itself.

use turnback_core::exit::ExitCode;
use turnback_store::{ControlStore, StorePlace};

use crate::cli::{StoreArgs, StoreCommand, StoreCopyArgs};
use crate::failure::Failure;
use crate::journal::{in_time, remedy};

pub(crate) async fn run(args: StoreArgs) -> Result<ExitCode, Failure> {
    match args.command {
        StoreCommand::Copy(args) => copy(args).await,
    }
}

async fn copy(args: StoreCopyArgs) -> Result<ExitCode, Failure> {
    let (from, to) = (&args.from, &args.to);
    let unusable = |place: &StorePlace, error: turnback_engine::error::JournalError| {
        Failure::new(
            ExitCode::Failed,
            format!("the control store cannot be used: {}", error.0),
        )
        .next(remedy(place))
    };
    let source = in_time(ControlStore::open_existing(from, "")).await;
    let Some(source) = source.map_err(|error| unusable(from, error))? else {
        return Err(
            Failure::usage(format!("there is no control store at {from}"))
                .next("--from names the one to copy; `turnback up` makes one."),
        );
    };
    let other = in_time(ControlStore::open(to, "")).await;
    let other = other.map_err(|error| unusable(to, error))?;
    let copied = source.copy_to(&other).await.map_err(|error| {
        let why = format!("{from} could not be copied to {to}: {}", error.0);
        Failure::new(ExitCode::Failed, why).next(format!(
            "{from} is as it was. --to takes a place with nothing in it."
        ))
    })?;
    anstream::println!(
        "Copied {} rows of {} tables from {from} to {to}.",
        copied.rows,
        copied.tables
    );
    if !copied.journal.is_whole() {
        anstream::eprintln!(
            "warning: the journal is not as it was written, there as here; `turnback incident \
             verify --store {to}` says where."
        );
    }
    anstream::println!(
        "{from} is as it was. What is written there from now on does not come along: give every \
         command --store {to}, or set TURNBACK_STORE."
    );
    Ok(ExitCode::Done)
}
