//! `turnback man`: the manual, from the same source as `--help`.

use std::fs;
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use turnback_core::exit::ExitCode;

use crate::cli::{Cli, ManArgs};
use crate::failure::Failure;

/// What follows the options in the help, and the heading that manuals give to it.
const HEADINGS: [(&str, &str); 3] = [
    (".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n"),
    (".SH EXTRA\nExample:\n", ".SH EXAMPLES\n"),
    (".SH EXTRA\nExit codes:\n", ".SH EXIT STATUS\n"),
];

pub(crate) fn run(args: &ManArgs) -> Result<ExitCode, Failure> {
    let directory = &args.directory;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    fs::create_dir_all(directory)
        .and_then(|()| pages(&command, directory))
        .map_err(|error| {
            Failure::usage(format!(
                "the manual cannot be written to {}: {error}",
                directory.display()
            ))
            .next("Name a directory that may be written to.")
        })?;
    anstream::println!(
        "Written to {0}; `man {0}/turnback.1` shows the first page.",
        directory.display()
    );
    Ok(ExitCode::Done)
}

/// A page for the command, and one for each below it.
fn pages(command: &Command, directory: &Path) -> io::Result<()> {
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    let mut text = String::from_utf8_lossy(&text).into_owned();
    for (found, heading) in HEADINGS {
        text = text.replace(found, heading);
    }
    fs::write(directory.join(page.get_filename()), text)?;
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
        .try_for_each(|below| pages(below, directory))
}
