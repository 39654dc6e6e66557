//! Makes a backup: a snapshot, the dump of it, its rows counted in it, a restore point.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::{PgConnection, Row};
use turnback_core::backup::{BackupState, Contents, Manifest, Method, PhaseStanding, RestorePoint};
use turnback_core::name::literal;
use turnback_core::plan::{Backups, By};
use turnback_core::state::PhaseState;

use super::adapter::{self, PgBackRestCall};
use super::error::BackupError;
use super::server::Server;
use super::shelf::{self, Entry, Shelf, Taken};
use super::tell::{Doing, Tell};
use super::{child, contents, databases, ledger_files, tools};
use crate::session::run;

/// How often the size of a dump at work is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Longer than that nobody waits for a table that somebody changes.
const LOCK_WAIT: &str = "--lock-wait-timeout=10s";

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Name of the plan.
    pub plan: &'a str,
    /// How the plan wants them made.
    pub backups: &'a Backups,
    /// A word of the user's in its name.
    pub label: Option<&'a str>,
    /// Directory of the plan, from which its paths go.
    pub base: &'a std::path::Path,
}

/// Makes a backup. Until it is whole its manifest says that it is not, and a failure is noted
/// there as far as that is possible.
///
/// # Errors
///
/// When anything of it failed: it is no backup then.
pub async fn create(
    server: &Server,
    shelf: &Shelf,
    request: Request<'_>,
    tell: Tell<'_>,
) -> Result<Entry, BackupError> {
    let mut session = server.session().await?;
    let version = Server::version(&mut session).await?;
    let method = match &request.backups.by {
        By::PgDump => {
            // Before anything is begun.
            tools::client("pg_dump", version / 10_000)?;
            Method::PgDump
        }
        By::PgBackRest(by) => Method::PgBackRest {
            stanza: by.stanza.clone(),
            label: String::new(),
        },
        By::Command(_) => Method::Command,
    };
    let system = system(&mut session).await;
    begin_snapshot(&mut session).await?;
    let mut manifest = look(&mut session, request, method, version).await?;
    manifest.system = system;
    let taken = shelf.begin(&mut manifest)?;
    let begun = Instant::now();
    let made = make(server, &mut session, request, &taken, &mut manifest, tell).await;
    manifest.millis = begun.elapsed().as_millis() as u64;
    match made {
        Ok(()) => manifest.state = BackupState::Whole,
        Err(error) => {
            manifest.state = BackupState::Failed(error.to_string());
            // The first failure tells more than a disk that takes not even the note of it; then
            // the manifest says that the backup was begun, which is as good.
            let _ = shelf::write(&taken.path, &manifest);
            return Err(error);
        }
    }
    shelf::write(&taken.path, &manifest)?;
    Ok(Entry {
        path: taken.path,
        manifest,
        at_work: false,
        damaged: None,
    })
}

async fn make(
    server: &Server,
    session: &mut PgConnection,
    request: Request<'_>,
    taken: &Taken,
    manifest: &mut Manifest,
    tell: Tell<'_>,
) -> Result<(), BackupError> {
    match &request.backups.by {
        By::PgDump => {
            let snapshot = text(session, "SELECT pg_export_snapshot()").await?;
            let of = contents::tables(session).await?.len() as u64;
            let quiet: Tell<'_> = &|_| {};
            let (counted, ()) = tokio::try_join!(
                contents::of_session(session, quiet),
                dump(server, &snapshot, request.backups.jobs, taken, of, tell),
            )?;
            manifest.contents = counted;
        }
        By::PgBackRest(by) => {
            manifest.contents = contents::of_session(session, tell).await?;
            let call = PgBackRestCall::new(by, request.base);
            tell(Doing::Step("pgBackRest makes a backup".to_owned()));
            let label = call.backup().await?;
            manifest.method = Method::PgBackRest {
                stanza: by.stanza.clone(),
                label,
            };
        }
        By::Command(by) => {
            manifest.contents = contents::of_session(session, tell).await?;
            tell(Doing::Step("the plan's command makes a backup".to_owned()));
            adapter::shell(
                &by.create,
                "make a backup",
                server,
                &manifest.id,
                &taken.path,
            )
            .await?;
        }
    }
    ledger_files::write(session, &taken.path.join("ledger")).await?;
    run(session, "COMMIT")
        .await
        .map_err(BackupError::server("ending the snapshot"))?;
    manifest.restore_point = restore_point(session, &manifest.id).await;
    if !matches!(request.backups.by, By::PgDump) {
        // No snapshot is shared with these: only what nobody wrote to meanwhile can be compared
        // to the last row.
        begin_snapshot(session).await?;
        let later = contents::of_session(session, tell).await?;
        run(session, "COMMIT")
            .await
            .map_err(BackupError::server("ending the snapshot"))?;
        let first = std::mem::take(&mut manifest.contents);
        manifest.contents = Contents {
            large_objects: later.large_objects,
            ..first.steady_until(&later)
        };
        adapter::archived(session).await?;
    }
    manifest.files = shelf::files(&taken.path)?;
    Ok(())
}

