//! Lets people in: by token, by session, or because they are on this machine.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};

use super::secret::hex;
use super::session::cookie;
use super::{Actor, By, Fingerprint, NewSecret, Role};
use crate::edges::Refusal;
use crate::model::Token;
use crate::problem::Problem;
use crate::server::Server;

/// A token that is revoked is good for so long at most.
const REMEMBERED: Duration = Duration::from_secs(2);
/// As many are remembered.
const MOST: usize = 1_024;
/// A use is taken down no more often than this.
const USED: Duration = Duration::from_secs(60);

/// Lets people in.
pub struct Doorkeeper {
    /// Whether whoever is on this machine comes in while there is no token.
    local_may: bool,
    /// What csrf tokens are made from, beside the session.
    salt: String,
    /// What was found out of late: whose a secret is.
    known: Mutex<HashMap<Fingerprint, (Option<Token>, Instant)>>,
    /// Whether there is any token, and when that was found out.
    any: Mutex<Option<(bool, Instant)>>,
    used: Mutex<HashMap<i64, Instant>>,
}

impl Doorkeeper {
    /// `local_may`: the process listens on loopback alone, so whoever is on this machine comes in
    /// while there is no token.
    ///
    /// # Errors
    ///
    /// Where the system has no randomness to give, in words.
    pub fn new(local_may: bool) -> Result<Self, String> {
        Ok(Self {
            local_may,
            salt: NewSecret::draw()?.expose().to_owned(),
            known: Mutex::default(),
            any: Mutex::default(),
            used: Mutex::default(),
        })
    }

    pub(super) async fn identify(&self, parts: &Parts, server: &Server) -> Result<Actor, Problem> {
        if let Some(secret) = bearer(&parts.headers) {
            let token = self.token_of(secret, server).await?;
            return token
                .map(|token| actor(token, By::Token, String::new()))
                .ok_or_else(Problem::unknown_caller);
        }
        if let Some(secret) = cookie(&parts.headers) {
            let token = self.session_of(&secret, server).await?;
            if let Some(token) = token {
                of_our_pages(parts)?;
                return Ok(actor(token, By::Session, self.csrf(&secret)));
            }
        }
        if self.local_may && !self.any_token(server).await? {
            of_this_machine(parts)?;
            of_our_pages(parts)?;
            return Ok(Actor {
                name: "local user".to_owned(),
                role: Role::Approver,
                by: By::Local,
                csrf: self.csrf("local"),
            });
        }
        Err(Problem::unknown_caller())
    }

    /// Whether whoever is on this machine may do everything, since no token has been made.
    ///
    /// # Errors
    ///
    /// When the control store cannot be asked.
    pub async fn is_open(&self, server: &Server) -> Result<bool, Refusal> {
        Ok(self.local_may && !self.any_token(server).await?)
    }

    /// Forgets what it knows of a secret.
    pub(super) fn forget(&self, of: Fingerprint) {
        lock(&self.known).remove(&of);
    }

    fn csrf(&self, session: &str) -> String {
        self.derived(session)
    }

    /// What this process alone can tell from what it is made of; another for each.
    pub(crate) fn derived(&self, from: &str) -> String {
        let mut sum = Sha256::new();
        sum.update(self.salt.as_bytes());
        sum.update(from.as_bytes());
        hex(&sum.finalize())
    }

    async fn any_token(&self, server: &Server) -> Result<bool, Refusal> {
        let known = *lock(&self.any);
        if let Some((any, at)) = known
            && (any || at.elapsed() < REMEMBERED)
        {
            return Ok(any);
        }
        let any = server.edges.keys.any().await?;
        *lock(&self.any) = Some((any, Instant::now()));
        Ok(any)
    }

    pub(super) async fn token_of(
        &self,
        secret: &str,
        server: &Server,
    ) -> Result<Option<Token>, Refusal> {
        let of = Fingerprint::of(secret);
        if let Some(known) = self.recall(of) {
            return Ok(known);
        }
        let token = server.edges.keys.token(of).await?;
        if let Some(token) = &token
            && self.is_first_use(token.number)
        {
            server.edges.keys.used(token.number).await?;
        }
        self.remember(of, token.clone());
        Ok(token)
    }

    async fn session_of(&self, secret: &str, server: &Server) -> Result<Option<Token>, Refusal> {
        let of = Fingerprint::of(secret);
        if let Some(known) = self.recall(of) {
            return Ok(known);
        }
        let token = server.edges.keys.session(of).await?;
        self.remember(of, token.clone());
        Ok(token)
    }

    fn recall(&self, of: Fingerprint) -> Option<Option<Token>> {
        let known = lock(&self.known);
        let (token, at) = known.get(&of)?;
        (at.elapsed() < REMEMBERED).then(|| token.clone())
    }

    fn remember(&self, of: Fingerprint, token: Option<Token>) {
        let mut known = lock(&self.known);
        if known.len() >= MOST {
            known.retain(|_, (_, at)| at.elapsed() < REMEMBERED);
        }
        if known.len() < MOST {
            known.insert(of, (token, Instant::now()));
        }
    }

    fn is_first_use(&self, token: i64) -> bool {
        let mut used = lock(&self.used);
        let first = used.get(&token).is_none_or(|at| at.elapsed() >= USED);
        if first {
            used.insert(token, Instant::now());
        }
        first
    }
}

fn actor(token: Token, by: By, csrf: String) -> Actor {
    Actor {
        name: token.name,
        role: token.role,
        by,
        csrf,
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(secret.trim())
}

/// A page of somebody else's may point its own name at this machine (DNS rebinding): whoever comes
/// in without a secret must have asked for this machine by a name of its own.
fn of_this_machine(parts: &Parts) -> Result<(), Problem> {
    let asked = parts
        .uri
        .host()
        .map(str::to_owned)
        .or_else(|| {
            let host = parts.headers.get(header::HOST)?.to_str().ok()?;
            Some(without_port(host).to_owned())
        })
        .unwrap_or_default();
    if matches!(asked.as_str(), "localhost" | "127.0.0.1" | "[::1]" | "::1") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "without a token this process answers to localhost, 127.0.0.1 and [::1] only",
    )
    .next("`turnback token create` makes a token, which is good under every name."))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// What a browser sends by itself must come from a page of ours: browsers say where a request was
/// made (Fetch Metadata, and `Origin` on everything that changes something).
fn of_our_pages(parts: &Parts) -> Result<(), Problem> {
    if parts.method.is_safe() {
        return Ok(());
    }
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let host = text("host").or_else(|| parts.uri.authority().map(|host| host.as_str()));
    let origin = text("origin").is_none_or(|origin| {
        origin
            .split_once("://")
            .is_some_and(|(_, from)| Some(from) == host)
    });
    if site && origin {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "a page of somebody else's made this request; nothing was done",
    ))
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
