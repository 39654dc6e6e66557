//! Who asks for flags, and how often.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};

use super::answer::Failed;
use crate::access::{Actor, Role};
use crate::problem::Problem;
use crate::server::Shared;

/// OFREP's other way to send a token.
const API_KEY: &str = "x-api-key";
/// Over what time requests are counted.
const WINDOW: Duration = Duration::from_secs(1);

/// Somebody who may ask for flags, and has not asked too often.
pub(super) struct Asker;

impl FromRequestParts<Shared> for Asker {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, Failed> {
        let name = who(parts, server).await?.name;
        if server
            .flags
            .counts
            .is_one_too_many(&name, server.limits.evaluations)
        {
            let most = server.limits.evaluations;
            return Err(Failed::too_many(
                format!("more than {most} requests for flags in a second by {name}"),
                1,
            ));
        }
        Ok(Self)
    }
}

/// Whoever has sent a request, with a token in either header.
pub(super) async fn who(parts: &mut Parts, server: &Shared) -> Result<Actor, Problem> {
    if !parts.headers.contains_key(header::AUTHORIZATION)
        && let Some(key) = parts.headers.get(API_KEY)
        && let Ok(value) = HeaderValue::from_bytes(&[b"Bearer ", key.as_bytes()].concat())
    {
        parts.headers.insert(header::AUTHORIZATION, value);
    }
    let actor = Actor::of(parts, server).await?;
    actor.needs(Role::Viewer)?;
    Ok(actor)
}

/// How often each has asked of late.
#[derive(Default)]
pub(super) struct Counts(Mutex<HashMap<String, (Instant, u32)>>);

impl Counts {
    /// Counts one request more.
    fn is_one_too_many(&self, name: &str, most: u32) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match counts.get_mut(name) {
            Some((since, count)) if now.duration_since(*since) < WINDOW => {
                *count = count.saturating_add(1);
                *count > most
            }
            Some(counted) => {
                *counted = (now, 1);
                most == 0
            }
            None => {
                counts.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
                counts.insert(name.to_owned(), (now, 1));
                most == 0
            }
        }
    }
}
