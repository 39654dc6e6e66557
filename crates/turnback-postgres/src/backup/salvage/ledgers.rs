//! What the ledgers of two databases know of converted keys.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgConnection;
use turnback_core::backup::salvage::{Direction, KeyName, Known, known};
use turnback_core::name::{Ident, TableName};
use turnback_engine::edges::PhaseRecord;
use turnback_engine::error::TargetError;

use super::super::error::BackupError;
use crate::ledger;

/// What is known of converted keys, and which key archives there are.
pub(super) struct Ledgers {
    known: BTreeMap<(TableName, Ident), Known>,
    archives_here: BTreeSet<TableName>,
    archives_there: BTreeSet<TableName>,
    /// Why one of the ledgers says nothing.
    doubt: Option<String>,
}

impl Ledgers {
    /// Reads both.
    pub(super) async fn read(
        failed: &mut PgConnection,
        restored: &mut PgConnection,
    ) -> Result<Self, BackupError> {
        let mut doubt = None;
        let there = phases(failed, "replaced", &mut doubt).await?;
        let here = phases(restored, "restored", &mut doubt).await?;
        let as_pairs = |records: &'_ [PhaseRecord]| -> Vec<_> {
            records
                .iter()
                .map(|record| (record.state, record.program.clone()))
                .collect()
        };
        let (here, there) = (as_pairs(&here), as_pairs(&there));
        Ok(Self {
            known: known(
                here.iter().map(|(state, program)| (*state, program)),
                there.iter().map(|(state, program)| (*state, program)),
            ),
            archives_here: archives(restored).await?,
            archives_there: archives(failed).await?,
            doubt,
        })
    }

    /// What is known of the columns of a table; of a partition, ask for the one at the top.
    pub(super) fn of(&self, table: &TableName) -> BTreeMap<Ident, Known> {
        self.known
            .iter()
            .filter(|((of, _), _)| of == table)
            .map(|((_, column), known)| (column.clone(), known.clone()))
            .collect()
    }

    /// All keys that phases convert.
    pub(super) fn keys(&self) -> BTreeSet<KeyName> {
        self.known.values().map(|known| known.key.clone()).collect()
    }

    /// The archive that leads from the keys of the replaced database to those of the restored one.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(super) fn leads(
        &self,
        key: &KeyName,
        known: &Known,
        direction: Direction,
    ) -> Result<TableName, String> {
        let (standing, archives, database) = match direction {
            Direction::ToOld => (&known.there, &self.archives_there, "replaced"),
            Direction::ToNew => (&known.here, &self.archives_here, "restored"),
        };
        let archive = standing
            .as_ref()
            .and_then(|standing| standing.archive.as_ref());
        match archive {
            Some(archive) if archives.contains(archive) => Ok(archive.clone()),
            Some(archive) => Err(format!(
                "the key archive {archive}, which leads from one to the other, is not in the {database} database any more"
            )),
            None => Err(format!(
                "the ledger in the {database} database tells of no archive of {key} that leads from one to the other"
            )),
        }
    }

    /// The archive of a key by its name alone.
    pub(super) fn archive(&self, key: &KeyName, direction: Direction) -> Option<TableName> {
        let known = self.known.get(&(key.table.clone(), key.column.clone()))?;
        self.leads(key, known, direction).ok()
    }

    /// Adds to a reason that a ledger could not be read, which may be why.
    pub(super) fn with_doubt(&self, reason: String) -> String {
        match &self.doubt {
            Some(doubt) => format!("{reason} ({doubt})"),
            None => reason,
        }
    }
}

async fn phases(
    session: &mut PgConnection,
    database: &str,
    doubt: &mut Option<String>,
) -> Result<Vec<PhaseRecord>, BackupError> {
    match read(session).await {
        Ok(found) => Ok(found),
        // Tables that no phase converts are compared all the same.
        Err(TargetError::Ledger(reason)) => {
            *doubt = Some(format!(
                "the ledger of the {database} database cannot be read: {reason}"
            ));
            Ok(vec![])
        }
        Err(error) => Err(BackupError::server("reading the ledger")(error)),
    }
}

async fn read(session: &mut PgConnection) -> Result<Vec<PhaseRecord>, TargetError> {
    let mut all = Vec::new();
    if ledger::opening::exists(session).await? {
        for plan in ledger::plans(session).await? {
            all.extend(ledger::phases(session, &plan).await?);
        }
    }
    Ok(all)
}

async fn archives(session: &mut PgConnection) -> Result<BTreeSet<TableName>, BackupError> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'turnback' AND c.relkind = 'r'",
    )
    .persistent(false)
    .fetch_all(session)
    .await
    .map_err(BackupError::sql("looking for key archives"))?;
    Ok(names
        .into_iter()
        .map(|name| TableName::new("turnback", Ident::new(name)))
        .collect())
}
