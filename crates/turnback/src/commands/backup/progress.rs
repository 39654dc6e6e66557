//! Progress of work on backups: a bar on a terminal, a line now and then when piped.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use turnback_core::human::human_bytes;
use turnback_postgres::backup::Doing;

/// Piped output tells of long work at most this often.
const QUIET: Duration = Duration::from_secs(10);

/// Shows work on standard error.
pub(crate) struct Screen {
    bar: ProgressBar,
    told: Mutex<Instant>,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        // A template that is wrong would show as a bar without one.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self {
            bar,
            told: Mutex::new(Instant::now()),
        }
    }

    /// Shows what is being done.
    pub(crate) fn tell(&self, doing: Doing) {
        let (text, done, of) = match doing {
            Doing::Dumping { tables, of, bytes } => (
                format!("dumping, {} written", human_bytes(bytes)),
                tables,
                of,
            ),
            Doing::Counting { tables, of } => ("counting rows".to_owned(), tables, of),
            Doing::Restoring { tables, of } => ("restoring".to_owned(), tables, of),
            Doing::Step(text) => {
                self.bar.suspend(|| anstream::eprintln!("{text}"));
                return;
            }
        };
        self.bar.set_length(of);
        self.bar.set_position(done);
        self.bar.set_message(text.clone());
        if self.bar.is_hidden() {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.elapsed() >= QUIET {
                *told = Instant::now();
                anstream::eprintln!("{text}: {done} of {of} tables");
            }
        }
    }

    /// Ends the bar, for whatever is printed next.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
