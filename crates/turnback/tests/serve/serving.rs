//! A serving process, and requests to it.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::world::{Ran, Running, World};

/// Longer than anything in these tests takes.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(20);

/// A serving process.
pub struct Serving {
    /// The process.
    pub running: Running,
    /// Where it listens.
    pub url: String,
    /// Sends requests.
    pub client: reqwest::Client,
}

/// An answer.
pub struct Got {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: String,
}

impl Got {
    /// The body as JSON.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

impl Serving {
    /// Starts it on a port of its own, and waits until it listens.
    pub async fn start(world: &World, more: &[&str]) -> Self {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        Self::of(world.start(&arguments)).await
    }

    /// Waits until a process listens that was started.
    pub async fn of(mut running: Running) -> Self {
        running.until_said("listening at ").await;
        let said = running.said();
        let url = said
            .split("listening at ")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next())
            .expect("it says where")
            .to_owned();
        // The first to ask for TLS in a process decides.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .danger_accept_invalid_certs(true)
            .build()
            .expect("requests can be sent");
        Self {
            running,
            url,
            client,
        }
    }

    /// Sends `METHOD PATH`, with a token and a body where they are given.
    pub async fn ask(&self, what: &str, token: Option<&str>, body: Option<Json>) -> Got {
        let (method, path) = what.split_once(' ').expect("METHOD PATH");
        let method: Method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.expect("it answers");
        let status = answer.status();
        let body = answer.text().await.expect("the body comes");
        Got { status, body }
    }

    /// Who leads, as this one says.
    pub async fn lead(&self) -> Json {
        let got = self.ask("GET /ready", None, None).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.body);
        got.json()["lead"].clone()
    }

    /// Asks for a run, which must be taken on; gives its number.
    pub async fn order(&self, order: Json) -> i64 {
        let body = json!({ "order": order, "why": "a test" });
        let got = self.ask("POST /api/v1/runs", None, Some(body)).await;
        assert_eq!(got.status, StatusCode::ACCEPTED, "{}", got.body);
        got.json()["number"].as_i64().expect("it has a number")
    }

    /// Waits until a run has ended, and gives it.
    pub async fn ended(&mut self, run: i64) -> Json {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let got = self
                .ask(&format!("GET /api/v1/runs/{run}"), None, None)
                .await;
            let shown = got.json();
            if shown["state"] == "ended" {
                return shown;
            }
            let said = self.running.said();
            assert!(
                Instant::now() < deadline,
                "run {run} goes on: {shown}\n{said}"
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Asks it to end, as a service manager does, and waits for that.
    pub async fn end(self) -> Ran {
        self.running.signal("TERM");
        self.running.ended().await
    }
}

/// Makes a token.
pub async fn token(world: &World, role: &str, name: &str) -> String {
    // As scripts have it: on its own, and not between lines that go to people.
    let create = ["token", "create", "--role", role, "--name", name, "--json"];
    let made: Json = serde_json::from_str(&world.must(&create, 0).await).expect("it is JSON");
    made["token"].as_str().expect("it is shown").to_owned()
}
