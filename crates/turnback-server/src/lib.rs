//! HTTP API, dashboard, flag service and metrics of `turnback serve`.
//!
//! What it asks of the world goes through the small traits in [`edges`], so that [`app`] can be
//! tested without a socket, a database or a clock of its own. [`model`] is what they answer and
//! what the API says: plain data.

pub mod access;
mod acts;
mod api;
mod app;
pub mod audit;
mod connections;
pub mod dashboard;
pub mod edges;
pub mod events;
pub mod flags;
mod health;
mod limits;
mod metrics;
pub mod model;
mod outside;
pub mod problem;
mod request;
mod server;

pub use self::api::openapi;
pub use self::app::app;
pub use self::limits::Limits;
pub use self::outside::{Listening, Tls, TlsError, listen};
pub use self::server::{Server, Shared};
