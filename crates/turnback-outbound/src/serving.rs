//! A serving process elsewhere: runs that are handed to it, and what becomes of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use turnback_core::notify::{Method, Request};
use turnback_core::secret::{Address, Secret};

use crate::http::{Http, NoAnswer};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A serving process elsewhere.
pub struct Serving {
    http: Http,
    url: String,
    token: Option<Secret>,
}

/// Why a serving process did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotServed {
    /// It cannot be reached, or is too busy: asking again may help.
    Away(String),
    /// It refused, as it says.
    Refused {
        /// The status of its answer.
        status: u16,
        /// What it said.
        detail: String,
        /// What to do next.
        next: Option<String>,
    },
}

impl Serving {
    /// At an address such as `https://turnback.example:7432`, with a token where it takes one.
    pub fn new(http: Http, url: &str, token: Option<String>) -> Self {
        Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            token: token.map(Secret::new),
        }
    }

    /// Where it is, without what may be secret.
    pub fn address(&self) -> String {
        Address::new(self.url.clone()).redacted()
    }

    /// Gets what is at a path of its API.
    ///
    /// # Errors
    ///
    /// When it cannot be reached, or refuses.
    pub async fn get(&self, path: &str) -> Result<Json, NotServed> {
        self.ask(Method::Get, path, None).await
    }

    /// Posts to a path of its API.
    ///
    /// # Errors
    ///
    /// When it cannot be reached, or refuses.
    pub async fn post(&self, path: &str, body: &Json) -> Result<Json, NotServed> {
        self.ask(Method::Post, path, Some(body)).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Json, NotServed> {
        let mut headers = BTreeMap::new();
        if let Some(token) = &self.token {
            let bearer = format!("Bearer {}", token.expose_secret());
            headers.insert("authorization".to_owned(), Secret::new(bearer));
        }
        if body.is_some() {
            let json = Secret::new("application/json");
            headers.insert("content-type".to_owned(), json);
        }
        let request = Request {
            method,
            url: Address::new(format!("{}/api/v1{path}", self.url)),
            headers,
            expect: vec![],
            body: body.map(|body| Secret::new(body.to_string())),
        };
        let answer = self.http.send(&request, PATIENCE).await;
        let answer = answer.map_err(|no: NoAnswer| NotServed::Away(no.reason().to_owned()))?;
        let body: Option<Json> = serde_json::from_slice(&answer.body).ok();
        let text = |name: &str| {
            let field = body.as_ref().and_then(|body| body.get(name)?.as_str());
            field.map(str::to_owned)
        };
        match (answer.status, &body) {
            (200..=299, Some(_)) => Ok(body.unwrap_or_default()),
            (502..=504, _) => {
                Err(NotServed::Away(text("detail").unwrap_or_else(|| {
                    format!("it answered {}", answer.status)
                })))
            }
            (status, _) => Err(NotServed::Refused {
                status,
                detail: text("detail")
                    .unwrap_or_else(|| format!("it answered {status}, and not as turnback does")),
                next: text("next"),
            }),
        }
    }
}
