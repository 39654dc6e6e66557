//! What can be asked for. Each is taken down in the audit log, with who and why.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::looks::Answer;
use crate::access::{Approver, Operator, Viewer};
use crate::acts;
use crate::model::{NewAnswer, NewRun, Order, Question, Run, SetThrottle, Throttle};
use crate::problem::Problem;
use crate::request::{Body, Path, Query};
use crate::server::Shared;

/// What a run that was taken on answers.
type Accepted = Result<(StatusCode, Json<Run>), Problem>;

fn accepted(run: Result<Run, Problem>) -> Accepted {
    Ok((StatusCode::ACCEPTED, Json(run?)))
}

/// How many.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct HowMany {
    /// As many at most: 1 to 1000, 50 where nothing is said.
    most: Option<u32>,
}

/// Runs, the last first.
#[utoipa::path(get, path = "/runs", tag = "runs", params(HowMany), responses((status = 200, body = Vec<Run>)))]
pub(super) async fn runs(
    State(server): State<Shared>,
    _: Viewer,
    Query(how): Query<HowMany>,
) -> Answer<Vec<Run>> {
    let most = how.most.unwrap_or(50).clamp(1, 1_000);
    Ok(Json(server.edges.acts.runs(most).await?))
}

/// Asks for a run: going forward, turning back, giving up the old shape. A way back stops what
/// goes forward at its next safe point; anything else waits for nobody and is refused while a run
/// is at work.
#[utoipa::path(
    post,
    path = "/runs",
    tag = "runs",
    request_body = NewRun,
    responses((status = 202, body = Run), (status = 409, body = Problem))
)]
pub(super) async fn start(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Body(new): Body<NewRun>,
) -> Accepted {
    accepted(acts::start(&server, &actor, new).await)
}

/// A run.
#[utoipa::path(
    get,
    path = "/runs/{number}",
    tag = "runs",
    params(("number" = i64, Path, description = "Its number")),
    responses((status = 200, body = Run), (status = 404, body = Problem))
)]
pub(super) async fn run(
    State(server): State<Shared>,
    _: Viewer,
    Path(number): Path<i64>,
) -> Answer<Run> {
    Ok(Json(server.edges.acts.run(number).await?))
}

/// Why something is done.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Because {
    /// Why.
    why: Option<String>,
}

/// Stops a run at its next safe point. The same request goes on from there.
#[utoipa::path(
    post,
    path = "/runs/{number}/stop",
    tag = "runs",
    params(("number" = i64, Path, description = "Its number")),
    request_body = Because,
    responses((status = 202, body = Run), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub(super) async fn stop(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Path(number): Path<i64>,
    Body(because): Body<Because>,
) -> Accepted {
    accepted(acts::stop(&server, &actor, number, because.why.as_deref()).await)
}

/// How to turn back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBack {
    /// `current` (where nothing is said), `previous`, `all`, or a phase: it and all after it.
    scope: Option<String>,
    /// Stop once `public` shows the old shape.
    #[serde(default)]
    keep_new_shape: bool,
    /// Drop the new shape even where the two do not agree.
    #[serde(default)]
    drop_anyway: bool,
    /// Leave the hooks of the plan out.
    #[serde(default)]
    no_hooks: bool,
    /// Leave the flags of canaries as they are.
    #[serde(default)]
    leave_flags: bool,
    /// Why.
    why: Option<String>,
}

/// Turns back: the same as a run with the command `back`.
#[utoipa::path(
    post,
    path = "/back",
    tag = "runs",
    request_body = NewBack,
    responses((status = 202, body = Run), (status = 409, body = Problem))
)]
pub(super) async fn back(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Body(back): Body<NewBack>,
) -> Accepted {
    let new = NewRun {
        order: Order::Back {
            scope: back.scope.unwrap_or_else(|| "current".to_owned()),
            keep_new_shape: back.keep_new_shape,
            drop_anyway: back.drop_anyway,
            no_hooks: back.no_hooks,
            leave_flags: back.leave_flags,
        },
        why: back.why,
    };
    accepted(acts::start(&server, &actor, new).await)
}

/// What to contract.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewContract {
    /// The last phase to contract; all that are cut over when absent.
    to: Option<String>,
    /// Why.
    why: Option<String>,
}

/// Gives up the old shape: the same as a run with the command `contract`.
#[utoipa::path(
    post,
    path = "/contract",
    tag = "runs",
    request_body = NewContract,
    responses((status = 202, body = Run), (status = 409, body = Problem))
)]
pub(super) async fn contract(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Body(contract): Body<NewContract>,
) -> Accepted {
    let new = NewRun {
        order: Order::Contract { to: contract.to },
        why: contract.why,
    };
    accepted(acts::start(&server, &actor, new).await)
}

/// Answers a question. Whoever answers is whose token it is.
#[utoipa::path(
    post,
    path = "/questions/{number}/answer",
    tag = "questions",
    params(("number" = i64, Path, description = "Its number")),
    request_body = NewAnswer,
    responses((status = 200, body = Question), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub(super) async fn answer(
    State(server): State<Shared>,
    Approver(actor): Approver,
    Path(number): Path<i64>,
    Body(new): Body<NewAnswer>,
) -> Answer<Question> {
    let answered = acts::answer(&server, &actor, number, new).await;
    Ok(Json(answered?))
}

/// What limits a backfill, and why it goes no faster.
#[utoipa::path(get, path = "/throttle", tag = "throttle", responses((status = 200, body = Throttle)))]
pub(super) async fn throttle(State(server): State<Shared>, _: Viewer) -> Answer<Throttle> {
    Ok(Json(server.edges.looks.throttle().await?))
}

/// Sets what limits a backfill, whether one is at work or not. What is left out is the plan's.
#[utoipa::path(
    put,
    path = "/throttle",
    tag = "throttle",
    request_body = SetThrottle,
    responses((status = 200, body = Throttle), (status = 422, body = Problem))
)]
pub(super) async fn set_throttle(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Body(wish): Body<SetThrottle>,
) -> Answer<Throttle> {
    let set = acts::throttle(&server, &actor, |_| wish).await;
    Ok(Json(set?))
}
