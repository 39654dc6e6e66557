//! Requests so far.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};

/// Requests so far, by method, route and status.
#[derive(Debug, Default)]
pub(crate) struct Requests(Mutex<BTreeMap<Kind, Tally>>);

/// Method, route and status.
pub(super) type Kind = (String, String, u16);

/// How many, and how long they took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) count: u64,
    pub(super) seconds: f64,
}

impl Requests {
    pub(crate) fn count(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        // Any word may stand for a method: those that nothing is for are one.
        let method = match *method {
            Method::GET | Method::POST | Method::PUT | Method::DELETE | Method::HEAD => {
                method.to_string()
            }
            _ => "other".to_owned(),
        };
        let key = (method, route.to_owned(), status.as_u16());
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = requests.entry(key).or_default();
        tally.count += 1;
        tally.seconds += took.as_secs_f64();
    }

    pub(super) fn all(&self) -> BTreeMap<Kind, Tally> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
