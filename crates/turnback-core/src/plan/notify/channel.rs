//! Reads one channel.

use std::time::Duration;

use super::shape::{ALERTS_TO, CHANNEL, MAIL, PAGERDUTY, SLACK, WEBHOOK};
use crate::notify::template::Purpose;
use crate::notify::{Channel, Counterpart, Mail, Method, Tls, Webhook, Wording};
use crate::plan::outward::Missing;
use crate::plan::reader::{Fields, Reader, code_list, quote};
use crate::plan::source::PlanSource;
use crate::plan::yaml::Node;
use crate::secret::{Address, Secret};

/// Keys of which a channel has exactly one.
pub(in crate::plan) const KINDS: [&str; 6] = [
    "mail",
    "slack",
    "webhook",
    "pagerduty",
    "alertmanager",
    "status_page",
];
/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Where PagerDuty takes events.
const PAGERDUTY_EVENTS: &str = "https://events.pagerduty.com";

pub(super) fn read(
    reader: &mut Reader<'_>,
    name: &str,
    node: &Node,
    source: &PlanSource<'_>,
) -> Option<Channel> {
    let fields = reader.fields(node, &CHANNEL)?;
    let mut missing = Missing::default();
    let subject = reader.template(&fields, "subject", Purpose::Subject, false, source);
    let text = reader.template(&fields, "text", Purpose::Text, false, source);
    let timeout = reader.duration(&fields, "timeout");
    let counterpart = match reader.one_of(&fields, &KINDS)? {
        "mail" => Counterpart::Mail(mail(reader, fields.node("mail")?, source, &mut missing)?),
        "slack" => {
            let slack = reader.fields(fields.node("slack")?, &SLACK)?;
            let url = reader.address(&slack, "url", source, &mut missing)?;
            Counterpart::Slack { url }
        }
        "pagerduty" => {
            let pager = reader.fields(fields.node("pagerduty")?, &PAGERDUTY)?;
            let key = pager.node("routing_key");
            let key = key.and_then(|node| reader.secret(node, source, &mut missing));
            let url = match pager.node("url") {
                Some(_) => reader.address(&pager, "url", source, &mut missing),
                None => Some(Address::new(PAGERDUTY_EVENTS)),
            };
            Counterpart::PagerDuty {
                routing_key: Secret::new(key?.0),
                url: url?,
            }
        }
        "alertmanager" => {
            let alerts = reader.fields(fields.node("alertmanager")?, &ALERTS_TO)?;
            let url = reader.address(&alerts, "url", source, &mut missing);
            let headers = reader.secrets(&alerts, "headers", source, &mut missing);
            let labels = reader.labels(&alerts, "labels");
            Counterpart::Alertmanager {
                url: url?,
                headers,
                labels,
            }
        }
        kind => {
            let node = fields.node(kind)?;
            let purpose = if kind == "webhook" {
                Purpose::Webhook
            } else {
                Purpose::StatusPage
            };
            let hook = webhook(reader, node, purpose, source, &mut missing)?;
            if kind == "webhook" {
                Counterpart::Webhook(hook)
            } else {
                Counterpart::StatusPage(hook)
            }
        }
    };
    Some(Channel {
        name: name.to_owned(),
        counterpart,
        wording: Wording { subject, text },
        timeout: timeout.unwrap_or(TIMEOUT),
        missing: missing.0,
    })
}

fn webhook(
    reader: &mut Reader<'_>,
    node: &Node,
    purpose: Purpose,
    source: &PlanSource<'_>,
    missing: &mut Missing,
) -> Option<Webhook> {
    let fields = reader.fields(node, &WEBHOOK)?;
    let url = reader.address(&fields, "url", source, missing);
    let method = reader
        .choice(&fields, "method")
        .and_then(|(word, _)| Method::read(word));
    let headers = reader.secrets(&fields, "headers", source, missing);
    let json = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .is_none_or(|(_, value)| value.expose_secret().contains("json"));
    let body = reader.template(&fields, "body", purpose, json, source);
    let expect = reader.statuses(&fields, "expect");
    Some(Webhook {
        url: url?,
        method: method.unwrap_or(Method::Post),
        headers,
        body,
        expect,
    })
}

