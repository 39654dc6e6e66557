//! Probes of real servers, and of those that fail or hang.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use turnback_core::guard::{Expected, HttpProbe, Probe, Reading};
use turnback_core::secret::{Address, Secret};
use turnback_outbound::Prober;

use super::counterpart::Counterpart;
use super::http;

const LONG: Duration = Duration::from_secs(60);

async fn read(probe: &Probe, timeout: Duration) -> Reading {
    let reading = Prober::new(http()).read(probe, timeout).await;
    reading.expect("it is a probe of others than the target")
}

fn asks(url: &str, expected: Expected) -> Probe {
    Probe::Http(HttpProbe {
        url: Address::new(url),
        headers: BTreeMap::from([("X-Key".to_owned(), Secret::new("s3cret-key"))]),
        expected,
    })
}

fn values(reading: &Reading) -> Vec<f64> {
    match reading {
        Reading::Measured(values) => values.iter().map(|value| value.value).collect(),
        other => panic!("nothing was measured: {other:?}"),
    }
}

fn why(reading: Reading) -> String {
    match reading {
        Reading::Failed(why) => why,
        other => panic!("it did not fail: {other:?}"),
    }
}

#[tokio::test]
async fn prometheus_is_asked_for_one_value_of_each_series() {
    let directory = tempfile::tempdir().unwrap();
    let Some(prometheus) = Counterpart::prometheus(directory.path()).await else {
        return;
    };
    let ask = async |query: &str| {
        let probe = Probe::Prometheus {
            url: Address::new(prometheus.url()),
            query: query.to_owned(),
        };
        read(&probe, LONG).await
    };
    assert_eq!(values(&ask("1 + 1").await), [2.0]);
    assert_eq!(ask("nobody_measures_this").await, Reading::NoData);
    assert_eq!(ask("vector(0) / 0").await, Reading::NoData);
    assert_eq!(values(&ask("vector(1) / 0").await), [f64::MAX]);
    assert!(why(ask("sum(").await).contains("parse error"));
    assert!(why(ask("up[1m]").await).contains("avg_over_time"));
    // It has looked at itself before long.
    let begun = Instant::now();
    let up = loop {
        match ask("up").await {
            Reading::Measured(values) => break values,
            _ if begun.elapsed() < LONG => tokio::task::yield_now().await,
            other => panic!("it does not watch itself: {other:?}"),
        }
    };
    let object = up[0].object.as_deref().unwrap_or_default();
    assert!(object.starts_with("up{instance=\"127.0.0.1:"), "{object}");
    assert!(object.contains("job=\"self\""), "{object}");
}

#[tokio::test]
async fn alertmanager_is_asked_how_many_alerts_are_firing() {
    let directory = tempfile::tempdir().unwrap();
    let Some(alertmanager) = Counterpart::alertmanager(directory.path()).await else {
        return;
    };
    let count = async |labels: &[(&str, &str)]| {
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let probe = Probe::Alertmanager {
            url: Address::new(alertmanager.url()),
            labels: labels.collect(),
        };
        values(&read(&probe, LONG).await)
    };
    assert_eq!(count(&[]).await, [0.0]);
    let alerts = r#"[{"labels": {"alertname": "a", "team": "it's \"ours\""}}, {"labels": {"alertname": "b"}}]"#;
    let sent = reqwest::Client::new()
        .post(format!("{}/api/v2/alerts", alertmanager.url()))
        .header("Content-Type", "application/json")
        .body(alerts)
        .send()
        .await
        .unwrap();
    assert!(sent.status().is_success());
    assert_eq!(count(&[]).await, [2.0]);
    assert_eq!(
        count(&[("alertname", "a"), ("team", "it's \"ours\"")]).await,
        [1.0]
    );
    assert_eq!(count(&[("alertname", "c")]).await, [0.0]);
}

