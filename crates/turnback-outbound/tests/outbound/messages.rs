//! Messages through every kind of channel, to real counterparts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value as Json, json};
use turnback_core::guard::Moment;
use turnback_core::notify::backoff::Missed;
use turnback_core::notify::{
    Channel, Counterpart as To, Mail, Message, Method, Occasion, Severity, Tls, Webhook, Wording,
};
use turnback_core::secret::{Address, Secret};
use turnback_engine::delivery::Messenger;
use turnback_outbound::Post;

use super::counterpart::Counterpart;
use super::http;

pub fn channel(counterpart: To) -> Channel {
    Channel {
        name: "team".to_owned(),
        counterpart,
        wording: Wording::default(),
        timeout: Duration::from_secs(60),
        missing: BTreeSet::new(),
    }
}

pub fn issue() -> Message {
    Message {
        phase: Some("users".to_owned()),
        occasion: Occasion::Issue,
        severity: Severity::Critical,
        title: "It <stopped> & \"waits\"".to_owned(),
        issue: Some("shop/run-7".to_owned()),
        ..Message::test(
            "shop",
            "postgres://db/shop",
            "team",
            Moment(1_700_000_000_000),
        )
    }
}

fn over() -> Message {
    Message {
        id: "over".to_owned(),
        resolved: true,
        at: Moment(1_700_000_060_000),
        ..issue()
    }
}

pub async fn send(channel: &Channel, message: &Message) -> Result<(), Missed> {
    Post::new(http()).send(channel, message).await
}

fn body(sent: &Json) -> Json {
    let body = sent["body"].as_str().expect("it has a body");
    serde_json::from_str(body).expect("the body is JSON")
}

#[tokio::test]
async fn slack_gets_a_text_in_which_no_word_is_taken_for_a_sign() {
    let mut receiver = Counterpart::receiver();
    let url = Address::new(format!("{}/services/T0/s3cret", receiver.url()));
    let slack = channel(To::Slack { url });
    assert_eq!(send(&slack, &issue()).await, Ok(()));
    let sent = receiver.next();
    assert_eq!(sent["path"], "/services/T0/s3cret");
    let text = body(&sent)["text"].as_str().unwrap().to_owned();
    assert!(
        text.contains("It &lt;stopped&gt; &amp; \"waits\""),
        "{text}"
    );
    assert!(
        text.contains("What is safe:") && text.contains("What is next:"),
        "{text}"
    );
}

#[tokio::test]
async fn a_webhook_gets_its_own_words_and_a_key_to_know_the_message_by() {
    let mut receiver = Counterpart::receiver();
    let hook = Webhook {
        url: Address::new(format!("{}/take", receiver.url())),
        method: Method::Patch,
        headers: BTreeMap::from([("X-Key".to_owned(), Secret::new("s3cret-key"))]),
        body: None,
        expect: vec![],
    };
    let plain = channel(To::Webhook(hook.clone()));
    assert_eq!(send(&plain, &issue()).await, Ok(()));
    assert_eq!(send(&plain, &issue()).await, Ok(()));
    let (first, second) = (receiver.next(), receiver.next());
    assert_eq!(first["method"], "PATCH");
    assert_eq!(body(&first)["title"], issue().title);
    assert_eq!(body(&first)["phase"], "users");
    assert_eq!(first["headers"]["x-key"], "s3cret-key");
    assert!(first["headers"]["idempotency-key"].is_string());
    assert_eq!(
        first["headers"]["idempotency-key"],
        second["headers"]["idempotency-key"]
    );
    let own = Webhook {
        body: Some("{\"incident\": {{ text|tojson }}}".to_owned()),
        ..hook
    };
    let mut own = channel(To::Webhook(own));
    own.wording.text = Some("{{ phase }} has {{ title }}".to_owned());
    assert_eq!(send(&own, &issue()).await, Ok(()));
    assert_eq!(
        body(&receiver.next())["incident"],
        format!("users has {}", issue().title)
    );
}

#[tokio::test]
async fn a_status_page_is_told_how_things_stand() {
    let mut receiver = Counterpart::receiver();
    let page = channel(To::StatusPage(Webhook {
        url: Address::new(receiver.url()),
        method: Method::Post,
        headers: BTreeMap::new(),
        body: None,
        expect: vec![200],
    }));
    for (message, status) in [(issue(), "investigating"), (over(), "resolved")] {
        assert_eq!(send(&page, &message).await, Ok(()));
        assert_eq!(body(&receiver.next())["status"], status);
    }
}

