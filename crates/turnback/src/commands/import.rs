//! `turnback import`: parts of a plan from files of other tools.

use turnback_core::exit::ExitCode;
use turnback_core::import_guards::import_guards;

use crate::cli::{Import, ImportGuardsArgs};
use crate::failure::Failure;
use crate::output;
use crate::render_diagnostics::render;

pub(crate) fn run(what: Import) -> Result<ExitCode, Failure> {
    match what {
        Import::Guards(args) => guards(&args),
    }
}

/// Prints plan text; what somebody must look at goes to the error stream, so that the text can be
/// piped into a file.
fn guards(args: &ImportGuardsArgs) -> Result<ExitCode, Failure> {
    let mut read = Vec::new();
    for file in &args.files {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
        read.push((name, text));
    }
    let files: Vec<(&str, &str)> = read
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let imported = import_guards(&files).map_err(|(index, errors)| {
        let (name, text) = files[index];
        Failure::usage(render(name, text, &errors, output::colour()))
    })?;
    anstream::print!("{}", imported.yaml);
    let count = match imported.guards {
        1 => "1 guard".to_owned(),
        n => format!("{n} guards"),
    };
    anstream::eprintln!("{count}. Put them into the plan, then `turnback check` reads them.");
    for note in &imported.notes {
        anstream::eprintln!("look at: {note}");
    }
    Ok(ExitCode::Done)
}
