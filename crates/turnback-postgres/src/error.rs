//! From the driver's errors to what the engine tells apart.

use sqlx::postgres::PgDatabaseError;
use turnback_engine::error::TargetError;

use crate::session::CONNECT;

/// Sorts an error by SQLSTATE (PostgreSQL manual, appendix A).
pub(crate) fn target_error(error: sqlx::Error, statement: &str) -> TargetError {
    let sqlx::Error::Database(database) = &error else {
        return match error {
            sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnDecode { .. } => ledger_error(error),
            sqlx::Error::PoolTimedOut => TargetError::Lost(format!(
                "no session with the server was to be had within {} s",
                CONNECT.as_secs()
            )),
            other => TargetError::Lost(other.to_string()),
        };
    };
    let code = database.code().unwrap_or_default().into_owned();
    let message = database.message().to_owned();
    match code.as_str() {
        "55P03" => TargetError::LockRefused { blockers: vec![] },
        "40P01" | "40001" => TargetError::TryAgain(message),
        "TB001" => TargetError::Fenced,
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300" => TargetError::Lost(message),
        "53100" => unable(
            message,
            "Make room on the server's disk: what was not committed has left nothing behind",
        ),
        "53200" => unable(message, "Give the server more memory, or less to do"),
        "57014" => unable(
            message,
            "Somebody cancelled the statement, or a limit that the server sets did",
        ),
        "58030" => unable(message, "Look at the server's disks and its log"),
        code if code.starts_with("08") => TargetError::Lost(message),
        _ => {
            let postgres = database.try_downcast_ref::<PgDatabaseError>();
            let detail = [
                postgres.and_then(|e| e.detail()),
                postgres.and_then(|e| e.hint()),
            ];
            TargetError::Sql {
                detail: detail.into_iter().flatten().collect::<Vec<_>>().join("; "),
                statement: beginning(statement),
                code,
                message,
            }
        }
    }
}

fn unable(reason: String, remedy: &'static str) -> TargetError {
    TargetError::Unable { reason, remedy }
}

/// A row of the ledger that is not as it should be.
pub(crate) fn ledger_error(error: sqlx::Error) -> TargetError {
    TargetError::Ledger(error.to_string())
}

/// Enough of a statement to know it by.
fn beginning(statement: &str) -> String {
    const ENOUGH: usize = 200;
    match statement.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", &statement[..end]),
        None => statement.to_owned(),
    }
}
