//! The one format of errors: problem details (RFC 9457), with what to do next.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::edges::{Refusal, RefusalKind};

/// The media type of problem details.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// After so many seconds it may be tried again.
const AGAIN: &str = "1";

/// What went wrong (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Its kind: `urn:turnback:problem:…`
    #[serde(rename = "type")]
    pub kind: String,
    /// Its kind, in words.
    pub title: String,
    /// The status of the response.
    pub status: u16,
    /// What happened, and what is safe, as sentences.
    pub detail: String,
    /// What to do next, where there is something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Problem {
    /// A problem of a status, with what happened.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = title(status);
        Self {
            kind: format!("urn:turnback:problem:{}", title.replace(' ', "-")),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            next: None,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Nobody has said who they are.
    pub fn unknown_caller() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "this takes a token, and none that is good was given",
        )
        .next("Send `Authorization: Bearer TOKEN`; `turnback token create --role viewer --name NAME` makes one.")
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// A word or three for each status that occurs.
fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "bad request",
        401 => "not signed in",
        403 => "not allowed",
        404 => "not there",
        405 => "wrong method",
        408 => "request too slow",
        409 => "not as things stand",
        413 => "too large",
        415 => "wrong media type",
        422 => "makes no sense",
        429 => "too many requests",
        503 => "not now",
        _ => "failed",
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.kind {
            RefusalKind::NotThere => StatusCode::NOT_FOUND,
            RefusalKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            RefusalKind::Conflict => StatusCode::CONFLICT,
            RefusalKind::Forbidden => StatusCode::FORBIDDEN,
            RefusalKind::NotNow => StatusCode::SERVICE_UNAVAILABLE,
            RefusalKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            next: refusal.next,
            ..Self::new(status, refusal.what)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(AGAIN));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"turnback\""),
                );
            }
            _ => {}
        }
        response
    }
}
