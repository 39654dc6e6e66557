//! `turnback flag show`: one flag.

use turnback_core::exit::ExitCode;
use turnback_engine::flags::Flags;

use super::{answered, history, list, store};
use crate::cli::FlagShowArgs;
use crate::failure::Failure;

/// So many of the last changes are shown.
const LAST: u32 = 5;

pub(super) async fn run(args: FlagShowArgs) -> Result<ExitCode, Failure> {
    let store = store(&args.file).await?;
    let stored = answered(store.stored()).await?;
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
    for record in answered(store.history(Some(&args.key), LAST)).await? {
        anstream::println!("{}", history::line(&record));
    }
    Ok(ExitCode::Done)
}
