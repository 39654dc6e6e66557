//! What others are doing on the server.

use super::*;

pub(super) fn session(state: &str, age_seconds: u64) -> Vec<Session> {
    vec![Session {
        pid: 4711,
        application: "report".to_owned(),
        role: "boss".to_owned(),
        state: state.to_owned(),
        age_seconds,
        query: "SELECT sum(total) FROM orders".to_owned(),
    }]
}

#[test]
fn long_transactions_are_named_with_process_application_query_and_age() {
    let finding = only(|f| f.sessions = session("active", 3_700));
    is(&finding, Weight::Warning, "long-transaction");
    assert_eq!(finding.object, "process 4711 of report");
    assert!(finding.reason.contains("1 h 1 min"), "{finding}");
    assert!(finding.reason.contains("SELECT sum(total) FROM orders"));
    assert!(finding.remedy.contains("pg_cancel_backend(4711)"));
    let idle = only(|f| f.sessions = session("idle in transaction", 301));
    is(&idle, Weight::Warning, "idle-in-transaction");
    assert!(idle.remedy.contains("pg_terminate_backend(4711)"));
    none(|f| f.sessions = session("active", 300));
}

#[test]
fn sessions_that_cannot_be_looked_into_are_counted() {
    let finding = only(|f| f.hidden_sessions = 3);
    is(&finding, Weight::Note, "hidden-sessions");
    assert_eq!(finding.remedy, "GRANT pg_read_all_stats TO deploy");
}

#[test]
fn a_forgotten_prepared_transaction_stops() {
    let prepared = |age_seconds| {
        vec![PreparedTransaction {
            gid: "it's".to_owned(),
            owner: "boss".to_owned(),
            age_seconds,
        }]
    };
    let finding = only(|f| f.prepared = prepared(61));
    is(&finding, Weight::NoGo, "prepared-transaction");
    assert_eq!(
        finding.remedy,
        "COMMIT PREPARED 'it''s' or ROLLBACK PREPARED 'it''s'"
    );
    none(|f| f.prepared = prepared(60));
}

#[test]
fn a_run_in_progress_stops_and_the_remains_of_one_do_not() {
    let lease = |present, silent_seconds| {
        Some(Ledger {
            owner: "boss".to_owned(),
            lease: Some(Lease {
                holder: "deploy@build".to_owned(),
                backend: Some(99),
                present,
                silent_seconds,
            }),
        })
    };
    let finding = only(|f| f.ledger = lease(true, 2));
    is(&finding, Weight::NoGo, "run-in-progress");
    assert_eq!(
        finding.object,
        "the run of deploy@build, process 99 of the server"
    );
    is(
        &only(|f| f.ledger = lease(true, 40)),
        Weight::Warning,
        "run-silent",
    );
    is(
        &only(|f| f.ledger = lease(false, 2)),
        Weight::Note,
        "run-ended",
    );
}
