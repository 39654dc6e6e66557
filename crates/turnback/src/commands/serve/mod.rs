//! `turnback serve`: one process that keeps runs going, shows them and lets people decide.

mod acts;
mod backups;
mod canaries;
mod controller;
mod edges;
mod guards;
mod keys;
mod lately;
mod lead;
mod leader;
mod limits;
mod news;
mod order;
mod phases;
mod records;
mod resume;
mod runs;
mod sight;
mod stage;
mod start;

use std::pin::pin;
use std::sync::Arc;

use turnback_core::exit::ExitCode;
use turnback_server::access::Doorkeeper;
use turnback_server::edges::Edges;
use turnback_server::{Limits, Server, app, listen};

use self::acts::Desk;
use self::controller::Controller;
use self::keys::Book;
use self::lead::Lead;
use self::sight::Sight;
use self::stage::Stage;
use self::start::{Ready, made_ready};
use crate::cli::ServeArgs;
use crate::failure::Failure;

pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode, Failure> {
    let ready = made_ready(&args).await?;
    if args.check {
        anstream::println!("Nothing stands in the way.");
        return Ok(ExitCode::Done);
    }
    serve(args, ready).await
}

async fn serve(args: ServeArgs, ready: Ready) -> Result<ExitCode, Failure> {
    let failed = |why: String| Failure::new(ExitCode::Failed, why);
    let mut ending = Ending::new().map_err(|error| failed(error.to_string()))?;
    let loaded = Arc::new(ready.loaded);
    let stage = Arc::new(Stage::default());
    let lead = Arc::new(Lead::new());
    let sight = Arc::new(Sight::new(
        Arc::clone(&loaded),
        ready.target,
        ready.store.clone(),
        Arc::clone(&stage),
        Arc::clone(&lead),
    ));
    let controller = Arc::new(Controller::new(
        loaded,
        args.file,
        args.blockers,
        ready.store.clone(),
        Arc::clone(&stage),
        lead,
    ));
    let flags = Arc::new(ready.store.clone());
    let book = Arc::new(Book(ready.store));
    let edges = Edges {
        looks: sight.clone(),
        acts: Arc::new(Desk {
            controller: Arc::clone(&controller),
            sight: Arc::clone(&sight),
        }),
        keys: book.clone(),
        audit: book,
        flags,
    };
    let doorkeeper = Doorkeeper::new(ready.local_only).map_err(failed)?;
    let version = env!("CARGO_PKG_VERSION");
    let server = Server::new(edges, doorkeeper, Limits::default(), version);
    stage.tell(Arc::clone(&server));
    let scheme = if ready.tls.is_some() { "https" } else { "http" };
    let listening = listen(ready.socket, ready.tls, app(Arc::clone(&server)))
        .map_err(|error| failed(format!("it cannot be listened: {error}")))?;
    let news = tokio::spawn(news::tell(Arc::clone(&server), sight, stage));
    anstream::println!("listening at {scheme}://{}", listening.address);
    let mut work = pin!(controller.work());
    tokio::select! {
        () = &mut work => {}
        () = ending.asked() => {}
    }
    anstream::eprintln!(
        "ending: what is at work stops at its next safe point, and the next `turnback serve` goes on with it"
    );
    controller.close();
    server.events.close();
    let code = tokio::select! {
        () = &mut work => ExitCode::Done,
        // Asked twice: everything done is committed, and recovery finds out what was.
        () = ending.asked() => ExitCode::Stopped,
    };
    news.abort();
    listening.end().await.map_err(failed)?;
    Ok(code)
}

/// Whoever asks the process to end: Ctrl-C, or a service manager.
struct Ending {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Ending {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
