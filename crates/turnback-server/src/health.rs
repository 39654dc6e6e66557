//! Whether the process is alive, whether it can do its work, and which it is.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::metrics;
use crate::model::Check;
use crate::server::Shared;

/// That the process is alive. It touches nothing, and so holds while everything else is busy.
pub(crate) fn alive() -> Router<Shared> {
    Router::new().route("/health", get(health))
}

/// What asks the edges.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/ready", get(ready))
        .route("/api/version", get(version))
        .route("/metrics", get(metrics::show))
}

async fn health() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "alive\n")
}

/// What must hold for the process to do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether all of it holds.
    pub ready: bool,
    /// Each, with why it does not hold.
    pub checks: Vec<Check>,
}

async fn ready(State(server): State<Shared>) -> Response {
    let checks = server.edges.looks.ready().await;
    let ready = checks.iter().all(|check| check.failure.is_none());
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut response = (status, Json(Readiness { ready, checks })).into_response();
    if !ready {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
    }
    response
}

/// Which turnback this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// `turnback`
    pub name: String,
    /// Its version.
    pub version: String,
    /// Versions of the API that it speaks.
    pub api: Vec<String>,
}

async fn version(State(server): State<Shared>) -> Json<Version> {
    Json(Version {
        name: "turnback".to_owned(),
        version: server.version.to_owned(),
        api: vec!["v1".to_owned()],
    })
}
