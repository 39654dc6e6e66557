//! `turnback notify send`: sends what waits and is due.

use turnback_core::exit::ExitCode;
use turnback_engine::delivery::{Desk, Fate};

use super::{store, unusable};
use crate::cli::NotifySendArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::table;
use crate::telling::{now, post};

pub(super) async fn run(args: NotifySendArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let store = store(&loaded, &args.file).await?;
    let desk = Desk {
        notify: &loaded.plan().notify,
        outbox: &store,
        messenger: &post()?,
    };
    let delivered = desk.deliver(now).await.map_err(unusable)?;
    if delivered.is_empty() {
        anstream::println!("Nothing is due.");
        return Ok(ExitCode::Done);
    }
    let mut shown = table(["channel", "message", "what came of it"]);
    let mut missed = 0;
    for delivery in delivered {
        let came = match delivery.fate {
            Fate::Sent => "arrived".to_owned(),
            Fate::Again { due, reason } => format!("did not arrive, again at {due}: {reason}"),
            Fate::GivenUp { reason } => format!("given up: {reason}"),
        };
        missed += usize::from(came != "arrived");
        shown.add_row([delivery.channel, delivery.title, came]);
    }
    anstream::println!("{shown}");
    if missed == 0 {
        return Ok(ExitCode::Done);
    }
    Err(Failure::new(
        ExitCode::Failed,
        format!("{missed} messages did not arrive"),
    )
    .next("`turnback notify list` shows what waits; `turnback notify test` tries the channels."))
}
