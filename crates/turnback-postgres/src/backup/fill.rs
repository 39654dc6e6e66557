//! Fills an empty database from a dump, with the tool that the dump is for.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use turnback_core::backup::{Format, ScriptScan};
use turnback_core::name::TableName;

use super::child;
use super::error::BackupError;
use super::server::Server;
use super::tell::{Doing, Tell};
use super::tools::client;

/// What is wanted of a dump.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Owners and grants too. Without them the roles need not be there.
    pub(super) owners: bool,
    /// Tables restored side by side.
    pub(super) jobs: u32,
    /// The oldest version that the tool may have.
    pub(super) major: u32,
    /// How many tables there are, for progress.
    pub(super) tables: u64,
    /// Only the rows of these tables, without indexes and constraints; all of the database when
    /// empty. A dump as SQL knows no parts, and is restored as a whole.
    pub(super) only: &'a [TableName],
}

/// Fills an empty database.
pub(super) async fn fill(
    database: &Server,
    dump: &Path,
    format: Format,
    wanted: Wanted<'_>,
    tell: Tell<'_>,
) -> Result<(), BackupError> {
    match format {
        Format::Directory | Format::Custom | Format::Tar => {
            archive(database, dump, format, wanted, tell).await
        }
        Format::Sql | Format::SqlGzip => script(database, dump, format, wanted.major).await,
        Format::Cluster => Err(BackupError::refused(
            format!("{} is a dump of a whole cluster", dump.display()),
            "Name a dump of one database.",
        )),
    }
}

async fn archive(
    database: &Server,
    dump: &Path,
    format: Format,
    wanted: Wanted<'_>,
    tell: Tell<'_>,
) -> Result<(), BackupError> {
    let mut command = child::tool(&client("pg_restore", wanted.major)?, database);
    // A subscription would begin to take rows from elsewhere, or stand in the way of dropping.
    command
        .args([
            "--exit-on-error",
            "--no-password",
            "--verbose",
            "--no-subscriptions",
        ])
        .arg("--dbname")
        .arg(database.database());
    if !wanted.owners {
        command.args(["--no-owner", "--no-privileges", "--no-publications"]);
    }
    // A tar file is read from its beginning to its end, by one.
    if format != Format::Tar {
        command.arg(format!("--jobs={}", wanted.jobs));
    }
    let list = if wanted.only.is_empty() {
        None
    } else {
        let list = part_list(&client("pg_restore", wanted.major)?, dump, wanted.only).await?;
        command
            .args(["--section=pre-data", "--section=data", "--use-list"])
            .arg(list.path());
        Some(list)
    };
    command.arg(dump);
    let begun = AtomicU64::new(0);
    let hear = |line: &str| {
        if line.contains("processing data for table") {
            let tables = begun.fetch_add(1, Ordering::Relaxed) + 1;
            tell(Doing::Restoring {
                tables: tables.min(wanted.tables.max(tables)),
                of: wanted.tables.max(tables),
            });
        }
    };
    let doing = format!("restore {} into {}", dump.display(), database.redacted());
    let outcome = child::run(
        command,
        "pg_restore",
        &doing,
        Path::new("the server's disk"),
        hear,
    )
    .await;
    drop(list);
    outcome
}

/// The list of a dump's parts without the rows of other tables than these.
async fn part_list(
    program: &Path,
    dump: &Path,
    only: &[TableName],
) -> Result<tempfile::NamedTempFile, BackupError> {
    let doing = || BackupError::io(format!("listing the parts of {}", dump.display()));
    let output = tokio::process::Command::new(program)
        .arg("--list")
        .arg(dump)
        .env("LC_ALL", "C")
        .output()
        .await
        .map_err(doing())?;
    if !output.status.success() {
        return Err(BackupError::Tool {
            tool: "pg_restore".to_owned(),
            doing: format!("list the parts of {}", dump.display()),
            said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            remedy: None,
        });
    }
    let wanted: Vec<String> = only
        .iter()
        .map(|table| {
            format!(
                " TABLE DATA {} {} ",
                table.schema.as_str(),
                table.name.as_str()
            )
        })
        .collect();
    let text = String::from_utf8_lossy(&output.stdout);
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| {
            let rows = line.contains(" TABLE DATA ") || line.contains(" BLOB");
            !rows || wanted.iter().any(|part| line.contains(part))
        })
        .collect();
    let mut list = tempfile::NamedTempFile::new().map_err(doing())?;
    list.write_all(kept.join("\n").as_bytes())
        .map_err(doing())?;
    Ok(list)
}

