//! What the demo shows while it runs: acts, a line for each thing done, and on a terminal one
//! moving line at the bottom.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch as channel;
use turnback_core::program::Stage;
use turnback_core::state::PhaseState;
use turnback_core::watch::Next;
use turnback_engine::edges::Observer;
use turnback_engine::progress::Progress;

use super::chapter::{Chapter, filled};
use super::traffic::wait;
use crate::output::paragraph::wrap;
use crate::output::text::millis;
use crate::output::watch;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();

/// Column in which times end.
const WIDTH: usize = 92;
/// The most that the moving line says of what is being done.
const MESSAGE: usize = 44;
/// Between two frames of the moving line.
const FRAME: Duration = Duration::from_millis(125);

const SPINNER: &str = "   {spinner:.cyan} {msg}  {prefix:.dim}";
const BAR: &str = "   {spinner:.cyan} {msg:24!} {bar:16.cyan/dim} {percent:>3} %  {prefix:.dim}";

/// Standard output, with or without a terminal behind it.
pub(super) struct Screen {
    bar: ProgressBar,
    told: Mutex<Told>,
    state: channel::Sender<PhaseState>,
    asked: channel::Sender<bool>,
}

/// Where the engine's work has come to.
#[derive(Default)]
struct Told {
    stage: Option<Stage>,
    chapter: Chapter,
    /// Whether it was told of this stage that a lock was not to be had.
    refused: bool,
}

impl Screen {
    pub(super) fn new() -> Self {
        let target = if std::io::stdout().is_terminal() {
            ProgressDrawTarget::stdout()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            bar: ProgressBar::with_draw_target(None, target),
            told: Mutex::default(),
            state: channel::channel(PhaseState::Pending).0,
            asked: channel::channel(false).0,
        }
    }

    /// A line, above the moving one.
    pub(super) fn line(&self, text: &str) {
        self.bar.suspend(|| anstream::println!("{text}"));
    }

    /// A new act: its title, and in plain words what will happen.
    pub(super) fn act(&self, number: u8, title: &str, words: &[&str]) {
        self.turn_to("");
        self.bar.finish_and_clear();
        self.line(&format!("\n{BOLD}{number}  {title}{BOLD:#}"));
        for words in words {
            self.line(&format!("   {words}"));
        }
    }

    /// Something begins whose end nobody can foretell.
    pub(super) fn doing(&self, what: &str) {
        self.style(SPINNER);
        self.bar.set_message(short(what));
    }

    /// Something is done.
    pub(super) fn done(&self, what: &str, took: Duration) {
        self.turn_to("");
        self.ticked(what, &wait(took));
    }

    /// Something is done that took no time to speak of.
    pub(super) fn noted(&self, what: &str) {
        self.line(&format!("   {GOOD}✓{GOOD:#} {what}"));
    }

    /// The engine is through with what it was told: its last line comes now.
    pub(super) fn settled(&self) {
        self.turn_to("");
    }

    /// How the clients fare, at the end of the moving line.
    pub(super) fn clients(&self, how: &str) {
        self.bar.set_prefix(how.to_owned());
    }

    /// Ends the moving line.
    pub(super) fn still(&self) {
        self.bar.finish_and_clear();
        self.bar.set_prefix("");
    }

    /// Returns once the phase is in a state.
    pub(super) async fn becomes(&self, state: PhaseState) {
        let mut seen = self.state.subscribe();
        // The sender lives as long as this value, so waiting cannot fail.
        let _ = seen.wait_for(|seen| *seen == state).await;
    }

    /// Returns once the watch has asked a person.
    pub(super) async fn asked(&self) {
        let mut asked = self.asked.subscribe();
        // The sender lives as long as this value, so waiting cannot fail.
        let _ = asked.wait_for(|asked| *asked).await;
    }

    /// A line of the watch's, in as many as it takes.
    fn wrapped(&self, text: &str) {
        self.line(&wrap(text, 3, WIDTH));
    }

    fn ticked(&self, what: &str, took: &str) {
        let gap = WIDTH.saturating_sub(5 + what.chars().count() + took.chars().count());
        self.line(&format!(
            "   {GOOD}✓{GOOD:#} {what} {DIM}{}{DIM:#} {took}",
            "·".repeat(gap.saturating_sub(2).max(2))
        ));
    }

