//! Whoever asks for a page: who has to sign in first is led there.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::reply::{go, refused};
use crate::access::Actor;
use crate::server::Shared;

/// Somebody who may look.
pub(super) struct Caller(pub(super) Actor);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, Response> {
        match Actor::of(parts, server).await {
            Ok(actor) => Ok(Self(actor)),
            Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
                let then = if parts.method == Method::GET {
                    parts.uri.path()
                } else {
                    "/"
                };
                Err(go(&format!("/sign-in?then={then}")))
            }
            Err(problem) => Err(refused(server, problem)),
        }
    }
}