async fn script(
    database: &Server,
    dump: &Path,
    format: Format,
    major: u32,
) -> Result<(), BackupError> {
    scan(dump, format).await?;
    let mut command = child::tool(&client("psql", major)?, database);
    command
        .args([
            "-X",
            "-q",
            "--no-password",
            "-v",
            "ON_ERROR_STOP=1",
            "--dbname",
        ])
        .arg(database.database());
    let _unpacking = if format == Format::SqlGzip {
        let (child, text) = unpack(dump)?;
        command.stdin(text);
        Some(child)
    } else {
        command.arg("--file").arg(dump);
        None
    };
    let doing = format!("run {} in {}", dump.display(), database.redacted());
    child::run(
        command,
        "psql",
        &doing,
        Path::new("the server's disk"),
        |_| {},
    )
    .await
}

/// Starts `gzip`; the process is ended when the value is dropped.
fn unpack(dump: &Path) -> Result<(tokio::process::Child, Stdio), BackupError> {
    let doing = || BackupError::io(format!("gzip could not unpack {}", dump.display()));
    let mut child = tokio::process::Command::new("gzip")
        .args(["-dc", "--"])
        .arg(dump)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(doing())?;
    let text = child
        .stdout
        .take()
        .ok_or_else(|| std::io::Error::other("it has no output"))
        .map_err(doing())?;
    let text = text.try_into().map_err(doing())?;
    Ok((child, text))
}

/// Looks through a dump for what would not stay in its database.
async fn scan(dump: &Path, format: Format) -> Result<(), BackupError> {
    let path = dump.to_owned();
    let scanned = tokio::task::spawn_blocking(move || match format {
        Format::SqlGzip => {
            let mut child = std::process::Command::new("gzip")
                .args(["-dc", "--"])
                .arg(&path)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .map_err(BackupError::io(format!(
                    "gzip could not unpack {}",
                    path.display()
                )))?;
            let text = child.stdout.take();
            let scanned = text.map_or(Ok(()), |text| lines(&path, BufReader::new(text)));
            if scanned.is_err() {
                // It has more to say than anybody wants to hear.
                let _ = child.kill();
            }
            let status = child.wait();
            scanned?;
            match status {
                Ok(status) if !status.success() => Err(BackupError::refused(
                    format!("{} is not whole: gzip could not unpack it", path.display()),
                    "Nothing was touched.",
                )),
                _ => Ok(()),
            }
        }
        _ => {
            let file = std::fs::File::open(&path)
                .map_err(BackupError::io(format!("reading {}", path.display())))?;
            lines(&path, BufReader::new(file))
        }
    });
    scanned
        .await
        .map_err(std::io::Error::other)
        .map_err(BackupError::io(format!("reading {}", dump.display())))?
}

fn lines(path: &Path, text: impl BufRead) -> Result<(), BackupError> {
    let mut scan = ScriptScan::default();
    for line in text.split(b'\n') {
        let line = line.map_err(BackupError::io(format!("reading {}", path.display())))?;
        scan.line(&line).map_err(|refused| {
            BackupError::refused(
                format!("{} is not restored: {refused}", path.display()),
                "Dump again without `--create` (`pg_dump --format=custom` is the better form), or take that line out; nothing was touched.",
            )
        })?;
    }
    Ok(())
}