async fn dump(
    server: &Server,
    snapshot: &str,
    jobs: u32,
    taken: &Taken,
    of: u64,
    tell: Tell<'_>,
) -> Result<(), BackupError> {
    let mut session = server.session().await?;
    let program = tools::client("pg_dump", Server::version(&mut session).await? / 10_000)?;
    drop(session);
    let to = taken.path.join("dump");
    let mut command = child::tool(&program, server);
    command
        .args([
            "--format=directory",
            "--no-password",
            "--verbose",
            LOCK_WAIT,
        ])
        .arg(format!("--jobs={jobs}"))
        .arg(format!("--snapshot={snapshot}"))
        .arg("--file")
        .arg(&to);
    let begun = AtomicU64::new(0);
    let hear = |line: &str| {
        if line.contains("dumping contents of table") {
            begun.fetch_add(1, Ordering::Relaxed);
        }
    };
    let doing = format!("back up {}", server.redacted());
    let work = child::run(command, "pg_dump", &doing, &taken.path, hear);
    tokio::pin!(work);
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            ended = &mut work => return ended,
            _ = look.tick() => {
                let files = shelf::files(&taken.path).unwrap_or_default();
                tell(Doing::Dumping {
                    tables: begun.load(Ordering::Relaxed).min(of),
                    of,
                    bytes: files.iter().map(|file| file.bytes).sum(),
                });
            }
        }
    }
}

async fn begin_snapshot(session: &mut PgConnection) -> Result<(), BackupError> {
    let begin = format!(
        "{}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        contents::AS_TEXT
    );
    run(session, &begin)
        .await
        .map_err(BackupError::server("taking a snapshot"))
}

/// What there is to know about the database, in the snapshot.
async fn look(
    session: &mut PgConnection,
    request: Request<'_>,
    method: Method,
    version: u32,
) -> Result<Manifest, BackupError> {
    let doing = || BackupError::sql("looking at the database");
    let row = sqlx::raw_sql(
        "SELECT current_database()::text AS database, pg_database_size(current_database())::text AS bytes, \
         to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS at, \
         to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"') AS id, \
         floor(extract(epoch FROM now()))::bigint::text AS epoch",
    )
    .fetch_one(&mut *session)
    .await
    .map_err(doing())?;
    let of = |name| row.try_get_unchecked::<String, _>(name).map_err(doing());
    let (database, bytes, taken_at, id, epoch) = (
        of("database")?,
        of("bytes")?,
        of("at")?,
        of("id")?,
        of("epoch")?,
    );
    Ok(Manifest {
        format: 1,
        id: match request.label {
            Some(label) => format!("{id}-{label}"),
            None => id,
        },
        state: BackupState::Begun,
        method,
        plan: request.plan.to_owned(),
        properties: databases::properties(session, &database).await?,
        database,
        system: None,
        server_version: version,
        taken_at,
        taken_epoch: epoch.parse().unwrap_or_default(),
        database_bytes: bytes.parse().unwrap_or_default(),
        phases: phases(session).await?,
        restore_point: None,
        contents: Contents::default(),
        files: vec![],
        millis: 0,
        verified: None,
    })
}

/// Where every phase of every plan stands.
pub(super) async fn phases(session: &mut PgConnection) -> Result<Vec<PhaseStanding>, BackupError> {
    let doing = || BackupError::sql("reading the ledger");
    if text(
        session,
        "SELECT (to_regclass('turnback.phase') IS NOT NULL)::text",
    )
    .await?
        != "true"
    {
        return Ok(vec![]);
    }
    let rows = sqlx::raw_sql(
        "SELECT plan, phase, state FROM turnback.phase ORDER BY plan, ordinal, phase",
    )
    .fetch_all(session)
    .await
    .map_err(doing())?;
    rows.iter()
        .map(|row| {
            let state: String = row.try_get_unchecked("state").map_err(doing())?;
            Ok(PhaseStanding {
                plan: row.try_get_unchecked("plan").map_err(doing())?,
                phase: row.try_get_unchecked("phase").map_err(doing())?,
                state: PhaseState::parse(&state).unwrap_or_default(),
            })
        })
        .collect()
}

/// The cluster's system identifier, where it may be read.
pub(super) async fn system(session: &mut PgConnection) -> Option<String> {
    text(
        session,
        "SELECT system_identifier::text FROM pg_control_system()",
    )
    .await
    .ok()
}

/// Sets a named restore point, where that is allowed: superusers may, and whoever was granted it.
async fn restore_point(session: &mut PgConnection, id: &str) -> Option<RestorePoint> {
    let name = format!("turnback_{id}");
    let sql = format!("SELECT pg_create_restore_point({})::text", literal(&name));
    let lsn = text(session, &sql).await.ok()?;
    Some(RestorePoint { name, lsn })
}

/// The one text that a query gives.
pub(super) async fn text(session: &mut PgConnection, sql: &str) -> Result<String, BackupError> {
    let doing = || BackupError::sql("asking the server");
    let row = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .fetch_one(session)
        .await
        .map_err(doing())?;
    row.try_get_unchecked(0).map_err(doing())
}
