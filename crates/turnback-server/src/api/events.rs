//! What happens, as server-sent events (WHATWG HTML, 9.2).

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as Line, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::broadcast::error::RecvError;

use crate::access::Viewer;
use crate::events::{Event, Listener};
use crate::model::JournalEntry;
use crate::problem::Problem;
use crate::server::Shared;

/// Between two signs of life where nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// As many entries that a listener has missed are given to it.
const MISSED: u32 = 1_000;

/// What happens from now on. With `Last-Event-ID`, entries of the journal since then come first.
#[utoipa::path(
    get,
    path = "/events",
    tag = "state",
    params(("Last-Event-ID" = Option<i64>, Header, description = "The last entry of the journal that was heard of")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 503, body = Problem))
)]
pub(super) async fn events(
    State(server): State<Shared>,
    _: Viewer,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Line, Infallible>>>, Problem> {
    let Some(listener) = server.events.listen() else {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "as many listen already as this process bears",
        )
        .next("Ask again in a moment, or ask `/api/v1/progress` now and then."));
    };
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<i64>().ok());
    // Listening has begun, so nothing falls between what is read here and what is heard then.
    let missed = match last {
        Some(last) => server.edges.looks.journal(last, MISSED).await?,
        None => Vec::new(),
    };
    let heard = missed
        .last()
        .map_or(last.unwrap_or(0), |entry| entry.number);
    let missed = stream::iter(missed.iter().map(of_entry).collect::<Vec<_>>());
    let lines = missed
        .chain(live(listener, heard))
        .map(|event| Ok(line(&event)));
    Ok(Sse::new(lines).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// What is heard from now on, without the entries that were given already.
fn live(listener: Listener, heard: i64) -> impl Stream<Item = Event> {
    stream::unfold(listener, move |mut listener| async move {
        loop {
            if *listener.closing.borrow() {
                return None;
            }
            let heard_now = tokio::select! {
                event = listener.events.recv() => event,
                _ = listener.closing.changed() => return None,
            };
            match heard_now {
                Ok(event) if event.id.is_some_and(|id| id <= heard) => {}
                Ok(event) => return Some(((*event).clone(), listener)),
                // Whoever is too slow is told, and asks again for what it needs.
                Err(RecvError::Lagged(missed)) => {
                    let event = Event {
                        id: None,
                        name: "missed",
                        data: format!("{{\"events\":{missed}}}"),
                    };
                    return Some((event, listener));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    })
}

/// An entry of the journal as an event.
pub(crate) fn of_entry(entry: &JournalEntry) -> Event {
    Event {
        id: Some(entry.number),
        name: "journal",
        data: serde_json::to_string(entry).unwrap_or_default(),
    }
}

fn line(event: &Event) -> Line {
    let line = Line::default().event(event.name).data(&event.data);
    match event.id {
        Some(id) => line.id(id.to_string()),
        None => line,
    }
}
