//! Probes that ask others than the target.

mod alertmanager;
mod command;
mod http;
mod prometheus;

use std::collections::BTreeMap;
use std::time::Duration;

use turnback_core::guard::{Probe, Reading};
use turnback_core::notify::{Method, Request};
use turnback_core::secret::{Address, Secret};

use crate::http::{Http, NoAnswer};

/// Runs probes over HTTP and by commands.
#[derive(Clone, Debug)]
pub struct Prober {
    http: Http,
}

impl Prober {
    /// Runs probes with this client.
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    /// Runs a probe once, and waits for it no longer than this; nothing for probes of the target
    /// itself, which are not run here.
    ///
    /// What fails or takes too long is [`Reading::Failed`], with a sentence that holds no secret.
    pub async fn read(&self, probe: &Probe, timeout: Duration) -> Option<Reading> {
        Some(match probe {
            Probe::BuiltIn(_) | Probe::OfRole(..) | Probe::Sql(_) => return None,
            Probe::Prometheus { url, query } => {
                prometheus::read(&self.http, url, query, timeout).await
            }
            Probe::Http(probe) => http::read(&self.http, probe, timeout).await,
            Probe::Alertmanager { url, labels } => {
                alertmanager::read(&self.http, url, labels, timeout).await
            }
            Probe::Command { run, number } => command::read(run, *number, timeout).await,
        })
    }
}

/// A request that only asks.
fn get(url: Address, headers: BTreeMap<String, Secret>) -> Request {
    Request {
        url,
        method: Method::Get,
        headers,
        body: None,
        expect: vec![],
    }
}

/// The address of an API below a server's.
fn below(server: &Address, path: &str, query: &[(&str, &str)]) -> Result<Address, Reading> {
    let base = format!("{}{path}", server.expose_secret().trim_end_matches('/'));
    let mut url = reqwest::Url::parse(&base).map_err(|error| {
        Reading::Failed(format!("the address {server} cannot be read: {error}"))
    })?;
    url.query_pairs_mut().extend_pairs(query);
    Ok(Address::new(url))
}

/// Asks for JSON.
async fn json(
    http: &Http,
    request: &Request,
    timeout: Duration,
) -> Result<(u16, serde_json::Value), Reading> {
    let answer = http
        .send(request, timeout)
        .await
        .map_err(|error: NoAnswer| Reading::Failed(error.reason().to_owned()))?;
    let status = answer.status;
    serde_json::from_slice(&answer.body)
        .map(|json| (status, json))
        .map_err(|_| {
            Reading::Failed(format!(
                "{} answered with status {status}, and not with JSON",
                request.url
            ))
        })
}
