//! `turnback plan`: what will happen, before it does.

mod build;
mod groups;
mod sql;
mod text;
mod view;

use std::io::{BufWriter, ErrorKind, Write};
use std::mem::ManuallyDrop;

use turnback_core::exit::ExitCode;

use super::preflight::look;
use crate::cli::PlanArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::paragraph::width;

/// Bytes that are written at once.
const BUFFER: usize = 64 * 1024;

pub(crate) async fn run(args: PlanArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let target = loaded.target().await?;
    // The process ends with this, and what it holds goes at once: to give millions of names back
    // one by one takes a tenth of the time again.
    let look = ManuallyDrop::new(look(&loaded, &target).await?);
    let view = ManuallyDrop::new(build::view(&loaded, &target, &look).await?);
    if args.json || args.sql {
        // As it is, past whatever takes colours out: there are none, and there may be very much.
        let mut out = BufWriter::with_capacity(BUFFER, std::io::stdout().lock());
        let written = if args.json {
            serde_json::to_writer_pretty(&mut out, &*view)
                .map_err(std::io::Error::from)
                .and_then(|()| out.write_all(b"\n"))
        } else {
            sql::write(&view, &mut out)
        };
        match written.and_then(|()| out.flush()) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            written => written.map_err(|error| {
                Failure::new(
                    ExitCode::Failed,
                    format!("the plan cannot be printed: {error}"),
                )
            })?,
        }
    } else {
        anstream::print!("{}", text::render(&view, args.steps, width()));
    }
    Ok(if view.phases.iter().all(|phase| phase.is_planned) {
        ExitCode::Done
    } else {
        ExitCode::NoGo
    })
}
