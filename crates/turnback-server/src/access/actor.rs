//! Somebody who has come in, and what a handler asks of them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Role;
use super::session::CSRF_HEADER;
use crate::edges::Refusal;
use crate::problem::Problem;
use crate::server::Shared;

/// By what somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A token in the header `Authorization`.
    Token,
    /// A cookie of the dashboard.
    Session,
    /// Being on this machine, while no token has been made.
    Local,
}

impl By {
    /// As the audit log writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
            Self::Local => "local",
        }
    }
}

/// Somebody who has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Whose token it is; `local user` without any.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// By what they came in.
    pub by: By,
    /// What a form of theirs must carry in its field `csrf`, and a script in the header
    /// `X-CSRF-Token`; empty for a token, which no browser sends by itself.
    pub csrf: String,
}

impl Actor {
    /// Whoever sent a request; an error where that is not known, or where a page of somebody
    /// else's made their browser send it.
    ///
    /// # Errors
    ///
    /// A problem with status 401, 403 or 503.
    pub async fn of(parts: &Parts, server: &Shared) -> Result<Self, Problem> {
        server.access.identify(parts, server).await
    }

    /// # Errors
    ///
    /// When the role does not suffice.
    pub fn needs(&self, role: Role) -> Result<(), Refusal> {
        if self.role >= role {
            return Ok(());
        }
        Err(Refusal::forbidden(self.role, role))
    }

    /// Whether a form or a script carries what only a page of ours knows.
    pub fn csrf_is(&self, given: &str) -> bool {
        use subtle::ConstantTimeEq as _;
        self.by == By::Token || bool::from(self.csrf.as_bytes().ct_eq(given.as_bytes()))
    }
}

macro_rules! at_least {
    ($(#[$doc:meta])* $name:ident, $role:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(
            /// Who it is.
            pub Actor,
        );

        impl FromRequestParts<Shared> for $name {
            type Rejection = Problem;

            async fn from_request_parts(
                parts: &mut Parts,
                server: &Shared,
            ) -> Result<Self, Problem> {
                let actor = Actor::of(parts, server).await?;
                actor.needs($role)?;
                csrf(parts, &actor)?;
                Ok(Self(actor))
            }
        }
    };
}

at_least!(
    /// Somebody who may read.
    Viewer,
    Role::Viewer
);
at_least!(
    /// Somebody who may start and turn back.
    Operator,
    Role::Operator
);
at_least!(
    /// Somebody who may answer questions.
    Approver,
    Role::Approver
);

/// The API takes changes by a session only with the header that a page of ours sets.
fn csrf(parts: &Parts, actor: &Actor) -> Result<(), Problem> {
    if parts.method.is_safe() || actor.by != By::Session {
        return Ok(());
    }
    let given = parts
        .headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if actor.csrf_is(given) {
        return Ok(());
    }
    Err(Problem::new(
        axum::http::StatusCode::FORBIDDEN,
        "this change came by a session without the header that our pages set; nothing was done",
    )
    .next("Load the page again; scripts use a token instead."))
}
