//! What a rehearsal shows while it runs, on standard error, and when each transition happened.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use turnback_core::program::Stage;
use turnback_engine::edges::Observer;
use turnback_engine::progress::Progress;

use crate::output::text::millis;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();

/// The most that the moving line says.
const MESSAGE: usize = 70;

/// A stretch of a run in which one stage of one phase worked.
#[derive(Clone, Debug)]
pub(super) struct Transition {
    /// `up`, `back`, `up again`, `contract`.
    pub(super) round: &'static str,
    pub(super) phase: String,
    pub(super) stage: Stage,
    pub(super) begun: Instant,
    pub(super) ended: Instant,
}

/// A step at work.
#[derive(Clone, Debug)]
pub(super) struct Doing {
    pub(super) round: &'static str,
    pub(super) phase: String,
    pub(super) step: String,
    pub(super) title: String,
}

/// Watches the engine, and shows it.
pub(super) struct Screen {
    bar: ProgressBar,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    round: &'static str,
    since: Option<Instant>,
    transitions: Vec<Transition>,
    is_open: bool,
    doing: Option<Doing>,
}

impl Screen {
    pub(super) fn new() -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("  {spinner:.cyan} {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line that stays.
    pub(super) fn line(&self, text: &str) {
        self.bar.suspend(|| anstream::eprintln!("{text}"));
    }

    /// Something is done.
    pub(super) fn told(&self, what: &str) {
        self.line(&format!("  {GOOD}✓{GOOD:#} {what}"));
    }

    /// Something is going on.
    pub(super) fn doing(&self, what: &str) {
        self.bar.enable_steady_tick(Duration::from_millis(125));
        let mut text: String = what.chars().take(MESSAGE).collect();
        if text.len() < what.len() {
            text.push('…');
        }
        self.bar.set_message(text);
    }

    /// Ends the moving line.
    pub(super) fn still(&self) {
        self.bar.finish_and_clear();
    }

    /// A round begins: what the engine does from now on belongs to it.
    pub(super) fn round(&self, round: &'static str) {
        let mut seen = self.seen();
        if seen.round != round {
            seen.round = round;
            seen.since = Some(Instant::now());
        }
    }

    /// The engine has come to rest.
    pub(super) fn rest(&self) {
        let mut seen = self.seen();
        seen.close();
        seen.doing = None;
    }

    /// A round is over.
    pub(super) fn ended(&self, what: &str) {
        self.rest();
        let took = self
            .seen()
            .since
            .map(|since| since.elapsed())
            .unwrap_or_default();
        self.told(&format!(
            "{what} {DIM}({}){DIM:#}",
            millis(took.as_secs_f64() * 1_000.0)
        ));
    }

    /// Every transition so far.
    pub(super) fn transitions(&self) -> Vec<Transition> {
        self.seen().transitions.clone()
    }

    /// The step at work.
    pub(super) fn at(&self) -> Option<Doing> {
        self.seen().doing.clone()
    }
}

impl Seen {
    fn close(&mut self) {
        if let (true, Some(last)) = (self.is_open, self.transitions.last_mut()) {
            last.ended = Instant::now();
        }
        self.is_open = false;
    }
}

impl Observer for Screen {
    fn see(&self, progress: &Progress) {
        match progress {
            Progress::StageBegun {
                phase,
                stage,
                steps,
            } => {
                let mut seen = self.seen();
                seen.close();
                if *steps > 0 {
                    let now = Instant::now();
                    let round = seen.round;
                    seen.transitions.push(Transition {
                        round,
                        phase: phase.clone(),
                        stage: *stage,
                        begun: now,
                        ended: now,
                    });
                    seen.is_open = true;
                }
            }
            Progress::StepBegun { phase, step, title } => {
                self.doing(&format!("{phase}: {title}"));
                let mut seen = self.seen();
                seen.doing = Some(Doing {
                    round: seen.round,
                    phase: phase.clone(),
                    step: step.clone(),
                    title: title.clone(),
                });
            }
            Progress::StepDone { .. } => self.seen().doing = None,
            Progress::PhaseBecame { .. } => self.seen().close(),
            _ => {}
        }
    }
}
