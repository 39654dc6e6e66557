//! Names that people give to what turnback measures by itself.

use crate::guard::BuiltIn;

/// The built-in probe that a metric of this name is.
pub(super) fn built_in(metric: &str) -> Option<BuiltIn> {
    let name: String = metric
        .chars()
        .map(|c| match c {
            '-' | ' ' | '.' => '_',
            c => c.to_ascii_lowercase(),
        })
        .collect();
    let name = name
        .trim_start_matches("postgres_")
        .trim_start_matches("postgresql_")
        .trim_start_matches("pg_")
        .trim_start_matches("database_")
        .trim_start_matches("db_");
    Some(match name {
        "connections"
        | "connection_usage"
        | "connection_pool_usage"
        | "connections_used"
        | "connection_utilization"
        | "connection_pool_utilization" => BuiltIn::Connections,
        "rollback_rate" | "transaction_rollback_rate" | "rollbacks" => BuiltIn::RollbackRate,
        "deadlock_rate" | "deadlocks" => BuiltIn::DeadlockRate,
        "lock_waits" | "waiting_locks" | "blocked_sessions" | "waiting_sessions" => {
            BuiltIn::LockWaits
        }
        "longest_transaction"
        | "oldest_transaction"
        | "transaction_age"
        | "long_running_transaction" => BuiltIn::LongestTransaction,
        "replication_lag" | "replica_lag" | "standby_lag" => BuiltIn::ReplicationLag,
        "slot_lag" | "replication_slot_lag" | "retained_wal" => BuiltIn::SlotLag,
        "disk_free" | "free_disk" | "free_disk_space" | "disk_space_free" => BuiltIn::DiskFree,
        "wal_rate" | "wal_generation_rate" => BuiltIn::WalRate,
        "statement_time"
        | "query_time"
        | "query_latency"
        | "query_duration"
        | "query_response_time" => BuiltIn::StatementTime,
        "invalid_foreign_keys" | "unvalidated_foreign_keys" => BuiltIn::InvalidForeignKeys,
        "orphans" | "orphaned_records" | "orphaned_rows" | "orphan_count" | "orphan_records" => {
            BuiltIn::Orphans
        }
        "disagreement" | "uuid_mismatches" | "key_mismatches" => BuiltIn::Disagreement,
        "duplicate_keys" | "duplicate_uuids" => BuiltIn::DuplicateKeys,
        _ => return None,
    })
}
