//! Restores a backup into the place of a database: filled beside, compared, names swapped in
//! one transaction; the one that was there is kept.

mod lease;

use std::time::Duration;

use sqlx::PgConnection;
use turnback_core::backup::DatabaseProperties;
use turnback_core::backup::swap::{self, Databases, SwapMark, SwapStage, SwapStep};
use turnback_core::name::{Ident, literal};
use turnback_core::plan::Backups;
use turnback_engine::error::TargetError;

use self::lease::{epoch, outdate_leases};
use super::create::text;
use super::databases;
use super::error::BackupError;
use super::server::Server;
use super::source::Given;
use super::tell::{Doing, Tell};
use super::verify::{compare, of_one_database, pour};
use crate::session::run;

/// Names restores among the server's advisory locks.
const RESTORING: i32 = 0x7475_726f;
/// How many times the names are tried to be swapped: sessions that are ended take a moment, and
/// the server itself waits five seconds for them.
const TRIES: u32 = 4;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// What a restore came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swapped {
    /// What the database is called whose place was taken; none where there was none.
    pub failed: Option<String>,
    /// Sessions that were ended.
    pub ended: i64,
    /// It had been done before.
    pub before: bool,
    /// Replication slots that stay with the replaced database.
    pub slots: Vec<String>,
}

/// What is on the server of a database and its restores.
///
/// # Errors
///
/// When the server does not answer.
pub async fn databases_of(server: &Server) -> Result<Databases, BackupError> {
    look(&mut server.maintenance().await?, server.database()).await
}

/// Restores a backup into the place of the server's database. Wherever an earlier try ended,
/// this goes on.
///
/// # Errors
///
/// When it cannot; the message says what is where.
pub async fn restore_swap(
    server: &Server,
    given: &Given,
    backups: &Backups,
    again: bool,
    tell: Tell<'_>,
) -> Result<Swapped, BackupError> {
    of_one_database(given)?;
    let name = server.database();
    let mut session = server.maintenance().await?;
    lock(&mut session, name).await?;
    let beside = swap::beside(name);
    let next = swap::next(&look(&mut session, name).await?, &given.name(), again);
    let mark = match next {
        SwapStep::Done(failed) => {
            return Ok(Swapped {
                failed: Some(failed),
                ended: 0,
                before: true,
                slots: vec![],
            });
        }
        SwapStep::Other(mark) => {
            return Err(BackupError::refused(
                format!(
                    "{beside} is restored from {} already, and waits to take its place",
                    mark.backup
                ),
                format!(
                    "`turnback restore {} --swap` goes on with it; `turnback restore --cancel` drops it.",
                    mark.backup
                ),
            ));
        }
        SwapStep::Swap(mark) | SwapStep::Adopt(mark) => {
            tell(Doing::Step(format!(
                "{beside} is restored and compared already"
            )));
            mark
        }
        SwapStep::Fill | SwapStep::FillAnew => {
            if next == SwapStep::FillAnew {
                tell(Doing::Step(format!(
                    "dropping {beside}, the remains of an earlier try"
                )));
                databases::drop_it(&mut session, beside.as_str()).await?;
            }
            fill_beside(&mut session, server, given, backups, tell).await?
        }
    };
    // Long work may have outlived a connection that nothing was said on.
    let mut session = server.maintenance().await?;
    take_place(&mut session, server, given, &mark, tell).await
}

/// Lets clients in again after a restore that was given up in the middle.
///
/// # Errors
///
/// When the server does not answer.
pub async fn let_clients_in(server: &Server) -> Result<(), BackupError> {
    let mut session = server.maintenance().await?;
    let found = look(&mut session, server.database()).await?;
    if found.live && found.beside.is_some() {
        allow(&mut session, server.database()).await?;
    }
    Ok(())
}

/// Drops what an unfinished restore has made, and lets clients in again.
///
/// # Errors
///
/// When the server does not answer, or a restore is at work.
pub async fn cancel_swap(server: &Server) -> Result<bool, BackupError> {
    let mut session = server.maintenance().await?;
    lock(&mut session, server.database()).await?;
    let found = look(&mut session, server.database()).await?;
    if found.live {
        allow(&mut session, server.database()).await?;
    }
    let beside = swap::beside(server.database());
    if found.beside.is_some() {
        databases::drop_it(&mut session, beside.as_str()).await?;
    }
    Ok(found.beside.is_some())
}

pub(super) async fn lock(session: &mut PgConnection, name: &str) -> Result<(), BackupError> {
    let sql = format!(
        "SELECT pg_try_advisory_lock({RESTORING}, hashtext({}))::text",
        literal(name)
    );
    if text(session, &sql).await? == "true" {
        return Ok(());
    }
    Err(BackupError::refused(
        format!("another restore of {name} is at work"),
        "Wait until it is done; nothing was touched.",
    ))
}

