//! How much is borne: requests at once, listeners, sizes, times. What is too much is refused at
//! once, so that nothing piles up.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::problem::Problem;
use crate::server::Shared;

/// How much is borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests that are worked on at once, pages aside.
    pub at_once: usize,
    /// Pages that are asked for at once.
    pub pages: usize,
    /// Pages that are drawn at once: the others wait for their turn, and flags not for them.
    pub drawn: usize,
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
            pages: 1_000,
            drawn: 8,
            listeners: 1_000,
            body: 256 * 1024,
            evaluations: 20_000,
            time: Duration::from_secs(20),
        }
    }
}

/// Places for requests that are worked on at once.
#[derive(Debug)]
pub(crate) struct Places {
    requests: Semaphore,
    pages: Semaphore,
    drawn: Semaphore,
}

impl Places {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            requests: Semaphore::new(limits.at_once),
            pages: Semaphore::new(limits.pages),
            drawn: Semaphore::new(limits.drawn),
        }
    }
}

/// Refuses what there is no place for.
pub(crate) async fn one_of_few(
    State(server): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_place) = server.places.requests.try_acquire() else {
        return too_much();
    };
    next.run(request).await
}

/// Pages take turns: one event makes every open dashboard look at once. What a form sends is a
/// request like others.
pub(crate) async fn in_turn(
    State(server): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return one_of_few(State(server), request, next).await;
    }
    let Ok(_waits) = server.places.pages.try_acquire() else {
        return too_much();
    };
    // It is never closed.
    let _drawn = server.places.drawn.acquire().await;
    next.run(request).await
}

fn too_much() -> Response {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "more is asked at once than this process works on; nothing was done",
    )
    .next("Ask again in a moment.")
    .into_response()
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
