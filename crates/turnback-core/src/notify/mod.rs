//! Telling people: what is said, to whom, when, and in which words.
//!
//! All of it is data and pure functions: [`parcel`] makes a message ready for a channel,
//! [`recipients`] says who hears it, [`Escalation`] who hears it as well while nobody answers, and
//! [`backoff`] when it is tried again. What is sent, and what came of it, is the edges' affair.

pub mod backoff;
mod channel;
mod ladder;
mod message;
mod news;
mod parcel;
mod request;
mod rule;
pub mod template;

pub use self::channel::{Channel, Counterpart, Deduplication, Mail, Method, Tls, Webhook, Wording};
pub use self::ladder::{Acknowledgement, Escalation, Rung};
pub use self::message::{Message, Occasion, Severity};
pub use self::news::News;
pub use self::parcel::{Letter, Parcel, parcel};
pub use self::request::{Request, is_expected};
pub use self::rule::{Cadence, Rule, ladder, recipients};

/// Who is told what, and how: `notify` of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notify {
    /// Ways to reach somebody, in the order of the file.
    pub channels: Vec<Channel>,
    /// Who hears what when.
    pub rules: Vec<Rule>,
}

impl Notify {
    /// Finds a channel by name.
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == name)
    }
}
