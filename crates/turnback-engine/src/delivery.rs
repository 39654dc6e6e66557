//! From an event to its readers: messages go into the outbox, and from there to their channels.
//!
//! What is in the outbox is told, however often turnback is started anew, and once: each entry is
//! known by the id of its message and the name of its channel. Whoever sends one claims it for a
//! while; should it die before it takes down what came of it, the entry is sent again under the
//! same id, by which most counterparts know it ([`Counterpart::deduplicates`]).
//!
//! [`Counterpart::deduplicates`]: turnback_core::notify::Counterpart::deduplicates

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use turnback_core::guard::Moment;
use turnback_core::notify::backoff::{Missed, keeps_until, wait};
use turnback_core::notify::{Channel, Escalation, Message, Notify, ladder, recipients};

use crate::error::OutboxError;

/// Beyond the time limit of a channel: what it may take to write down what came of a try.
const MARGIN: Duration = Duration::from_secs(30);

/// An entry of the outbox that is claimed for sending.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// Its place in the outbox.
    pub number: i64,
    /// What is told.
    pub message: Message,
    /// How often it was tried before.
    pub attempts: u32,
    /// Since when it has waited.
    pub queued: Moment,
}

/// What came of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrived.
    Sent,
    /// It did not, and is tried again then.
    Again {
        /// When.
        due: Moment,
        /// Why it did not arrive.
        reason: String,
    },
    /// It did not, and is not worth sending any more.
    GivenUp {
        /// Why it did not arrive.
        reason: String,
    },
}

/// Where messages wait, and issues that nobody has acknowledged.
pub trait Outbox: Send + Sync {
    /// Puts a message in for a channel, unless it is known there already: answers whether it was
    /// new.
    ///
    /// # Errors
    ///
    /// Where the store cannot be written.
    fn put(
        &self,
        message: &Message,
        channel: &str,
        now: Moment,
    ) -> impl Future<Output = Result<bool, OutboxError>> + Send;

    /// Claims the first entry for a channel that is due, so that nobody else sends it until then.
    /// An entry waits for earlier ones about the same issue.
    ///
    /// # Errors
    ///
    /// Where the store cannot be written.
    fn claim(
        &self,
        channel: &str,
        now: Moment,
        until: Moment,
    ) -> impl Future<Output = Result<Option<Claimed>, OutboxError>> + Send;

    /// Takes down what came of a claimed entry.
    ///
    /// # Errors
    ///
    /// Where the store cannot be written.
    fn settle(
        &self,
        number: i64,
        fate: &Fate,
        now: Moment,
    ) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// Names of channels for which something waits.
    ///
    /// # Errors
    ///
    /// Where the store cannot be read.
    fn waited_for(&self) -> impl Future<Output = Result<Vec<String>, OutboxError>> + Send;

    /// Keeps an issue on its way up a ladder, in the place of what was kept of it. An issue that
    /// is new is kept as it is; of one that is known, only what it has gained: rungs climbed, an
    /// acknowledgement, its end.
    ///
    /// # Errors
    ///
    /// Where the store cannot be written.
    fn keep(&self, escalation: &Escalation)
    -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// Issues that are not over, the oldest first.
    ///
    /// # Errors
    ///
    /// Where the store cannot be read.
    fn issues(&self) -> impl Future<Output = Result<Vec<Escalation>, OutboxError>> + Send;
}

/// Brings one message to one channel.
pub trait Messenger: Send + Sync {
    /// Sends a message. The time limit is the channel's.
    ///
    /// # Errors
    ///
    /// Why it did not arrive, as far as that can be known.
    fn send(
        &self,
        channel: &Channel,
        message: &Message,
    ) -> impl Future<Output = Result<(), Missed>> + Send;
}

/// What became of one entry in one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The channel.
    pub channel: String,
    /// The title of the message.
    pub title: String,
    /// What became of it.
    pub fate: Fate,
}

/// Tells people, by the plan's rules.
pub struct Desk<'a, O, M> {
    /// Who is told what, and how.
    pub notify: &'a Notify,
    /// Where messages wait.
    pub outbox: &'a O,
    /// Who brings them.
    pub messenger: &'a M,
}

