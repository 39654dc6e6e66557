//! Messages reach everybody who hears them, whatever channels do, and once.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use turnback_core::guard::Moment;
use turnback_core::notify::backoff::Missed;
use turnback_core::notify::{
    Channel, Counterpart, Escalation, Message, Notify, Occasion, Rule, Rung, Severity, Wording,
};
use turnback_core::secret::Address;
use turnback_engine::delivery::{Claimed, Desk, Fate, Messenger, Outbox};
use turnback_engine::error::OutboxError;

/// An outbox in memory.
#[derive(Default)]
struct Memory {
    entries: Mutex<Vec<Entry>>,
    issues: Mutex<Vec<Escalation>>,
}

struct Entry {
    message: Message,
    channel: String,
    due: Moment,
    attempts: u32,
    settled: Option<Fate>,
}

impl Outbox for Memory {
    async fn put(
        &self,
        message: &Message,
        channel: &str,
        now: Moment,
    ) -> Result<bool, OutboxError> {
        let mut entries = self.entries.lock().expect("nobody panics with it");
        let known = entries
            .iter()
            .any(|entry| entry.message.id == message.id && entry.channel == channel);
        if !known {
            entries.push(Entry {
                message: message.clone(),
                channel: channel.to_owned(),
                due: now,
                attempts: 0,
                settled: None,
            });
        }
        Ok(!known)
    }

    async fn claim(
        &self,
        channel: &str,
        now: Moment,
        until: Moment,
    ) -> Result<Option<Claimed>, OutboxError> {
        let mut entries = self.entries.lock().expect("nobody panics with it");
        let due = entries.iter_mut().enumerate().find(|(_, entry)| {
            entry.channel == channel && entry.settled.is_none() && entry.due <= now
        });
        Ok(due.map(|(number, entry)| {
            entry.due = until;
            Claimed {
                number: i64::try_from(number).expect("it is small"),
                message: entry.message.clone(),
                attempts: entry.attempts,
                queued: Moment(0),
            }
        }))
    }

    async fn settle(&self, number: i64, fate: &Fate, _: Moment) -> Result<(), OutboxError> {
        let entry = &mut self.entries.lock().expect("nobody panics with it")
            [usize::try_from(number).expect("it is small")];
        entry.attempts += 1;
        match fate {
            Fate::Again { due, .. } => entry.due = *due,
            fate => entry.settled = Some(fate.clone()),
        }
        Ok(())
    }

    async fn waited_for(&self) -> Result<Vec<String>, OutboxError> {
        let entries = self.entries.lock().expect("nobody panics with it");
        let waiting = entries.iter().filter(|entry| entry.settled.is_none());
        let names: BTreeSet<String> = waiting.map(|entry| entry.channel.clone()).collect();
        Ok(names.into_iter().collect())
    }

    async fn keep(&self, escalation: &Escalation) -> Result<(), OutboxError> {
        let mut issues = self.issues.lock().expect("nobody panics with it");
        let thread = escalation.message.thread();
        match issues
            .iter_mut()
            .find(|known| known.message.thread() == thread)
        {
            Some(known) => *known = known.clone().joined(escalation),
            None => issues.push(escalation.clone()),
        }
        Ok(())
    }

    async fn issues(&self) -> Result<Vec<Escalation>, OutboxError> {
        let issues = self.issues.lock().expect("nobody panics with it");
        Ok(issues.iter().filter(|issue| !issue.over).cloned().collect())
    }
}

/// Takes down what arrives; the channels named do not answer, or refuse.
#[derive(Default)]
struct Post {
    arrived: Mutex<Vec<(String, String)>>,
    down: Mutex<BTreeSet<&'static str>>,
    refuses: Mutex<BTreeSet<&'static str>>,
}

