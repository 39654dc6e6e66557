//! Progress of a run: a bar for the step at work on a terminal, a line for each step when
//! piped to a file.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use turnback_core::hook::{HookOutcome, OnFailure};
use turnback_core::human::human_duration;
use turnback_core::state::PhaseState;
use turnback_core::throttle::Pace;
use turnback_engine::edges::Observer;
use turnback_engine::progress::Progress;

use super::text::{count, millis};
use super::watch;

/// Piped output tells of a long step at most this often.
const QUIET: Duration = Duration::from_secs(10);
/// As many lines of what a failed hook said last are shown.
const SAID: usize = 5;
/// Steps that take less are folded into their stage's line.
const WORTH_A_LINE: u64 = 250;

/// Shows a run on standard error.
pub(crate) struct Terminal {
    bar: ProgressBar,
    interactive: bool,
    told: Mutex<Instant>,
    /// The backfill at work: since when, and why it is slow.
    fill: Mutex<Fill>,
    /// What was last said to hold the run.
    held: Mutex<Option<String>>,
}

/// What is remembered of a backfill between two looks at it.
struct Fill {
    since: Instant,
    slow: Option<String>,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let interactive = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            None,
            if interactive {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        Self {
            bar,
            interactive,
            told: Mutex::new(Instant::now()),
            fill: Mutex::new(Fill {
                since: Instant::now(),
                slow: None,
            }),
            held: Mutex::default(),
        }
    }

    /// Prints a line above the bar.
    pub(crate) fn line(&self, text: &str) {
        self.bar.suspend(|| anstream::eprintln!("{text}"));
    }

    fn may_tell(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() < QUIET {
            return false;
        }
        *told = Instant::now();
        true
    }

