//! `turnback flag export`: every flag as a file in flagd's format.

use turnback_core::exit::ExitCode;

use super::stored;
use crate::cli::FlagExportArgs;
use crate::failure::Failure;

pub(super) async fn run(args: FlagExportArgs) -> Result<ExitCode, Failure> {
    let stored = stored(&args.file).await?;
    let document = format!("{:#}", stored.set.document());
    let Some(path) = args.output else {
        anstream::println!("{document}");
        return Ok(ExitCode::Done);
    };
    std::fs::write(&path, document + "\n").map_err(|error| {
        let what = format!("{} cannot be written: {error}", path.display());
        Failure::new(ExitCode::Failed, what)
    })?;
    anstream::println!("Every flag is in {}.", path.display());
    Ok(ExitCode::Done)
}
