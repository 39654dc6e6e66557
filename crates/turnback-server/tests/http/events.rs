//! Whoever listens hears what happens, from where they were.

use axum::http::{HeaderValue, StatusCode};
use serde_json::json;
use turnback_server::events::Event;
use turnback_server::model::JournalEntry;
use turnback_server::{Limits, app};

use crate::fake::{Fake, request, send};

fn entry(number: i64) -> JournalEntry {
    JournalEntry {
        number,
        at: "2026-11-21T20:00:00.000Z".to_owned(),
        event: json!({ "event": "phase_became" }),
    }
}

fn told(number: i64) -> Event {
    Event {
        id: Some(number),
        name: "journal",
        data: format!("{{\"number\":{number}}}"),
    }
}

#[tokio::test]
async fn a_listener_that_comes_back_hears_what_it_has_missed_and_nothing_twice() {
    let fake = Fake::default();
    fake.world().journal = (1..=3).map(entry).collect();
    let server = fake.server();
    let app = app(server.clone());
    let mut again = request("GET /api/v1/events", None, None);
    again
        .headers_mut()
        .insert("last-event-id", HeaderValue::from_static("1"));
    let heard = tokio::spawn(async move { send(&app, again).await });
    while server.events.listeners() == 0 {
        tokio::task::yield_now().await;
    }
    // The third was read already when it is told.
    server.events.tell(told(3));
    server.events.tell(told(4));
    server.events.tell(Event {
        id: None,
        name: "progress",
        data: "{}".to_owned(),
    });
    server.events.close();
    let got = heard.await.unwrap();
    assert_eq!(got.header("content-type"), "text/event-stream");
    let ids: Vec<&str> = got
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .collect();
    assert!(ids.starts_with(&["2", "3"]), "{}", got.body);
    assert!(
        ids.iter().filter(|id| **id == "3").count() == 1,
        "{}",
        got.body
    );
    assert_eq!(server.events.listeners(), 0, "its place is free again");
}

#[tokio::test]
async fn more_listeners_than_there_are_places_are_refused_at_once() {
    let fake = Fake::default();
    let limits = Limits {
        listeners: 1,
        ..Limits::default()
    };
    let server = fake.server_with(true, limits);
    let app = app(server.clone());
    let first = tokio::spawn({
        let app = app.clone();
        async move { send(&app, request("GET /api/v1/events", None, None)).await }
    });
    while server.events.listeners() == 0 {
        tokio::task::yield_now().await;
    }
    let got = send(&app, request("GET /api/v1/events", None, None)).await;
    assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(got.header("retry-after").parse::<u32>().is_ok());
    server.events.close();
    assert_eq!(first.await.unwrap().status, StatusCode::OK);
}
