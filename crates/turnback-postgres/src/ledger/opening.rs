//! Opening the ledger: made where there is none, brought to this build's version where it is
//! older, left alone where it is newer.

use std::time::Duration;

use sqlx::PgConnection;
use turnback_engine::error::TargetError;

use super::lease::{self, Silent};
use crate::error::target_error;
use crate::session::{end, run};

/// The ledger's version that this turnback reads and writes. Whoever changes a file beside this
/// one raises it, with a file `version_N.sql` where tables change.
const VERSION: i32 = 4;
/// What version 1 was made of, without its functions.
const TABLES: &str = include_str!("tables.sql");
/// What each later version added to tables, in order.
const SINCE: [(i32, &str); 3] = [
    (2, include_str!("version_2.sql")),
    (3, include_str!("version_3.sql")),
    (4, include_str!("version_4.sql")),
];
/// All functions, as they are now.
const FUNCTIONS: &str = include_str!("functions.sql");
/// Serialises the making of the ledger (advisory lock).
const MAKING: i64 = 0x7475_726e_6261_636b;

/// Whether there is a ledger.
///
/// # Errors
///
/// When a later turnback wrote it: its rows may mean what this one does not know.
pub(crate) async fn exists(connection: &mut PgConnection) -> Result<bool, TargetError> {
    if !is_there(connection).await? {
        return Ok(false);
    }
    version(connection).await.map(|_| true)
}

/// Makes the ledger, or brings it to this build's version, in one transaction and with no wait
/// for a lock longer than the budget.
///
/// # Errors
///
/// When a later turnback wrote it; and when it is older while somebody holds the lease, who would
/// find it changed under their hands.
pub(crate) async fn open(
    connection: &mut PgConnection,
    budget: Duration,
    silent: Option<&Silent>,
) -> Result<(), TargetError> {
    run(connection, "BEGIN").await?;
    let opened = async {
        run(
            connection,
            &format!(
                "SET LOCAL lock_timeout = {}; SELECT pg_advisory_xact_lock({MAKING})",
                budget.as_millis().max(1)
            ),
        )
        .await?;
        if !is_there(connection).await? {
            run(connection, TABLES).await?;
        } else if version(connection).await? < VERSION {
            lease::unheld(connection, silent).await?;
        }
        let from = version(connection).await?;
        if from == VERSION {
            return Ok(());
        }
        for (_, sql) in SINCE.iter().filter(|(version, _)| *version > from) {
            run(connection, sql).await?;
        }
        run(connection, FUNCTIONS).await?;
        run(
            connection,
            &format!("UPDATE turnback.version SET version = {VERSION}"),
        )
        .await
    }
    .await;
    end(connection, opened).await
}

async fn is_there(connection: &mut PgConnection) -> Result<bool, TargetError> {
    sqlx::query_scalar("SELECT to_regclass('turnback.lease') IS NOT NULL")
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(|error| target_error(error, ""))
}

/// The version of the ledger that is there; refused where this build does not know it.
async fn version(connection: &mut PgConnection) -> Result<i32, TargetError> {
    let found: i32 = sqlx::query_scalar("SELECT version FROM turnback.version")
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(|error| target_error(error, ""))?;
    if found > VERSION {
        return Err(TargetError::Ledger(format!(
            "a later turnback wrote it (version {found}), and this one knows versions up to \
             {VERSION}; nothing was touched, and the turnback that wrote it goes on with it"
        )));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FNV-1a, of 64 bits (draft-eastlake-fnv).
    fn digest(texts: &[&str]) -> u64 {
        let bytes = texts.iter().flat_map(|text| text.bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    #[test]
    fn no_file_of_the_ledger_changes_without_a_new_version() {
        let mut texts = vec![TABLES, FUNCTIONS];
        texts.extend(SINCE.iter().map(|(_, sql)| *sql));
        assert_eq!(
            (VERSION, format!("{:016x}", digest(&texts))),
            (4, "de729e7bddc4c540".to_owned()),
            "ledgers that are out there are brought up to date by their version alone: raise \
             VERSION with every change to these files, then take over the number on the left"
        );
    }

    #[test]
    fn every_version_since_the_first_has_its_place() {
        let versions: Vec<i32> = SINCE.iter().map(|(version, _)| *version).collect();
        assert!(versions.is_sorted_by(|a, b| a < b));
        assert!(
            versions
                .iter()
                .all(|version| (2..=VERSION).contains(version))
        );
    }
}
