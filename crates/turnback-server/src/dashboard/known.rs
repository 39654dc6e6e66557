//! What is known now, looked up once for all who look: however many pages are open, the world is
//! asked no more often than this.

use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::future::{join, join4};
use tokio::sync::Mutex;

use super::view::{Broken, Guards, Part};
use crate::edges::Refusal;
use crate::model::{Lead, Phase, Progress, Question, Run};
use crate::server::Server;

/// What was looked up is good for so long.
const GOOD: Duration = Duration::from_millis(700);
/// A page does not wait longer for what it shows: it says that it is being looked up.
const PATIENCE: Duration = Duration::from_secs(3);
/// As many runs are looked at.
const RUNS: u32 = 20;

/// How things stand, as every page needs it.
#[derive(Clone, Debug)]
pub(crate) struct Now {
    pub(super) phases: Part<Vec<Phase>>,
    pub(super) progress: Part<Option<Progress>>,
    pub(super) questions: Part<Vec<Question>>,
    pub(super) runs: Part<Vec<Run>>,
    pub(super) lead: Part<Lead>,
}

/// What was looked up last.
#[derive(Default)]
pub(crate) struct Memory {
    now: Kept<Now>,
    pub(super) guards: Kept<Part<Guards>>,
}

impl Memory {
    /// How things stand now.
    pub(super) async fn now(&self, server: &Server) -> Now {
        let looks = &server.edges.looks;
        let all = async {
            let lead = async { Ok(looks.lead().await) };
            let ((phases, progress, questions, runs), lead) = join(
                join4(
                    look(looks.phases()),
                    look(looks.progress()),
                    look(looks.questions()),
                    look(server.edges.acts.runs(RUNS)),
                ),
                look(lead),
            )
            .await;
            Now {
                phases,
                progress,
                questions,
                runs,
                lead,
            }
        };
        self.now.or(all).await
    }

    /// Somebody changed something: what was looked up before is old.
    pub(super) async fn forget(&self) {
        self.now.forget().await;
        self.guards.forget().await;
    }
}

/// Something that was looked up, and when.
pub(crate) struct Kept<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Kept<T> {
    /// What was looked up of late, or what is now. Whoever comes meanwhile waits for the same.
    pub(super) async fn or(&self, make: impl Future<Output = T>) -> T {
        let mut kept = self.0.lock().await;
        if let Some((at, known)) = &*kept
            && at.elapsed() < GOOD
        {
            return known.clone();
        }
        let made = make.await;
        *kept = Some((Instant::now(), made.clone()));
        made
    }

    async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

/// What an edge answers, as far as a page is concerned.
pub(super) async fn look<T>(answer: impl Future<Output = Result<T, Refusal>>) -> Part<T> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(known)) => Part::Ready(known),
        Ok(Err(refusal)) => Part::Broken(refusal.into()),
        Err(_) => Part::Loading,
    }
}

impl From<Refusal> for Broken {
    fn from(refusal: Refusal) -> Self {
        Self {
            what: sentence(&refusal.what),
            safe: "The database is as it was: where each phase stands is kept in the database \
                   itself, and no way back depends on this page."
                .to_owned(),
            next: refusal.next.map_or_else(
                || "This page looks again by itself.".to_owned(),
                |next| sentence(&next),
            ),
        }
    }
}

/// A sentence begins with a capital and ends with a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut signs = text.chars();
    let Some(first) = signs.next() else {
        return String::new();
    };
    let mut said: String = first.to_uppercase().chain(signs).collect();
    if !said.ends_with(['.', '!', '?', ':']) {
        said.push('.');
    }
    said
}
