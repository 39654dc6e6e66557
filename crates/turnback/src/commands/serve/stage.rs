//! What a run of a serving process shows, for those who look and those who listen.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use turnback_engine::edges::Observer;
use turnback_engine::progress::Progress;
use turnback_server::Shared;
use turnback_server::events::Event;
use turnback_server::model;

use crate::output::Screen;
use crate::output::watch;

/// As many lines are kept.
const LINES: usize = 50;
/// Between two words of progress to those who listen.
const PACE: Duration = Duration::from_millis(500);

/// What a run shows.
#[derive(Default)]
pub(super) struct Stage {
    shown: Mutex<Shown>,
    /// Those who listen, once there is a server.
    server: OnceLock<Shared>,
    /// Lock waits so far, and sessions that had to go, for `/metrics`.
    counts: Mutex<Counts>,
}

/// What is counted over all runs of the process.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Locks that were not to be had within the budget.
    pub(super) lock_refusals: u64,
    /// Rows that backfills have written.
    pub(super) rows: u64,
}

#[derive(Default)]
struct Shown {
    progress: Option<model::Progress>,
    lines: VecDeque<String>,
    line_count: u64,
    fill: Option<Fill>,
    told: Option<Instant>,
    is_news: bool,
}

/// The backfill at work: since when, and from where.
struct Fill {
    step: String,
    since: Instant,
    from_pages: u64,
    from_rows: u64,
    rows: u64,
}

impl Stage {
    /// Those who listen.
    pub(super) fn tell(&self, server: Shared) {
        // There is one server in a process.
        let _ = self.server.set(server);
    }

    /// A run begins.
    pub(super) fn open(&self, run: i64) {
        let mut shown = self.shown();
        shown.lines.clear();
        shown.line_count = 0;
        shown.fill = None;
        shown.progress = Some(model::Progress {
            run: Some(run),
            ..model::Progress::default()
        });
        shown.is_news = true;
    }

    /// It is over.
    pub(super) fn close(&self) {
        let mut shown = self.shown();
        shown.progress = None;
        shown.fill = None;
        shown.is_news = true;
    }

    /// What is at work.
    pub(super) fn progress(&self) -> Option<model::Progress> {
        let shown = self.shown();
        let mut progress = shown.progress.clone()?;
        progress.line_count = shown.line_count;
        progress.lines = shown.lines.iter().cloned().collect();
        Some(progress)
    }

    pub(super) fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who listen how far it is, where that has changed and they were not just told.
    pub(super) fn pass_on(&self) {
        let Some(server) = self.server.get() else {
            return;
        };
        {
            let mut shown = self.shown();
            let just_told = shown.told.is_some_and(|told| told.elapsed() < PACE);
            if !shown.is_news || just_told {
                return;
            }
            shown.is_news = false;
            shown.told = Some(Instant::now());
        }
        server.events.tell(Event {
            id: None,
            name: "progress",
            data: serde_json::to_string(&self.progress()).unwrap_or_default(),
        });
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut model::Progress)) {
        let mut shown = self.shown();
        if let Some(progress) = &mut shown.progress {
            change(progress);
            shown.is_news = true;
        }
    }

    fn filled(&self, step: &str, table: &str, pages: u64, of_pages: u64, rows: u64) {
        let mut shown = self.shown();
        let fresh = shown.fill.as_ref().is_none_or(|fill| fill.step != step);
        if fresh {
            shown.fill = Some(Fill {
                step: step.to_owned(),
                since: Instant::now(),
                from_pages: pages,
                from_rows: rows,
                rows: 0,
            });
        }
        let Some(fill) = &mut shown.fill else { return };
        let seconds = fill.since.elapsed().as_secs_f64();
        let of_late = |now: u64, then: u64| {
            (seconds > 0.2).then(|| now.saturating_sub(then) as f64 / seconds)
        };
        let rows_per_second = of_late(rows, fill.from_rows);
        let left_millis = of_late(pages, fill.from_pages)
            .filter(|rate| *rate > 0.0)
            .map(|rate| (of_pages.saturating_sub(pages) as f64 / rate * 1_000.0) as u64);
        let new_rows = rows.saturating_sub(fill.rows);
        fill.rows = rows;
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .rows += new_rows;
        if let Some(progress) = &mut shown.progress {
            let before = progress.filling.take().unwrap_or_default();
            progress.filling = Some(model::Filling {
                table: table.to_owned(),
                pages,
                of_pages,
                rows,
                rows_per_second,
                left_millis,
                ..before
            });
        }
        shown.is_news = true;
    }
}

