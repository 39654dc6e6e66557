//! How things stand.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Viewer;
use crate::model::{
    Baseline, Canary, Finding, Guard, Lead, Phase, Plan, Progress, Question, Samples, WayBack,
};
use crate::problem::Problem;
use crate::request::{Path, Query};
use crate::server::Shared;

/// What an edge's answer becomes.
pub(super) type Answer<T> = Result<Json<T>, Problem>;

/// The plan, as it was read when the process began.
#[utoipa::path(get, path = "/plan", tag = "state", responses((status = 200, body = Plan)))]
pub(super) async fn plan(State(server): State<Shared>, _: Viewer) -> Json<Plan> {
    Json(server.edges.looks.plan())
}

/// What preflight finds now. Looks at the target; changes nothing.
#[utoipa::path(get, path = "/findings", tag = "state", responses((status = 200, body = Vec<Finding>)))]
pub(super) async fn findings(State(server): State<Shared>, _: Viewer) -> Answer<Vec<Finding>> {
    Ok(Json(server.edges.looks.findings().await?))
}

/// Every phase, with its state and what can be done now.
#[utoipa::path(get, path = "/phases", tag = "state", responses((status = 200, body = Vec<Phase>)))]
pub(super) async fn phases(State(server): State<Shared>, _: Viewer) -> Answer<Vec<Phase>> {
    Ok(Json(server.edges.looks.phases().await?))
}

/// What is at work now; null where nothing is.
#[utoipa::path(get, path = "/progress", tag = "state", responses((status = 200, body = Option<Progress>)))]
pub(super) async fn progress(State(server): State<Shared>, _: Viewer) -> Answer<Option<Progress>> {
    Ok(Json(server.edges.looks.progress().await?))
}

/// Who leads among the processes that share the control store, and how this one stands to it.
#[utoipa::path(get, path = "/leader", tag = "state", responses((status = 200, body = Lead)))]
pub(super) async fn lead(State(server): State<Shared>, _: Viewer) -> Json<Lead> {
    Json(server.edges.looks.lead().await)
}

/// Every guard, with what it is told to find good and bad, and what it said last.
#[utoipa::path(get, path = "/guards", tag = "guards", responses((status = 200, body = Vec<Guard>)))]
pub(super) async fn guards(State(server): State<Shared>, _: Viewer) -> Answer<Vec<Guard>> {
    Ok(Json(server.edges.looks.guards().await?))
}

/// Which samples are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Samples since this moment (milliseconds since 1970).
    #[serde(default)]
    since: u64,
    /// As many at most: 1 to 5000, 500 where nothing is said.
    most: Option<u32>,
}

/// Canaries that are under way: their step, how long it holds yet or why its time does not count,
/// and for each of their guards the canary's figures beside the rest's.
#[utoipa::path(get, path = "/canaries", tag = "guards", responses((status = 200, body = Vec<Canary>)))]
pub(super) async fn canaries(State(server): State<Shared>, _: Viewer) -> Answer<Vec<Canary>> {
    Ok(Json(server.edges.looks.canaries().await?))
}

/// The last samples of a guard, oldest first. `NAME@rest` has those of the rest, where `NAME` is a
/// guard of a canary.
#[utoipa::path(
    get,
    path = "/guards/{guard}/samples",
    tag = "guards",
    params(("guard" = String, Path, description = "Its name"), Which),
    responses((status = 200, body = Samples), (status = 404, body = Problem))
)]
pub(super) async fn samples(
    State(server): State<Shared>,
    _: Viewer,
    Path(guard): Path<String>,
    Query(which): Query<Which>,
) -> Answer<Samples> {
    let most = which.most.unwrap_or(500).clamp(1, 5_000);
    let samples = server.edges.looks.samples(&guard, which.since, most);
    Ok(Json(samples.await?))
}

/// What was normal before each phase.
#[utoipa::path(get, path = "/baselines", tag = "guards", responses((status = 200, body = Vec<Baseline>)))]
pub(super) async fn baselines(State(server): State<Shared>, _: Viewer) -> Answer<Vec<Baseline>> {
    Ok(Json(server.edges.looks.baselines().await?))
}

/// Questions to people: those that are open, and the last that are closed.
#[utoipa::path(get, path = "/questions", tag = "questions", responses((status = 200, body = Vec<Question>)))]
pub(super) async fn questions(State(server): State<Shared>, _: Viewer) -> Answer<Vec<Question>> {
    Ok(Json(server.edges.looks.questions().await?))
}

/// How far back.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct HowFar {
    /// `current` (where nothing is said), `previous`, `all`, or a phase: it and all after it.
    scope: Option<String>,
}

/// What turning back would come to: which phases, what it costs, what it means for clients.
/// Changes nothing.
#[utoipa::path(
    get,
    path = "/back",
    tag = "runs",
    params(HowFar),
    responses((status = 200, body = WayBack))
)]
pub(super) async fn way_back(
    State(server): State<Shared>,
    _: Viewer,
    Query(far): Query<HowFar>,
) -> Answer<WayBack> {
    let scope = far.scope.unwrap_or_else(|| "current".to_owned());
    Ok(Json(server.edges.looks.way_back(&scope).await?))
}
