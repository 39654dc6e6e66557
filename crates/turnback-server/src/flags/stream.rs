//! That flags have changed, as server-sent events: clients ask again then (OFREP ADR 0008).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use super::answer::Failed;
use super::asker::who;
use super::serving::Served;
use super::{EVENTS, Serving};
use crate::events::Listener;
use crate::problem::Problem;
use crate::server::Shared;

/// Between two signs of life where nothing changes.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After so many seconds out of sight, a client may leave and come again later.
const INACTIVITY: u32 = 120;
/// How long a client that has heard of a version from another process waits until it is here.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Where clients are told of changes, as an answer says it. `EventSource` of browsers sends no
/// header, so that the address itself lets whoever has it in: it is good for this process, and for
/// nothing but being told that something has changed.
pub(super) fn advertised(server: &Shared) -> Value {
    json!({
        "type": "sse",
        "endpoint": { "requestUri": format!("{EVENTS}?channel={}", channel(server)) },
        "inactivityDelaySec": INACTIVITY,
    })
}

fn channel(server: &Shared) -> String {
    server.access.derived("that flags have changed")
}

/// Somebody who may hear of changes.
pub(super) struct Hearer;

#[derive(Deserialize)]
struct Channel {
    channel: Option<String>,
}

impl FromRequestParts<Shared> for Hearer {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, Failed> {
        let named = Query::<Channel>::try_from_uri(&parts.uri).ok();
        let named = named.and_then(|query| query.0.channel).unwrap_or_default();
        let known = channel(server);
        if !bool::from(named.as_bytes().ct_eq(known.as_bytes())) {
            who(parts, server).await?;
        }
        Ok(Self)
    }
}

/// What is served now, and then each change.
pub(super) async fn events(
    State(server): State<Shared>,
    _: Hearer,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failed> {
    Serving::now(&server).await.map_err(Problem::from)?;
    let Some(listener) = server.events.listen() else {
        return Err(Failed::too_many(
            "as many listen already as this process bears",
            INACTIVITY,
        ));
    };
    let mut changes = server.flags.changes();
    // A client that has asked for flags and comes here has missed what changed in between: it is
    // told at once, and asks again, which costs it an answer without a body where nothing did.
    changes.mark_changed();
    let lines = stream::unfold((changes, listener), next);
    Ok(Sse::new(lines).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

type Listening = (watch::Receiver<Option<Arc<Served>>>, Listener);

async fn next(
    (mut changes, mut listener): Listening,
) -> Option<(Result<Event, Infallible>, Listening)> {
    if *listener.closing.borrow() {
        return None;
    }
    tokio::select! {
        changed = changes.changed() => changed.ok()?,
        _ = listener.closing.changed() => return None,
    }
    let served = changes.borrow_and_update().clone()?;
    let etag = etag(&served);
    let event = Event::default().id(&etag).event("message").data(
        json!({ "type": "refetchEvaluation", "etag": etag, "lastModified": served.since })
            .to_string(),
    );
    Some((Ok(event), (changes, listener)))
}

/// A version, as events and clients who ask again name it.
fn etag(served: &Served) -> String {
    format!("v{}", served.stored.version)
}

/// Waits a moment for a version that the client has heard of, perhaps from another process.
pub(super) async fn caught_up(server: &Shared, etag: &str) {
    let Some(version) = etag.strip_prefix('v').and_then(|v| v.parse::<u64>().ok()) else {
        return;
    };
    let mut changes = server.flags.changes();
    let is_here = |served: &Option<Arc<Served>>| {
        served
            .as_ref()
            .is_some_and(|served| served.stored.version >= version)
    };
    // Too late is no error: the client is answered what there is.
    let _ = tokio::time::timeout(CATCH_UP, changes.wait_for(is_here)).await;
}
