//! The tables of the control store, and how older stores get those that they lack.

use sqlx::AssertSqlSafe;

use crate::chain::chain;
use crate::database::{Database, Dialect, Transaction, sql};

/// What a schema adds to the one before it, for each kind of database.
struct Step {
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! step {
    ($name:literal) => {
        Step {
            sqlite: include_str!(concat!($name, ".sqlite.sql")),
            postgres: include_str!(concat!($name, ".postgres.sql")),
        }
    };
}

/// The number of a schema is its place, from 1. A store says which one it has, a file in its
/// `user_version` and a database in `turnback_control.version`; 0 is a new one, or a file from
/// before there were any, which is why the first makes only what is not there.
const STEPS: &[Step] = &[
    step!("journal"),
    step!("outbox"),
    step!("watch"),
    step!("chain"),
    step!("serve"),
    step!("leadership"),
    step!("flags"),
    step!("lead_since"),
];

/// Whether a PostgreSQL database has a control store.
const THERE: &str = "SELECT to_regclass('turnback_control.version') IS NOT NULL AS there";

/// Brings a store to the schema of this turnback, in one transaction.
///
/// # Errors
///
/// In words: a later turnback wrote it, or it cannot be read or written.
pub(crate) async fn upgrade(database: &Database) -> Result<(), String> {
    let words = |error: sqlx::Error| error.to_string();
    let mut look = database.look().await.map_err(words)?;
    let lacks = !missing(&mut look, database.dialect()).await?.is_empty();
    look.commit().await.map_err(words)?;
    if !lacks {
        return Ok(());
    }
    // Asked again when it is our turn: two processes may open the store at once.
    let mut transaction = database.writing().await.map_err(words)?;
    for step in missing(&mut transaction, database.dialect()).await? {
        let text = match database.dialect() {
            Dialect::Sqlite => step.sqlite,
            Dialect::Postgres => step.postgres,
        };
        transaction.script(text).await.map_err(words)?;
    }
    // Entries of a file from before there was a chain become its beginning.
    chain(&mut transaction, None).await.map_err(words)?;
    write_version(&mut transaction, database.dialect())
        .await
        .map_err(words)?;
    transaction.commit().await.map_err(words)
}

/// Whether a PostgreSQL database has a control store already.
pub(crate) async fn is_there(database: &Database) -> Result<bool, sqlx::Error> {
    let row = database.optional(sql(THERE)).await?;
    row.map_or(Ok(false), |row| row.get("there"))
}

/// Which schema this is: a turnback that knows none so high leaves the store alone.
async fn write_version(transaction: &mut Transaction, dialect: Dialect) -> Result<(), sqlx::Error> {
    match dialect {
        Dialect::Sqlite => {
            let version = format!("PRAGMA user_version = {}", STEPS.len());
            transaction.script(AssertSqlSafe(version)).await
        }
        Dialect::Postgres => {
            let version = sql("UPDATE version SET number = $1").bind(STEPS.len() as i64);
            transaction.run(version).await.map(drop)
        }
    }
}

/// What the store lacks.
async fn missing(
    transaction: &mut Transaction,
    dialect: Dialect,
) -> Result<&'static [Step], String> {
    let version = version(transaction, dialect)
        .await
        .map_err(|error| error.to_string())?;
    usize::try_from(version)
        .ok()
        .and_then(|known| STEPS.get(known..))
        .ok_or_else(|| {
            format!(
                "a later turnback wrote it (schema {version}, and this one knows {})",
                STEPS.len()
            )
        })
}

async fn version(transaction: &mut Transaction, dialect: Dialect) -> Result<i64, sqlx::Error> {
    match dialect {
        Dialect::Sqlite => {
            let row = transaction.one(sql("PRAGMA user_version")).await?;
            row.get("user_version")
        }
        Dialect::Postgres => {
            let there = transaction.one(sql(THERE)).await?;
            if !there.get::<bool>("there")? {
                return Ok(0);
            }
            // Names are found in what is committed now, rows in what was when this look began: who
            // comes between sees a table without its row, and asks again when it is its turn.
            let row = transaction
                .optional(sql("SELECT number FROM version"))
                .await?;
            row.map_or(Ok(0), |row| row.get("number"))
        }
    }
}