impl<O: Outbox, M: Messenger> Desk<'_, O, M> {
    /// Puts a message into the outbox, for everybody who hears it by the rules; begins or ends the
    /// climb of its issue. Telling the same again changes nothing.
    ///
    /// # Errors
    ///
    /// Where the outbox cannot be written.
    pub async fn tell(&self, message: &Message, now: Moment) -> Result<(), OutboxError> {
        let channels = recipients(&self.notify.rules, message);
        self.tell_to(message, &channels, now).await?;
        let rungs = ladder(&self.notify.rules, message);
        if !rungs.is_empty() {
            let begun = Escalation::new(message.clone(), rungs);
            self.outbox.keep(&begun).await?;
        }
        if message.resolved {
            for mut open in self.outbox.issues().await? {
                if open.message.thread() == message.thread() {
                    // Whoever was called hears that it is over, too.
                    let called: Vec<&str> = open.rungs[..open.climbed]
                        .iter()
                        .flat_map(|rung| rung.to.iter().map(String::as_str))
                        .collect();
                    self.tell_to(message, &called, now).await?;
                    open.resolve();
                    self.outbox.keep(&open).await?;
                }
            }
        }
        Ok(())
    }

    /// Puts a message into the outbox for these channels, whatever the rules say.
    ///
    /// # Errors
    ///
    /// Where the outbox cannot be written.
    pub async fn tell_to(
        &self,
        message: &Message,
        channels: &[&str],
        now: Moment,
    ) -> Result<(), OutboxError> {
        for channel in channels {
            self.outbox.put(message, channel, now).await?;
        }
        Ok(())
    }

    /// Sends all that is due, channel beside channel, after climbing the ladders of issues that
    /// nobody has acknowledged. What does not arrive stays in the outbox.
    ///
    /// # Errors
    ///
    /// Where the outbox cannot be read or written.
    pub async fn deliver(
        &self,
        now: impl Fn() -> Moment + Sync,
    ) -> Result<Vec<Delivery>, OutboxError> {
        for mut open in self.outbox.issues().await? {
            let told = open.climb(now());
            for (message, to) in &told {
                let to: Vec<&str> = to.iter().map(String::as_str).collect();
                self.tell_to(message, &to, now()).await?;
            }
            if !told.is_empty() {
                self.outbox.keep(&open).await?;
            }
        }
        let waited_for = self.outbox.waited_for().await?;
        let rounds = waited_for.iter().map(|name| self.round(name, &now));
        let mut delivered = Vec::new();
        for round in join_all(rounds).await {
            delivered.extend(round?);
        }
        Ok(delivered)
    }

    /// Sends what is due on one channel, until one does not arrive.
    async fn round(
        &self,
        name: &str,
        now: &(impl Fn() -> Moment + Sync),
    ) -> Result<Vec<Delivery>, OutboxError> {
        let channel = self.notify.channel(name);
        let patience = channel.map(|channel| channel.timeout).unwrap_or_default() + MARGIN;
        let mut delivered = Vec::new();
        while let Some(entry) = self.outbox.claim(name, now(), now() + patience).await? {
            let outcome = match channel {
                Some(channel) => self.messenger.send(channel, &entry.message).await,
                None => Err(Missed {
                    reason: format!("the plan has no channel \"{name}\" any more"),
                    refused: true,
                    wait: None,
                }),
            };
            // A counterpart that takes no more of one message may take the next one; one that
            // does not answer would only hold up everybody else.
            let is_down = matches!(&outcome, Err(missed) if !missed.refused);
            let fate = fate(&entry, outcome.err(), now());
            self.outbox.settle(entry.number, &fate, now()).await?;
            delivered.push(Delivery {
                channel: name.to_owned(),
                title: entry.message.title,
                fate,
            });
            if is_down {
                break;
            }
        }
        Ok(delivered)
    }
}

/// What becomes of an entry after a try.
fn fate(entry: &Claimed, missed: Option<Missed>, now: Moment) -> Fate {
    let Some(missed) = missed else {
        return Fate::Sent;
    };
    let due = now + wait(&entry.message.id, entry.attempts + 1, &missed);
    let reason = missed.reason;
    if due > keeps_until(entry.message.occasion, entry.queued) {
        Fate::GivenUp { reason }
    } else {
        Fate::Again { due, reason }
    }
}
