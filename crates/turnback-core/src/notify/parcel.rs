//! A message made ready for a channel: a letter or a request, as data.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::channel::{Channel, Counterpart, Method, Webhook};
use super::request::Request;
use super::template::{BadTemplate, Purpose, Words, render};
use super::{Message, Occasion};
use crate::secret::{Address, Secret};

/// The longest summary that PagerDuty takes.
const LONGEST_SUMMARY: usize = 1024;
/// How long an issue stands at Alertmanager unless it is told that it is over.
const ISSUE_STANDS: Duration = Duration::from_secs(24 * 3_600);
/// How long anything else stands there.
const NEWS_STANDS: Duration = Duration::from_secs(300);

/// A message made ready for a channel.
#[derive(Clone, Debug, PartialEq)]
pub enum Parcel {
    /// By mail.
    Letter(Letter),
    /// By a request.
    Request(Request),
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Known by this (RFC 5322, 3.6.4), without brackets: the same whenever it is sent again.
    pub id: String,
    /// The id of the first mail about the same issue, under which mail programs gather the others.
    pub thread: Option<String>,
    /// One line.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// Makes a message ready for a channel.
///
/// # Errors
///
/// Where a template of the channel's does not take this message.
pub fn parcel(channel: &Channel, message: &Message) -> Result<Parcel, BadTemplate> {
    let words = match &channel.counterpart {
        Counterpart::Slack { .. } => Words::new(message).rewritten(escaped_for_slack),
        _ => Words::new(message),
    };
    let word = |given: &Option<String>, purpose: Purpose| {
        let template = given.as_deref().unwrap_or(purpose.default_template());
        render(template, &words).map(|text| text.trim_end().to_owned())
    };
    let subject = one_line(&word(&channel.wording.subject, Purpose::Subject)?);
    let text = word(&channel.wording.text, Purpose::Text)?;
    let body = |hook: &Webhook, purpose: Purpose| {
        let template = hook.body.as_deref().unwrap_or(purpose.default_template());
        render(template, &words.clone().with(&subject, &text))
    };
    Ok(match &channel.counterpart {
        Counterpart::Mail(mail) => {
            let domain = mail.from.rsplit('@').next().unwrap_or_default();
            let domain = domain.trim_end_matches('>');
            Parcel::Letter(Letter {
                id: format!("{}.{}@{domain}", plain(&message.id), plain(&channel.name)),
                thread: message.issue.as_ref().map(|issue| {
                    format!("{}.{}.issue@{domain}", plain(issue), plain(&channel.name))
                }),
                subject,
                text,
            })
        }
        Counterpart::Slack { url } => post(url, &json!({ "text": format!("*{subject}*\n{text}") })),
        Counterpart::PagerDuty { routing_key, url } => {
            pager_duty(url, routing_key, message, &subject, &text)
        }
        Counterpart::Alertmanager {
            url,
            headers,
            labels,
        } => {
            let url = Address::new(format!(
                "{}/api/v2/alerts",
                url.expose_secret().trim_end_matches('/')
            ));
            let mut request = request(&url, &json!([alert(labels, message, &subject, &text)]));
            request.headers.extend(headers.clone());
            Parcel::Request(request)
        }
        Counterpart::Webhook(hook) => {
            Parcel::Request(own(hook, body(hook, Purpose::Webhook)?, message, channel))
        }
        Counterpart::StatusPage(hook) => Parcel::Request(own(
            hook,
            body(hook, Purpose::StatusPage)?,
            message,
            channel,
        )),
    })
}

fn post(url: &Address, body: &Json) -> Parcel {
    Parcel::Request(request(url, body))
}

fn request(url: &Address, body: &Json) -> Request {
    let mut request = Request {
        url: url.clone(),
        method: Method::Post,
        headers: BTreeMap::new(),
        body: Some(Secret::new(body.to_string())),
        expect: vec![],
    };
    request.or_header("Content-Type", "application/json");
    request
}

/// A request of the user's own. Servers that know it recognize what comes again by its
/// `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
fn own(hook: &Webhook, body: String, message: &Message, channel: &Channel) -> Request {
    let mut request = Request {
        url: hook.url.clone(),
        method: hook.method,
        headers: hook.headers.clone(),
        body: (hook.method != Method::Get).then(|| Secret::new(body)),
        expect: hook.expect.clone(),
    };
    request.or_header("Content-Type", "application/json");
    request.or_header(
        "Idempotency-Key",
        &format!("{}.{}", plain(&message.id), plain(&channel.name)),
    );
    request
}

/// PagerDuty's Events API v2: an issue is an alert, which its key opens once and closes; the rest
/// are change events, which wake nobody.
fn pager_duty(url: &Address, key: &Secret, message: &Message, subject: &str, text: &str) -> Parcel {
    let summary: String = subject.chars().take(LONGEST_SUMMARY).collect();
    let details = json!({
        "what happened": message.happened,
        "what is safe": message.safe,
        "what is next": message.next,
        "text": text,
    });
    let (path, event) = if message.occasion == Occasion::Issue {
        let action = if message.resolved {
            "resolve"
        } else {
            "trigger"
        };
        let event = json!({
            "routing_key": key.expose_secret(),
            "event_action": action,
            "dedup_key": message.thread(),
            "client": "turnback",
            "payload": {
                "summary": summary,
                "source": message.target,
                "severity": message.severity.as_str(),
                "timestamp": message.at.rfc3339(),
                "component": message.phase,
                "group": message.plan,
                "custom_details": details,
            },
        });
        ("/v2/enqueue", event)
    } else {
        let event = json!({
            "routing_key": key.expose_secret(),
            "payload": {
                "summary": summary,
                "source": message.target,
                "timestamp": message.at.rfc3339(),
                "custom_details": details,
            },
        });
        ("/v2/change/enqueue", event)
    };
    let url = format!("{}{path}", url.expose_secret().trim_end_matches('/'));
    post(&Address::new(url), &event)
}

/// An alert of Alertmanager's API v2. It is known by its labels: an issue has the same ones from
/// its beginning to its end.
fn alert(own: &BTreeMap<String, String>, message: &Message, subject: &str, text: &str) -> Json {
    let mut labels = BTreeMap::from([
        ("alertname", "turnback"),
        ("plan", &message.plan),
        ("occasion", message.occasion.as_str()),
        ("severity", message.severity.as_str()),
        ("issue", message.thread()),
    ]);
    if let Some(phase) = &message.phase {
        labels.insert("phase", phase);
    }
    labels.extend(
        own.iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    let mut alert = json!({
        "labels": labels,
        "annotations": { "summary": subject, "description": text },
    });
    if message.resolved {
        alert["endsAt"] = json!(message.at.rfc3339());
    } else {
        let stands = if message.occasion == Occasion::Issue {
            ISSUE_STANDS
        } else {
            NEWS_STANDS
        };
        alert["startsAt"] = json!(message.at.rfc3339());
        alert["endsAt"] = json!((message.at + stands).rfc3339());
    }
    alert
}

/// Signs that have a meaning in Slack's texts.
fn escaped_for_slack(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What may stand in an id of a mail and in a header, whatever a user has named things.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() || c == '-' || c == '_' => c,
            _ => '-',
        })
        .collect()
}
