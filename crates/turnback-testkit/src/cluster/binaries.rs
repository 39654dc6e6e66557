//! Where PostgreSQL's programs are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ClusterError, error};

/// Names a directory with PostgreSQL's programs, or several with `:` between them.
const ENVIRONMENT: &str = "TURNBACK_PG_BIN";

/// Where Debian and its relatives keep one directory per major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Programs without which there is no cluster.
const NEEDED: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// Clients. A directory may lack them (some packages carry the server alone); those of another
/// installation serve as well.
const CLIENTS: [&str; 2] = ["psql", "pg_dump"];

/// A directory that holds PostgreSQL's programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    directory: PathBuf,
}

impl Binaries {
    /// The binaries to use: the first directory of `TURNBACK_PG_BIN`, else the newest below
    /// `/usr/lib/postgresql`, else those of `pg_config`, else those in `PATH`.
    ///
    /// # Errors
    ///
    /// When there are none, with what to do about it.
    pub fn find() -> Result<Self, ClusterError> {
        Self::all()?
            .into_iter()
            .next()
            .ok_or(ClusterError::NoBinaries)
    }

    /// All installed binaries, best first: every directory of `TURNBACK_PG_BIN` where that
    /// is set (and then nothing else), otherwise every version that is found.
    ///
    /// # Errors
    ///
    /// When `TURNBACK_PG_BIN` names a directory without the programs.
    pub fn all() -> Result<Vec<Self>, ClusterError> {
        if let Some(list) = std::env::var_os(ENVIRONMENT).filter(|list| !list.is_empty()) {
            return std::env::split_paths(&list)
                .map(|directory| {
                    Self::in_directory(&directory)
                        .ok_or_else(|| ClusterError::NotBinaries(directory.display().to_string()))
                })
                .collect();
        }
        let mut found = Vec::new();
        for directory in installed() {
            match Self::in_directory(&directory) {
                Some(binaries) if !found.contains(&binaries) => found.push(binaries),
                _ => {}
            }
        }
        Ok(found)
    }

    /// The installed binaries that come closest to a major version: the same, else the next
    /// newer, else the newest older.
    ///
    /// # Errors
    ///
    /// When there are none, with what to do about it.
    pub fn closest_to(major: u32) -> Result<Self, ClusterError> {
        let known = Self::all()?;
        let versions = known.iter().filter_map(|binaries| {
            let own = binaries.major_version()?;
            // Older ones after all newer ones.
            let distance = if own >= major {
                own - major
            } else {
                1_000 + major - own
            };
            Some((distance, binaries))
        });
        versions
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, binaries)| binaries.clone())
            .ok_or(ClusterError::NoBinaries)
    }

    /// The binaries in `directory`, if the needed ones are all there.
    pub fn in_directory(directory: &Path) -> Option<Self> {
        NEEDED
            .iter()
            .all(|program| directory.join(program).is_file())
            .then(|| Self {
                directory: directory.to_owned(),
            })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Path of one program, for example `pg_dump`: beside the server's, or, for a client that
    /// is not there, of the first installation that has it. No `pg_dump` reads a server newer
    /// than itself, so one that knows this server comes before one that does not.
    pub fn program(&self, name: &str) -> PathBuf {
        let beside = self.directory.join(name);
        if beside.is_file() || !CLIENTS.contains(&name) {
            return beside;
        }
        let mut found = installed()
            .into_iter()
            .map(|directory| directory.join(name))
            .filter(|path| path.is_file())
            .peekable();
        let first = found.peek().cloned();
        let knowing = match name {
            "pg_dump" => found.find(|path| version(path) >= self.major_version()),
            _ => None,
        };
        knowing.or(first).unwrap_or(beside)
    }

    /// The major version, for example 15; none where `postgres --version` tells no number.
    pub fn major_version(&self) -> Option<u32> {
        self.version_of("postgres")
    }

    /// The major version of one program.
    pub(super) fn version_of(&self, name: &str) -> Option<u32> {
        version(&self.program(name))
    }
}

/// The major version of the program at this path.
fn version(program: &Path) -> Option<u32> {
    let mut command = Command::new(program);
    let printed = error::run("--version", command.arg("--version")).ok()?;
    // "postgres (PostgreSQL) 15.18 (Debian 15.18-0)", or "… 18beta1"
    let version = printed.split_ascii_whitespace().nth(2)?;
    let digits = version.find(|c: char| !c.is_ascii_digit());
    version[..digits.unwrap_or(version.len())].parse().ok()
}

/// Where programs may be installed, the best place first.
fn installed() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian()
        .into_iter()
        .chain(pg_config())
        .chain(std::env::split_paths(&path))
        .collect()
}

/// Debian's directories, newest version first.
fn debian() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, path)| path).collect()
}

/// The directory that `pg_config` names, where there is one.
fn pg_config() -> Option<PathBuf> {
    let printed = error::run("pg_config", Command::new("pg_config").arg("--bindir")).ok()?;
    Some(PathBuf::from(printed.trim()))
}
