//! Sessions of the dashboard: opened with a token, kept in a cookie that no script reads.

use axum::http::{HeaderMap, header};

use super::{Fingerprint, NewSecret};
use crate::edges::Refusal;
use crate::problem::Problem;
use crate::server::Server;

/// The cookie.
pub const COOKIE: &str = "turnback_session";
/// The header in which scripts of ours say that they are ours.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// How long a session is good.
pub const SESSION_SECONDS: u64 = 12 * 60 * 60;

/// Signs in with a token: gives the value of `Set-Cookie`. `secure`: the page came by TLS.
///
/// # Errors
///
/// When no such token is good, or the control store refuses.
pub async fn sign_in(server: &Server, token: &str, secure: bool) -> Result<String, Problem> {
    let found = server.access.token_of(token.trim(), server).await?;
    let Some(found) = found else {
        return Err(Problem::unknown_caller());
    };
    let secret =
        NewSecret::draw().map_err(|why| Refusal::new(crate::edges::RefusalKind::Failed, why))?;
    server
        .edges
        .keys
        .open_session(secret.fingerprint(), found.number, SESSION_SECONDS)
        .await?;
    Ok(set(secret.expose(), SESSION_SECONDS, secure))
}

/// Signs out: gives the value of `Set-Cookie` that takes the cookie away.
///
/// # Errors
///
/// When the control store refuses.
pub async fn sign_out(
    server: &Server,
    headers: &HeaderMap,
    secure: bool,
) -> Result<String, Problem> {
    if let Some(secret) = cookie(headers) {
        let of = Fingerprint::of(&secret);
        server.edges.keys.close_session(of).await?;
        server.access.forget(of);
    }
    Ok(set("", 0, secure))
}

fn set(value: &str, seconds: u64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// What the cookie holds.
pub(super) fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}
