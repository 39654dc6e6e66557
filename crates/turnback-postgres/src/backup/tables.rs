//! Restores some tables of a backup: brought in beside, then in one transaction in the place of
//! the rows that are there, which are kept in a schema of their own.

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, PgConnection};
use turnback_core::backup::Contents;
use turnback_core::backup::swap;
use turnback_core::name::{Ident, TableName, list, literal};
use turnback_core::plan::Backups;

use super::create::text;
use super::error::BackupError;
use super::server::Server;
use super::source::Given;
use super::tell::{Doing, Tell};
use super::verify::{of_one_database, pour};
use super::{contents, databases};
use crate::session::run;

const REFERENCES: &str = include_str!("references.sql");
/// Where rows of the backup wait for the one transaction.
const STAGING: &str = "turnback_restore";

/// What became of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRestored {
    /// The table.
    pub table: TableName,
    /// Rows that were there.
    pub before: u64,
    /// Rows that the backup holds, which are there now.
    pub after: u64,
    /// Where those are kept that were there.
    pub kept: TableName,
}

/// A table with its columns in both databases.
struct Room {
    table: TableName,
    columns: Vec<Ident>,
    staged: TableName,
}

/// Restores tables. Of a partitioned one its partitions are meant.
///
/// # Errors
///
/// When a table is not there or has other columns than in the backup, or a foreign key would
/// not hold: then nothing was changed.
pub async fn restore_tables(
    server: &Server,
    given: &Given,
    tables: &[TableName],
    backups: &Backups,
    tell: Tell<'_>,
) -> Result<Vec<TableRestored>, BackupError> {
    of_one_database(given)?;
    let mut maintenance = server.maintenance().await?;
    super::swap::lock(&mut maintenance, server.database()).await?;
    let mut live = server.session().await?;
    let leaves = leaves(&mut live, tables).await?;
    let beside = swap::beside(server.database()).with_suffix("_tables");
    databases::drop_it(&mut maintenance, beside.as_str()).await?;
    let properties = databases::properties(&mut maintenance, server.database()).await?;
    databases::create(&mut maintenance, beside.as_str(), &properties).await?;
    let database = server.other(beside.as_str());
    let outcome = async {
        tell(Doing::Step(format!(
            "restoring the rows into {beside}, which is dropped afterwards"
        )));
        pour(given, &database, backups, false, &leaves, tell).await?;
        let mut source = database.session().await?;
        must_equal(given, &mut source, &leaves).await?;
        let rooms = rooms(&mut live, &mut source, &leaves).await?;
        stage(&mut live, &mut source, &rooms).await?;
        tell(Doing::Step(
            "putting the rows in their place, in one transaction".to_owned(),
        ));
        let put = put_in_place(&mut live, &rooms).await;
        let cleared = clear(&mut live, &rooms).await;
        let put = put?;
        cleared?;
        Ok(put)
    }
    .await;
    let mut maintenance = server.maintenance().await?;
    let dropped = databases::drop_it(&mut maintenance, beside.as_str()).await;
    let restored = outcome?;
    dropped?;
    Ok(restored)
}

/// The tables with rows of their own.
async fn leaves(
    live: &mut PgConnection,
    tables: &[TableName],
) -> Result<Vec<TableName>, BackupError> {
    let mut leaves: Vec<TableName> = Vec::new();
    for table in tables {
        let found: Vec<(String, String)> = sqlx::query_as(
            "SELECT n.nspname::text, c.relname::text FROM pg_class t \
             CROSS JOIN LATERAL (SELECT t.oid AS oid WHERE t.relkind = 'r' \
               UNION SELECT p.relid FROM pg_partition_tree(t.oid) p WHERE t.relkind = 'p' AND p.isleaf) l \
             JOIN pg_class c ON c.oid = l.oid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE t.oid = to_regclass($1) AND c.relkind = 'r' ORDER BY 1, 2",
        )
        .bind(table.to_string())
        .persistent(false)
        .fetch_all(&mut *live)
        .await
        .map_err(BackupError::sql(format!("looking for {table}")))?;
        if found.is_empty() {
            return Err(BackupError::refused(
                format!("there is no table {table} in the database to restore the rows into"),
                "Nothing was touched. `turnback restore --swap` restores the whole database.",
            ));
        }
        leaves.extend(
            found
                .iter()
                .map(|(s, n)| TableName::new(s.as_str(), n.as_str())),
        );
    }
    leaves.sort();
    leaves.dedup();
    Ok(leaves)
}

