//! Maintenance, which applications learn of by the built-in flag.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use turnback_core::flag::{Change, Maintenance};
use turnback_core::guard::Moment;
use turnback_core::plan::parse_duration;

use crate::access::{Operator, Viewer};
use crate::acts;
use crate::edges::Refusal;
use crate::flags::Serving;
use crate::model::{MaintenanceState, SetMaintenance};
use crate::problem::Problem;
use crate::request::Body;
use crate::server::Shared;

/// What users are told where nothing is said.
const MESSAGE: &str = "Down for maintenance.";

/// Whether there is maintenance. While there is, and its end is known, `Retry-After` says in how
/// many seconds it is expected.
#[utoipa::path(
    get,
    path = "/maintenance",
    tag = "maintenance",
    responses((status = 200, body = MaintenanceState, headers(("Retry-After" = Option<u64>, description = "Whole seconds"))))
)]
pub(super) async fn show(State(server): State<Shared>, _: Viewer) -> Result<Response, Problem> {
    answer(&server).await
}

/// Announces maintenance, or ends it.
#[utoipa::path(
    post,
    path = "/maintenance",
    tag = "maintenance",
    request_body = SetMaintenance,
    responses((status = 200, body = MaintenanceState), (status = 422, body = Problem))
)]
pub(super) async fn set(
    State(server): State<Shared>,
    Operator(actor): Operator,
    Body(new): Body<SetMaintenance>,
) -> Result<Response, Problem> {
    let (action, maintenance) = if new.on {
        let until = new.until.as_deref().map(moment).transpose()?;
        let message = new.message.unwrap_or_else(|| MESSAGE.to_owned());
        ("maintenance.on", Some(Maintenance { message, until }))
    } else {
        ("maintenance.off", None)
    };
    let change = (action, Change::Maintenance(maintenance));
    acts::flags(&server, &actor, change, None, new.why).await?;
    answer(&server).await
}

async fn answer(server: &Shared) -> Result<Response, Problem> {
    let maintenance = Serving::now(server).await?.stored.set.maintenance();
    let left = maintenance.as_ref().and_then(|one| one.left(now()));
    let state = MaintenanceState {
        on: maintenance.is_some(),
        until: maintenance
            .as_ref()
            .and_then(|one| one.until)
            .map(Moment::rfc3339),
        message: maintenance.map(|one| one.message),
    };
    let mut response = Json(state).into_response();
    if let Some(left) = left {
        // Whole seconds, and never sooner than it ends.
        let seconds = left.as_millis().div_ceil(1_000);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

fn moment(text: &str) -> Result<Moment, Refusal> {
    let moment = match parse_duration(text) {
        Some(time) => Some(now() + time),
        None => Moment::from_rfc3339(text),
    };
    let moment = moment.ok_or_else(|| {
        Refusal::invalid(format!(
            "`until` is expected to say how long it takes (30m, 2h) or a time in UTC (2026-11-21T22:00:00.000Z), and says {text:?}"
        ))
    })?;
    if moment <= now() {
        return Err(Refusal::invalid("maintenance is said to end in the past"));
    }
    Ok(moment)
}

fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    Moment(millis.try_into().unwrap_or(u64::MAX))
}
