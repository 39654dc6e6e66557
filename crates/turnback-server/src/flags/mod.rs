//! The flag service: flags as applications ask for them, by OFREP 0.3
//! (<https://github.com/open-feature/protocol>).
//!
//! What is asked is answered from memory: [`Serving`] holds the definitions, and takes new ones when
//! they have changed, whoever changed them. No evaluation waits for the control store.

mod answer;
mod asker;
mod evaluate;
mod serving;
mod stream;

use axum::Router;
use axum::routing::{get, post};

pub use self::serving::Serving;
pub(crate) use self::serving::refusal;
use crate::server::Shared;

/// Where changes are told. Clients are told so in answers, and take it from there.
const EVENTS: &str = "/ofrep/v1/events";

/// Routes of the flag service.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/ofrep/v1/evaluate/flags", post(evaluate::all))
        .route("/ofrep/v1/evaluate/flags/{key}", post(evaluate::one))
        .route(EVENTS, get(stream::events))
}
