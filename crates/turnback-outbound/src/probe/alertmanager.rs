//! How many alerts are firing at an Alertmanager: neither silenced nor inhibited.
//!
//! <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>

use std::collections::BTreeMap;
use std::time::Duration;

use turnback_core::guard::Reading;
use turnback_core::notify::is_expected;
use turnback_core::secret::Address;

use super::{below, get, json};
use crate::http::Http;

pub(super) async fn read(
    http: &Http,
    server: &Address,
    labels: &BTreeMap<String, String>,
    timeout: Duration,
) -> Reading {
    let filters: Vec<String> = labels
        .iter()
        .map(|(label, value)| format!("{label}={}", quoted(value)))
        .collect();
    let mut parameters = vec![
        ("active", "true"),
        ("silenced", "false"),
        ("inhibited", "false"),
        ("unprocessed", "false"),
    ];
    parameters.extend(filters.iter().map(|filter| ("filter", filter.as_str())));
    let url = match below(server, "/api/v2/alerts", &parameters) {
        Ok(url) => url,
        Err(failed) => return failed,
    };
    match json(http, &get(url, BTreeMap::new()), timeout).await {
        Ok((status, answer)) if is_expected(&[], status) => match answer.as_array() {
            Some(alerts) => Reading::single(alerts.len() as f64),
            None => Reading::Failed(format!("what {server} answered is not a list of alerts")),
        },
        Ok((status, answer)) => Reading::Failed(format!(
            "Alertmanager at {server} answered with status {status}: {}",
            answer.as_str().unwrap_or("it does not say why")
        )),
        Err(failed) => failed,
    }
}

/// A value as matchers write it.
fn quoted(value: &str) -> String {
    let escaped = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}