async fn look(session: &mut PgConnection, name: &str) -> Result<Databases, BackupError> {
    let mut found = Databases::default();
    let beside = swap::beside(name);
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(
        "SELECT datname::text, shobj_description(oid, 'pg_database') FROM pg_database ORDER BY datname",
    )
    .persistent(false)
    .fetch_all(session)
    .await
    .map_err(BackupError::sql("looking for databases"))?;
    for (database, comment) in rows {
        let mark = comment.as_deref().and_then(SwapMark::read);
        if database == name {
            found.live = true;
        } else if database == beside.as_str() {
            found.beside = Some(mark);
        } else if let Some(mark) = mark
            && mark.turnback_restore == SwapStage::Replaced
            && mark.failed == database
            && database == swap::failed(name, time_of(&database)).as_str()
        {
            found.replaced.push((database, mark));
        }
    }
    Ok(found)
}

/// What the database is going to be called once it is replaced: the time, or the first second
/// after it of which there is none yet.
async fn free_name(session: &mut PgConnection, name: &str) -> Result<String, BackupError> {
    let mut later = 0;
    loop {
        let time = text(
            session,
            &format!(
                "SELECT to_char((clock_timestamp() + {later} * interval '1 s') AT TIME ZONE 'UTC', 'YYYYMMDD\"t\"HH24MISS\"z\"')"
            ),
        )
        .await?;
        let failed = swap::failed(name, &time).as_str().to_owned();
        let taken = text(
            session,
            &format!(
                "SELECT EXISTS (SELECT FROM pg_database WHERE datname = {})::text",
                literal(&failed)
            ),
        )
        .await?;
        if taken == "false" {
            return Ok(failed);
        }
        later += 1;
    }
}

/// The time in the name of a replaced database.
fn time_of(database: &str) -> &str {
    database.rsplit('_').next().unwrap_or_default()
}

async fn fill_beside(
    session: &mut PgConnection,
    server: &Server,
    given: &Given,
    backups: &Backups,
    tell: Tell<'_>,
) -> Result<SwapMark, BackupError> {
    let name = server.database();
    let beside = swap::beside(name);
    let mut mark = SwapMark {
        turnback_restore: SwapStage::Filling,
        backup: given.name(),
        failed: free_name(session, name).await?,
        swapped_by: None,
    };
    let like = properties(session, server, given).await?;
    databases::create(session, beside.as_str(), &like).await?;
    set_mark(session, &beside, &mark).await?;
    tell(Doing::Step(format!(
        "restoring {} into {beside}",
        given.name()
    )));
    let database = server.other(beside.as_str());
    pour(given, &database, backups, true, &[], tell).await?;
    compare(given, &database, backups.jobs, tell).await?;
    tell(Doing::Step(format!("gathering statistics of {beside}")));
    let mut inside = database.session().await?;
    run(&mut inside, "ANALYZE")
        .await
        .map_err(BackupError::server("gathering statistics"))?;
    drop(inside);
    mark.turnback_restore = SwapStage::Ready;
    let mut session = server.maintenance().await?;
    set_mark(&mut session, &beside, &mark).await?;
    Ok(mark)
}

/// What the database is like that shall be replaced; of one that is gone, what the backup knows.
async fn properties(
    session: &mut PgConnection,
    server: &Server,
    given: &Given,
) -> Result<DatabaseProperties, BackupError> {
    if look(session, server.database()).await?.live {
        return databases::properties(session, server.database()).await;
    }
    Ok(match given {
        Given::Backup(entry) => entry.manifest.properties.clone(),
        Given::Dump(..) => DatabaseProperties::default(),
    })
}

async fn set_mark(
    session: &mut PgConnection,
    database: &Ident,
    mark: &SwapMark,
) -> Result<(), BackupError> {
    run(
        session,
        &format!(
            "COMMENT ON DATABASE {database} IS {}",
            literal(&mark.comment())
        ),
    )
    .await
    .map_err(BackupError::server(format!("marking {database}")))
}

async fn allow(session: &mut PgConnection, name: &str) -> Result<(), BackupError> {
    run(
        session,
        &format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", Ident::new(name)),
    )
    .await
    .map_err(BackupError::server(format!(
        "letting clients into {name} again"
    )))
}