impl Messenger for Post {
    async fn send(&self, channel: &Channel, message: &Message) -> Result<(), Missed> {
        let name = channel.name.as_str();
        let refused = self
            .refuses
            .lock()
            .expect("nobody panics with it")
            .contains(name);
        if refused
            || self
                .down
                .lock()
                .expect("nobody panics with it")
                .contains(name)
        {
            return Err(Missed {
                reason: "it says no".to_owned(),
                refused,
                wait: None,
            });
        }
        let what = (name.to_owned(), message.title.clone());
        self.arrived
            .lock()
            .expect("nobody panics with it")
            .push(what);
        Ok(())
    }
}

impl Post {
    fn arrived(&self) -> Vec<(String, String)> {
        let mut arrived = std::mem::take(&mut *self.arrived.lock().expect("nobody panics with it"));
        arrived.sort();
        arrived
    }
}

fn notify() -> Notify {
    let channel = |name: &str| Channel {
        name: name.to_owned(),
        counterpart: Counterpart::Slack {
            url: Address::new("http://h"),
        },
        wording: Wording::default(),
        timeout: Duration::from_secs(10),
        missing: BTreeSet::new(),
    };
    Notify {
        channels: ["team", "oncall", "lead"].map(channel).to_vec(),
        rules: vec![
            Rule {
                when: vec![Occasion::After, Occasion::Issue],
                phases: vec![],
                at_least: Severity::Info,
                to: vec!["team".to_owned()],
                every: Duration::from_secs(600),
                escalate: vec![],
            },
            Rule {
                when: vec![Occasion::Issue],
                phases: vec![],
                at_least: Severity::Critical,
                to: vec!["oncall".to_owned()],
                every: Duration::from_secs(600),
                escalate: vec![Rung {
                    after: Duration::from_secs(600),
                    to: vec!["lead".to_owned()],
                }],
            },
        ],
    }
}

fn news(id: &str) -> Message {
    Message {
        id: id.to_owned(),
        title: id.to_owned(),
        ..Message::test("shop", "postgres://db/shop", "team", Moment(0))
    }
}

fn issue() -> Message {
    Message {
        occasion: Occasion::Issue,
        severity: Severity::Critical,
        issue: Some("i".to_owned()),
        ..news("broken")
    }
}

fn at(seconds: u64) -> impl Fn() -> Moment + Sync {
    move || Moment(seconds * 1_000)
}

fn pairs(arrived: Vec<(String, String)>) -> Vec<String> {
    let pairs = arrived.into_iter();
    pairs
        .map(|(channel, title)| format!("{channel}: {title}"))
        .collect()
}

