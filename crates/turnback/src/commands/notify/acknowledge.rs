//! `turnback notify acknowledge`: takes an issue on, so that nobody else is called.

use turnback_core::exit::ExitCode;
use turnback_core::notify::Escalation;
use turnback_engine::delivery::Outbox;

use super::{store, unusable};
use crate::cli::AcknowledgeArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::telling::now;

pub(super) async fn run(args: AcknowledgeArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let store = store(&loaded, &args.file).await?;
    let mut open: Vec<Escalation> = store.issues().await.map_err(unusable)?;
    if let Some(issue) = &args.issue {
        let Some(known) = store.issue(issue).await.map_err(unusable)? else {
            return Err(Failure::usage(format!("there is no issue {issue}"))
                .next("`turnback notify list` names those that are open."));
        };
        if known.over {
            anstream::println!("{issue} is over already; nobody is called for it.");
            return Ok(ExitCode::Done);
        }
        open.retain(|one| one.message.thread() == issue);
    }
    if open.is_empty() {
        anstream::println!("No issue is open.");
    }
    for mut issue in open {
        let thread = issue.message.thread().to_owned();
        if issue.acknowledge(&args.by, now()) {
            store.keep(&issue).await.map_err(unusable)?;
            anstream::println!("{} has taken on {thread}; nobody else is called.", args.by);
        } else if let Some(by) = issue.acknowledged {
            anstream::println!("{thread} was taken on by {} at {}.", by.by, by.at);
        }
    }
    Ok(ExitCode::Done)
}
