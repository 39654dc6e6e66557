//! More than it bears: what is too much is refused with a time to come back, or closed; nothing piles
//! up, a run that is watched goes on, and afterwards all is well.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

use crate::serving::Serving;
use crate::watched::{CUT_OVER, Watched};
use crate::world::Running;

/// Longer than anything in these tests takes.
const PATIENCE: Duration = Duration::from_secs(120);
/// Any number above 5 is a breach, at the first sample.
const GUARD: &str = "critical: \"> 5\"";

/// A phase that is cut over and bakes, in a process that serves.
async fn baking(watched: &Watched, serving: &Serving) -> i64 {
    let run = serving.order(json!({ "command": "up" })).await;
    watched.world.until(CUT_OVER).await;
    run
}

/// A client that says this much and no more, and listens until it is hung up on: what it heard.
async fn says(address: String, words: &'static str) -> String {
    let Ok(mut connection) = TcpStream::connect(address).await else {
        return String::new();
    };
    let mut heard = Vec::new();
    // It may have been closed before: that is an answer, too.
    let _ = connection.write_all(words.as_bytes()).await;
    let ended = timeout(PATIENCE, connection.read_to_end(&mut heard)).await;
    assert!(ended.is_ok(), "nobody hung up on {words:?}");
    String::from_utf8_lossy(&heard).into_owned()
}

fn address(serving: &Serving) -> String {
    serving.url.trim_start_matches("http://").to_owned()
}

/// The guard's breach is still seen, and the run turns back.
async fn still_turns_back(watched: &Watched) {
    watched.measures("7");
    let is_back = format!("SELECT NOT ({CUT_OVER})");
    watched.world.until(&is_back).await;
    // With the old shape, the old values: so that turning back is found to have helped.
    watched.measures("0");
}

/// All is well again.
async fn is_well(mut serving: Serving, run: i64) {
    assert_eq!(serving.ended(run).await["exit_code"], 5);
    for path in ["GET /ready", "GET /api/v1/phases", "GET /"] {
        let got = serving.ask(path, None, None).await;
        assert_eq!(got.status, StatusCode::OK, "{path}: {}", got.body);
    }
    let ran = serving.end().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_requests_than_it_works_on_are_refused_and_the_watch_goes_on() {
    let watched = Watched::new("overload", GUARD, "do: rollback").await;
    let serving = Serving::start(&watched.world, &[]).await;
    let run = baking(&watched, &serving).await;
    // Each promises a body, and sends none of it: a place is taken until its time is over.
    let slow = "POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 100\r\nConnection: close\r\n\r\n";
    let clients: Vec<_> = (0..280)
        .map(|_| tokio::spawn(says(address(&serving), slow)))
        .collect();
    still_turns_back(&watched).await;
    let got = serving.ask("GET /health", None, None).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.body);
    let mut at_once = 0;
    for client in clients {
        let heard = client.await.expect("it came to its end").to_lowercase();
        assert!(heard.starts_with("http/1.1 503"), "{heard}");
        let wait = heard.split("retry-after: ").nth(1).expect("it says when");
        let wait: String = wait.chars().take_while(char::is_ascii_digit).collect();
        assert!(wait.parse::<u64>().is_ok_and(|wait| wait > 0), "{heard}");
        at_once += usize::from(heard.contains("more is asked at once"));
    }
    assert!(at_once > 0, "nobody was refused at once");
    is_well(serving, run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_files_may_be_open_are_closed_and_the_watch_goes_on() {
    let watched = Watched::new("connected", GUARD, "do: rollback").await;
    let mut few_files = Command::new("sh");
    watched.world.place(&mut few_files);
    few_files.args([
        "-c",
        "ulimit -n 300 && exec \"$0\" serve --listen 127.0.0.1:0",
    ]);
    few_files.arg(env!("CARGO_BIN_EXE_turnback"));
    let serving = Serving::of(Running::start(few_files)).await;
    let run = baking(&watched, &serving).await;
    // Who says nothing, who begins and stops, and who stays when all was said.
    let clients: Vec<_> = (0..240)
        .map(|n| {
            let words = match n % 4 {
                0 => "",
                1 => "PRI * HTTP/2",
                2 => "GET /api/v1/phases HTTP/1.1\r\nHost: localhost\r\n",
                _ => "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
            };
            tokio::spawn(says(address(&serving), words))
        })
        .collect();
    still_turns_back(&watched).await;
    for client in clients {
        client.await.expect("it was hung up on");
    }
    is_well(serving, run).await;
}
