//! The second half: the same change, watched, and a bad release that turns it back by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use turnback_core::exit::ExitCode;
use turnback_core::guard::Moment;
use turnback_core::state::PhaseState;
use turnback_engine::Until;
use turnback_engine::watch::{TurnedBack, WatchedEnd};
use turnback_store::StorePlace;

use super::chat::Chat;
use super::engine::Engine;
use super::failed;
use super::release::Release;
use super::screen::{DIM, Screen};
use super::traffic::{Traffic, wait};
use crate::cli::DemoArgs;
use crate::commands::incident::last_report;
use crate::failure::Failure;
use crate::output::text::millis;

/// The longest that the demo waits for the slow release to be noticed.
const PATIENCE: Duration = Duration::from_secs(20);

/// What turning back by itself came to.
pub(super) struct ByItself {
    /// From the broken foreign key until `public` showed the old shape.
    pub(super) from_fault: Duration,
    /// From the decision until then.
    pub(super) from_decision: Duration,
    /// Where the report is.
    pub(super) report: PathBuf,
}

/// The guards and decisions of this half, shown as they stand in the plan.
pub(super) fn show(screen: &Screen, engine: &Engine) {
    let from = engine
        .text()
        .lines()
        .skip_while(|line| !line.starts_with("settings:"));
    for line in from {
        screen.line(&format!("   {DIM}│{DIM:#} {line}"));
    }
}

/// Goes forward, watched; releases something bad; sees it turn back.
pub(super) async fn tell(
    screen: &Arc<Screen>,
    args: &DemoArgs,
    chat: &Chat,
    engine: &Engine,
    traffic: &mut Traffic,
) -> Result<ByItself, Failure> {
    let until = Until::default();
    let watched = engine.watched("up", screen, &until);
    let story = async {
        screen.becomes(PhaseState::CutOver).await;
        traffic.flow(screen, "baking, watched", args.seconds).await;
        let label = "made again, watched, cut over";
        let made = traffic.mark(label);
        screen.act(10, "A bad release", &[
            "Its new query is slow; then its release script makes a foreign key anew and never validates it.",
        ]);
        let release = Release::deploy(chat);
        screen.noted("released: 2 clients whose new query takes 200 to 400 ms");
        if engine.watches_latency() {
            screen.doing("the guard takes its samples");
            // Whatever it says, the story goes on.
            let _ = tokio::time::timeout(PATIENCE, screen.asked()).await;
        }
        traffic.flow(screen, "a bad release", args.seconds).await;
        let slow = traffic.mark("a release that is slow");
        release.break_a_foreign_key().await?;
        let broken = Instant::now();
        screen.noted("its release script has run: the foreign key of messages is NOT VALID");
        screen.becomes(PhaseState::Withdrawing).await;
        let from_fault = broken.elapsed();
        // The application is rolled back.
        drop(release);
        screen.becomes(PhaseState::Pending).await;
        let back = traffic.mark("turned back by itself");
        Ok((from_fault, [made, slow, back]))
    };
    let both = async { tokio::try_join!(watched, story) };
    let (end, (from_fault, windows)) = traffic.beside(screen, both).await?;
    for window in windows {
        traffic.keep(window);
    }
    let turned = turned(end)?;
    let from_decision = Duration::from_millis(turned.recovery.back.millis_to_old_shape);
    screen.noted(&format!(
        "public was old {} after the fault, {} after the decision; the transaction took {}",
        wait(from_fault),
        wait(from_decision),
        millis(
            turned
                .recovery
                .back
                .swaps
                .iter()
                .map(|(_, held)| held)
                .sum()
        )
    ));
    screen.noted("new shape dropped; proven: catalog as before, every constraint valid");
    traffic.flow(screen, "clients write", args.seconds).await;
    traffic.close("and nobody was called");
    Ok(ByItself {
        from_fault,
        from_decision,
        report: report(chat).await?,
    })
}

/// Writes the report of what happened to where it outlives the demo.
async fn report(chat: &Chat) -> Result<PathBuf, Failure> {
    let written = last_report(&StorePlace::File(chat.journal()), Moment::default()).await?;
    let (_, html) = written
        .ok_or_else(|| Failure::new(ExitCode::Failed, "the journal knows of no incident"))?;
    let path = std::env::temp_dir().join(format!("turnback-demo-{}.html", std::process::id()));
    std::fs::write(&path, html).map_err(failed)?;
    Ok(path)
}

fn turned(end: WatchedEnd) -> Result<Box<TurnedBack>, Failure> {
    match end {
        WatchedEnd::TurnedBack(turned) => Ok(turned),
        WatchedEnd::Forward(_) => Err(Failure::new(
            ExitCode::Failed,
            "the guards did not see that a foreign key was broken",
        )),
    }
}