#[tokio::test]
async fn pagerduty_gets_an_issue_as_an_alert_and_the_rest_as_change_events() {
    let mut receiver = Counterpart::receiver();
    let pager = channel(To::PagerDuty {
        routing_key: Secret::new("s3cret-routing-key"),
        url: Address::new(receiver.url()),
    });
    let news = Message {
        occasion: Occasion::After,
        issue: None,
        ..issue()
    };
    for message in [issue(), over(), news] {
        assert_eq!(send(&pager, &message).await, Ok(()));
    }
    let (opened, closed, news) = (receiver.next(), receiver.next(), receiver.next());
    assert_eq!(opened["path"], "/v2/enqueue");
    let (opened, closed) = (body(&opened), body(&closed));
    assert_eq!(opened["event_action"], "trigger");
    assert_eq!(opened["routing_key"], "s3cret-routing-key");
    assert_eq!(opened["payload"]["severity"], "critical");
    assert_eq!(opened["payload"]["timestamp"], "2023-11-14T22:13:20.000Z");
    assert_eq!(closed["event_action"], "resolve");
    assert_eq!(opened["dedup_key"], closed["dedup_key"]);
    assert_eq!(news["path"], "/v2/change/enqueue");
}

#[tokio::test]
async fn alertmanager_takes_an_issue_once_and_lets_go_of_it_at_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let Some(alertmanager) = Counterpart::alertmanager(directory.path()).await else {
        return;
    };
    let alerts = channel(To::Alertmanager {
        url: Address::new(alertmanager.url()),
        headers: BTreeMap::new(),
        labels: BTreeMap::from([("team".to_owned(), "db".to_owned())]),
    });
    let firing = async || -> Vec<Json> {
        let url = format!("{}/api/v2/alerts", alertmanager.url());
        let answer = reqwest::get(url).await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&answer).unwrap()
    };
    // Alertmanager goes by the clock of its machine.
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = Moment(u64::try_from(now.as_millis()).unwrap());
    let began = Message { at: now, ..issue() };
    assert_eq!(send(&alerts, &began).await, Ok(()));
    assert_eq!(send(&alerts, &began).await, Ok(()));
    let shown = firing().await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["labels"]["team"], "db");
    assert_eq!(shown[0]["labels"]["severity"], "critical");
    assert_eq!(
        shown[0]["annotations"]["summary"],
        json!(format!("[critical] shop, users: {}", began.title))
    );
    assert_eq!(send(&alerts, &Message { at: now, ..over() }).await, Ok(()));
    assert!(firing().await.is_empty());
}

pub fn mail(port: u16, to: &[&str]) -> Mail {
    Mail {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        login: None,
        from: "turnback <turnback@example.org>".to_owned(),
        to: to.iter().map(|to| (*to).to_owned()).collect(),
    }
}

#[tokio::test]
async fn a_mail_arrives_with_its_words_and_is_known_when_it_comes_again() {
    let Some(mut smtp) = Counterpart::smtp(&[]) else {
        return;
    };
    let to = ["On-call Ä <on-call@example.org>", "team-lead@example.org"];
    let by_mail = channel(To::Mail(mail(smtp.port, &to)));
    let long = Message {
        happened: format!("Ünicode, {}\n.\nand a dot by itself", "x".repeat(2_000)),
        ..issue()
    };
    for message in [&long, &long, &over()] {
        assert_eq!(send(&by_mail, message).await, Ok(()));
    }
    let (first, again, over) = (smtp.next(), smtp.next(), smtp.next());
    assert_eq!(first["from"], "turnback@example.org");
    assert_eq!(
        first["to"],
        json!(["on-call@example.org", "team-lead@example.org"])
    );
    assert_eq!(
        first["headers"]["subject"],
        json!(format!("[critical] shop, users: {}", long.title))
    );
    assert!(
        first["text"]
            .as_str()
            .unwrap()
            .replace("\r\n", "\n")
            .contains(&long.happened)
    );
    assert_eq!(first["headers"]["auto-submitted"], "auto-generated");
    assert_eq!(first["headers"]["date"], "Tue, 14 Nov 2023 22:13:20 +0000");
    assert_eq!(
        first["headers"]["message-id"],
        again["headers"]["message-id"]
    );
    assert_ne!(
        first["headers"]["message-id"],
        over["headers"]["message-id"]
    );
    assert_eq!(
        first["headers"]["references"],
        over["headers"]["references"]
    );
}

