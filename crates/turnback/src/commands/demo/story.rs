//! The story, act by act.

use std::sync::Arc;
use std::time::{Duration, Instant};

use turnback_core::exit::ExitCode;
use turnback_core::scope::Scope;
use turnback_core::state::PhaseState;
use turnback_engine::{BackTo, Until, back, up};
use turnback_testkit::{Shape, check, seed};

use super::chat::Chat;
use super::engine::Engine;
use super::failed;
use super::report::{Times, next_steps, report};
use super::screen::{BOLD, DIM, Screen};
use super::traffic::{Traffic, wait};
use super::watched;
use crate::cli::DemoArgs;
use crate::failure::Failure;
use crate::output::text::{count, millis};

/// A wait counts where it ends; so long after a lock is released a window stays open for those
/// who waited for it.
const ECHO: Duration = Duration::from_millis(500);

/// Tells the whole story; the exit code is the checker's verdict.
pub(super) async fn tell(args: &DemoArgs) -> Result<ExitCode, Failure> {
    let seed = args.seed.unwrap_or_else(seed);
    let mut story = Story {
        args,
        seed,
        begun: Instant::now(),
        screen: Arc::new(Screen::new()),
        times: Times::default(),
    };
    story.screen.line(&format!(
        "{BOLD}turnback demo{BOLD:#}: integer keys to UUID under live traffic, and back   {DIM}(seed {seed}){DIM:#}"
    ));
    let told = story.acts().await;
    story.screen.still();
    told
}

struct Story<'a> {
    args: &'a DemoArgs,
    seed: u64,
    begun: Instant,
    screen: Arc<Screen>,
    times: Times,
}

