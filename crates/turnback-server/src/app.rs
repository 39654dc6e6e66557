//! Every router of the process as one, testable without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

use crate::limits::{in_time, in_turn, one_of_few};
use crate::problem::Problem;
use crate::server::Shared;
use crate::{api, dashboard, flags, health};

/// As much of a plain error's text is taken over.
const TEXT: usize = 4_096;

/// Everything that is served. `/health` answers however busy the rest is.
pub fn app(server: Shared) -> Router {
    let limits = server.limits;
    let worked_on = Router::new()
        .merge(api::routes())
        .merge(flags::routes())
        .merge(health::routes())
        .layer(from_fn_with_state(server.clone(), one_of_few))
        .merge(dashboard::routes().layer(from_fn_with_state(server.clone(), in_turn)))
        .layer(from_fn_with_state(server.clone(), in_time))
        .layer(DefaultBodyLimit::max(limits.body))
        .layer(RequestBodyLimitLayer::new(limits.body));
    worked_on
        .merge(health::alive())
        .fallback(not_there)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(always_a_problem))
        .layer(from_fn_with_state(server.clone(), a_page_for_people))
        .layer(from_fn(safe_headers))
        .layer(from_fn_with_state(server.clone(), counted))
        .with_state(server)
}

async fn not_there(request: Request) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        format!("there is nothing at {}", request.uri().path()),
    )
    .next("`/api/v1/openapi.json` names every path of the API.")
}

async fn wrong_method(request: Request) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{} is not for {}", request.uri().path(), request.method()),
    )
    .next("The header `Allow` says what it is for.")
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "a defect in turnback; runs go on, and the database is as its ledger says",
    )
    .next("Please report it, with what the process has printed.")
    .into_response()
}

/// Errors of the framework come as plain text: makes problems of them, so that there is one
/// format. What has a format of its own (pages, OFREP) is left as it is.
async fn always_a_problem(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_none_or(|kind| kind.starts_with("text/plain"));
    if !plain {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, TEXT).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let detail = if text.trim().is_empty() {
        status.canonical_reason().unwrap_or("it failed").to_owned()
    } else {
        text.trim().to_owned()
    };
    let mut problem = Problem::new(status, detail).into_response();
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            problem.headers_mut().insert(name.clone(), value.clone());
        }
    }
    problem
}

/// Whoever asks for a page is told of a problem by a page.
async fn a_page_for_people(State(server): State<Shared>, request: Request, next: Next) -> Response {
    let wants_a_page = wants_a_page(request.headers());
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !wants_a_page || kind.is_none_or(|kind| kind != crate::problem::MEDIA_TYPE) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, TEXT).await.unwrap_or_default();
    let Ok(mut problem) = serde_json::from_slice::<Problem>(&text) else {
        return Response::from_parts(parts, Body::from(text));
    };
    if parts.status == StatusCode::NOT_FOUND {
        problem.next = Some("The overview leads to every page there is.".to_owned());
    }
    let mut page = dashboard::refused(&server, problem);
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            page.headers_mut()
                .entry(name)
                .or_insert_with(|| value.clone());
        }
    }
    page
}

/// As browsers ask for what they show: programs name JSON, or nothing in particular.
fn wants_a_page(headers: &axum::http::HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    let mut kinds = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.any(|kind| kind.eq_ignore_ascii_case("text/html"))
}

/// Headers that browsers heed (OWASP Secure Headers). A page may set a policy of its own.
async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response: Response<Body> = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn counted(State(server): State<Shared>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<axum::extract::MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let begun = std::time::Instant::now();
    let response = next.run(request).await;
    server.requests.count(
        &method,
        route.as_deref().unwrap_or("other"),
        response.status(),
        begun.elapsed(),
    );
    response
}