/// Ends the sessions and swaps the names, all in one transaction.
async fn take_place(
    session: &mut PgConnection,
    server: &Server,
    given: &Given,
    mark: &SwapMark,
    tell: Tell<'_>,
) -> Result<Swapped, BackupError> {
    let name = server.database();
    let live = look(session, name).await?.live;
    let properties = properties(session, server, given).await?;
    let (slots, epoch) = if live {
        (slots(session, name).await?, epoch(server).await)
    } else {
        (vec![], None)
    };
    outdate_leases(&server.other(swap::beside(name).as_str()), epoch).await?;
    if !live {
        swap_names(session, name, &properties, mark, false).await?;
        return Ok(Swapped {
            failed: None,
            ended: 0,
            before: false,
            slots,
        });
    }
    no_prepared(session, name).await?;
    tell(Doing::Step(format!(
        "ending the sessions of {name}, and swapping the names"
    )));
    run(
        session,
        &format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS false",
            Ident::new(name)
        ),
    )
    .await
    .map_err(BackupError::server(format!(
        "keeping clients out of {name}"
    )))?;
    let mut ended = 0;
    let mut tries = 0;
    let swapped = loop {
        ended += end_sessions(session, name).await?;
        ended += end_sessions(session, swap::beside(name).as_str()).await?;
        tries += 1;
        match swap_names(session, name, &properties, mark, true).await {
            // 55006: somebody is still in there.
            Err(BackupError::Server {
                source: TargetError::Sql { code, .. },
                ..
            }) if code == "55006" && tries < TRIES => tokio::time::sleep(PAUSE).await,
            swapped => break swapped,
        }
    };
    if let Err(error) = swapped {
        // Whatever was in the way, nobody shall wait for us to come back.
        let mut fresh = server.maintenance().await?;
        if look(&mut fresh, name).await?.beside.is_some() {
            allow(&mut fresh, name).await?;
        }
        return Err(explained(error, name));
    }
    Ok(Swapped {
        failed: Some(mark.failed.clone()),
        ended,
        before: false,
        slots,
    })
}

/// A prepared transaction is no session that could be ended, and keeps a database's name.
async fn no_prepared(session: &mut PgConnection, name: &str) -> Result<(), BackupError> {
    let sql = format!(
        "SELECT count(*)::text FROM pg_prepared_xacts WHERE database = {}",
        literal(name)
    );
    match text(session, &sql).await?.as_str() {
        "0" => Ok(()),
        count => Err(in_the_way(
            &format!("it has {count} prepared transactions"),
            name,
        )),
    }
}

fn in_the_way(what: &str, name: &str) -> BackupError {
    BackupError::Person {
        what: format!("{name} cannot be renamed: {what}"),
        next: format!(
            "Clients go on in {name} as before. End what is in there (`SELECT * FROM pg_prepared_xacts`, `SELECT * FROM pg_stat_activity`), then the same command goes on where it is."
        ),
    }
}

fn explained(error: BackupError, name: &str) -> BackupError {
    match error {
        BackupError::Server {
            source:
                TargetError::Sql {
                    code,
                    message,
                    detail,
                    ..
                },
            ..
        } if code == "55006" => in_the_way(&format!("{message} ({detail})"), name),
        error => error,
    }
}

async fn swap_names(
    session: &mut PgConnection,
    name: &str,
    properties: &DatabaseProperties,
    mark: &SwapMark,
    live: bool,
) -> Result<(), BackupError> {
    let doing = || BackupError::server("swapping the names");
    let (name, beside) = (Ident::new(name), swap::beside(name));
    let failed = Ident::new(mark.failed.as_str());
    run(session, "BEGIN; SET LOCAL lock_timeout = '10s'")
        .await
        .map_err(doing())?;
    let outcome = async {
        let mut statements = Vec::new();
        if live {
            let by = text(
                session,
                "SELECT (pg_current_xact_id()::text::numeric % 4294967296)::text",
            )
            .await?;
            let replaced = SwapMark {
                turnback_restore: SwapStage::Replaced,
                swapped_by: by.parse().ok(),
                ..mark.clone()
            };
            statements.push(format!("ALTER DATABASE {name} RENAME TO {failed}"));
            // Kept as it is: whoever still finds the way there reads, and writes nothing.
            statements.push(format!("ALTER DATABASE {failed} ALLOW_CONNECTIONS true"));
            statements.push(format!(
                "ALTER DATABASE {failed} SET default_transaction_read_only = on"
            ));
            statements.push(format!(
                "COMMENT ON DATABASE {failed} IS {}",
                literal(&replaced.comment())
            ));
        }
        statements.push(format!("ALTER DATABASE {beside} RENAME TO {name}"));
        statements.push(format!("COMMENT ON DATABASE {name} IS NULL"));
        statements.extend(properties.statements(&name));
        for sql in &statements {
            run(session, sql).await.map_err(doing())?;
        }
        Ok(())
    }
    .await;
    match outcome {
        Ok(()) => run(session, "COMMIT").await.map_err(doing()),
        Err(error) => {
            // The first error tells more than a rollback on a broken connection.
            let _ = run(session, "ROLLBACK").await;
            Err(error)
        }
    }
}

async fn end_sessions(session: &mut PgConnection, database: &str) -> Result<i64, BackupError> {
    sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    )
    .bind(database)
    .persistent(false)
    .fetch_one(session)
    .await
    .map_err(BackupError::sql(format!(
        "ending the sessions of {database}"
    )))
}

/// Logical slots go with their database, whatever it is called.
async fn slots(session: &mut PgConnection, name: &str) -> Result<Vec<String>, BackupError> {
    sqlx::query_scalar(
        "SELECT slot_name::text FROM pg_replication_slots WHERE database = $1 ORDER BY 1",
    )
    .bind(name)
    .persistent(false)
    .fetch_all(session)
    .await
    .map_err(BackupError::sql("looking for replication slots"))
}