impl Story<'_> {
    async fn acts(&mut self) -> Result<ExitCode, Failure> {
        let chat = self.set_the_stage().await?;
        let mut traffic = self.let_them_write(&chat).await?;
        let engine = self.look(&chat).await?;
        self.expand(&engine, &mut traffic).await?;
        let new = engine.new_shape().await?;
        self.side_by_side(&chat, &new, &mut traffic).await?;
        let from = self.cut_over(&engine, &mut traffic).await?;
        let until = self.turn_back(&engine, &new, &mut traffic).await?;
        self.watched(&chat, &engine, &mut traffic).await?;
        self.verdict(chat, traffic, from, until).await
    }

    /// A cluster, and a database with rows.
    async fn set_the_stage(&self) -> Result<Chat, Failure> {
        let (screen, rows) = (&self.screen, self.args.rows);
        screen.act(1, "A database with integer keys", &[
            "A throw-away PostgreSQL cluster with a chat service: users, conversations, participants (a key",
            "made of two foreign keys), messages that answer messages, an audit log.",
        ]);
        let starting = Instant::now();
        screen.doing("starting a cluster");
        let chat = Chat::start().await?;
        let what = format!("{} started, commits flushed to disk", chat.version());
        screen.done(&what, starting.elapsed());
        let filling = Instant::now();
        screen.doing(&format!("making {} rows", count(rows)));
        let (rows, bytes) = chat.fill(rows).await?;
        let size = bytes / 1_000_000;
        let what = format!("{} rows made, {size} MB with their indexes", count(rows));
        screen.done(&what, filling.elapsed());
        Ok(chat)
    }

    /// Clients of the old version, measured while nothing else happens.
    async fn let_them_write(&self, chat: &Chat) -> Result<Traffic, Failure> {
        let (screen, args) = (&self.screen, self.args);
        screen.act(2, "Clients that write", &[
            "They insert, update, delete, upsert and move references, and remember every write that was",
            "acknowledged to them.",
        ]);
        screen.doing("taking a fingerprint of every row");
        let looking = Instant::now();
        let mut traffic = Traffic::start(chat, args, self.seed).await?;
        screen.done(
            "fingerprint of every row taken, for the verdict",
            looking.elapsed(),
        );
        traffic.flow(screen, "clients write", args.seconds).await;
        let window = traffic.close("before anything changes");
        screen.noted(&format!(
            "{} clients of the old version write {:.0} times a second",
            args.writers,
            window.per_second()
        ));
        Ok(traffic)
    }

    /// The plan, as `turnback init` writes it.
    async fn look(&self, chat: &Chat) -> Result<Engine, Failure> {
        let screen = &self.screen;
        screen.act(3, "turnback init: look at the database, write a plan", &[]);
        let engine = Engine::prepare(chat).await?;
        let lines = engine.draft.yaml.lines();
        for line in lines.filter(|line| !line.trim_start().starts_with('#')) {
            if !line.is_empty() {
                screen.line(&format!("   {DIM}│{DIM:#} {line}"));
            }
        }
        for phase in &engine.draft.phases {
            screen.noted(&format!(
                "{} keys to convert, {} tables touched by them, about {} MB to write",
                phase.keys.len(),
                phase.touched.len(),
                phase.bytes() / 1_000_000
            ));
        }
        Ok(engine)
    }

    /// Both shapes come to live.
    async fn expand(&self, engine: &Engine, traffic: &mut Traffic) -> Result<(), Failure> {
        let screen = &self.screen;
        screen.act(4, "turnback up: make the new shape beside the old one", &[
            "Every key and foreign key gets a UUID beside it. No lock is waited for longer than 100 ms, and",
            "the clients go on.",
        ]);
        let expanding = Instant::now();
        let work = engine.run("up", screen, async |run, plan| {
            let until = Until {
                phase: plan.phases.last().map(|phase| phase.id.clone()),
                expanded_only: true,
            };
            up(run, plan, &until).await
        });
        traffic.beside(screen, work).await?;
        screen.done(
            "both shapes live, public shows the old one",
            expanding.elapsed(),
        );
        traffic.close("new shape made beside the old");
        Ok(())
    }

    /// Clients of both versions at once, and a row as each of them sees it.
    async fn side_by_side(
        &self,
        chat: &Chat,
        new: &Shape,
        traffic: &mut Traffic,
    ) -> Result<(), Failure> {
        let (screen, args) = (&self.screen, self.args);
        let joined = format!(
            "The new version is deployed: its clients see UUIDs, by search_path = {}.",
            new.search_path()
        );
        screen.act(5, "Old and new version side by side", &[&joined]);
        traffic.welcome(new);
        traffic
            .flow(screen, "both versions write", args.seconds)
            .await;
        traffic.close("both versions side by side");
        screen.noted(&format!("{} clients of each version write", args.writers));
        for (by, writers) in [
            ("new", traffic.new_writers()),
            ("old", traffic.old_writers()),
        ] {
            if let Some(seen) = chat.one_message(writers, new).await? {
                self.compare(by, &seen);
            }
        }
        // What it took to show that is no part of any window.
        traffic.mark("a look at two rows");
        Ok(())
    }

    fn compare(&self, by: &str, [old, new]: &[[String; 2]; 2]) {
        let line = |name: &str, [id, sender]: [&str; 2]| {
            self.screen
                .line(&format!("     {DIM}{name:<14}{DIM:#}{id:<39}{sender}"));
        };
        self.screen.noted(&format!(
            "the {by} version wrote a message, and both read it:"
        ));
        line("", ["id", "sender_id"]);
        line("old version", [&old[0], &old[1]]);
        line("new version", [&new[0], &new[1]]);
    }

    /// `public` shows the new shape. Gives the moment.
    async fn cut_over(
        &mut self,
        engine: &Engine,
        traffic: &mut Traffic,
    ) -> Result<Instant, Failure> {
        let screen = self.screen.clone();
        screen.act(6, "turnback up: cut over", &[
            "Names, keys and foreign keys change places in one transaction. Clients without a search_path of",
            "their own see UUIDs from then on; those of both versions go on as they were.",
        ]);
        let cutting = engine.run("up", &screen, async |run, plan| {
            up(run, plan, &Until::default()).await
        });
        let watching = async {
            screen.becomes(PhaseState::CutOver).await;
            let at = Instant::now();
            tokio::time::sleep(ECHO).await;
            let window = traffic.mark("cut over");
            screen.noted(&format!(
                "public shows UUIDs; longest wait of any client meanwhile: {}",
                wait(window.longest_stall())
            ));
            Ok((at, window))
        };
        let both = async { tokio::try_join!(cutting, watching) };
        let (report, (at, window)) = traffic.beside(&screen, both).await?;
        self.times.cut_over_held = report.cut_overs.iter().map(|(_, held)| held).sum();
        screen.settled();
        traffic.keep(window);
        traffic
            .flow(&screen, "both versions write", self.args.seconds)
            .await;
        traffic.close("both versions, public is new");
        Ok(at)
    }

    /// `public` shows the old shape, the application is rolled back, the new shape goes. Gives
    /// the moment until which clients wrote through the new shape.
    async fn turn_back(
        &mut self,
        engine: &Engine,
        new: &Shape,
        traffic: &mut Traffic,
    ) -> Result<Instant, Failure> {
        let screen = self.screen.clone();
        screen.act(7, "turnback back", &[
            "The new version has a fault, say. The same transaction in reverse, while everybody goes on",
            "writing; then the application is rolled back; then the new shape is dropped.",
        ]);
        let turning = engine.run("back", &screen, async |run, _| {
            back(run, &Scope::All, BackTo::OldShape).await
        });
        let report = traffic.beside(&screen, turning).await?;
        self.times.back_to_old = Duration::from_millis(report.millis_to_old_shape);
        self.times.back_held = report.swaps.iter().map(|(_, held)| held).sum();
        traffic
            .flow(&screen, "public is old", ECHO.as_secs_f64())
            .await;
        let window = traffic.close("turned back, public is old");
        screen.done("public shows integers again", self.times.back_to_old);
        screen.noted(&format!(
            "the transaction took {}; longest wait of any client meanwhile: {}",
            millis(self.times.back_held),
            wait(window.longest_stall())
        ));
        let moved = traffic.withdraw(new).await;
        let until = Instant::now();
        screen.noted(&format!(
            "application rolled back: {moved} clients of the new version run the old one"
        ));
        let withdrawing = Instant::now();
        let dropping = engine.run("back", &screen, async |run, _| {
            back(run, &Scope::All, BackTo::Start).await
        });
        traffic.beside(&screen, dropping).await?;
        screen.done(
            "new shape dropped; proven: catalog as before, every constraint valid",
            withdrawing.elapsed(),
        );
        traffic.close("new shape dropped, old one proven");
        traffic
            .flow(&screen, "clients write", self.args.seconds)
            .await;
        traffic.close("as if nothing had been");
        Ok(until)
    }

    /// The same again, watched; it turns back by itself.
    async fn watched(
        &mut self,
        chat: &Chat,
        engine: &Engine,
        traffic: &mut Traffic,
    ) -> Result<(), Failure> {
        let screen = self.screen.clone();
        screen.act(8, "Again, with guards and decisions in the plan", &[]);
        let engine = engine.with_guards(chat).await?;
        watched::show(&screen, &engine);
        screen.act(9, "turnback up: forward again, watched", &[
            "What is normal is measured first. Guards must be content before the phase begins, before the",
            "cut-over, and while it bakes: for an hour, were nothing to happen.",
        ]);
        let by_itself = watched::tell(&screen, self.args, chat, &engine, traffic).await?;
        self.times.by_itself = Some(by_itself);
        Ok(())
    }

    /// Compares what is there with what was acknowledged.
    async fn verdict(
        &self,
        chat: Chat,
        traffic: Traffic,
        from: Instant,
        until: Instant,
    ) -> Result<ExitCode, Failure> {
        let screen = &self.screen;
        screen.act(
            11,
            "The verdict",
            &["The clients stop. What was acknowledged to them is compared with what is there."],
        );
        let new_writers = traffic.new_writers();
        screen.doing("every client finishes what it is doing");
        let (outcome, windows) = traffic.stop().await;
        screen.doing("comparing every row");
        let comparing = Instant::now();
        let verdict = check(chat.url(), &outcome, &Shape::Old)
            .await
            .map_err(failed)?;
        let kept = chat
            .messages_between(new_writers, from.elapsed(), until.elapsed())
            .await?;
        let what = format!(
            "{} rows compared, contents and references",
            count(verdict.rows)
        );
        screen.done(&what, comparing.elapsed());
        screen.noted(&format!(
            "among them {} messages that clients wrote under UUIDs between cut-over and back\n",
            count(kept)
        ));
        screen.still();
        let clean = report(&verdict, &outcome.stats, &windows);
        // Stops the server and removes its directory.
        drop(chat);
        next_steps(&self.times, self.begun.elapsed());
        Ok(if clean {
            ExitCode::Done
        } else {
            ExitCode::Failed
        })
    }
}
