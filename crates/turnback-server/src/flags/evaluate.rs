//! Single and bulk evaluation.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use turnback_core::flag::{Context, ErrorCode};

use super::answer::{Failed, body};
use super::asker::Asker;
use super::{Serving, stream};
use crate::problem::Problem;
use crate::server::Shared;

/// One flag, for a context that the request holds.
pub(super) async fn one(
    State(server): State<Shared>,
    key: Result<Path<String>, PathRejection>,
    asker: Result<Asker, Failed>,
    request: Result<Bytes, BytesRejection>,
) -> Result<Response, Failed> {
    let Path(key) = key.map_err(Problem::from)?;
    asker.map_err(|failed| failed.about(&key))?;
    let context = context(request).map_err(|failed| failed.about(&key))?;
    let served = Serving::now(&server).await.map_err(Problem::from)?;
    let answer = served.stored.set.evaluate(&key, &context, now())?;
    Ok(Json(body(&Ok(answer))).into_response())
}

/// What an event has told the client that asks again.
#[derive(Deserialize)]
pub(super) struct Told {
    #[serde(rename = "flagConfigEtag")]
    etag: Option<String>,
}

/// Every flag, with an entity tag over all that is answered: a client that has it is told that
/// nothing is new (RFC 9110, 13.1.2).
pub(super) async fn all(
    State(server): State<Shared>,
    _: Asker,
    Query(told): Query<Told>,
    headers: HeaderMap,
    request: Result<Bytes, BytesRejection>,
) -> Result<Response, Failed> {
    let context = context(request)?;
    Serving::now(&server).await.map_err(Problem::from)?;
    if let Some(etag) = told.etag {
        stream::caught_up(&server, &etag).await;
    }
    let served = Serving::now(&server).await.map_err(Problem::from)?;
    let set = &served.stored.set;
    let flags: Vec<Value> = set.evaluate_all(&context, now()).iter().map(body).collect();
    let answer = json!({
        "flags": flags,
        "metadata": set.metadata(),
        "eventStreams": [stream::advertised(&server)],
    });
    let answer = serde_json::to_vec(&answer).unwrap_or_default();
    let tag = format!("\"{}\"", short(&Sha256::digest(&answer)));
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|tags| is_among(&tag, tags));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], answer).into_response()
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Whether an entity tag is among those of `If-None-Match`, weakly compared (RFC 9110, 8.8.3.2).
fn is_among(tag: &str, tags: &str) -> bool {
    let opaque = |tag: &str| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag).to_owned()
    };
    tags.trim() == "*" || tags.split(',').any(|one| opaque(one) == tag)
}

/// The context of a request's body. None at all is a context that says nothing.
fn context(request: Result<Bytes, BytesRejection>) -> Result<Context, Failed> {
    let request =
        request.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
    if request.trim_ascii().is_empty() {
        return Ok(Context::default());
    }
    let request: Value = serde_json::from_slice(&request).map_err(|error| {
        Failed::bad_request(
            ErrorCode::ParseError,
            format!("expected a JSON object with `context`, but found no JSON: {error}"),
        )
    })?;
    let Value::Object(mut request) = request else {
        return Err(Failed::bad_request(
            ErrorCode::ParseError,
            "expected a JSON object with `context`, but found something else",
        ));
    };
    let attributes = match request.remove("context") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(attributes)) => attributes,
        Some(_) => {
            return Err(Failed::bad_request(
                ErrorCode::InvalidContext,
                "expected an object as `context`, but found something else",
            ));
        }
    };
    Context::new(attributes)
        .map_err(|details| Failed::bad_request(ErrorCode::InvalidContext, details))
}

/// As much of a sum as tells two apart.
fn short(sum: &[u8]) -> String {
    sum.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// In seconds since 1970-01-01 UTC.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
