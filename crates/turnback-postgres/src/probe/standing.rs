//! Where a phase stands, and which of its columns and foreign keys there are.

use std::collections::BTreeSet;

use serde::Deserialize;
use sqlx::AssertSqlSafe;
use sqlx::types::Json;
use turnback_core::name::{Ident, TableName};
use turnback_core::state::PhaseState;

use super::failure::Failure;
use super::lane::Session;
use super::scope::ProbeScope;

const STANDING: &str = include_str!("standing.sql");
/// The state of a phase by its plan and name.
const BY_LEDGER: &str = "(SELECT p.state FROM turnback.phase p WHERE p.plan = $1 AND p.phase = $2)";
/// Where there is no ledger; the parameters have their types all the same.
const WITHOUT_LEDGER: &str = "left($1::text || $2::text, 0)";

/// What the ledger and the catalog say of a phase, at one moment.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) state: PhaseState,
    pub(super) foreign_keys: Vec<ForeignKey>,
    columns: BTreeSet<(TableName, Ident)>,
    partitioned: BTreeSet<TableName>,
}

#[derive(Debug, Deserialize)]
struct Found {
    state: Option<String>,
    columns: Vec<(TableName, Ident)>,
    partitioned: Vec<TableName>,
    foreign_keys: Vec<ForeignKey>,
}

/// A foreign key as the catalog has it.
#[derive(Debug, Deserialize)]
pub(super) struct ForeignKey {
    pub(super) oid: i64,
    pub(super) table: TableName,
    pub(super) name: Ident,
    pub(super) valid: bool,
    pub(super) enforced: bool,
    pub(super) period: bool,
    pub(super) partitioned: bool,
    pub(super) columns: Vec<Ident>,
    pub(super) far: TableName,
    pub(super) far_partitioned: bool,
    pub(super) far_columns: Vec<Ident>,
    pub(super) equal: Vec<String>,
}

/// The names of a column's two shapes; or that there is only one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// Both are there.
    Both { old: Ident, new: Ident },
    /// One alone, or none: the table may be gone, too.
    NotBoth,
}

impl Standing {
    /// One look.
    pub(super) async fn look(
        session: &mut Session<'_>,
        scope: &ProbeScope,
    ) -> Result<Self, Failure> {
        let program = &scope.program;
        let schemas: Vec<&str> = program.tables.iter().map(|t| t.schema.as_str()).collect();
        let names: Vec<&str> = program.tables.iter().map(|t| t.name.as_str()).collect();
        session.begin("").await?;
        let has_ledger: bool =
            sqlx::query_scalar("SELECT to_regclass('turnback.phase') IS NOT NULL")
                .persistent(false)
                .fetch_one(&mut **session)
                .await?;
        let state = if has_ledger {
            BY_LEDGER
        } else {
            WITHOUT_LEDGER
        };
        let Json(found): Json<Found> =
            sqlx::query_scalar(AssertSqlSafe(STANDING.replace("{state}", state)))
                .bind(&scope.plan)
                .bind(&program.phase)
                .bind(schemas)
                .bind(names)
                .bind(&scope.schema)
                .persistent(false)
                .fetch_one(&mut **session)
                .await?;
        session.commit().await?;
        // A ledger without the phase: it is not begun, or was turned back.
        let known = if has_ledger {
            PhaseState::Pending
        } else {
            scope.state
        };
        Ok(Self {
            state: found
                .state
                .and_then(|state| PhaseState::parse(&state))
                .unwrap_or(known),
            foreign_keys: found.foreign_keys,
            columns: found.columns.into_iter().collect(),
            partitioned: found.partitioned.into_iter().collect(),
        })
    }

    /// What a column's two shapes are called at this moment: the plain name is that of the shape
    /// that `public` shows, and the other stands aside.
    pub(super) fn names(&self, table: &TableName, column: &Ident) -> Names {
        let has = |name: &Ident| self.columns.contains(&(table.clone(), name.clone()));
        let (plain, new, old) = (column.clone(), column.new_shape(), column.old_shape());
        match (has(&plain), has(&new), has(&old)) {
            (true, true, _) => Names::Both { old: plain, new },
            (true, false, true) => Names::Both { old, new: plain },
            (true, false, false) | (false, _, _) => Names::NotBoth,
        }
    }

    /// How a table's rows are asked for: a partitioned one has them in its partitions; of any
    /// other, what inherits from it has rows of its own.
    pub(super) fn rows_of(&self, table: &TableName) -> String {
        rows(table, self.partitioned.contains(table))
    }

    /// Whether there is a foreign key on the column.
    pub(super) fn is_held(&self, table: &TableName, column: &Ident) -> bool {
        self.foreign_keys
            .iter()
            .any(|key| key.table == *table && key.columns.contains(column))
    }
}

pub(super) fn rows(table: &TableName, partitioned: bool) -> String {
    if partitioned {
        table.to_string()
    } else {
        format!("ONLY {table}")
    }
}
