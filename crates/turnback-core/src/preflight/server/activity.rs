//! What others are doing on the server: transactions that hold up the run, and other runs.

use super::{Look, Session};
use crate::human::human_duration;
use crate::name::{Ident, literal};
use crate::preflight::Finding;

/// Transactions older than that hold up concurrent index builds for long enough to notice.
const LONG_TRANSACTION_SECONDS: u64 = 300;
/// A prepared transaction that is older has been forgotten by whoever prepared it.
const FORGOTTEN_PREPARED_SECONDS: u64 = 60;
/// A holder of the lease that is silent for longer may be succeeded.
const SILENT_SECONDS: u64 = 15;

pub(super) fn findings(look: &Look<'_>, findings: &mut Vec<Finding>) {
    lease(look, findings);
    for session in &look.facts.sessions {
        if session.age_seconds > LONG_TRANSACTION_SECONDS {
            findings.push(long_transaction(session));
        }
    }
    hidden(look, findings);
    prepared(look, findings);
}

fn lease(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let Some(lease) = look.facts.ledger.as_ref().and_then(|l| l.lease.as_ref()) else {
        return;
    };
    let backend = lease
        .backend
        .map_or_else(String::new, |pid| format!(", process {pid} of the server"));
    let object = format!("the run of {}{backend}", lease.holder);
    if !lease.present {
        findings.push(Finding::note(
            "run-ended",
            object,
            "it ended without giving its lease back, as when it was killed",
            "`turnback up` goes on where it stopped, `turnback back` turns back; `turnback status` tells where that is",
        ));
    } else if lease.silent_seconds < SILENT_SECONDS {
        findings.push(Finding::no_go(
            "run-in-progress",
            object,
            "it is changing this database now, and only one run at a time may",
            "Wait until it is done, or stop it with Ctrl-C where it runs",
        ));
    } else {
        findings.push(Finding::warning(
            "run-silent",
            object,
            format!(
                "its session is still there but has said nothing for {}; another run may take over from it",
                human_duration(lease.silent_seconds as f64)
            ),
            "Make sure that it is not wanted any more before you start another one",
        ));
    }
}

fn long_transaction(session: &Session) -> Finding {
    let application = match session.application.as_str() {
        "" => String::new(),
        name => format!(" of {name}"),
    };
    let query = match session.query.as_str() {
        "" => String::new(),
        query => format!("; its last query begins: {query}"),
    };
    let idle = session.state.starts_with("idle");
    Finding::warning(
        if idle {
            "idle-in-transaction"
        } else {
            "long-transaction"
        },
        format!("process {}{application}", session.pid),
        format!(
            "its transaction (role {}, {}) has been open for {}, and concurrent index builds and vacuum wait for it{query}",
            Ident::new(session.role.as_str()),
            session.state,
            human_duration(session.age_seconds as f64)
        ),
        if idle {
            format!(
                "SELECT pg_terminate_backend({}), if nobody comes back to it",
                session.pid
            )
        } else {
            format!("Wait for it, or SELECT pg_cancel_backend({})", session.pid)
        },
    )
}

fn hidden(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let (hidden, role) = (look.facts.hidden_sessions, &look.facts.role);
    if hidden > 0 {
        findings.push(Finding::note(
            "hidden-sessions",
            format!("role {}", Ident::new(role.name.as_str())),
            format!(
                "it may not see what {hidden} session(s) of other roles do: long transactions among them would hold up the run"
            ),
            format!("GRANT pg_read_all_stats TO {}", Ident::new(role.name.as_str())),
        ));
    }
}

fn prepared(look: &Look<'_>, findings: &mut Vec<Finding>) {
    for transaction in &look.facts.prepared {
        if transaction.age_seconds > FORGOTTEN_PREPARED_SECONDS {
            let gid = literal(&transaction.gid);
            findings.push(Finding::no_go(
                "prepared-transaction",
                format!("prepared transaction {gid}"),
                format!(
                    "role {} prepared it {} ago; it keeps its locks and holds up index builds and vacuum until somebody ends it",
                    Ident::new(transaction.owner.as_str()),
                    human_duration(transaction.age_seconds as f64)
                ),
                format!("COMMIT PREPARED {gid} or ROLLBACK PREPARED {gid}"),
            ));
        }
    }
}
