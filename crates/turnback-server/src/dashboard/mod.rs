//! The dashboard: pages for those who watch a change and decide.
//!
//! Pages are drawn on the server, charts too, and work without script. [`view`] holds what each
//! page shows as plain data; templates only put it in place.

pub mod assets;
pub mod view;

use axum::Router;

use crate::server::Shared;

/// Routes of the dashboard.
pub fn routes() -> Router<Shared> {
    Router::new()
}
