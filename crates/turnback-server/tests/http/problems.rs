//! Whatever goes wrong comes in one format, with what to do next.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use turnback_server::edges::Refusal;
use turnback_server::{Limits, app};

use crate::fake::{Fake, Got, app_of, request, send};

fn is_problem(got: &Got, status: StatusCode) {
    assert_eq!(got.status, status, "{}", got.body);
    assert_eq!(got.header("content-type"), "application/problem+json");
    let problem = got.json();
    assert_eq!(problem["status"], status.as_u16());
    for field in ["type", "title", "detail"] {
        let text = problem[field].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{field} is missing in {}", got.body);
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_and_a_wrong_method_are_problems() {
    let app = app_of(&Fake::default());
    let got = send(&app, request("GET /nowhere", None, None)).await;
    is_problem(&got, StatusCode::NOT_FOUND);
    let got = send(&app, request("DELETE /api/v1/plan", None, None)).await;
    is_problem(&got, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(got.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn whoever_asks_for_a_page_is_told_by_a_page() {
    let app = app_of(&Fake::default());
    for (what, status, words) in [
        (
            "GET /nowhere",
            StatusCode::NOT_FOUND,
            "There is nothing at /nowhere.",
        ),
        (
            "GET /api/v1/nowhere",
            StatusCode::NOT_FOUND,
            "The overview leads to every page there is.",
        ),
        (
            "GET /stop",
            StatusCode::METHOD_NOT_ALLOWED,
            "/stop is not for GET.",
        ),
        ("GET /incidents/x", StatusCode::BAD_REQUEST, "href=\"/\""),
    ] {
        let mut asked = request(what, None, None);
        let accepted = "text/html,application/xhtml+xml,*/*;q=0.8";
        asked
            .headers_mut()
            .insert(header::ACCEPT, accepted.parse().expect("a header"));
        let got = send(&app, asked).await;
        assert_eq!(got.status, status, "{what}: {}", got.body);
        assert_eq!(got.header("content-type"), "text/html; charset=utf-8");
        assert!(got.body.contains(words), "{words} in:\n{}", got.body);
        assert!(got.header("content-security-policy").contains("style-src"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            assert_eq!(got.header("allow"), "POST");
        }
    }
}

#[tokio::test]
async fn a_target_that_is_away_is_a_problem_that_says_when_to_ask_again() {
    let fake = Fake::default();
    fake.world().down = Some(Refusal::not_now("the target is away").next("Look after it."));
    let got = send(&app_of(&fake), request("GET /api/v1/phases", None, None)).await;
    is_problem(&got, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(got.json()["next"], "Look after it.");
    assert!(got.header("retry-after").parse::<u32>().is_ok());
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let app = app_of(&Fake::default());
    let large = Request::builder()
        .method("POST")
        .uri("/api/v1/runs")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_LENGTH, 1 << 30)
        .body(Body::empty())
        .expect("a request");
    is_problem(&send(&app, large).await, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let fake = Fake::default();
    fake.world().held = Some(std::sync::Arc::new(tokio::sync::Semaphore::new(0)));
    let limits = Limits {
        time: std::time::Duration::from_millis(20),
        ..Limits::default()
    };
    let app = app(fake.server_with(true, limits));
    let got = send(&app, request("GET /api/v1/phases", None, None)).await;
    is_problem(&got, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn more_at_once_than_is_borne_is_refused_at_once_and_health_still_answers() {
    let fake = Fake::default();
    let held = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    fake.world().held = Some(held.clone());
    let limits = Limits {
        at_once: 1,
        ..Limits::default()
    };
    let app = app(fake.server_with(true, limits));
    let first = tokio::spawn({
        let app = app.clone();
        async move { send(&app, request("GET /api/v1/phases", None, None)).await }
    });
    let refused = loop {
        let got = send(&app, request("GET /api/v1/plan", None, None)).await;
        if got.status != StatusCode::OK {
            break got;
        }
        tokio::task::yield_now().await;
    };
    is_problem(&refused, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    let got = send(&app, request("GET /health", None, None)).await;
    assert_eq!(got.status, StatusCode::OK);
    held.add_permits(1);
    assert_eq!(first.await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn pages_that_wait_for_their_turn_keep_no_flag_waiting_and_one_too_many_is_refused() {
    let fake = Fake::default();
    let held = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    fake.world().held = Some(held.clone());
    let limits = Limits {
        pages: 2,
        drawn: 1,
        ..Limits::default()
    };
    let app = app(fake.server_with(true, limits));
    let look = || {
        let app = app.clone();
        tokio::spawn(async move { send(&app, request("GET /guards", None, None)).await })
    };
    let (drawn, waits) = (look(), look());
    // The third has no place once the two have theirs; until then it takes a turn itself.
    let refused = loop {
        let third = look();
        tokio::task::yield_now().await;
        if third.is_finished() {
            break third.await.unwrap();
        }
        third.abort();
    };
    is_problem(&refused, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    let who = serde_json::json!({ "context": { "targetingKey": "u1" } });
    let flags = request("POST /ofrep/v1/evaluate/flags", None, Some(who));
    assert_eq!(send(&app, flags).await.status, StatusCode::OK);
    held.close();
    for page in [drawn, waits] {
        assert_eq!(page.await.unwrap().status, StatusCode::OK);
    }
}
