//! Requests over HTTP, each with a time limit and an answer of bounded size.

use std::error::Error as _;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method as Verb, Url, redirect};
use turnback_core::hide::hide;
use turnback_core::notify::{Method, Request};

/// As much of an answer as is read, in bytes.
const MOST: usize = 1 << 20;

/// Sends requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
}

/// No request can be sent from this machine.
#[derive(Debug)]
pub struct NoHttp(String);

impl std::fmt::Display for NoHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no request can be sent from this machine: {}", self.0)
    }
}

impl std::error::Error for NoHttp {}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The first megabyte of it.
    pub(crate) body: Vec<u8>,
    /// How long the server asks to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// From sending to having the whole answer.
    pub(crate) took: Duration,
}

/// Why there is no answer. Both hold sentences without secrets.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The request cannot be sent as it is, to whomever.
    Unusable(String),
    /// The server cannot be reached, or did not answer in time.
    Unreachable(String),
}

impl NoAnswer {
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Unusable(reason) | Self::Unreachable(reason) => reason,
        }
    }
}

impl Http {
    /// Prepares to send: certificates of authorities are the system's (or those that
    /// `SSL_CERT_FILE` names), proxies those of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up.
    pub fn new() -> Result<Self, NoHttp> {
        // The first to ask for TLS in a process decides; whoever came before chose the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("turnback/", env!("CARGO_PKG_VERSION")))
            // A header with a key would follow to wherever the redirection leads.
            .redirect(redirect::Policy::none())
            // Each request finds out anew whether the server takes connections.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| NoHttp(root_of(&error)))?;
        Ok(Self { client })
    }

    /// Sends a request, and waits for the whole answer no longer than this.
    pub(crate) async fn send(
        &self,
        request: &Request,
        timeout: Duration,
    ) -> Result<Answer, NoAnswer> {
        let place = request.url.redacted();
        let prepared = self.prepared(request).map_err(|reason| {
            NoAnswer::Unusable(hide(
                &format!("the request to {place} cannot be sent: {reason}"),
                request.secrets(),
            ))
        })?;
        let begun = Instant::now();
        match tokio::time::timeout(timeout, answer(prepared, begun)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(NoAnswer::Unreachable(hide(
                &format!("{place} cannot be reached: {}", root_of(&error)),
                request.secrets(),
            ))),
            Err(_) => Err(NoAnswer::Unreachable(format!(
                "{place} did not answer within {} s",
                timeout.as_secs_f64()
            ))),
        }
    }

    fn prepared(&self, request: &Request) -> Result<reqwest::RequestBuilder, String> {
        let url = Url::parse(request.url.expose_secret())
            .map_err(|error| format!("its address cannot be read ({error})"))?;
        let verb = match request.method {
            Method::Get => Verb::GET,
            Method::Post => Verb::POST,
            Method::Put => Verb::PUT,
            Method::Patch => Verb::PATCH,
            Method::Delete => Verb::DELETE,
        };
        let mut prepared = self.client.request(verb, url);
        for (name, value) in &request.headers {
            let header = HeaderName::try_from(name.as_str())
                .map_err(|_| format!("`{name}` is not the name of a header"))?;
            let mut value = HeaderValue::try_from(value.expose_secret()).map_err(|_| {
                format!("the value of its header `{name}` holds signs that no header may")
            })?;
            value.set_sensitive(true);
            prepared = prepared.header(header, value);
        }
        if let Some(body) = &request.body {
            prepared = prepared.body(body.expose_secret().to_owned());
        }
        Ok(prepared)
    }
}

async fn answer(
    prepared: reqwest::RequestBuilder,
    begun: Instant,
) -> Result<Answer, reqwest::Error> {
    let mut response = prepared.send().await?;
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|seconds| seconds.trim().parse().ok())
        .map(Duration::from_secs);
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while body.len() < MOST
        && let Some(chunk) = response.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(MOST);
    Ok(Answer {
        status,
        body,
        retry_after,
        took: begun.elapsed(),
    })
}

/// The innermost cause: the others say only that something failed, and may name the address.
fn root_of(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut words = None;
    while let Some(inner) = cause {
        words = Some(inner.to_string());
        cause = inner.source();
    }
    words.unwrap_or_else(|| "it ended the connection".to_owned())
}