/// What came out of the backup is what had gone in.
async fn must_equal(
    given: &Given,
    source: &mut PgConnection,
    leaves: &[TableName],
) -> Result<(), BackupError> {
    let Given::Backup(entry) = given else {
        return Ok(());
    };
    run(source, contents::AS_TEXT)
        .await
        .map_err(BackupError::server("preparing to compare"))?;
    let mut restored = Vec::new();
    for table in contents::tables(source).await? {
        if leaves.contains(&table) {
            restored.push(contents::sum(source, &table).await?);
        }
    }
    let mut expected = entry.manifest.contents.clone();
    expected.tables.retain(|sum| leaves.contains(&sum.table));
    let restored = Contents {
        tables: restored,
        large_objects: expected.large_objects,
    };
    let differences = expected.differences(&restored);
    if differences.is_empty() {
        return Ok(());
    }
    Err(BackupError::Differs {
        id: given.name(),
        differences,
    })
}

/// Columns that can be written, with their types.
async fn columns(
    session: &mut PgConnection,
    table: &TableName,
) -> Result<Vec<(String, String)>, BackupError> {
    sqlx::query_as(
        "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute \
         WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attname",
    )
    .bind(table.to_string())
    .persistent(false)
    .fetch_all(session)
    .await
    .map_err(BackupError::sql(format!("looking at {table}")))
}

async fn rooms(
    live: &mut PgConnection,
    source: &mut PgConnection,
    leaves: &[TableName],
) -> Result<Vec<Room>, BackupError> {
    let mut rooms = Vec::new();
    for (at, table) in leaves.iter().enumerate() {
        let here = columns(live, table).await?;
        let there = columns(source, table).await?;
        if there.is_empty() && !here.is_empty() {
            return Err(BackupError::refused(
                format!("the backup has no table {table}"),
                "Nothing was touched.",
            ));
        }
        let differs = here
            .iter()
            .find(|column| !there.contains(column))
            .or_else(|| there.iter().find(|column| !here.contains(column)));
        if let Some((column, _)) = differs {
            return Err(BackupError::refused(
                format!("{table} has other columns now than in the backup: {column}"),
                "Nothing was touched. Turn back the phase that changed it first (`turnback back`), or restore the whole database with `--swap`.",
            ));
        }
        rooms.push(Room {
            table: table.clone(),
            columns: here.iter().map(|(name, _)| Ident::new(name)).collect(),
            staged: TableName::new(STAGING, Ident::new(format!("t{at}"))),
        });
    }
    Ok(rooms)
}

/// Brings the rows over, beside.
async fn stage(
    live: &mut PgConnection,
    source: &mut PgConnection,
    rooms: &[Room],
) -> Result<(), BackupError> {
    clear(live, rooms).await?;
    let doing = || BackupError::server("making room for the rows of the backup");
    run(live, &format!("CREATE SCHEMA {STAGING}"))
        .await
        .map_err(doing())?;
    for Room {
        table,
        columns,
        staged,
    } in rooms
    {
        let names = list(columns);
        run(
            live,
            &format!(
                "CREATE UNLOGGED TABLE {staged} AS SELECT {names} FROM ONLY {table} WHERE false"
            ),
        )
        .await
        .map_err(doing())?;
        let copying = || BackupError::sql(format!("copying the rows of {table}"));
        let (from, to) = if columns.is_empty() {
            (
                format!("COPY {table} TO STDOUT"),
                format!("COPY {staged} FROM STDIN"),
            )
        } else {
            (
                format!("COPY {table} ({names}) TO STDOUT"),
                format!("COPY {staged} ({names}) FROM STDIN"),
            )
        };
        let mut rows = source.copy_out_raw(&from).await.map_err(copying())?;
        let mut sink = live.copy_in_raw(&to).await.map_err(copying())?;
        while let Some(part) = rows.try_next().await.map_err(copying())? {
            sink.send(part).await.map_err(copying())?;
        }
        sink.finish().await.map_err(copying())?;
    }
    Ok(())
}

/// Drops what waited; of a try that failed, too.
async fn clear(live: &mut PgConnection, rooms: &[Room]) -> Result<(), BackupError> {
    let exists = text(
        live,
        &format!("SELECT (to_regnamespace('{STAGING}') IS NOT NULL)::text"),
    )
    .await?;
    if exists != "true" {
        return Ok(());
    }
    let left: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace('{STAGING}') AND relkind = 'r' AND relname ~ '^t[0-9]+$'"
    )))
    .persistent(false)
    .fetch_all(&mut *live)
    .await
    .map_err(BackupError::sql("looking for what is left of an earlier restore"))?;
    let staged = rooms
        .iter()
        .map(|room| room.staged.name.as_str().to_owned());
    let mut names: Vec<String> = left.into_iter().chain(staged).collect();
    names.sort();
    names.dedup();
    let drops: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "DROP TABLE IF EXISTS {}",
                TableName::new(STAGING, name.as_str())
            )
        })
        .collect();
    let sql = format!("BEGIN; {}; DROP SCHEMA {STAGING}; COMMIT", drops.join("; "));
    run(live, &sql).await.map_err(BackupError::server(format!(
        "dropping the schema {STAGING}"
    )))
}

