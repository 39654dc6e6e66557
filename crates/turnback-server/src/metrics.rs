//! What Prometheus reads at `/metrics`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;

use crate::server::Shared;

/// Requests so far, by method, route and status; with the seconds they took.
#[derive(Debug, Default)]
pub(crate) struct Requests(Mutex<BTreeMap<Kind, Tally>>);

/// Method, route and status.
type Kind = (String, String, u16);

#[derive(Debug, Default)]
struct Tally {
    count: u64,
    seconds: f64,
}

impl Requests {
    pub(crate) fn count(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let key = (method.to_string(), route.to_owned(), status.as_u16());
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = requests.entry(key).or_default();
        tally.count += 1;
        tally.seconds += took.as_secs_f64();
    }
}

pub(crate) async fn show(State(_server): State<Shared>) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        "# EOF\n",
    )
}