    /// Ends the bar, for whatever is printed next.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn fill(&self) -> MutexGuard<'_, Fill> {
        self.fill.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn filled(&self, table: &str, pages: u64, of_pages: u64, rows: u64) {
        let (seconds, slow) = {
            let fill = self.fill();
            (fill.since.elapsed().as_secs_f64(), fill.slow.clone())
        };
        let rate = count((rows as f64 / seconds.max(0.001)) as u64);
        let rows = count(rows);
        if self.interactive {
            self.bar.set_style(
                ProgressStyle::with_template(
                    "  {spinner} {msg} {bar:30} {percent:>3}%  {prefix}, {eta} left",
                )
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            self.bar.set_length(of_pages);
            self.bar.set_position(pages);
            self.bar.set_prefix(format!("{rows} rows, {rate}/s"));
            let slow = slow.map(|slow| format!(" ({slow})")).unwrap_or_default();
            self.bar.set_message(format!("filling {table}{slow}"));
        } else if self.may_tell() {
            let percent = (pages * 100).checked_div(of_pages).unwrap_or(100);
            let left = (pages > 0).then(|| {
                let left = of_pages.saturating_sub(pages) as f64 * seconds / pages as f64;
                format!(", {} left", human_duration(left))
            });
            self.line(&format!(
                "    filling {table}: {percent}%, {rows} rows, {rate}/s{}",
                left.unwrap_or_default()
            ));
        }
    }

    /// Something that is over after a certain time.
    fn lasting(&self, what: &str, left: Duration, of: Duration) {
        if self.interactive {
            self.bar.set_style(
                ProgressStyle::with_template("  {spinner} {msg} {bar:30} {prefix}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            self.bar.set_length(of.as_secs().max(1));
            self.bar.set_position(of.saturating_sub(left).as_secs());
            self.bar.set_prefix(watch::left(left));
            self.bar.set_message(what.to_owned());
        } else if self.may_tell() {
            self.line(&format!("    {what}: {}", watch::left(left)));
        }
    }

    /// Whether this has not been said just before.
    fn is_news(&self, what: &str) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let news = held.as_deref() != Some(what);
        *held = Some(what.to_owned());
        news
    }

    fn paced(&self, table: &str, pace: &Pace) {
        let reasons: Vec<String> = pace.reasons.iter().map(ToString::to_string).collect();
        let how = if pace.paused { "paused" } else { "slower" };
        let slow = (!reasons.is_empty()).then(|| format!("{how}: {}", reasons.join("; ")));
        let line = slow.clone().unwrap_or_else(|| "full pace again".to_owned());
        self.fill().slow = slow;
        self.line(&format!("    filling {table}: {line}"));
    }
}

impl Terminal {
    fn hook_ran(&self, outcome: &HookOutcome, on_failure: OnFailure) {
        let took = millis(outcome.millis as f64);
        let when = outcome.when.as_str();
        let Some(failure) = &outcome.failure else {
            self.line(&format!("  ✓ {when}: {} ({took})", outcome.hook));
            return;
        };
        let follows = match on_failure {
            OnFailure::Continue => "; the plan says to go on",
            OnFailure::Stop | OnFailure::Ask => "",
        };
        self.line(&format!(
            "  ✗ {when}: {} failed after {took}: {failure}{follows}",
            outcome.hook
        ));
        for said in outcome
            .output
            .lines()
            .rev()
            .take(SAID)
            .collect::<Vec<_>>()
            .iter()
            .rev()
        {
            self.line(&format!("      {said}"));
        }
    }
}

impl Observer for Terminal {
    fn see(&self, progress: &Progress) {
        match progress {
            Progress::StageBegun {
                phase,
                stage,
                steps,
            } if *steps > 0 => {
                let word = if *steps == 1 { "step" } else { "steps" };
                self.line(&format!("{phase}: {} ({steps} {word})", stage.title()));
            }
            Progress::StageBegun { .. } => {}
            Progress::StepBegun { title, .. } => {
                *self.fill() = Fill {
                    since: Instant::now(),
                    slow: None,
                };
                self.bar.reset();
                self.bar.set_style(
                    ProgressStyle::with_template("  {spinner} {msg} ({elapsed})")
                        .unwrap_or_else(|_| ProgressStyle::default_spinner()),
                );
                self.bar.unset_length();
                self.bar.enable_steady_tick(Duration::from_millis(120));
                self.bar.set_message(title.clone());
            }
            Progress::Filled {
                table,
                pages,
                of_pages,
                rows,
                ..
            } => self.filled(table, *pages, *of_pages, *rows),
            // On a terminal the spinner says so.
            Progress::Working { title, seconds } => {
                if !self.interactive && self.may_tell() {
                    self.line(&format!("    still at work for {seconds} s: {title}"));
                }
            }
            Progress::Paced { table, pace } => self.paced(table, pace),
            Progress::Waiting { blockers, .. } => {
                if self.may_tell() {
                    for blocker in blockers {
                        self.line(&format!("    waiting for {blocker}"));
                    }
                }
            }
            Progress::LockRefused {
                step,
                attempt,
                attempts,
                blockers,
            } => {
                self.line(&format!(
                    "    {step}: lock not to be had, try {attempt} of {attempts}; traffic goes on"
                ));
                for blocker in blockers {
                    self.line(&format!("      held by {blocker}"));
                }
            }
            Progress::Removed { step, session } => {
                self.line(&format!("    {step}: was held up by {session}"));
            }
            Progress::Held { why } => {
                self.bar.set_message(format!("held: {why}"));
                if self.is_news(why) {
                    self.line(&format!("    held: {why}"));
                }
            }
            Progress::TakingBaseline { phase, left, of } => self.lasting(
                &format!("{phase}: measuring what is normal before it begins"),
                *left,
                *of,
            ),
            Progress::BaselineTaken { phase, baseline } => {
                self.line(&format!("{phase}: what is normal"));
                for line in baseline.to_string().lines() {
                    self.line(&format!("  {line}"));
                }
            }
            Progress::Baking {
                phase,
                left,
                of,
                waits,
            } => {
                let waits = waits.as_ref().map(|why| format!(" (waits: {why})"));
                self.lasting(
                    &format!("{phase}: baking, watched{}", waits.unwrap_or_default()),
                    *left,
                    *of,
                );
            }
            Progress::Baked { phase } => self.line(&format!("● {phase}: baked, and done")),
            Progress::Canary {
                phase,
                step,
                of,
                share,
                left,
                hold,
                waits,
            } => {
                let canary = watch::canary((*step, *of), *share);
                match waits {
                    Some(why) => {
                        let what = format!("{phase}: {canary}, waits: {why}");
                        self.bar.set_message(what.clone());
                        if self.is_news(&what) {
                            self.line(&format!("    {what}"));
                        }
                    }
                    None => self.lasting(&format!("{phase}: {canary}"), *left, *hold),
                }
            }
            Progress::CanaryStep { .. }
            | Progress::CanaryStopped { .. }
            | Progress::CanaryPassed { .. }
            | Progress::CanaryEnded { .. }
            | Progress::FlagsDisabled { .. } => {
                if let Some((sign, news)) = watch::canary_news(progress) {
                    self.line(&format!("{sign} {news}"));
                }
            }
            Progress::GuardSays { verdict } => {
                self.line(&format!("  {}", watch::verdict(verdict)));
            }
            Progress::Watched {
                next,
                number,
                until,
            } => {
                for line in watch::next(next, *number, *until) {
                    self.line(&line);
                }
            }
            Progress::Reconnecting { reason, attempt } => {
                self.line(&format!("    trying again ({attempt}): {reason}"))
            }
            Progress::StepDone {
                title,
                millis: took,
                rows,
                ..
            } => {
                if *took >= WORTH_A_LINE {
                    let rows = rows
                        .map(|rows| format!(", {} rows", count(rows)))
                        .unwrap_or_default();
                    self.line(&format!("  ✓ {title} ({}{rows})", millis(*took as f64)));
                }
            }
            Progress::HookBegun { hook, .. } => {
                self.bar.set_style(
                    ProgressStyle::with_template("  {spinner} {msg} ({elapsed})")
                        .unwrap_or_else(|_| ProgressStyle::default_spinner()),
                );
                self.bar.reset();
                self.bar.enable_steady_tick(Duration::from_millis(120));
                self.bar.set_message(format!("hook {hook}"));
            }
            Progress::HookRan {
                outcome,
                on_failure,
            } => self.hook_ran(outcome, *on_failure),
            // What a part consists of has been told.
            Progress::PartEnded {
                part,
                millis: took,
                objective_millis,
                ..
            } => {
                if let Some(objective) = objective_millis.filter(|objective| took > objective) {
                    self.line(&format!(
                        "  {part} took {}, longer than its objective of {}",
                        millis(*took as f64),
                        millis(objective as f64)
                    ));
                }
            }
            Progress::PhaseBecame {
                phase,
                state,
                hold_millis,
            } => {
                let hold = hold_millis
                    .map(|hold| format!(", locks held for {}", millis(hold)))
                    .unwrap_or_default();
                let what = match state {
                    PhaseState::Pending => "turned back: nothing of it is left",
                    PhaseState::Expanding => "begun",
                    PhaseState::Expanded => "expanded: both shapes live, public shows the old one",
                    PhaseState::CutOver => {
                        "cut over: public shows the new shape, the old one stays live"
                    }
                    PhaseState::Withdrawing => "public shows the old shape",
                    PhaseState::Contracting => "archiving keys",
                    PhaseState::Contracted => {
                        "contracted: the old shape is gone, its keys are archived"
                    }
                };
                self.line(&format!("● {phase}: {what}{hold}"));
            }
        }
    }
}
