//! Tokens, sessions and the audit log, from the control store.

use turnback_core::guard::Moment;
use turnback_server::access::{Fingerprint, Role};
use turnback_server::edges::{Answer, Audit, Keys, Refusal, RefusalKind};
use turnback_server::model::{AuditEntry, NewAuditEntry, Outcome, Token};
use turnback_store::{Action, ControlStore, KeptAction, KeptToken};

use super::edges::of_store;
use crate::journal::in_time;
use crate::telling::now;

/// Tokens, sessions and the audit log.
pub(super) struct Book(pub(super) ControlStore);

impl Keys for Book {
    fn any(&self) -> Answer<'_, bool> {
        Box::pin(async {
            let tokens = in_time(self.0.tokens()).await.map_err(of_store)?;
            Ok(!tokens.is_empty())
        })
    }

    fn token(&self, of: Fingerprint) -> Answer<'_, Option<Token>> {
        Box::pin(async move {
            let found = in_time(self.0.token_of(&of.hex(), now())).await;
            found.map_err(of_store)?.map(shown).transpose()
        })
    }

    fn used(&self, token: i64) -> Answer<'_, ()> {
        Box::pin(async move {
            let used = in_time(self.0.token_used(token, now())).await;
            used.map_err(of_store)
        })
    }

    fn open_session(&self, of: Fingerprint, token: i64, seconds: u64) -> Answer<'_, ()> {
        Box::pin(async move {
            let now = now();
            let until = Moment(now.0.saturating_add(seconds.saturating_mul(1_000)));
            let of = of.hex();
            let opened = self.0.open_session(&of, token, now, until);
            in_time(opened).await.map_err(of_store)
        })
    }

    fn session(&self, of: Fingerprint) -> Answer<'_, Option<Token>> {
        Box::pin(async move {
            let found = in_time(self.0.session_token(&of.hex(), now())).await;
            found.map_err(of_store)?.map(shown).transpose()
        })
    }

    fn close_session(&self, of: Fingerprint) -> Answer<'_, ()> {
        Box::pin(async move {
            let closed = in_time(self.0.close_session(&of.hex())).await;
            closed.map_err(of_store)
        })
    }
}

/// A token as it is shown.
///
/// # Errors
///
/// When another turnback gave it a role that this one does not know.
pub(crate) fn shown(kept: KeptToken) -> Result<Token, Refusal> {
    Ok(Token {
        number: kept.number,
        role: role(&kept.role)?,
        name: kept.name,
        made_at: kept.made_at.0,
        expires_at: kept.expires_at.map(|at| at.0),
        used_at: kept.used_at.map(|at| at.0),
        revoked_at: kept.revoked_at.map(|at| at.0),
    })
}

fn role(word: &str) -> Result<Role, Refusal> {
    word.parse().map_err(|why: String| {
        let what = format!("the control store holds the role \"{word}\": {why}");
        Refusal::new(RefusalKind::Failed, what)
    })
}

impl Audit for Book {
    fn record(&self, entry: NewAuditEntry) -> Answer<'_, ()> {
        Box::pin(async move {
            let action = Action {
                at: now(),
                who: entry.who,
                came_by: entry.by,
                role: entry.role.to_string(),
                action: entry.action,
                object: entry.object,
                why: entry.why,
                detail: entry.detail.to_string(),
                outcome: word(entry.outcome).to_owned(),
                because: entry.because,
            };
            in_time(self.0.take_down(&action)).await.map_err(of_store)
        })
    }

    fn entries(&self, before: Option<i64>, most: u32) -> Answer<'_, Vec<AuditEntry>> {
        Box::pin(async move {
            let kept = in_time(self.0.actions(before, most)).await;
            kept.map_err(of_store)?.into_iter().map(entry).collect()
        })
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}

fn entry(kept: KeptAction) -> Result<AuditEntry, Refusal> {
    let action = kept.action;
    Ok(AuditEntry {
        number: kept.number,
        at: action.at.0,
        who: action.who,
        by: action.came_by,
        role: role(&action.role)?,
        action: action.action,
        object: action.object,
        why: action.why,
        detail: serde_json::from_str(&action.detail).unwrap_or_default(),
        outcome: match action.outcome.as_str() {
            "done" => Outcome::Done,
            "refused" => Outcome::Refused,
            _ => Outcome::Failed,
        },
        because: action.because,
    })
}
