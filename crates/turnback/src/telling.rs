//! Telling people while a command runs: beside it, never in its way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify as Event;
use tokio::task::JoinHandle;
use turnback_core::exit::ExitCode;
use turnback_core::guard::Moment;
use turnback_core::journal::JournalEvent;
use turnback_core::notify::{Cadence, Message, News, Notify};
use turnback_core::plan::Plan;
use turnback_engine::delivery::{Desk, Fate, Outbox};
use turnback_engine::error::OutboxError;
use turnback_outbound::{Http, Post};
use turnback_store::ControlStore;

use crate::failure::Failure;
use crate::output::Screen;

/// Between two looks at what is due.
const LOOK: Duration = Duration::from_secs(1);
/// How long a command that is done waits for what has not arrived yet.
const FAREWELL: Duration = Duration::from_secs(5);

/// What time it is.
pub(crate) fn now() -> Moment {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Whoever brings messages.
pub(crate) fn post() -> Result<Post, Failure> {
    Http::new()
        .map(Post::new)
        .map_err(|error| Failure::new(ExitCode::Failed, error.to_string()))
}

/// Tells people of a run. What happens is written into the outbox at once, and sent beside the
/// run.
pub(crate) struct Telling {
    notify: Notify,
    store: ControlStore,
    post: Post,
    news: Mutex<News>,
    plan: String,
    terminal: Arc<dyn Screen>,
}

impl Telling {
    /// Prepares to tell; nothing where the plan tells nobody, or nobody can be told, which is
    /// said.
    pub(crate) fn new(plan: &Plan, store: ControlStore, terminal: Arc<dyn Screen>) -> Option<Self> {
        if plan.notify.rules.is_empty() {
            return None;
        }
        let post = match post() {
            Ok(post) => post,
            Err(failure) => {
                terminal.line(&format!("warning: nobody is told: {}", failure.message));
                return None;
            }
        };
        Some(Self {
            notify: plan.notify.clone(),
            store,
            post,
            plan: plan.name.clone(),
            news: Mutex::new(News::new(&plan.name, &plan.target.redacted())),
            terminal,
        })
    }

    fn desk(&self) -> Desk<'_, ControlStore, Post> {
        Desk {
            notify: &self.notify,
            outbox: &self.store,
            messenger: &self.post,
        }
    }

    fn news(&self) -> std::sync::MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what people are told of an event. What goes wrong is said, and holds nothing
    /// up.
    pub(crate) async fn hear(&self, event: &JournalEvent) {
        let messages = self.news().hear(event, now());
        if matches!(event, JournalEvent::RunBegun { .. })
            && let Err(error) = self.take_over().await
        {
            return self.say(&error);
        }
        for message in messages {
            let done = matches!(event, JournalEvent::RunEnded { .. }) && message.issue.is_none();
            if let Err(error) = self.tell(&message, done).await {
                return self.say(&error);
            }
        }
    }

    /// Ends what an earlier run told of and, since it was killed, could not end.
    async fn take_over(&self) -> Result<(), OutboxError> {
        let prefix = News::issues_of(&self.plan);
        for issue in self.store.unresolved(&prefix).await? {
            let over = self.news().outlived(&issue, now());
            if let Some(over) = over {
                self.desk().tell(&over, now()).await?;
            }
        }
        Ok(())
    }

    async fn tell(&self, message: &Message, done: bool) -> Result<(), OutboxError> {
        self.desk().tell(message, now()).await?;
        if done {
            let prefix = News::issues_of(&message.plan);
            for issue in self.store.unresolved(&prefix).await? {
                let over = self.news().over(&issue, now());
                self.desk().tell(&over, now()).await?;
            }
        }
        Ok(())
    }

    fn say(&self, error: &OutboxError) {
        self.terminal.line(&format!(
            "warning: {error}. Nobody is told of this; the work itself goes on."
        ));
    }

    /// Sends what is due, and gives word of progress, until it is finished or dropped.
    pub(crate) fn start(self: Arc<Self>) -> Correspondent {
        let stop = Arc::new(Event::default());
        let task = tokio::spawn({
            let (telling, stop) = (Arc::clone(&self), Arc::clone(&stop));
            async move { telling.correspond(&stop).await }
        });
        Correspondent {
            telling: self,
            stop,
            task,
        }
    }

    /// What did not arrive in the last round, as sentences.
    async fn correspond(&self, stop: &Event) -> Vec<String> {
        let mut cadence = Cadence::default();
        let mut looks = tokio::time::interval(LOOK);
        loop {
            // Only the pause is cut short: a message that is on its way is waited for.
            let last = tokio::select! {
                () = stop.notified() => true,
                _ = looks.tick() => false,
            };
            match self.look(&mut cadence).await {
                Ok(missed) if last => return missed,
                Ok(_) => {}
                Err(error) => {
                    self.say(&error);
                    return Vec::new();
                }
            }
        }
    }

    /// One round; answers what did not arrive, as sentences.
    async fn look(&self, cadence: &mut Cadence) -> Result<Vec<String>, OutboxError> {
        let progress = {
            let mut news = self.news();
            // Whether anybody is due is asked first: each word of progress has a number.
            let asked = news.clone().progress(now());
            let due: Vec<String> = asked
                .map(|message| cadence.due(&self.notify.rules, &message, now()))
                .unwrap_or_default()
                .into_iter()
                .map(str::to_owned)
                .collect();
            (!due.is_empty()).then(|| news.progress(now()).map(|message| (message, due)))
        };
        if let Some((message, due)) = progress.flatten() {
            let due: Vec<&str> = due.iter().map(String::as_str).collect();
            self.desk().tell_to(&message, &due, now()).await?;
        }
        let delivered = self.desk().deliver(now).await?;
        let missed = delivered
            .into_iter()
            .filter_map(|delivery| match delivery.fate {
                Fate::Sent => None,
                Fate::Again { reason, .. } | Fate::GivenUp { reason } => {
                    Some(format!("{}: {reason}", delivery.channel))
                }
            });
        Ok(missed.collect())
    }
}

/// Sends messages beside a run.
pub(crate) struct Correspondent {
    telling: Arc<Telling>,
    stop: Arc<Event>,
    task: JoinHandle<Vec<String>>,
}

impl Correspondent {
    /// Sends what is left, for as long as somebody who waits for the command will bear; says what
    /// stays in the outbox.
    pub(crate) async fn finish(mut self) {
        self.stop.notify_one();
        let missed = tokio::time::timeout(FAREWELL, &mut self.task).await;
        let terminal = &self.telling.terminal;
        for line in missed.unwrap_or(Ok(Vec::new())).unwrap_or_default() {
            terminal.line(&format!("warning: not told: {line}"));
        }
        let waits = tokio::time::timeout(FAREWELL, self.telling.store.waited_for()).await;
        if let Ok(Ok(waits)) = waits
            && !waits.is_empty()
        {
            terminal.line(&format!(
                "Messages wait for {}; `turnback notify send` sends them, and the next command does.",
                waits.join(", ")
            ));
        }
    }
}

impl Drop for Correspondent {
    fn drop(&mut self) {
        self.task.abort();
    }
}
