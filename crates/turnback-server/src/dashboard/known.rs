//! What is known now, looked up once for all who look: however many pages are open, the world is
//! asked no more often than this.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{join, join4};
use tokio::time::Instant;

use super::read;
use super::view::{Broken, Guards, Happened, Part, Verdicts};
use crate::edges::Refusal;
use crate::model::{Lead, Phase, Progress, Question, Run};
use crate::server::Server;

/// What was looked up is good for so long.
const GOOD: Duration = Duration::from_millis(700);
/// And for so long while somebody looks anew: whoever comes meanwhile does not wait for them.
const BEARABLE: Duration = Duration::from_secs(5);
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
    verdicts: Kept<Part<Verdicts>>,
    guards: Kept<Part<Guards>>,
    happened: Kept<Vec<Happened>>,
}

impl Memory {
    /// How things stand now.
    pub(super) async fn now(&self, server: &Server) -> Arc<Now> {
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

    /// What guards say now.
    pub(super) async fn verdicts(&self, server: &Server, now: &Now) -> Arc<Part<Verdicts>> {
        self.verdicts.or(read::guards::verdicts(server, now)).await
    }

    /// Guards with their charts.
    pub(super) async fn guards(&self, server: &Server, now: &Now) -> Arc<Part<Guards>> {
        self.guards.or(read::guards::read(server, now)).await
    }

    /// What happened last.
    pub(super) async fn happened(&self, server: &Server) -> Arc<Vec<Happened>> {
        self.happened.or(read::overview::happened(server)).await
    }

    /// Somebody changed something: what was looked up before is old.
    pub(super) fn forget(&self) {
        self.now.forget();
        self.verdicts.forget();
        self.guards.forget();
        self.happened.forget();
    }
}

/// Something that was looked up, and when.
pub(crate) struct Kept<T> {
    known: Mutex<Known<T>>,
    /// Held by whoever looks anew.
    looking: tokio::sync::Mutex<()>,
}

struct Known<T> {
    last: Option<(Instant, Arc<T>)>,
    /// How often it was forgotten: whoever looked before that keeps what they found to themselves.
    forgotten: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            known: Mutex::new(Known {
                last: None,
                forgotten: 0,
            }),
            looking: tokio::sync::Mutex::default(),
        }
    }
}

impl<T> Kept<T> {
    /// What was looked up of late, or what is now. Whoever comes while another looks takes what was
    /// known before, or waits for the same.
    pub(super) async fn or(&self, make: impl Future<Output = T>) -> Arc<T> {
        if let Some(known) = self.younger_than(GOOD) {
            return known;
        }
        let _looking = match self.looking.try_lock() {
            Ok(looking) => looking,
            Err(_) => match self.younger_than(BEARABLE) {
                Some(known) => return known,
                None => self.looking.lock().await,
            },
        };
        if let Some(known) = self.younger_than(GOOD) {
            return known;
        }
        let before = self.known().forgotten;
        let made = Arc::new(make.await);
        let mut known = self.known();
        if known.forgotten == before {
            known.last = Some((Instant::now(), Arc::clone(&made)));
        }
        made
    }

    fn younger_than(&self, age: Duration) -> Option<Arc<T>> {
        let known = self.known();
        let (at, what) = known.last.as_ref()?;
        (at.elapsed() < age).then(|| Arc::clone(what))
    }

    fn known(&self) -> MutexGuard<'_, Known<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self) {
        let mut known = self.known();
        known.last = None;
        known.forgotten += 1;
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

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::sync::oneshot;
    use tokio::time::advance;

    use super::*;

    /// Somebody looks, and goes on looking until told what is found.
    async fn looks(kept: &Arc<Kept<u8>>) -> (oneshot::Sender<u8>, tokio::task::JoinHandle<u8>) {
        let (tell, told) = oneshot::channel();
        let (begin, begun) = oneshot::channel();
        let kept = Arc::clone(kept);
        let look = tokio::spawn(async move {
            let make = async {
                let _ = begin.send(());
                told.await.expect("it is told")
            };
            *kept.or(make).await
        });
        begun.await.expect("it looks");
        (tell, look)
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_while_another_looks_anew_takes_what_was_known_before() {
        let kept = Arc::new(Kept::default());
        assert_eq!(*kept.or(ready(1)).await, 1);
        assert_eq!(*kept.or(ready(2)).await, 1, "it is good for a while");
        advance(GOOD).await;
        let (tell, look) = looks(&kept).await;
        assert_eq!(*kept.or(ready(3)).await, 1);
        tell.send(4).unwrap();
        assert_eq!(look.await.unwrap(), 4);
        assert_eq!(*kept.or(ready(5)).await, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_old_is_waited_for_by_all_and_looked_up_once() {
        let kept = Arc::new(Kept::default());
        kept.or(ready(1)).await;
        advance(BEARABLE).await;
        let (tell, look) = looks(&kept).await;
        let waits = tokio::spawn({
            let kept = Arc::clone(&kept);
            async move { *kept.or(ready(2)).await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        tell.send(3).unwrap();
        assert_eq!((look.await.unwrap(), waits.await.unwrap()), (3, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_being_looked_up_when_somebody_changed_it_is_shown_to_nobody_else() {
        let kept = Arc::new(Kept::default());
        let (tell, look) = looks(&kept).await;
        kept.forget();
        tell.send(1).unwrap();
        assert_eq!(look.await.unwrap(), 1);
        assert_eq!(*kept.or(ready(2)).await, 2);
    }
}
