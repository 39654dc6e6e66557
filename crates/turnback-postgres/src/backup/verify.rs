//! Verifies a backup: restores it where nobody is, and compares what comes out with what had
//! gone in.

use std::time::Instant;

use turnback_core::backup::{Contents, Manifest, Method, Verified};
use turnback_core::name::Ident;
use turnback_core::plan::{Backups, By};

use super::adapter::{self, PgBackRestCall};
use super::error::BackupError;
use super::fill::{Wanted, fill};
use super::server::Server;
use super::shelf::{self, Shelf};
use super::source::Given;
use super::tell::{Doing, Tell};
use super::{contents, create, databases};

/// What a verification came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What came out.
    pub contents: Contents,
    /// It was compared with what had gone in; a dump that somebody else made says nothing of
    /// that.
    pub compared: bool,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// Restores into a scratch database on `on`, compares, drops it, and notes in the manifest
/// that the backup is good, or that it is not.
///
/// # Errors
///
/// When it cannot be restored, or something else comes out than had gone in.
pub async fn verify(
    shelf: &Shelf,
    given: &Given,
    backups: &Backups,
    base: &std::path::Path,
    on: &Server,
    tell: Tell<'_>,
) -> Result<Outcome, BackupError> {
    let begun = Instant::now();
    let Given::Backup(entry) = given else {
        let contents = scratch(given, backups, on, tell).await?;
        return Ok(Outcome {
            contents,
            compared: false,
            millis: begun.elapsed().as_millis() as u64,
        });
    };
    let _taken = shelf.take(&entry.path)?;
    let restored = match (&entry.manifest.method, &backups.by) {
        (Method::PgBackRest { label, .. }, By::PgBackRest(by)) => {
            PgBackRestCall::new(by, base)
                .restored(entry, label, on, backups.jobs, tell)
                .await?
        }
        (Method::PgBackRest { .. }, _) => {
            return Err(BackupError::refused(
                format!(
                    "the backup {} is pgBackRest's, and the plan does not say how to call it",
                    entry.manifest.id
                ),
                "Give the plan `backups: { pgbackrest: { stanza: … } }`.",
            ));
        }
        (Method::PgDump | Method::Command, _) => scratch(given, backups, on, tell).await?,
    };
    let millis = begun.elapsed().as_millis() as u64;
    let mut manifest = entry.manifest.clone();
    let differences = manifest.contents.differences(&restored);
    manifest.verified = None;
    if differences.is_empty() {
        let mut session = on.maintenance().await?;
        let at = create::text(
            &mut session,
            "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
        )
        .await?;
        manifest.verified = Some(Verified {
            at,
            server_version: Server::version(&mut session).await?,
            millis,
        });
    }
    shelf::write(&entry.path, &manifest)?;
    if differences.is_empty() {
        return Ok(Outcome {
            contents: restored,
            compared: true,
            millis,
        });
    }
    Err(BackupError::Differs {
        id: manifest.id,
        differences,
    })
}

/// Restores into a database that is dropped again, whatever comes of it.
async fn scratch(
    given: &Given,
    backups: &Backups,
    on: &Server,
    tell: Tell<'_>,
) -> Result<Contents, BackupError> {
    let mut session = on.maintenance().await?;
    for name in databases::remnants(&mut session).await? {
        databases::drop_it(&mut session, &name).await?;
    }
    let mark = create::text(
        &mut session,
        "SELECT to_char(clock_timestamp(), 'YYYYMMDDHH24MISSMS') || '_' || pg_backend_pid()",
    )
    .await?;
    let name = Ident::new(databases::SCRATCH).with_suffix(&format!("_{mark}"));
    tell(Doing::Step(format!(
        "restoring into {}, which is dropped afterwards",
        on.other(name.as_str()).redacted()
    )));
    let properties = match given {
        Given::Backup(entry) => entry.manifest.properties.clone(),
        Given::Dump(..) => Default::default(),
    };
    databases::create(&mut session, name.as_str(), &properties).await?;
    let database = on.other(name.as_str());
    let filled = async {
        pour(given, &database, backups, false, &[], tell).await?;
        contents::of_quiet(&database, backups.jobs, tell).await
    }
    .await;
    // The session may have been idle for long; a fresh one, should it be gone.
    let dropped = match databases::drop_it(&mut session, name.as_str()).await {
        Err(_) => {
            let mut again = on.maintenance().await?;
            databases::drop_it(&mut again, name.as_str()).await
        }
        dropped => dropped,
    };
    let filled = filled?;
    dropped?;
    Ok(filled)
}