    fn style(&self, template: &str) {
        self.bar.reset();
        self.bar.unset_length();
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("━╸─"));
        }
        self.bar.enable_steady_tick(FRAME);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of the chapter that ends with this step, if one does.
    fn turn_to(&self, step: &str) {
        let ended = {
            let mut told = self.told();
            let stage = told.stage;
            told.chapter.turn_to(stage, step)
        };
        if let Some((words, took)) = ended {
            self.ticked(&words, &millis(took as f64));
        }
    }
}

impl Observer for Screen {
    fn see(&self, progress: &Progress) {
        match progress {
            Progress::StageBegun { stage, .. } => {
                let mut told = self.told();
                told.stage = Some(*stage);
                told.refused = false;
            }
            Progress::Working { .. } => {}
            Progress::StepBegun { step, title, .. } => {
                self.turn_to(step);
                self.doing(title);
            }
            Progress::Filled {
                table,
                pages,
                of_pages,
                ..
            } => {
                if self.bar.length() != Some(*of_pages) {
                    self.style(BAR);
                    self.bar.set_length(*of_pages);
                }
                let table = table.strip_prefix("public.").unwrap_or(table);
                self.bar.set_message(format!("filling {table}"));
                self.bar.set_position(*pages);
            }
            Progress::Waiting { blockers, .. } => {
                if let Some(blocker) = blockers.first() {
                    self.bar
                        .set_message(format!("waiting for {}", blocker.application));
                }
            }
            Progress::LockRefused {
                attempt, attempts, ..
            } => {
                // Once is enough to tell; that it goes on is for the moving line.
                let what = format!("a lock was not to be had in time, try {attempt} of {attempts}");
                if !std::mem::replace(&mut self.told().refused, true) {
                    self.line(&format!(
                        "   {DIM}·{DIM:#} {what}: let go, so that nobody queues for it"
                    ));
                } else {
                    self.doing(&what);
                }
            }
            Progress::GuardSays { verdict } => {
                self.wrapped(&watch::verdict(verdict));
            }
            Progress::Watched {
                next,
                number,
                until,
            } => {
                self.asked.send_if_modified(|asked| {
                    !*asked && matches!(**next, Next::Ask { .. }) && {
                        *asked = true;
                        true
                    }
                });
                for line in watch::next(next, *number, *until) {
                    self.wrapped(&line);
                }
            }
            Progress::Held { why } => self.doing(why),
            Progress::TakingBaseline { left, .. } => {
                self.doing(&format!("measuring what is normal, {}", watch::left(*left)));
            }
            Progress::BaselineTaken { baseline, .. } => {
                let shown = baseline.to_string();
                let mut guard = "";
                for line in shown.lines() {
                    match line.strip_prefix("  ") {
                        Some(values) => {
                            self.noted(&format!("what is normal of {guard}: {values}"));
                        }
                        None => guard = line.split(':').next().unwrap_or_default(),
                    }
                }
            }
            Progress::Baking { left, .. } => {
                self.doing(&format!("baking, watched, {}", watch::left(*left)));
            }
            Progress::Baked { .. } => self.noted("baked, and done"),
            // Its own cluster bears what it is given.
            Progress::Paced { .. } => {}
            // Its plan has no canary.
            Progress::CanaryStep { .. }
            | Progress::Canary { .. }
            | Progress::CanaryStopped { .. }
            | Progress::CanaryPassed { .. }
            | Progress::CanaryEnded { .. }
            // No row of its plan disables flags.
            | Progress::FlagsDisabled { .. } => {}
            // Its plan has no hooks.
            Progress::HookBegun { .. } | Progress::HookRan { .. } | Progress::PartEnded { .. } => {}
            Progress::Removed { session, .. } => {
                self.wrapped(&format!("· was held up by {session}"));
            }
            Progress::Reconnecting { reason, .. } => {
                self.line(&format!("   {DIM}·{DIM:#} trying again: {reason}"));
            }
            Progress::StepDone {
                step,
                title,
                millis: took,
                rows,
                ..
            } => match rows.and_then(|rows| filled(step, title, rows, *took)) {
                Some(line) => self.ticked(&line, &millis(*took as f64)),
                None => self.told().chapter.take(step, *took),
            },
            Progress::PhaseBecame { state, .. } => {
                self.turn_to("");
                self.state.send_replace(*state);
            }
        }
    }
}

/// As much of a text as fits in front of how the clients fare.
fn short(text: &str) -> String {
    if text.chars().count() <= MESSAGE {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MESSAGE - 1).collect();
    short.push('…');
    short
}
