//! Foreign keys of the restored database: the order in which tables are put back, and what a row
//! needs to be there.

use std::collections::BTreeSet;

use serde::Deserialize;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection};
use turnback_core::backup::salvage::{Reference, Wish, is};
use turnback_core::name::{Ident, TableName};

use super::super::error::BackupError;

const REFERENCES: &str = include_str!("references.sql");

#[derive(Deserialize)]
struct Raw {
    child: TableName,
    columns: Vec<Ident>,
    parent: TableName,
    parent_columns: Vec<(Ident, String)>,
}

/// All foreign keys of a database.
pub(super) struct References {
    pub(super) all: Vec<Reference>,
    /// The columns that each refers to, with their types.
    far: Vec<Vec<(Ident, String)>>,
}

impl References {
    pub(super) async fn read(session: &mut PgConnection) -> Result<Self, BackupError> {
        let found: Json<Vec<Raw>> = sqlx::query_scalar(REFERENCES)
            .persistent(false)
            .fetch_one(session)
            .await
            .map_err(BackupError::sql("looking at foreign keys"))?;
        let far = found
            .0
            .iter()
            .map(|raw| raw.parent_columns.clone())
            .collect();
        let all = found
            .0
            .into_iter()
            .map(|raw| Reference {
                child: raw.child,
                columns: raw.columns,
                parent: raw.parent,
                parent_columns: raw
                    .parent_columns
                    .into_iter()
                    .map(|(name, _)| name)
                    .collect(),
            })
            .collect();
        Ok(Self { all, far })
    }

    /// The columns that a row is wished for by, with their types.
    pub(super) fn far(&self, wish: &Wish) -> &[(Ident, String)] {
        &self.far[wish.0]
    }

    /// Of these wishes, those whose row is there.
    pub(super) async fn held(
        &self,
        session: &mut PgConnection,
        wishes: BTreeSet<Wish>,
    ) -> Result<BTreeSet<Wish>, BackupError> {
        let mut held = BTreeSet::new();
        for wish in wishes {
            let sql = format!(
                "SELECT EXISTS (SELECT FROM {} AS t WHERE {})",
                self.all[wish.0].parent,
                is(self.far(&wish), &wish.1)
            );
            let there: bool = sqlx::query_scalar(AssertSqlSafe(sql))
                .persistent(false)
                .fetch_one(&mut *session)
                .await
                .map_err(BackupError::sql("looking for what rows refer to"))?;
            if there {
                held.insert(wish);
            }
        }
        Ok(held)
    }
}