#[tokio::test]
async fn a_request_measures_failure_latency_or_a_number_of_its_answer() {
    let mut receiver = Counterpart::receiver();
    let url = receiver.url();
    let at = |path: &str| format!("{url}{path}");
    let ok = asks(&at("/health"), Expected::Failure);
    assert_eq!(values(&read(&ok, LONG).await), [0.0]);
    let down = asks(&at("/status/503"), Expected::Failure);
    assert_eq!(values(&read(&down, LONG).await), [1.0]);
    let moved = asks(&at("/redirect"), Expected::Failure);
    assert_eq!(values(&read(&moved, LONG).await), [1.0]);
    let latency = values(&read(&asks(&at("/x"), Expected::Latency), LONG).await);
    assert!(latency[0] > 0.0 && latency[0] < LONG.as_secs_f64());
    let quick_error = read(&asks(&at("/status/500"), Expected::Latency), LONG).await;
    assert!(why(quick_error).contains("status 500"));
    let length = asks(
        &at("/json?{%22queue%22:{%22length%22:17}}"),
        Expected::Json("/queue/length".to_owned()),
    );
    assert_eq!(values(&read(&length, LONG).await), [17.0]);
    let words = read(
        &asks(&at("/json?words"), Expected::Json(String::new())),
        LONG,
    )
    .await;
    assert!(why(words).contains("not with JSON"));
    assert_eq!(receiver.next()["headers"]["x-key"], "s3cret-key");
}

#[tokio::test]
async fn a_server_that_hangs_is_a_failure_after_the_time_limit() {
    let receiver = Counterpart::receiver();
    let limit = Duration::from_millis(300);
    let url = format!("{}/hang?token=s3cret-key", receiver.url());
    let probes = [
        asks(&url, Expected::Latency),
        asks(&url, Expected::Json(String::new())),
        Probe::Prometheus {
            url: Address::new(url.replace("?", "/x?")),
            query: "up".to_owned(),
        },
    ];
    for probe in probes {
        let why = why(read(&probe, limit).await);
        assert!(why.contains("did not answer within 0.3 s"), "{why}");
        assert!(!why.contains("s3cret"), "{why}");
    }
    assert_eq!(
        values(&read(&asks(&url, Expected::Failure), limit).await),
        [1.0]
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_secrets() {
    let url = "http://app:s3cret@127.0.0.1:1/s3cret?token=s3cret";
    let gone = why(read(&asks(url, Expected::Latency), LONG).await);
    assert!(
        gone.contains("127.0.0.1:1") && gone.contains("refused"),
        "{gone}"
    );
    assert!(!gone.contains("s3cret") && !gone.contains("app:"), "{gone}");
    assert_eq!(
        values(&read(&asks(url, Expected::Failure), LONG).await),
        [1.0]
    );
    // A request that cannot be sent says nothing about the server.
    let nonsense = read(&asks("http://[s3cret", Expected::Failure), LONG).await;
    assert!(!why(nonsense).contains("s3cret"));
}

fn command(script: &str, number: bool) -> Probe {
    Probe::Command {
        run: ["sh", "-c", script].map(str::to_owned).to_vec(),
        number,
    }
}

#[tokio::test]
async fn a_command_measures_its_exit_code_or_the_number_it_prints() {
    assert_eq!(values(&read(&command("exit 3", false), LONG).await), [3.0]);
    assert_eq!(
        values(&read(&command("echo ' 2.5 '", true), LONG).await),
        [2.5]
    );
    assert_eq!(read(&command("true", true), LONG).await, Reading::NoData);
    assert_eq!(
        read(&command("echo NaN", true), LONG).await,
        Reading::NoData
    );
    let words = why(read(&command("echo many", true), LONG).await);
    assert!(words.contains("`many`"), "{words}");
    let failed = why(read(
        &command("echo 'password=s3cret no' >&2; exit 2", true),
        LONG,
    )
    .await);
    assert!(
        failed.contains("exit code 2") && !failed.contains("s3cret"),
        "{failed}"
    );
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_and_is_a_failure() {
    let hung = read(
        &command("sleep 600 & wait", false),
        Duration::from_millis(300),
    )
    .await;
    assert!(why(hung).contains("did not end within 0.3 s"));
}

#[tokio::test]
async fn probes_of_the_target_are_left_to_others() {
    let sql = Probe::Sql("SELECT 1".to_owned());
    assert_eq!(Prober::new(http()).read(&sql, LONG).await, None);
}