fn millis(time: &Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Observer for Stage {
    fn see(&self, progress: &Progress) {
        match progress {
            Progress::StageBegun { phase, stage, .. } => self.change(|now| {
                now.phase = Some(phase.clone());
                now.stage = Some(stage.title().to_owned());
                now.filling = None;
                now.canary = None;
                now.bake_left_millis = None;
                now.bake_millis = None;
            }),
            Progress::StepBegun { phase, title, .. } => self.change(|now| {
                now.phase = Some(phase.clone());
                now.doing = Some(title.clone());
                now.held = None;
                now.filling = None;
            }),
            Progress::Filled {
                step,
                table,
                pages,
                of_pages,
                rows,
            } => self.filled(step, table, *pages, *of_pages, *rows),
            Progress::Paced { pace, .. } => self.change(|now| {
                let filling = now.filling.get_or_insert_default();
                filling.paused = pace.paused;
                filling.reasons = pace.reasons.iter().map(ToString::to_string).collect();
            }),
            Progress::Held { why } => {
                self.change(|now| now.held = Some(why.clone()));
                self.line(why);
            }
            Progress::LockRefused {
                step,
                attempt,
                attempts,
                blockers,
            } => {
                self.counts
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .lock_refusals += 1;
                let who: Vec<String> = blockers.iter().map(ToString::to_string).collect();
                self.line(&format!(
                    "{step}: a lock was not to be had (try {attempt} of {attempts}): {}",
                    who.join("; ")
                ));
            }
            Progress::Removed { session, .. } => self.line(&format!("out of the way: {session}")),
            Progress::TakingBaseline { phase, left, .. } => self.change(|now| {
                now.phase = Some(phase.clone());
                now.doing = Some(format!("measuring what is normal: {}", watch::left(*left)));
            }),
            Progress::GuardSays { verdict } => self.line(&watch::verdict(verdict)),
            Progress::Watched {
                next,
                number,
                until,
            } => {
                self.change(|now| now.held = None);
                for line in watch::next(next, *number, *until) {
                    self.line(&line);
                }
            }
            Progress::Baking {
                phase, left, of, ..
            } => self.change(|now| {
                now.phase = Some(phase.clone());
                now.doing = Some(format!("{phase} bakes"));
                now.bake_left_millis = Some(millis(left));
                now.bake_millis = Some(millis(of));
            }),
            Progress::Canary {
                phase,
                step,
                of,
                share,
                left,
                hold,
                waits,
            } => self.change(|now| {
                let canary = watch::canary((*step, *of), *share);
                now.phase = Some(phase.clone());
                now.doing = Some(match waits {
                    Some(why) => format!("{phase}: {canary}, waits: {why}"),
                    None => format!("{phase}: {canary}, {}", watch::left(*left)),
                });
                now.canary = Some(model::Holding {
                    step: *step,
                    of: *of,
                    share: share.to_string(),
                    left_millis: millis(left),
                    hold_millis: millis(hold),
                    waits: waits.clone(),
                });
            }),
            Progress::CanaryStep { .. }
            | Progress::CanaryStopped { .. }
            | Progress::CanaryPassed { .. }
            | Progress::CanaryEnded { .. }
            | Progress::FlagsDisabled { .. } => {
                if let Some((_, news)) = watch::canary_news(progress) {
                    self.line(&news);
                }
            }
            Progress::Baked { phase } => self.line(&format!("{phase} has baked")),
            Progress::Reconnecting { reason, attempt } => self.line(&format!(
                "the connection was lost ({reason}); try {attempt} to get it back"
            )),
            Progress::PhaseBecame { phase, state, .. } => {
                self.change(|now| now.phase = Some(phase.clone()));
                self.line(&format!("{phase} is {state}"));
            }
            Progress::HookRan { outcome, .. } => {
                if let Some(failure) = &outcome.failure {
                    self.line(&format!("hook {} failed: {failure}", outcome.hook));
                }
            }
            Progress::PartEnded { part, failure, .. } => {
                if let Some(failure) = failure {
                    self.line(&format!("{part} failed: {failure}"));
                }
            }
            Progress::Working { .. }
            | Progress::Waiting { .. }
            | Progress::BaselineTaken { .. }
            | Progress::StepDone { .. }
            | Progress::HookBegun { .. } => {}
        }
    }
}

impl Screen for Stage {
    fn line(&self, text: &str) {
        anstream::eprintln!("{text}");
        let mut shown = self.shown();
        if shown.lines.len() == LINES {
            shown.lines.pop_front();
        }
        shown.lines.push_back(text.to_owned());
        shown.line_count += 1;
        shown.is_news = true;
    }

    fn finish(&self) {}

    /// Nobody sits before a serving process.
    fn asked(&self, _: &str) -> Option<bool> {
        None
    }
}
