//! Who is in the way of a lock, and what became of it.

use serde::{Deserialize, Serialize};

/// A session that ours waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// Process id of the session; 0 for a prepared transaction, which has none.
    pub pid: i32,
    /// Its `application_name`.
    pub application: String,
    /// How long its transaction has been open, in seconds.
    pub seconds: i64,
    /// `active`, `idle in transaction`, …
    pub state: String,
    /// The beginning of its last statement, without literals.
    pub query: String,
    /// What was done about it; none where nothing was to be done.
    pub fate: Option<Fate>,
}

/// What was done about a blocker once the user's patience was over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is left alone, for this reason.
    Spared(String),
    /// Its statement was cancelled.
    Cancelled,
    /// Its session was ended.
    Terminated,
    /// A statement can be cancelled, and it runs none or does not heed.
    NeedsTermination,
    /// The server does not let us, and says why.
    Refused(String),
}

impl Fate {
    /// Whether the session lost something.
    pub fn is_removed(&self) -> bool {
        matches!(self, Self::Cancelled | Self::Terminated)
    }
}

/// Those that lost something, as they are named.
pub fn removed_of(blockers: &[Blocker]) -> impl Iterator<Item = String> {
    blockers
        .iter()
        .filter(|blocker| blocker.fate.as_ref().is_some_and(Fate::is_removed))
        .map(ToString::to_string)
}

impl std::fmt::Display for Blocker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let application = if self.application.is_empty() {
            "a session without a name"
        } else {
            &self.application
        };
        match self.pid {
            0 => write!(f, "{application} (")?,
            pid => write!(f, "pid {pid} ({application}, ")?,
        }
        write!(f, "{} for {} s): {}", self.state, self.seconds, self.query)?;
        match &self.fate {
            None => Ok(()),
            Some(Fate::Spared(reason)) => write!(f, " — spared: {reason}"),
            Some(Fate::Cancelled) => write!(f, " — cancelled"),
            Some(Fate::Terminated) => write!(f, " — terminated"),
            Some(Fate::NeedsTermination) => write!(
                f,
                " — cancelling does not help; SELECT pg_terminate_backend({}) would end it, \
                 --terminate-blockers lets turnback do that",
                self.pid
            ),
            Some(Fate::Refused(reason)) => write!(f, " — not cancelled: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocker_is_named_with_what_became_of_it() {
        let mut blocker = Blocker {
            pid: 17,
            application: "reports".to_owned(),
            seconds: 5,
            state: "active".to_owned(),
            query: "SELECT ?".to_owned(),
            fate: None,
        };
        assert_eq!(
            blocker.to_string(),
            "pid 17 (reports, active for 5 s): SELECT ?"
        );
        blocker.fate = Some(Fate::Spared("it is a backup".to_owned()));
        assert!(blocker.to_string().ends_with(" — spared: it is a backup"));
        blocker.pid = 0;
        blocker.application = "prepared transaction a".to_owned();
        assert!(
            blocker
                .to_string()
                .starts_with("prepared transaction a (active for 5 s): "),
            "{blocker}"
        );
    }
}
