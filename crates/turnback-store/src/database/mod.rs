//! The database below a control store: two drivers behind one way to ask.
//!
//! A statement is written once where SQLite and PostgreSQL agree; `$1` and `json(column) ->> 'key'`
//! are among what they agree on (the latter takes text in both). Where they do not, the choice is
//! made by [`Database::dialect`], in the statement's own file.

mod postgres;
mod sqlite;
mod statement;
mod transaction;

use std::path::Path;

use sqlx::{PgPool, SqlitePool};
use turnback_core::plan::Target as Url;

pub(crate) use self::statement::{Kind, Row, Statement, sql};
use self::transaction::Link;
pub(crate) use self::transaction::Transaction;

/// The database below a control store.
#[derive(Clone)]
pub(crate) enum Database {
    /// A SQLite file.
    Sqlite(SqlitePool),
    /// The schema `turnback_control` of a PostgreSQL database.
    Postgres(PgPool),
}

/// Which words a database understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

impl Database {
    /// Opens a file, and makes it and its directories where they are not there.
    pub(crate) async fn file(path: &Path) -> Result<Self, String> {
        sqlite::open(path).await.map(Self::Sqlite)
    }

    /// Opens a database that is there.
    pub(crate) async fn postgres(url: &Url) -> Result<Self, String> {
        postgres::open(url).await.map(Self::Postgres)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Sessions that are open, and how many of them are at work.
    pub(crate) fn sessions(&self) -> (u32, u32) {
        let (open, idle) = match self {
            Self::Sqlite(pool) => (pool.size(), pool.num_idle()),
            Self::Postgres(pool) => (pool.size(), pool.num_idle()),
        };
        let idle = u32::try_from(idle).unwrap_or(open);
        (open, open.saturating_sub(idle))
    }

    /// Every row of a statement that stands by itself.
    pub(crate) async fn all(&self, statement: Statement) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite(pool) => {
                Link::Sqlite(&mut *pool.acquire().await?)
                    .all(statement)
                    .await
            }
            Self::Postgres(pool) => {
                let mut session = pool.acquire().await?;
                Link::Postgres(&mut session).all(statement).await
            }
        }
    }

    /// Its first row, where there is one.
    pub(crate) async fn optional(&self, statement: Statement) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// A transaction that writes. Of all processes one at a time is in such a transaction: what it
    /// reads stays so until it commits, and numbers are given in the order of commits.
    pub(crate) async fn writing(&self) -> Result<Transaction, sqlx::Error> {
        match self {
            Self::Sqlite(pool) => pool
                .begin_with("BEGIN IMMEDIATE")
                .await
                .map(Transaction::Sqlite),
            Self::Postgres(pool) => postgres::writing(pool).await.map(Transaction::Postgres),
        }
    }

    /// A transaction that reads, and sees one moment throughout.
    pub(crate) async fn look(&self) -> Result<Transaction, sqlx::Error> {
        match self {
            Self::Sqlite(pool) => pool.begin().await.map(Transaction::Sqlite),
            Self::Postgres(pool) => pool
                .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .await
                .map(Transaction::Postgres),
        }
    }
}