#[tokio::test]
async fn a_message_waits_for_a_channel_that_is_down_and_holds_up_no_other() {
    let (notify, outbox, messenger) = (notify(), Memory::default(), Post::default());
    let desk = Desk {
        notify: &notify,
        outbox: &outbox,
        messenger: &messenger,
    };
    messenger
        .down
        .lock()
        .expect("nobody panics with it")
        .insert("team");
    desk.tell(&issue(), Moment(0)).await.unwrap();
    desk.tell(&news("also"), Moment(0)).await.unwrap();
    let first = desk.deliver(at(0)).await.unwrap();
    assert_eq!(pairs(messenger.arrived()), ["oncall: broken"]);
    // The second message to it is not tried: its server does not answer.
    assert_eq!(first.len(), 2, "{first:?}");
    messenger
        .down
        .lock()
        .expect("nobody panics with it")
        .clear();
    desk.deliver(at(400)).await.unwrap();
    assert_eq!(pairs(messenger.arrived()), ["team: also", "team: broken"]);
    assert!(desk.deliver(at(590)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_message_that_is_refused_holds_up_no_other() {
    let (notify, outbox, messenger) = (notify(), Memory::default(), Post::default());
    let desk = Desk {
        notify: &notify,
        outbox: &outbox,
        messenger: &messenger,
    };
    messenger
        .refuses
        .lock()
        .expect("nobody panics with it")
        .insert("team");
    desk.tell(&news("one"), Moment(0)).await.unwrap();
    desk.tell(&news("two"), Moment(0)).await.unwrap();
    let tried = desk.deliver(at(0)).await.unwrap();
    assert_eq!(tried.len(), 2, "{tried:?}");
    // After a day nobody is interested any more.
    let late = desk.deliver(at(86_400)).await.unwrap();
    assert!(
        late.iter()
            .all(|one| matches!(one.fate, Fate::GivenUp { .. })),
        "{late:?}"
    );
    assert!(desk.deliver(at(100_000)).await.unwrap().is_empty());
}

#[tokio::test]
async fn telling_the_same_again_sends_nothing_more() {
    let (notify, outbox, messenger) = (notify(), Memory::default(), Post::default());
    for start in 0..3 {
        // As after a restart: a new desk, the same outbox.
        let desk = Desk {
            notify: &notify,
            outbox: &outbox,
            messenger: &messenger,
        };
        desk.tell(&issue(), Moment(start)).await.unwrap();
        desk.deliver(at(start)).await.unwrap();
    }
    assert_eq!(
        pairs(messenger.arrived()),
        ["oncall: broken", "team: broken"]
    );
}

#[tokio::test]
async fn the_next_is_called_while_nobody_acknowledges_and_hears_of_the_end() {
    let (notify, outbox, messenger) = (notify(), Memory::default(), Post::default());
    let desk = Desk {
        notify: &notify,
        outbox: &outbox,
        messenger: &messenger,
    };
    desk.tell(&issue(), Moment(0)).await.unwrap();
    desk.deliver(at(599)).await.unwrap();
    messenger.arrived();
    desk.deliver(at(600)).await.unwrap();
    desk.deliver(at(5_000)).await.unwrap();
    assert_eq!(
        pairs(messenger.arrived()),
        ["lead: Not acknowledged: broken"]
    );
    let over = Message {
        id: "over".to_owned(),
        title: "over".to_owned(),
        resolved: true,
        ..issue()
    };
    desk.tell(&over, Moment(6_000_000)).await.unwrap();
    desk.deliver(at(6_000)).await.unwrap();
    assert_eq!(
        pairs(messenger.arrived()),
        ["lead: over", "oncall: over", "team: over"]
    );
}

#[tokio::test]
async fn an_acknowledged_issue_calls_nobody_else() {
    let (notify, outbox, messenger) = (notify(), Memory::default(), Post::default());
    let desk = Desk {
        notify: &notify,
        outbox: &outbox,
        messenger: &messenger,
    };
    desk.tell(&issue(), Moment(0)).await.unwrap();
    let mut open = outbox.issues().await.unwrap().remove(0);
    open.acknowledge("on-call", Moment(1));
    outbox.keep(&open).await.unwrap();
    desk.deliver(at(5_000)).await.unwrap();
    assert_eq!(
        pairs(messenger.arrived()),
        ["oncall: broken", "team: broken"]
    );
}

#[tokio::test]
async fn what_was_meant_for_a_channel_that_the_plan_no_longer_has_does_not_wait_for_ever() {
    let (mut notify, outbox, messenger) = (notify(), Memory::default(), Post::default());
    let desk = Desk {
        notify: &notify,
        outbox: &outbox,
        messenger: &messenger,
    };
    desk.tell(&news("one"), Moment(0)).await.unwrap();
    notify.channels.clear();
    let desk = Desk {
        notify: &notify,
        outbox: &outbox,
        messenger: &messenger,
    };
    let tried = desk.deliver(at(0)).await.unwrap();
    assert!(
        matches!(&tried[0].fate, Fate::Again { reason, .. } if reason.contains("no channel \"team\""))
    );
    let late = desk.deliver(at(86_400)).await.unwrap();
    assert!(matches!(late[0].fate, Fate::GivenUp { .. }));
}
