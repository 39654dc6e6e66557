//! A transaction, and statements on the session below it.

use futures_util::TryStreamExt;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Postgres, SqlSafeStr, Sqlite};

use super::statement::{Row, Statement, Value};

/// A transaction. What is dropped is rolled back.
pub(crate) enum Transaction {
    /// SQLite's.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// PostgreSQL's.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    fn link(&mut self) -> Link<'_> {
        match self {
            Self::Sqlite(transaction) => Link::Sqlite(transaction),
            Self::Postgres(transaction) => Link::Postgres(transaction),
        }
    }

    /// Every row.
    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Vec<Row>, sqlx::Error> {
        self.link().all(statement).await
    }

    /// The first row, where there is one.
    pub(crate) async fn optional(
        &mut self,
        statement: Statement,
    ) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// The first row.
    pub(crate) async fn one(&mut self, statement: Statement) -> Result<Row, sqlx::Error> {
        let row = self.optional(statement).await?;
        row.ok_or(sqlx::Error::RowNotFound)
    }

    /// How many rows it changed.
    pub(crate) async fn run(&mut self, statement: Statement) -> Result<u64, sqlx::Error> {
        self.link().run(statement).await
    }

    /// Every row, one after the other: for what need not fit into memory.
    pub(crate) async fn each(
        &mut self,
        statement: Statement,
        take: impl FnMut(Row) -> Result<(), sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        self.link().each(statement, take).await
    }

    /// Statements without values, as they stand.
    pub(crate) async fn script(&mut self, text: impl SqlSafeStr) -> Result<(), sqlx::Error> {
        let script = sqlx::raw_sql(text);
        match self {
            Self::Sqlite(transaction) => script.execute(&mut **transaction).await.map(drop),
            Self::Postgres(transaction) => script.execute(&mut **transaction).await.map(drop),
        }
    }

    /// Makes it last.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}

/// One session of either driver.
pub(super) enum Link<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// The statement with its values, as a driver takes it.
macro_rules! query {
    ($driver:ty, $statement:expr) => {{
        let statement = $statement;
        let mut query = sqlx::query::<$driver>(statement.text);
        for value in statement.values {
            query = match value {
                Value::Integer(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
                Value::Truth(truth) => query.bind(truth),
            };
        }
        query
    }};
}

impl Link<'_> {
    pub(super) async fn all(self, statement: Statement) -> Result<Vec<Row>, sqlx::Error> {
        let mut rows = Vec::new();
        self.each(statement, |row| {
            rows.push(row);
            Ok(())
        })
        .await?;
        Ok(rows)
    }

    async fn each(
        self,
        statement: Statement,
        mut take: impl FnMut(Row) -> Result<(), sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        match self {
            Link::Sqlite(session) => {
                let mut rows = query!(Sqlite, statement).fetch(session);
                while let Some(row) = rows.try_next().await? {
                    take(Row::Sqlite(row))?;
                }
            }
            Link::Postgres(session) => {
                let mut rows = query!(Postgres, statement).fetch(session);
                while let Some(row) = rows.try_next().await? {
                    take(Row::Postgres(row))?;
                }
            }
        }
        Ok(())
    }

    async fn run(self, statement: Statement) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Link::Sqlite(session) => query!(Sqlite, statement)
                .execute(session)
                .await?
                .rows_affected(),
            Link::Postgres(session) => query!(Postgres, statement)
                .execute(session)
                .await?
                .rows_affected(),
        })
    }
}
