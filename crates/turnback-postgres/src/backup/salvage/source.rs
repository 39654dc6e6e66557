//! Where the keys of a table come from.

use sqlx::PgConnection;
use turnback_core::backup::salvage::Direction;
use turnback_core::name::{Ident, TableName, literal};

use super::super::error::BackupError;

/// What makes keys of a column.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// An expression that makes one.
    pub(super) make: String,
    /// The sequence behind it, as SQL names it.
    sequence: Option<String>,
    /// The highest key that is there.
    highest: Option<i64>,
}

impl Source {
    /// What makes keys of a column of the restored database; nothing where a number would have to
    /// be made up and no sequence does that.
    pub(super) async fn of(
        restored: &mut PgConnection,
        table: &TableName,
        column: &Ident,
        direction: Direction,
    ) -> Result<Option<Self>, BackupError> {
        let doing = || BackupError::sql(format!("looking for what makes keys of {table}"));
        // An identity has its sequence; a default draws from the one it depends on.
        let (default, sequence): (Option<String>, Option<String>) = sqlx::query_as(
            "SELECT pg_get_expr(d.adbin, d.adrelid), \
               CASE WHEN a.attidentity <> '' THEN pg_get_serial_sequence($1, $2) \
                    ELSE (SELECT s.oid::regclass::text FROM pg_depend x JOIN pg_class s ON s.oid = x.refobjid \
                          WHERE x.classid = 'pg_attrdef'::regclass AND x.objid = d.oid \
                            AND x.refclassid = 'pg_class'::regclass AND s.relkind = 'S' LIMIT 1) END \
             FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attrelid = $1::regclass AND a.attname = $2",
        )
        .bind(table.to_string())
        .bind(column.as_str())
        .persistent(false)
        .fetch_one(&mut *restored)
        .await
        .map_err(doing())?;
        if direction == Direction::ToNew {
            return Ok(Some(Self {
                make: default.unwrap_or_else(|| "gen_random_uuid()".to_owned()),
                sequence: None,
                highest: None,
            }));
        }
        let Some(sequence) = sequence else {
            return Ok(None);
        };
        let highest: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT max({column})::bigint FROM {table}"
        )))
        .persistent(false)
        .fetch_one(restored)
        .await
        .map_err(doing())?;
        Ok(Some(Self {
            make: default.unwrap_or_else(|| format!("nextval({}::regclass)", literal(&sequence))),
            sequence: Some(sequence),
            highest,
        }))
    }

    /// Moves the sequence on behind all keys that are there, and one more.
    pub(super) fn ahead(&self, also: Option<i64>) -> Option<String> {
        let sequence = self.sequence.as_ref()?;
        let highest = self.highest.max(also)?;
        Some(format!(
            "SELECT setval({}::regclass, {highest}) FROM {sequence} s WHERE s.last_value < {highest}",
            literal(sequence)
        ))
    }
}
