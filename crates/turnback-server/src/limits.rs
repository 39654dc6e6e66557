//! How much is borne: requests at once, listeners, sizes, times. What is too much is refused at
//! once, so that nothing piles up.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::problem::Problem;
use crate::server::Shared;

/// How much is borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests that are worked on at once.
    pub at_once: usize,
    /// Listeners to events at once.
    pub listeners: usize,
    /// Bytes of a request's body.
    pub body: usize,
    /// Requests for flags by one caller in one second.
    pub evaluations: u32,
    /// How long a request may take, until its response begins.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_once: 256,
            listeners: 1_000,
            body: 256 * 1024,
            evaluations: 20_000,
            time: Duration::from_secs(20),
        }
    }
}

/// Places for requests that are worked on at once.
#[derive(Clone, Debug)]
pub(crate) struct Places(Arc<Semaphore>);

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count)))
    }
}

/// Refuses what there is no place for.
pub(crate) async fn one_of_few(
    State(server): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_place) = server.places.0.try_acquire() else {
        return Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "more is asked at once than this process works on; nothing was done",
        )
        .next("Ask again in a moment.")
        .into_response();
    };
    next.run(request).await
}

/// Gives up what takes too long. The work of an edge ends with it.
pub(crate) async fn in_time(
    State(server): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let limit = server.limits.time;
    tokio::time::timeout(limit, next.run(request))
        .await
        .unwrap_or_else(|_| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("no answer was found within {} s", limit.as_secs_f64()),
            )
            .next("`GET /ready` says whether the target and the control store answer.")
            .into_response()
        })
}
