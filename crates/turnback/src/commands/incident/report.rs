//! `turnback incident report`: one incident as Markdown or HTML, for the post-mortem.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use turnback_core::exit::ExitCode;
use turnback_core::incident::report::{html, markdown};

use super::case::Cases;
use super::store;
use crate::cli::{IncidentReportArgs, ReportFormat};
use crate::failure::Failure;

pub(super) async fn run(args: IncidentReportArgs) -> Result<ExitCode, Failure> {
    let store = store(&args.store.store).await?;
    let head = store.head().await?;
    let cases = Cases::read(&store).await?;
    let case = cases.take(args.number, &args.store.store)?;
    let facts = case.facts(head);
    let report = match args.format() {
        ReportFormat::Md => markdown(&facts),
        ReportFormat::Html => html(&facts),
    };
    let Some(path) = &args.output else {
        anstream::print!("{report}");
        return Ok(ExitCode::Done);
    };
    write(path, &report, args.force)?;
    anstream::println!("Wrote {}.", path.display());
    Ok(ExitCode::Done)
}

/// What people have written into a report is not written over.
fn write(path: &Path, report: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(report.as_bytes()));
    written.map_err(|error| {
        let shown = path.display();
        if error.kind() == ErrorKind::AlreadyExists {
            return Failure::usage(format!("{shown} is there already"))
                .next("--force writes over it, and over what people have written into it.");
        }
        Failure::new(
            ExitCode::Failed,
            format!("{shown} cannot be written: {error}"),
        )
    })
}