fn mail(
    reader: &mut Reader<'_>,
    node: &Node,
    source: &PlanSource<'_>,
    missing: &mut Missing,
) -> Option<Mail> {
    let fields = reader.fields(node, &MAIL)?;
    let host = fields
        .node("host")
        .and_then(|node| reader.secret(node, source, missing));
    let port = reader.port(&fields, "port");
    let tls = match reader.choice(&fields, "tls") {
        Some(("wrapped", _)) => Tls::Wrapped,
        Some(("none", _)) => Tls::None,
        _ => Tls::StartTls,
    };
    let mut word = |reader: &mut Reader<'_>, name: &str| {
        let (text, _) = reader.secret(fields.node(name)?, source, missing)?;
        Some(Secret::new(text))
    };
    let user = word(reader, "user");
    let password = word(reader, "password");
    let given = |name| fields.node(name).is_some();
    if given("user") != given("password") {
        let key = if given("user") { "user" } else { "password" };
        let message = "expected `user` and `password`, but found only one of them";
        reader.error(
            "half-login",
            &fields.key_at(key),
            message,
            "the other is missing",
        );
    }
    let from = fields.node("from").and_then(|node| {
        let (from, at) = reader.text(node, "an address of mail")?;
        mail_address(reader, &from, &at).then_some(from)
    });
    let to = reader.some_texts(&fields, "to", "address");
    let mut all = Vec::new();
    for (address, at) in to? {
        if mail_address(reader, &address, &at) {
            all.push(address);
        }
    }
    let (host, host_at) = host?;
    if tls == Tls::None && given("password") && !is_here(&host) {
        let message =
            "expected a password to travel in private, but `tls: none` sends it in the clear";
        reader
            .error(
                "password-in-the-clear",
                &fields.key_at("tls"),
                message,
                "in the clear",
            )
            .help = Some("write `tls: starttls` or `tls: wrapped`".to_owned());
    }
    if host.contains(['/', '@']) || host.contains(char::is_whitespace) {
        let message = "expected the name of a mail server, but found something else";
        reader
            .error("bad-host", &host_at, message, "not the name of a server")
            .help = Some(
            "write `host: mail.example.org`; port, user and password have keys of their own"
                .to_owned(),
        );
    }
    Some(Mail {
        host,
        port: port.unwrap_or(tls.port()),
        tls,
        login: user.zip(password),
        from: from?,
        to: all,
    })
}

fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "::1") || host.starts_with("127.")
}

/// Checks what can be seen at a glance; the mail server has the last word.
fn mail_address(reader: &mut Reader<'_>, text: &str, at: &std::ops::Range<usize>) -> bool {
    let bare = text
        .trim_end()
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once('<'))
        .map_or(text, |(_, bare)| bare);
    let good = bare.rsplit_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && !bare.contains([' ', '<', '>', ','])
    }) && !text.contains(char::is_control);
    if !good {
        let message = format!("expected an address of mail, but found {}", quote(text));
        reader
            .error("bad-mail-address", at, message, "not an address")
            .help = Some("on-call@example.org, or On-call <on-call@example.org>".to_owned());
    }
    good
}

impl Reader<'_> {
    /// The one key of these that is given; more or fewer are recorded.
    pub(in crate::plan) fn one_of(
        &mut self,
        fields: &Fields<'_>,
        names: &[&'static str],
    ) -> Option<&'static str> {
        let given: Vec<&'static str> = names
            .iter()
            .copied()
            .filter(|name| fields.node(name).is_some())
            .collect();
        if let [one] = given[..] {
            return Some(one);
        }
        let what = fields.shape.what;
        let (at, message) = match given.get(1) {
            Some(second) => (
                fields.key_at(second),
                format!(
                    "expected one of {} in {what}, but found {}",
                    code_list(names),
                    code_list(&given)
                ),
            ),
            None => (
                fields.at.clone(),
                format!(
                    "expected one of {} in {what}, but found none",
                    code_list(names)
                ),
            ),
        };
        self.error("which-one", &at, message, "which one?");
        None
    }
}
