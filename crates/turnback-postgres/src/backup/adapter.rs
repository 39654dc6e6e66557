//! Backups that somebody else makes: pgBackRest, or commands of the user's.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sqlx::PgConnection;
use tokio::process::{Child, Command};
use turnback_core::backup::{Contents, Method};
use turnback_core::plan::{Backups, By, PgBackRest, Target as Url};

use super::child;
use super::contents;
use super::create::text;
use super::error::BackupError;
use super::server::Server;
use super::shelf::{Entry, Shelf};
use super::tell::{Doing, Tell};
use super::tools::client;

/// Between two looks at whether something has happened.
const LOOK: Duration = Duration::from_millis(200);
/// A WAL file is archived within that, or the archiver is in trouble.
const ARCHIVE: Duration = Duration::from_secs(60);

/// Runs a command of the user's by the shell, with the database in libpq's variables and the
/// backup in two of ours.
pub(super) async fn shell(
    line: &str,
    doing: &str,
    on: &Server,
    id: &str,
    directory: &Path,
) -> Result<(), BackupError> {
    let mut command = child::tool(Path::new("sh"), on);
    let directory = std::path::absolute(directory)
        .map_err(BackupError::io(format!("finding {}", directory.display())))?;
    command
        .arg("-c")
        .arg(line)
        .env("TURNBACK_BACKUP_ID", id)
        .env("TURNBACK_BACKUP_DIR", &directory)
        .env_remove("LC_ALL");
    child::run(command, "the plan's command", doing, &directory, |_| {}).await
}

/// Removes a backup; one that a command of the user's made, by the user's command too. What
/// pgBackRest keeps in its repository goes by its own rules.
///
/// # Errors
///
/// When somebody is at work on it, or it cannot be removed.
pub async fn remove(
    server: &Server,
    shelf: &Shelf,
    entry: &Entry,
    backups: &Backups,
) -> Result<(), BackupError> {
    if let (Method::Command, By::Command(by)) = (&entry.manifest.method, &backups.by)
        && let Some(line) = &by.remove
    {
        shell(
            line,
            "remove a backup",
            server,
            &entry.manifest.id,
            &entry.path,
        )
        .await?;
    }
    shelf.remove(entry)
}

/// Lets the WAL that a backup needs reach the archive.
pub(super) async fn archived(session: &mut PgConnection) -> Result<(), BackupError> {
    if text(session, "SELECT current_setting('archive_mode')").await? == "off" {
        return Ok(());
    }
    // Only superusers and whoever was granted it may; the next switch does it otherwise.
    let Ok(file) = text(session, "SELECT pg_walfile_name(pg_switch_wal())").await else {
        return Ok(());
    };
    let sql = "SELECT coalesce((SELECT last_archived_wal FROM pg_stat_archiver), '')";
    let waited = tokio::time::timeout(ARCHIVE, async {
        while text(session, sql).await? < file {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    });
    waited.await.unwrap_or_else(|_| {
        Err(BackupError::refused(
            format!("the server's archiver has not archived {file} within {} s, and the backup cannot be recovered without it", ARCHIVE.as_secs()),
            "Look at `archive_command` and the server's log (`SELECT * FROM pg_stat_archiver`), then take the backup again.",
        ))
    })
}

/// How pgBackRest is called.
pub(super) struct PgBackRestCall<'a> {
    by: &'a PgBackRest,
    config: Option<PathBuf>,
}

impl<'a> PgBackRestCall<'a> {
    /// `base` is the directory from which the plan's paths go.
    pub(super) fn new(by: &'a PgBackRest, base: &Path) -> Self {
        Self {
            by,
            config: by.config.as_ref().map(|config| base.join(config)),
        }
    }

