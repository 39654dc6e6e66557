//! The server as a whole: its version, its modes, its settings, its age.

use super::{Look, ServerState};
use crate::name::Ident;
use crate::preflight::{Finding, Weight};

/// The oldest version that turnback works with: TID range scans came with it.
const OLDEST: u32 = 140_000;
/// The first version that nobody has tried yet.
const UNTRIED: u32 = 190_000;

/// Transactions are refused at about 2.1 billion (PostgreSQL manual, 24.1.5).
const AGE_NO_GO: u64 = 1_500_000_000;
const AGE_WARNING: u64 = 1_000_000_000;

/// Locks for a table and what it stores aside.
const TABLE_LOCKS: u64 = 3;
/// Locks for an index, its counterpart of the other shape, and the ones that stand in for it.
const INDEX_LOCKS: u64 = 4;

/// Fewer free sessions than that, and a run does not get past its beginning.
const FEWEST_SESSIONS: u64 = 4;

pub(super) fn findings(look: &Look<'_>, findings: &mut Vec<Finding>) {
    version(&look.facts.state, findings);
    modes(look, findings);
    ages(look, findings);
    connections(look, findings);
    locks(look, findings);
    event_triggers(look, findings);
}

fn version(state: &ServerState, findings: &mut Vec<Finding>) {
    let major = state.version / 10_000;
    if state.version < OLDEST {
        findings.push(Finding::no_go(
            "server-too-old",
            format!("PostgreSQL {major}"),
            "turnback needs PostgreSQL 14 or later: its batches are ranges of row addresses, which older servers cannot scan",
            "Upgrade the server first",
        ));
    } else if state.version >= UNTRIED {
        findings.push(Finding::warning(
            "server-untried",
            format!("PostgreSQL {major}"),
            "turnback has been tried with PostgreSQL 14 to 18",
            "Try the plan on a copy of the database first, or look for a newer turnback",
        ));
    }
}

fn modes(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let (state, database) = (&look.facts.state, look.database());
    if state.standby {
        findings.push(Finding::no_go(
            "standby",
            &database,
            "this server is a standby, where nothing can be changed",
            "Let the plan's `target` lead to the primary",
        ));
    }
    if state.read_only {
        findings.push(Finding::no_go(
            "read-only",
            &database,
            "default_transaction_read_only is on: somebody wants nothing written here",
            format!(
                "ALTER DATABASE {} SET default_transaction_read_only = off, or wherever it is set",
                Ident::new(state.database.as_str())
            ),
        ));
    }
    if !state.autovacuum {
        findings.push(Finding::warning(
            "autovacuum-off",
            "the server",
            "autovacuum is off: what the run leaves behind in tables and indexes stays until somebody vacuums",
            "ALTER SYSTEM SET autovacuum = on, then SELECT pg_reload_conf()",
        ));
    }
}

fn age_weight(age: u64) -> Option<Weight> {
    match age {
        AGE_NO_GO.. => Some(Weight::NoGo),
        AGE_WARNING.. => Some(Weight::Warning),
        _ => None,
    }
}

fn ages(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let state = &look.facts.state;
    let mut judge = |code: &str, object: String, what: &str, age: u64, remedy: String| {
        if let Some(weight) = age_weight(age) {
            let reason = format!(
                "its oldest {what} is {} million old, and the server stops at about 2100 million; a run uses them up faster",
                age / 1_000_000
            );
            findings.push(Finding {
                weight,
                code: code.to_owned(),
                object,
                reason,
                remedy,
            });
        }
    };
    judge(
        "wraparound",
        look.database(),
        "unfrozen transaction id",
        state.frozen_age,
        "VACUUM (FREEZE, VERBOSE), once no old transaction, slot or prepared transaction stands in its way".to_owned(),
    );
    judge(
        "multixact-wraparound",
        look.database(),
        "multixact",
        state.multixact_age,
        "VACUUM (FREEZE, VERBOSE), once no old transaction stands in its way".to_owned(),
    );
    for table in look.touched.keys() {
        if let Some(entry) = look.snapshot.tables.get(*table) {
            judge(
                "wraparound",
                format!("table {table}"),
                "unfrozen transaction id",
                entry.vitals.frozen_age,
                format!("VACUUM (FREEZE, VERBOSE) {table}"),
            );
        }
    }
}

fn connections(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let connections = &look.facts.connections;
    let free = connections.most.saturating_sub(connections.used);
    if free >= connections.needed {
        return;
    }
    let weight = if free < FEWEST_SESSIONS {
        Weight::NoGo
    } else {
        Weight::Warning
    };
    findings.push(Finding {
        weight,
        code: "few-connections".to_owned(),
        object: "the server".to_owned(),
        reason: format!(
            "{free} of {} sessions are free, and a run opens up to {}",
            connections.most, connections.needed
        ),
        remedy:
            "End sessions that idle, ask for fewer `workers` in the plan, or raise max_connections"
                .to_owned(),
    });
}

/// A cut-over locks its tables with all their partitions and indexes in one transaction.
fn locks(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let slots = look.facts.state.lock_slots;
    for program in look.programs {
        let needed: u64 = program
            .tables
            .iter()
            .filter_map(|table| look.snapshot.tables.get(table))
            .map(|table| TABLE_LOCKS + INDEX_LOCKS * table.indexes.len() as u64)
            .sum();
        let weight = match needed * 4 {
            _ if slots == 0 => return,
            n if n > slots * 3 => Weight::NoGo,
            n if n > slots => Weight::Warning,
            _ => continue,
        };
        let sessions = &look.facts.connections;
        findings.push(Finding {
            weight,
            code: "few-locks".to_owned(),
            object: "the server".to_owned(),
            reason: format!(
                "the cut-over of phase {} takes about {needed} locks, on {} tables and partitions with their indexes, and the server has room for {slots} of all sessions together",
                program.phase,
                program.tables.len()
            ),
            remedy: format!(
                "ALTER SYSTEM SET max_locks_per_transaction = {}, then restart the server",
                (needed * 4 / sessions.most.max(1)).max(128)
            ),
        });
    }
}

fn event_triggers(look: &Look<'_>, findings: &mut Vec<Finding>) {
    if look.programs.is_empty() {
        return;
    }
    for trigger in &look.facts.event_triggers {
        if trigger.event == "login" {
            continue;
        }
        findings.push(Finding::warning(
            "event-trigger",
            format!("event trigger {}", trigger.name),
            format!(
                "on {} it runs {} for turnback's statements too, and can slow down or refuse them",
                trigger.event, trigger.function
            ),
            format!(
                "Read the function; if it is not meant for this: ALTER EVENT TRIGGER {} DISABLE for the time of the change",
                trigger.name
            ),
        ));
    }
}
