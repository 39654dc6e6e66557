//! Answers and errors in the form of OFREP 0.3.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use turnback_core::flag::{Answer, ErrorCode, Refusal};

use crate::problem::Problem;

/// A flag's value, or why there is none. `value` and `variant`, or `errorDetails`, are always
/// there: some clients read them without asking whether they are.
pub(super) fn body(outcome: &Result<Answer, Refusal>) -> Value {
    match outcome {
        Ok(answer) => json!({
            "key": answer.key,
            "value": answer.value,
            "variant": answer.variant,
            "reason": answer.reason.word(),
            "metadata": answer.metadata,
        }),
        Err(refusal) => json!({
            "key": refusal.key,
            "errorCode": refusal.code.word(),
            "errorDetails": refusal.details,
        }),
    }
}

/// Why a request has no answer.
#[derive(Debug)]
pub(super) struct Failed {
    status: StatusCode,
    /// The flag, where one was asked for.
    key: Option<String>,
    code: ErrorCode,
    details: String,
    /// After so many seconds it may be asked again.
    again: Option<u32>,
}

impl Failed {
    /// The request is at fault.
    pub(super) fn bad_request(code: ErrorCode, details: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            key: None,
            code,
            details: details.into(),
            again: None,
        }
    }

    /// More is asked than is borne.
    pub(super) fn too_many(details: impl Into<String>, again: u32) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            key: None,
            code: ErrorCode::General,
            details: details.into(),
            again: Some(again),
        }
    }

    /// Names the flag that was asked for.
    pub(super) fn about(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.code {
            ErrorCode::FlagNotFound => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        Self {
            status,
            key: Some(refusal.key),
            code: refusal.code,
            details: refusal.details,
            again: None,
        }
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        let status = problem.status();
        let details = match problem.next {
            Some(next) => format!("{}. {next}", problem.detail),
            None => problem.detail,
        };
        Self {
            status,
            key: None,
            code: ErrorCode::General,
            details,
            again: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        }
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let mut body = json!({
            "errorCode": self.code.word(),
            "errorDetails": self.details,
        });
        if let Some(key) = self.key {
            body["key"] = Value::String(key);
        }
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(again) = self.again {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(again));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let realm = HeaderValue::from_static("Bearer realm=\"turnback\"");
            headers.insert(header::WWW_AUTHENTICATE, realm);
        }
        response
    }
}