#[tokio::test]
async fn a_mail_server_lets_in_whoever_knows_the_password_and_nobody_sees_it() {
    let Some(mut smtp) = Counterpart::smtp(&["--login"]) else {
        return;
    };
    let with = |password: &str| {
        channel(To::Mail(Mail {
            login: Some((Secret::new("on-call"), Secret::new(password))),
            ..mail(smtp.port, &["team-lead@example.org"])
        }))
    };
    assert_eq!(send(&with("hunter2hunter2"), &issue()).await, Ok(()));
    let missed = send(&with("wrong-s3cret"), &issue()).await.unwrap_err();
    assert!(
        missed.refused && !missed.reason.contains("s3cret"),
        "{missed:?}"
    );
    assert_eq!(smtp.next()["login"], "on-call");
}

#[tokio::test]
async fn mail_is_refused_for_good_for_now_or_by_a_server_without_tls() {
    let Some(smtp) = Counterpart::smtp(&[]) else {
        return;
    };
    let to = |address: &str| channel(To::Mail(mail(smtp.port, &[address])));
    let never = send(&to("refused@example.org"), &issue())
        .await
        .unwrap_err();
    assert!(
        never.refused && never.reason.contains("no such user"),
        "{never:?}"
    );
    let later = send(&to("later@example.org"), &issue()).await.unwrap_err();
    assert!(
        !later.refused && later.reason.contains("not now"),
        "{later:?}"
    );
    let private = channel(To::Mail(Mail {
        tls: Tls::StartTls,
        ..mail(smtp.port, &["team-lead@example.org"])
    }));
    assert!(
        send(&private, &issue()).await.is_err(),
        "it went in the clear"
    );
    let gone = channel(To::Mail(mail(1, &["team-lead@example.org"])));
    let gone = send(&gone, &issue()).await.unwrap_err();
    assert!(
        !gone.refused && gone.reason.contains("127.0.0.1:1"),
        "{gone:?}"
    );
}

#[tokio::test]
async fn what_a_channel_says_no_with_is_told_without_its_keys() {
    let receiver = Counterpart::receiver();
    let slack = |path: &str, millis: u64| {
        let url = Address::new(format!("{}{path}?s3cret-token-of-slack", receiver.url()));
        Channel {
            timeout: Duration::from_millis(millis),
            ..channel(To::Slack { url })
        }
    };
    let missed = async |path: &str, millis| {
        let missed = send(&slack(path, millis), &issue()).await.unwrap_err();
        assert!(!missed.reason.contains("s3cret"), "{missed:?}");
        missed
    };
    let wrong = missed("/status/403", 60_000).await;
    assert!(
        wrong.refused && wrong.reason.contains("status 403"),
        "{wrong:?}"
    );
    assert!(!missed("/status/503", 60_000).await.refused);
    let busy = missed("/after/7", 60_000).await;
    assert_eq!(
        (busy.refused, busy.wait),
        (false, Some(Duration::from_secs(7)))
    );
    assert!(
        missed("/hang", 300)
            .await
            .reason
            .contains("did not answer within 0.3 s")
    );
    let pager = channel(To::PagerDuty {
        routing_key: Secret::new("s3cret-routing-key"),
        url: Address::new(format!("{}/status/400", receiver.url())),
    });
    let quoted = send(&pager, &issue()).await.unwrap_err();
    assert!(
        quoted.reason.contains("said no to") && !quoted.reason.contains("s3cret"),
        "{quoted:?}"
    );
}

#[tokio::test]
async fn a_channel_whose_variable_has_no_value_is_not_tried() {
    let mut slack = channel(To::Slack {
        url: Address::new(""),
    });
    slack.missing.insert("SLACK_URL".to_owned());
    let missed = send(&slack, &issue()).await.unwrap_err();
    assert!(
        missed.refused && missed.reason.contains("SLACK_URL"),
        "{missed:?}"
    );
}
