//! Where messages go.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::secret::{Address, Secret};

/// A way to reach somebody, under the name that rules use.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Who is there.
    pub counterpart: Counterpart,
    /// How the message is worded.
    pub wording: Wording,
    /// How long an answer is waited for. Default 10 s.
    pub timeout: Duration,
    /// Environment variables that the plan names for it and that have no value: it cannot work.
    pub missing: BTreeSet<String>,
}

/// Templates of the user's; where there is none, the default words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// One line: subject of a mail, summary of an alert.
    pub subject: Option<String>,
    /// The text.
    pub text: Option<String>,
}

/// Who is at the other end of a channel.
#[derive(Clone, Debug, PartialEq)]
pub enum Counterpart {
    /// A mail server.
    Mail(Mail),
    /// An incoming webhook as Slack has them; Mattermost and Rocket.Chat take the same.
    Slack {
        /// The address, which is the key at the same time.
        url: Address,
    },
    /// Any server that takes a request.
    Webhook(Webhook),
    /// PagerDuty's Events API v2: issues as alerts, the rest as change events, which wake nobody.
    PagerDuty {
        /// The key of the integration.
        routing_key: Secret,
        /// The server, without a path.
        url: Address,
    },
    /// Prometheus' Alertmanager, API v2.
    Alertmanager {
        /// The server; may have a path before `/api/v2`.
        url: Address,
        /// Headers to send.
        headers: BTreeMap<String, Secret>,
        /// Labels to add.
        labels: BTreeMap<String, String>,
    },
    /// A status page, by a request of the user's own.
    StatusPage(Webhook),
}

impl Counterpart {
    /// As plans call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::Slack { .. } => "slack",
            Self::Webhook(_) => "webhook",
            Self::PagerDuty { .. } => "pagerduty",
            Self::Alertmanager { .. } => "alertmanager",
            Self::StatusPage(_) => "status_page",
        }
    }

    /// Everything in it that must not be shown.
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Mail(mail) => mail
                .login
                .iter()
                .map(|(_, password)| password.expose_secret())
                .collect(),
            Self::Slack { url } => vec![url.expose_secret()],
            Self::PagerDuty { routing_key, url } => {
                vec![routing_key.expose_secret(), url.expose_secret()]
            }
            Self::Alertmanager { url, headers, .. } => with_headers(url, headers),
            Self::Webhook(hook) | Self::StatusPage(hook) => with_headers(&hook.url, &hook.headers),
        }
    }

    /// Whether sending the same message twice shows it once: what becomes of a message whose
    /// answer was lost, or whose sender died before it took the answer down.
    pub fn deduplicates(&self) -> Deduplication {
        match self {
            Self::PagerDuty { .. } | Self::Alertmanager { .. } => Deduplication::Always,
            Self::Mail(_) | Self::Webhook(_) | Self::StatusPage(_) => Deduplication::IfTheyLook,
            Self::Slack { .. } => Deduplication::Never,
        }
    }
}

fn with_headers<'a>(url: &'a Address, headers: &'a BTreeMap<String, Secret>) -> Vec<&'a str> {
    let values = headers.values().map(Secret::expose_secret);
    [url.expose_secret()].into_iter().chain(values).collect()
}

/// Whether a message that arrives twice is seen once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deduplication {
    /// The counterpart promises it.
    Always,
    /// It is told by what to know it (`Message-ID`, `Idempotency-Key`), and may not look.
    IfTheyLook,
    /// It has no way to know.
    Never,
}

/// A mail server, and who writes to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept private.
    pub tls: Tls,
    /// Who logs in, where that is asked for.
    pub login: Option<(Secret, Secret)>,
    /// Who writes: `turnback <turnback@example.org>`.
    pub from: String,
    /// To whom; at least one.
    pub to: Vec<String>,
}

/// How a connection to a mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// It begins in the clear and must become private before anything is said (RFC 3207).
    StartTls,
    /// Private from the first byte (RFC 8314, 3.3).
    Wrapped,
    /// In the clear: for a server on the same machine.
    None,
}

impl Tls {
    /// As plans write them.
    pub const WORDS: [&'static str; 3] = ["starttls", "wrapped", "none"];

    /// The port that servers listen on for it.
    pub fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Wrapped => 465,
            Self::None => 25,
        }
    }
}

/// A request of the user's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Where to.
    pub url: Address,
    /// How.
    pub method: Method,
    /// Headers to send.
    pub headers: BTreeMap<String, Secret>,
    /// Template of the body; the default where there is none.
    pub body: Option<String>,
    /// Statuses that mean that it arrived; any 2xx where there are none.
    pub expect: Vec<u16>,
}

/// The method of a request (RFC 9110, 9; PATCH: RFC 5789).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// As plans write them.
    pub const WORDS: [&'static str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

    /// As plans and requests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Reads one of [`Method::WORDS`].
    pub fn read(word: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|method| method.as_str() == word)
    }
}
