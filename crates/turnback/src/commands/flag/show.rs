//! `turnback flag show`: one flag.

use turnback_core::exit::ExitCode;

use super::{history, list, stored};
use crate::cli::FlagShowArgs;
use crate::failure::Failure;

/// So many of the last changes are shown.
const LAST: u32 = 5;

pub(super) async fn run(args: FlagShowArgs) -> Result<ExitCode, Failure> {
    let stored = stored(&args.file).await?;
    let Some(flag) = stored.set.flag(&args.key) else {
        return Err(Failure::usage(format!("there is no flag {:?}", args.key))
            .next("`turnback flag list` shows those that there are."));
    };
    if args.json {
        anstream::println!("{:#}", flag.definition());
        return Ok(ExitCode::Done);
    }
    anstream::println!(
        "{}: {}\n{:#}",
        args.key,
        list::gives(flag),
        flag.definition()
    );
    for record in super::history(&args.file, Some(&args.key), LAST).await? {
        anstream::println!("{}", history::line(&record));
    }
    Ok(ExitCode::Done)
}