/// Refuses what cannot be restored as one database.
pub(super) fn of_one_database(given: &Given) -> Result<(), BackupError> {
    match given {
        Given::Backup(entry) if matches!(entry.manifest.method, Method::PgBackRest { .. }) => {
            Err(whole_cluster(&entry.manifest))
        }
        Given::Backup(_) | Given::Dump(..) => Ok(()),
    }
}

fn whole_cluster(manifest: &Manifest) -> BackupError {
    let Method::PgBackRest { stanza, label } = &manifest.method else {
        return BackupError::refused("it holds a whole cluster", "Nothing was touched.");
    };
    let target = manifest
        .restore_point
        .as_ref()
        .map_or(String::new(), |point| {
            format!(
                " --type=name --target={} --target-action=promote",
                point.name
            )
        });
    BackupError::refused(
        format!(
            "the backup {} is pgBackRest's: it holds the whole cluster, and not this database alone",
            manifest.id
        ),
        format!(
            "With the server stopped, `pgbackrest --stanza={stanza} --delta --set={label}{target} restore` brings the cluster back; with `--pg1-path=DIRECTORY` in the place of `--delta` it comes beside, and a database is taken over from there by pg_dump. Nothing was touched."
        ),
    )
}

/// Fills an empty database with a backup, or with the rows of some of its tables.
pub(super) async fn pour(
    given: &Given,
    database: &Server,
    backups: &Backups,
    owners: bool,
    only: &[turnback_core::name::TableName],
    tell: Tell<'_>,
) -> Result<(), BackupError> {
    let mut session = database.session().await?;
    let major = Server::version(&mut session).await? / 10_000;
    drop(session);
    let (dump, format, manifest): (_, _, Option<&Manifest>) = match given {
        Given::Backup(entry) => match (&entry.manifest.method, &backups.by) {
            (Method::PgDump, _) => {
                let dump = entry.dump();
                let format = super::source::format_of(&dump)?;
                (dump, format, Some(&entry.manifest))
            }
            (Method::Command, By::Command(by)) => {
                let Some(restore) = &by.restore else {
                    return Err(BackupError::refused(
                        format!(
                            "the backup {} was made by a command, and the plan has none that restores it",
                            entry.manifest.id
                        ),
                        "Give the plan `backups: { command: { restore: … } }`; until then it counts as none.",
                    ));
                };
                tell(Doing::Step(
                    "the plan's command restores the backup".to_owned(),
                ));
                return adapter::shell(
                    restore,
                    "restore a backup",
                    database,
                    &entry.manifest.id,
                    &entry.path,
                )
                .await;
            }
            (Method::Command, _) => {
                return Err(BackupError::refused(
                    format!(
                        "the backup {} was made by a command that the plan does not have any more",
                        entry.manifest.id
                    ),
                    "Give the plan `backups: { command: … }` again.",
                ));
            }
            (Method::PgBackRest { .. }, _) => return Err(whole_cluster(&entry.manifest)),
        },
        Given::Dump(path, format) => (path.clone(), *format, None),
    };
    let wanted = Wanted {
        owners,
        jobs: backups.jobs,
        major: manifest.map_or(major, |manifest| {
            major.max(manifest.server_version / 10_000)
        }),
        tables: manifest.map_or(0, |manifest| manifest.contents.tables.len() as u64),
        only,
    };
    fill(database, &dump, format, wanted, tell).await
}

/// What restoring really brought, where a backup says what it should have been.
pub(super) async fn compare(
    given: &Given,
    database: &Server,
    jobs: u32,
    tell: Tell<'_>,
) -> Result<Contents, BackupError> {
    let restored = contents::of_quiet(database, jobs, tell).await?;
    if let Given::Backup(entry) = given {
        let manifest = &entry.manifest;
        let differences = manifest.contents.differences(&restored);
        if !differences.is_empty() {
            return Err(BackupError::Differs {
                id: manifest.id.clone(),
                differences,
            });
        }
    }
    Ok(restored)
}
