//! Who may be taken out of the way of a lock, and who is spared.
//!
//! Nobody is, unless the user asks for it; and then only a session that holds what the run
//! waits for, never one whose loss costs more than another try.

use std::time::Duration;

/// A transaction that has written and been at work for longer than this is large: what it
/// would have to do again weighs more than the wait. PostgreSQL does not tell how much a
/// transaction of somebody else's has written; the time it was at work stands for it.
pub const LARGE: Duration = Duration::from_secs(60);

/// Applications whose sessions are copies of the database being made.
const BACKUPS: [&str; 4] = ["pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup"];

/// What the user allows to be done about blockers, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Blockers of a step are cancelled once it has been held up for so long; never when absent.
    pub after: Option<Duration>,
    /// Those that do not heed are terminated after as long again.
    pub terminate: bool,
}

/// What may be done about a blocker now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Against {
    /// Nothing: it is named, and that is all.
    #[default]
    Nobody,
    /// Its statement may be cancelled (`pg_cancel_backend`).
    Cancel,
    /// Its session may be ended (`pg_terminate_backend`).
    Terminate,
}

impl Removal {
    /// What may be done when a step has been held up for so long.
    pub fn now(&self, held_up: Duration) -> Against {
        match self.after {
            None => Against::Nobody,
            Some(after) if held_up < after => Against::Nobody,
            Some(after) if self.terminate && held_up >= after.saturating_mul(2) => {
                Against::Terminate
            }
            Some(_) => Against::Cancel,
        }
    }
}

/// A session in the way, as far as the decision about it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// It holds what is waited for; otherwise it waits in the same queue.
    pub holds: bool,
    /// `client backend`, `autovacuum worker`, …; none when it may not be seen.
    pub backend_type: Option<String>,
    /// Its role is a superuser.
    pub superuser: bool,
    /// Its `application_name`.
    pub application: String,
    /// Its last statement.
    pub query: String,
    /// It has written (it has a transaction id).
    pub wrote: bool,
    /// From the beginning of its transaction to the end of its last statement, or until now
    /// where that is still running.
    pub at_work: Duration,
}

impl Holder {
    /// Why it is left alone, whatever the user allows; none when it may be taken out of the way.
    pub fn spared(&self) -> Option<String> {
        let because = |reason: &str| Some(reason.to_owned());
        if !self.holds {
            return because("it waits in the same queue");
        }
        match self.backend_type.as_deref() {
            None => return because("what it does may not be seen; GRANT pg_monitor lets turnback"),
            Some("client backend" | "parallel worker") => {}
            Some("autovacuum worker") if self.query.contains("(to prevent wraparound)") => {
                return because("it prevents a wraparound of transaction ids");
            }
            // It begins again by itself.
            Some("autovacuum worker") => return None,
            Some(other) => return Some(format!("it is a {other}")),
        }
        if self.superuser {
            return because("its role is a superuser");
        }
        if self.application == "turnback" {
            return because("it is turnback's own");
        }
        if BACKUPS.contains(&self.application.as_str()) {
            return because("it is a backup");
        }
        if self.wrote && self.at_work > LARGE {
            return Some(format!(
                "its transaction is large: it wrote, and was at work for {} s",
                self.at_work.as_secs()
            ));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_touched_before_the_time_and_nobody_terminated_unasked() {
        let minute = Duration::from_secs(60);
        let at = |removal: Removal, seconds| removal.now(Duration::from_secs(seconds));
        let never = Removal::default();
        assert_eq!(at(never, 1_000_000), Against::Nobody);
        let cancel = Removal {
            after: Some(minute),
            terminate: false,
        };
        assert_eq!(
            [59, 60, 1_000_000].map(|seconds| at(cancel, seconds)),
            [Against::Nobody, Against::Cancel, Against::Cancel]
        );
        let terminate = Removal {
            terminate: true,
            ..cancel
        };
        assert_eq!(
            [60, 119, 120].map(|seconds| at(terminate, seconds)),
            [Against::Cancel, Against::Cancel, Against::Terminate]
        );
    }

    #[test]
    fn whose_loss_costs_more_than_a_wait_is_spared() {
        let client = Holder {
            holds: true,
            backend_type: Some("client backend".to_owned()),
            application: "reports".to_owned(),
            at_work: Duration::from_secs(3_600),
            ..Holder::default()
        };
        assert_eq!(client.spared(), None, "it only reads");
        let writer = Holder {
            wrote: true,
            ..client.clone()
        };
        let forgotten = Holder {
            at_work: Duration::from_secs(1),
            ..writer.clone()
        };
        assert_eq!(forgotten.spared(), None, "it wrote little, long ago");
        let autovacuum = |query: &str| Holder {
            backend_type: Some("autovacuum worker".to_owned()),
            query: query.to_owned(),
            superuser: true,
            ..client.clone()
        };
        assert_eq!(autovacuum("autovacuum: VACUUM public.t").spared(), None);
        for (spared, why) in [
            (writer, "large"),
            (
                autovacuum("autovacuum: VACUUM public.t (to prevent wraparound)"),
                "wraparound",
            ),
            (
                Holder {
                    superuser: true,
                    ..client.clone()
                },
                "superuser",
            ),
            (
                Holder {
                    holds: false,
                    ..client.clone()
                },
                "queue",
            ),
            (
                Holder {
                    backend_type: Some("walsender".to_owned()),
                    ..client.clone()
                },
                "walsender",
            ),
            (
                Holder {
                    backend_type: None,
                    ..client.clone()
                },
                "pg_monitor",
            ),
            (
                Holder {
                    application: "pg_dump".to_owned(),
                    ..client.clone()
                },
                "backup",
            ),
        ] {
            let reason = spared.spared().unwrap_or_default();
            assert!(reason.contains(why), "{reason}");
        }
    }
}
