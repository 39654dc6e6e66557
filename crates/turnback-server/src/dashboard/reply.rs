//! What a page's request is answered with.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::frame::outside;
use super::known::sentence;
use super::view::{Broken, ProblemPage};
use crate::problem::Problem;
use crate::server::Server;

/// Pages run one script and one style sheet, both of ours, and ask nobody else for anything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// A report is one file that holds its own styles and no script.
const REPORT: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; sandbox allow-same-origin";

/// A page.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => with_policy((status, Html(html)).into_response(), POLICY),
        // Templates write into memory, which does not fail.
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// A report, as it is.
pub(super) fn report(html: String) -> Response {
    with_policy(Html(html).into_response(), REPORT)
}

fn with_policy(mut response: Response, policy: &'static str) -> Response {
    let headers = response.headers_mut();
    let policy = HeaderValue::from_static(policy);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, store);
    response
}

/// A problem, as a page: whoever looks at pages is not shown JSON.
pub(crate) fn refused(server: &Server, problem: Problem) -> Response {
    let status = problem.status();
    let title = match status.as_u16() {
        403 => "Not allowed",
        404 => "Not there",
        405 => "Not for that",
        409 | 422 => "Not done",
        503 => "Not now",
        _ => "It failed",
    };
    let shown = ProblemPage {
        shell: outside(server, title),
        view: Broken {
            what: sentence(&problem.detail),
            safe: "Runs go on without this page, and the database is as its ledger says."
                .to_owned(),
            next: problem.next.as_deref().map(sentence).unwrap_or_default(),
        },
    };
    let mut response = page(status, &shown);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let again = HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, again);
    }
    response
}

/// On to another page; a form that was sent is not sent again by loading that page again.
pub(super) fn go(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}
