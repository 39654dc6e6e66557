//! The dashboard: pages for people.

use axum::Router;

use crate::server::Shared;

/// Routes of the dashboard.
pub fn routes() -> Router<Shared> {
    Router::new()
}
