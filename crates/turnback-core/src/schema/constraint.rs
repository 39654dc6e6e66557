//! Constraints, foreign keys among them.

use serde::{Deserialize, Serialize};

use crate::name::{Ident, TableName};

/// A constraint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// Its name.
    pub name: Ident,
    /// Columns it constrains, in its order.
    pub columns: Vec<Ident>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// `DEFERRABLE`
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`
    pub deferred: bool,
    /// Whether existing rows are known to satisfy it.
    pub validated: bool,
    /// Comes down from the tables above, as a check of a partition does.
    #[serde(default)]
    pub inherited: bool,
    /// The constraint of the partitioned table that it is a part of: the parent's table, and
    /// the constraint's name there.
    #[serde(default)]
    pub parent: Option<(TableName, Ident)>,
    /// `pg_get_constraintdef`
    pub definition: String,
    /// `COMMENT ON CONSTRAINT`.
    pub comment: Option<String>,
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConstraintKind {
    /// `PRIMARY KEY`, with its index.
    PrimaryKey {
        /// Name of the index (same schema as the table).
        index: Ident,
    },
    /// `UNIQUE`, with its index.
    Unique {
        /// Name of the index (same schema as the table).
        index: Ident,
    },
    /// `FOREIGN KEY`
    ForeignKey(ForeignKey),
    /// `CHECK (expression)`
    Check {
        /// The expression, deparsed, without the word CHECK.
        expression: String,
    },
    /// `EXCLUDE …`
    Exclusion,
    /// `NOT NULL` as a constraint of its own (PostgreSQL 18).
    NotNull,
    /// `CREATE CONSTRAINT TRIGGER`
    Trigger,
}

/// The far side of a foreign key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The table it points at.
    pub table: TableName,
    /// The columns it points at, in the order of [`Constraint::columns`].
    pub columns: Vec<Ident>,
    /// `ON UPDATE`
    pub on_update: Action,
    /// `ON DELETE`
    pub on_delete: Action,
    /// Columns of `ON DELETE SET NULL (…)`; empty means all (PostgreSQL 15).
    pub on_delete_columns: Vec<Ident>,
    /// `MATCH FULL` rather than `MATCH SIMPLE`.
    pub match_full: bool,
    /// The unique index it stands on (same schema as the table it points at). Where several
    /// would do, PostgreSQL chose one: no part of the shape.
    #[serde(default)]
    pub index: Option<Ident>,
    /// Its turn among the foreign keys that point at the same table, when a row there goes: the
    /// elder first (PostgreSQL fires their triggers by name, which is a number that counts up).
    /// No part of the shape; absent where a ledger of an earlier turnback does not say.
    #[serde(default)]
    pub turn: Option<u32>,
}

/// What a foreign key does when the row it points at changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `NO ACTION`
    NoAction,
    /// `RESTRICT`
    Restrict,
    /// `CASCADE`
    Cascade,
    /// `SET NULL`
    SetNull,
    /// `SET DEFAULT`
    SetDefault,
}

impl Action {
    /// As SQL.
    pub fn sql(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }
}
