//! Whether the process is alive, whether it can do its work, and which it is.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::join;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::metrics;
use crate::model::{Check, Lead, LeadRole};
use crate::server::Shared;

/// That the process is alive. It touches nothing, and so holds while everything else is busy.
pub(crate) fn alive() -> Router<Shared> {
    Router::new().route("/health", get(health))
}

/// What asks the edges.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/ready", get(ready))
        .route("/leader", get(leader))
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
    /// Who leads. One that stands by is ready, too: it serves all that the other does, and hands
    /// what it is asked for to it.
    pub lead: Lead,
}

async fn ready(State(server): State<Shared>) -> Response {
    let looks = &server.edges.looks;
    let (checks, lead) = join(looks.ready(), looks.lead()).await;
    let ready = checks.iter().all(|check| check.failure.is_none());
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = Readiness {
        ready,
        checks,
        lead,
    };
    later_where_not(ready, (status, Json(body)).into_response())
}

/// For whoever wants the one that leads and no other, such as a load balancer in front of people:
/// only there every word of a run is said at once.
async fn leader(State(server): State<Shared>) -> Response {
    let lead = server.edges.looks.lead().await;
    let leads = lead.role == LeadRole::Leads;
    let status = if leads {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    later_where_not(leads, (status, Json(lead)).into_response())
}

fn later_where_not(holds: bool, mut response: Response) -> Response {
    if !holds {
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