    async fn call(&self, command: &str, more: &[String]) -> Result<String, BackupError> {
        let mut call = Command::new("pgbackrest");
        call.arg(format!("--stanza={}", self.by.stanza));
        if let Some(config) = &self.config {
            let config = std::path::absolute(config)
                .map_err(BackupError::io(format!("finding {}", config.display())))?;
            call.arg(format!("--config={}", config.display()));
        }
        call.args(["--log-level-console=off", "--log-level-stderr=warn"])
            .args(&self.by.options)
            .args(more)
            .arg(command)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = call.output().await.map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                BackupError::refused(
                    "the plan asks for pgBackRest, and there is no pgbackrest here",
                    "Install it beside the server (Debian, Ubuntu: pgbackrest), and run turnback there as the user that it runs as.",
                )
            } else {
                BackupError::io("starting pgbackrest")(error)
            }
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(BackupError::Tool {
            tool: "pgbackrest".to_owned(),
            doing: format!("run `{command}` for stanza {}", self.by.stanza),
            said: said.split_whitespace().collect::<Vec<_>>().join(" "),
            remedy: Some("`pgbackrest check` says more about its configuration."),
        })
    }

    /// Makes a backup; gives its label.
    pub(super) async fn backup(&self) -> Result<String, BackupError> {
        self.call("backup", &[]).await?;
        let info = self.call("info", &["--output=json".to_owned()]).await?;
        newest_label(&info).ok_or_else(|| BackupError::Tool {
            tool: "pgbackrest".to_owned(),
            doing: "tell which backup it made".to_owned(),
            said: "`pgbackrest info` names none".to_owned(),
            remedy: None,
        })
    }

    /// What a backup holds: restored into a directory beside it, recovered to its restore
    /// point by a server that nobody else reaches, counted, removed.
    pub(super) async fn restored(
        &self,
        entry: &Entry,
        label: &str,
        on: &Server,
        jobs: u32,
        tell: Tell<'_>,
    ) -> Result<Contents, BackupError> {
        let doing = || BackupError::io("making a directory for the restored cluster");
        let place = tempfile::Builder::new()
            .prefix("scratch-")
            .tempdir_in(&entry.path)
            .map_err(doing())?;
        let socket = tempfile::Builder::new()
            .prefix("turnback-")
            .tempdir()
            .map_err(doing())?;
        let data = std::path::absolute(place.path().join("data")).map_err(doing())?;
        let spaces = place.path().join("tablespaces");
        std::fs::create_dir(&data).map_err(doing())?;
        std::fs::create_dir(&spaces).map_err(doing())?;
        tell(Doing::Step(format!(
            "restoring {label} into {}",
            data.display()
        )));
        let mut options = vec![
            format!("--set={label}"),
            format!("--pg1-path={}", data.display()),
            format!("--tablespace-map-all={}", spaces.display()),
            "--archive-mode=off".to_owned(),
        ];
        options.extend(match &entry.manifest.restore_point {
            Some(point) => vec![
                "--type=name".to_owned(),
                format!("--target={}", point.name),
                "--target-action=promote".to_owned(),
            ],
            None => vec![
                "--type=immediate".to_owned(),
                "--target-action=promote".to_owned(),
            ],
        });
        self.call("restore", &options).await?;
        let mut server = start(&data, socket.path(), entry.manifest.server_version / 10_000)?;
        tell(Doing::Step(
            "recovering it in a server of its own".to_owned(),
        ));
        let own = own_url(socket.path(), on, &entry.manifest.database)?;
        let counted = async {
            reachable(&own, &mut server, &socket.path().join("log")).await?;
            contents::of_quiet(&own, jobs, tell).await
        }
        .await;
        // Its files go; it need not tidy up. Ended by kill, its shared memory is left to the
        // next start: so it is asked to end at once, and waited for.
        let _ = Command::new(client("pg_ctl", entry.manifest.server_version / 10_000)?)
            .args(["-s", "-m", "immediate", "-w", "stop", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await;
        let _ = server.wait().await;
        counted
    }
}

/// A server on a socket alone.
fn start(data: &Path, socket: &Path, major: u32) -> Result<Child, BackupError> {
    let doing = || BackupError::io("starting a server on the restored cluster");
    let hba = socket.join("hba");
    std::fs::write(&hba, "local all all trust\n").map_err(doing())?;
    // Some keep the configuration elsewhere.
    let configuration = data.join("postgresql.conf");
    if !configuration.exists() {
        std::fs::write(&configuration, "").map_err(doing())?;
    }
    let log = std::fs::File::create(socket.join("log")).map_err(doing())?;
    let settings = [
        "listen_addresses=".to_owned(),
        format!("unix_socket_directories={}", socket.display()),
        format!("hba_file={}", hba.display()),
        "port=5432".to_owned(),
        "archive_mode=off".to_owned(),
        "hot_standby=off".to_owned(),
        "ssl=off".to_owned(),
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
        "external_pid_file=".to_owned(),
    ];
    let mut command = Command::new(client("postgres", major)?);
    command.arg("-D").arg(data);
    for setting in settings {
        command.arg("-c").arg(setting);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .map_err(doing())
}

fn own_url(socket: &Path, on: &Server, database: &str) -> Result<Server, BackupError> {
    let user = on
        .environment()
        .into_iter()
        .find_map(|(name, value)| (name == "PGUSER").then_some(value))
        .unwrap_or_else(|| "postgres".to_owned());
    let host = socket
        .display()
        .to_string()
        .replace('%', "%25")
        .replace('/', "%2F");
    let user = user.replace('%', "%25").replace(['/', '@', ':'], "");
    let own = Server::new(&Url::new(format!("postgres://{user}@{host}:5432/postgres")))?;
    Ok(own.other(database))
}

/// Waits until the server has recovered and lets us in; as long as it is at work.
async fn reachable(own: &Server, server: &mut Child, log: &Path) -> Result<(), BackupError> {
    loop {
        if own.session().await.is_ok() {
            return Ok(());
        }
        let ended = server
            .try_wait()
            .map_err(BackupError::io("waiting for the restored server"))?;
        if ended.is_some() {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(4).collect();
            return Err(BackupError::Tool {
                tool: "the restored server".to_owned(),
                doing: "recover".to_owned(),
                said: last.into_iter().rev().collect::<Vec<_>>().join("; "),
                remedy: None,
            });
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The label of the newest backup in what `pgbackrest info --output=json` prints.
fn newest_label(info: &str) -> Option<String> {
    let info: serde_json::Value = serde_json::from_str(info).ok()?;
    let backups = info.get(0)?.get("backup")?.as_array()?;
    Some(backups.last()?.get("label")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_backup_is_the_last_that_pgbackrest_names() {
        let info = r#"[{"backup":[{"label":"20260101-000000F"},{"label":"20260102-000000F"}],"name":"main"}]"#;
        assert_eq!(newest_label(info).as_deref(), Some("20260102-000000F"));
        assert_eq!(newest_label("[]"), None);
        assert_eq!(newest_label("no JSON"), None);
    }
}
