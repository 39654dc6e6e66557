//! A statement with its values, and a row of what it gives, whichever driver is below.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, Decode, Postgres, Row as _, SqlSafeStr, SqlStr, Sqlite, Type, TypeInfo};

/// A statement with its values: the first is `$1`.
pub(crate) struct Statement {
    pub(super) text: SqlStr,
    pub(super) values: Vec<Value>,
}

/// A value. What is nothing has a type, too: PostgreSQL asks for it.
pub(crate) enum Value {
    /// `INTEGER` there, `BIGINT` here.
    Integer(Option<i64>),
    /// `TEXT`.
    Text(Option<String>),
    /// 0 or 1 there, `BOOLEAN` here.
    Truth(bool),
}

/// Begins a statement.
pub(crate) fn sql(text: impl SqlSafeStr) -> Statement {
    Statement {
        text: text.into_sql_str(),
        values: Vec::new(),
    }
}

impl Statement {
    /// Adds the next value.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(Some(number.into()))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl From<Option<u32>> for Value {
    fn from(number: Option<u32>) -> Self {
        Self::Integer(number.map(i64::from))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

/// A row.
pub(crate) enum Row {
    /// SQLite's.
    Sqlite(SqliteRow),
    /// PostgreSQL's.
    Postgres(PgRow),
}

impl Row {
    /// A column by its name: `i64`, `bool`, `String`, or an `Option` of these.
    pub(crate) fn get<T>(&self, column: &str) -> Result<T, sqlx::Error>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite>,
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// A count: what is kept as a number and never below 0.
    pub(crate) fn count(&self, column: &str) -> Result<u32, sqlx::Error> {
        let number: i64 = self.get(column)?;
        u32::try_from(number).map_err(|error| sqlx::Error::ColumnDecode {
            index: column.to_owned(),
            source: Box::new(error),
        })
    }

    /// What can be read of a column as text. SQLite keeps what somebody put there of any type, and
    /// it is shown as it is.
    pub(crate) fn found(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => {
                let bytes: Option<Vec<u8>> = row.try_get_unchecked(column)?;
                Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
            }
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// What stands in a place, from 0, as a column of this kind takes it, in whichever database.
    pub(crate) fn copied(&self, place: usize, kind: Kind) -> Result<Value, sqlx::Error> {
        Ok(match (kind, self) {
            (Kind::Truth, Self::Sqlite(row)) => Value::Truth(row.try_get(place)?),
            (Kind::Truth, Self::Postgres(row)) => Value::Truth(row.try_get(place)?),
            (Kind::Text, Self::Sqlite(row)) => {
                let bytes: Option<Vec<u8>> = row.try_get_unchecked(place)?;
                Value::Text(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
            }
            (Kind::Text, Self::Postgres(row)) => Value::Text(row.try_get(place)?),
            (Kind::Integer, Self::Sqlite(row)) => Value::Integer(row.try_get(place)?),
            (Kind::Integer, Self::Postgres(row)) => match row.column(place).type_info().name() {
                "BOOL" => Value::Truth(row.try_get(place)?),
                "INT4" => Value::Integer(row.try_get::<Option<i32>, _>(place)?.map(i64::from)),
                _ => Value::Integer(row.try_get(place)?),
            },
        })
    }
}

/// What a column takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whole numbers.
    Integer,
    /// Text.
    Text,
    /// True or false, where a database tells that from a number.
    Truth,
}
