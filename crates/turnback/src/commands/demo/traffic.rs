//! The clients: live writers, measured act by act.

use std::ops::Range;
use std::time::Duration;

use turnback_testkit::{Outcome, Report, Shape, Workload, WorkloadOptions};

use super::screen::Screen;
use super::{chat::Chat, failed};
use crate::cli::DemoArgs;
use crate::failure::Failure;
use crate::output::text::{count, millis};

/// Between two looks at how the clients fare.
const PULSE: Duration = Duration::from_millis(250);

/// Writers on one or both shapes, and what they felt in each act so far.
pub(super) struct Traffic {
    workload: Workload,
    old: usize,
    new: usize,
    windows: Vec<Report>,
}

impl Traffic {
    /// Takes fingerprints of all rows, then starts clients of the old version.
    pub(super) async fn start(chat: &Chat, args: &DemoArgs, seed: u64) -> Result<Self, Failure> {
        let options = WorkloadOptions {
            seed,
            pace: Some(args.pace),
            ..WorkloadOptions::default()
        };
        let workload = Workload::start(chat.url(), &[(Shape::Old, args.writers)], options)
            .await
            .map_err(failed)?;
        // The first window begins with the traffic, not with the look at the rows.
        workload.mark("start");
        Ok(Self {
            workload,
            old: args.writers,
            new: 0,
            windows: Vec::new(),
        })
    }

    /// Lets clients of the new version in, as many as there are of the old.
    pub(super) fn welcome(&mut self, shape: &Shape) {
        self.workload.add(shape, self.old);
        self.new = self.old;
    }

    /// Rolls the application back: clients of the new version work on the old shape.
    pub(super) async fn withdraw(&self, new: &Shape) -> usize {
        self.workload.switch(new, &Shape::Old).await
    }

    /// Numbers of the old version's writers.
    pub(super) fn old_writers(&self) -> Range<usize> {
        0..self.old
    }

    /// Numbers of the new version's writers.
    pub(super) fn new_writers(&self) -> Range<usize> {
        self.old..self.old + self.new
    }

    /// Ends the window that was open, under the name of what happened in it.
    pub(super) fn close(&mut self, label: &str) -> Report {
        let report = self.mark(label);
        self.keep(report.clone());
        report
    }

    /// The same in two halves, for when something is under way that borrows the traffic.
    pub(super) fn mark(&self, label: &str) -> Report {
        let mut report = self.workload.mark(label);
        label.clone_into(&mut report.label);
        report
    }

    /// Takes a window that was ended by [`Traffic::mark`].
    pub(super) fn keep(&mut self, report: Report) {
        self.windows.push(report);
    }

    /// Lets the clients work for a while.
    pub(super) async fn flow(&self, screen: &Screen, what: &str, seconds: f64) {
        screen.doing(what);
        let rest = tokio::time::sleep(Duration::from_secs_f64(seconds));
        self.beside(screen, rest).await;
    }

    /// Shows how the clients fare for as long as something takes.
    pub(super) async fn beside<R>(&self, screen: &Screen, work: impl Future<Output = R>) -> R {
        tokio::select! {
            done = work => done,
            never = self.pulse(screen) => match never {},
        }
    }

    async fn pulse(&self, screen: &Screen) -> std::convert::Infallible {
        let mut tick = tokio::time::interval(PULSE);
        loop {
            tick.tick().await;
            let window = self.workload.stats().window;
            screen.clients(&format!(
                "{} writes, {:.0}/s, longest wait {}",
                count(window.acknowledged),
                window.per_second(),
                wait(window.longest_stall())
            ));
        }
    }

    /// Ends the traffic; gives what the writers remember and the windows.
    pub(super) async fn stop(self) -> (Outcome, Vec<Report>) {
        (self.workload.stop().await, self.windows)
    }
}

/// A wait, as people read it.
pub(super) fn wait(duration: Duration) -> String {
    millis(duration.as_secs_f64() * 1_000.0)
}
