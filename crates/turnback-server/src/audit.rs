//! Taking an action down: with who, why, and what came of it.

use serde_json::Value;

use crate::access::Actor;
use crate::edges::{Refusal, RefusalKind};
use crate::model::{NewAuditEntry, Outcome};
use crate::problem::Problem;
use crate::server::Server;

/// An action of somebody's, before it is known what comes of it.
pub struct Deed(NewAuditEntry);

impl Deed {
    /// `action` as in `run.start`.
    pub fn new(action: &str, actor: &Actor) -> Self {
        Self(NewAuditEntry {
            who: actor.name.clone(),
            by: actor.by.as_str().to_owned(),
            role: actor.role,
            action: action.to_owned(),
            object: None,
            why: None,
            detail: Value::Null,
            outcome: Outcome::Done,
            because: None,
        })
    }

    /// What it is done with.
    #[must_use]
    pub fn of(mut self, object: Option<String>) -> Self {
        self.0.object = object;
        self
    }

    /// Why, as they said.
    #[must_use]
    pub fn why(mut self, why: Option<&str>) -> Self {
        self.0.why = why.map(str::to_owned);
        self
    }

    /// What was asked for, and what was before.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.0.detail = detail;
        self
    }

    /// Takes it down with what came of it, and hands that on.
    ///
    /// # Errors
    ///
    /// What came of it, where it was refused. Where it was done and cannot be taken down, that is
    /// told to all who listen, and it is done all the same: a way back must not wait for a log.
    pub async fn record<R>(self, server: &Server, came: Result<R, Refusal>) -> Result<R, Problem> {
        let mut entry = self.0;
        if let Err(refusal) = &came {
            entry.outcome = match refusal.kind {
                RefusalKind::Failed | RefusalKind::NotNow => Outcome::Failed,
                _ => Outcome::Refused,
            };
            entry.because = Some(refusal.what.clone());
        }
        let action = entry.action.clone();
        if let Err(refusal) = server.edges.audit.record(entry).await {
            server.events.tell(crate::events::Event {
                id: None,
                name: "warning",
                data: serde_json::json!({
                    "what": format!("{action} was not taken down in the audit log: {}", refusal.what)
                })
                .to_string(),
            });
        }
        came.map_err(Problem::from)
    }
}