/// A foreign key with an end in one of the tables.
struct Reference {
    name: String,
    child: String,
    parent: String,
    broken: String,
}

async fn references(live: &mut PgConnection, tables: &str) -> Result<Vec<Reference>, BackupError> {
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as(AssertSqlSafe(REFERENCES.replace(":tables", tables)))
            .persistent(false)
            .fetch_all(live)
            .await
            .map_err(BackupError::sql("looking at foreign keys"))?;
    Ok(rows
        .into_iter()
        .map(|(name, child, parent, broken)| Reference {
            name,
            child,
            parent,
            broken,
        })
        .collect())
}

async fn put_in_place(
    live: &mut PgConnection,
    rooms: &[Room],
) -> Result<Vec<TableRestored>, BackupError> {
    let doing = || BackupError::server("putting the rows in their place");
    let names = format!(
        "ARRAY[{}]::regclass[]",
        list(rooms.iter().map(|room| literal(&room.table.to_string())))
    );
    let references = references(live, &names).await?;
    let time = text(
        live,
        "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD\"t\"HH24MISS\"z\"')",
    )
    .await?;
    let kept = Ident::new("turnback_replaced").with_suffix(&format!("_{time}"));
    // Neither the user's triggers nor the actions of foreign keys have a say in a restore; the
    // keys are asked for by hand.
    run(live, "BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL lock_timeout = '10s'")
        .await
        .map_err(|error| BackupError::Refused {
            what: format!("the tables cannot be restored: {error}"),
            next: "It takes a superuser, or from PostgreSQL 15 on `GRANT SET ON PARAMETER session_replication_role TO role`. Nothing was touched.".to_owned(),
        })?;
    let outcome = async {
        let mut locked: Vec<String> = rooms.iter().map(|room| room.table.to_string()).collect();
        locked.extend(references.iter().flat_map(|r| [r.child.clone(), r.parent.clone()]));
        locked.sort();
        locked.dedup();
        run(
            live,
            &format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE; CREATE SCHEMA {kept}", locked.join(", ")),
        )
        .await
        .map_err(doing())?;
        let mut restored = Vec::new();
        for room in rooms {
            restored.push(replace(live, room, &kept).await?);
        }
        let mut broken = Vec::new();
        for reference in &references {
            let count = text(live, &reference.broken).await?;
            if count != "0" {
                broken.push(format!(
                    "{} of {}: {count} rows refer to none of {}",
                    reference.name, reference.child, reference.parent
                ));
            }
        }
        if broken.is_empty() {
            return Ok(restored);
        }
        Err(BackupError::refused(
            format!("foreign keys would not hold: {}", broken.join("; ")),
            "Nothing was changed. Name the tables on the other end as well, or restore the whole database with `--swap`.",
        ))
    }
    .await;
    match outcome {
        Ok(restored) => {
            run(live, "COMMIT").await.map_err(doing())?;
            Ok(restored)
        }
        Err(error) => {
            // The first error tells more than a rollback on a broken connection.
            let _ = run(live, "ROLLBACK").await;
            Err(error)
        }
    }
}

async fn replace(
    live: &mut PgConnection,
    room: &Room,
    kept: &Ident,
) -> Result<TableRestored, BackupError> {
    let Room {
        table,
        columns,
        staged,
    } = room;
    let doing = || BackupError::server(format!("putting the rows of {table} in their place"));
    let name = Ident::new(format!("{}.{}", table.schema.as_str(), table.name.as_str()));
    let kept = TableName::new(kept.clone(), name.with_suffix(""));
    run(
        live,
        &format!("CREATE TABLE {kept} AS SELECT * FROM ONLY {table}; DELETE FROM ONLY {table}"),
    )
    .await
    .map_err(doing())?;
    let insert = if columns.is_empty() {
        format!("INSERT INTO {table} SELECT FROM {staged}")
    } else {
        let names = list(columns);
        format!(
            "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {staged}"
        )
    };
    run(live, &insert).await.map_err(doing())?;
    let count = async |live: &mut PgConnection, of: &TableName| {
        let n = text(live, &format!("SELECT count(*)::text FROM ONLY {of}")).await?;
        Ok::<u64, BackupError>(n.parse().unwrap_or_default())
    };
    Ok(TableRestored {
        before: count(live, &kept).await?,
        after: count(live, table).await?,
        table: table.clone(),
        kept,
    })
}
