//! The flag service: flags as applications ask for them.

use axum::Router;

use crate::server::Shared;

/// Routes of the flag service.
pub fn routes() -> Router<Shared> {
    Router::new()
}
