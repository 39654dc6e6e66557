//! PostgreSQL's client programs: found where they are installed, in a version that will do.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::BackupError;

/// Names a directory with PostgreSQL's programs, or several with `:` between them.
const ENVIRONMENT: &str = "TURNBACK_PG_BIN";
/// Where Debian and its relatives keep one directory per major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A client program that knows servers of this major version: of that version where it is
/// installed, else of the next newer. None of them reads a server newer than itself, and what
/// a newer one writes an older server may not take.
///
/// # Errors
///
/// When there is none.
pub fn client(tool: &'static str, major: u32) -> Result<PathBuf, BackupError> {
    let mut known: Vec<(u32, PathBuf)> = places()
        .into_iter()
        .map(|directory| directory.join(tool))
        .filter_map(|path| Some((version(&path)?, path)))
        .collect();
    // Stable: of one version, the place that comes first.
    known.sort_by_key(|(version, _)| *version);
    if let Some((_, path)) = known.iter().find(|(version, _)| *version >= major) {
        return Ok(path.clone());
    }
    Err(BackupError::NoTool {
        tool,
        needed: major,
        found: known.last().map(|(version, _)| *version),
    })
}

/// Where programs may be installed.
fn places() -> Vec<PathBuf> {
    let named = std::env::var_os(ENVIRONMENT).unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    std::env::split_paths(&named)
        .chain(debian.map(|entry| entry.path().join("bin")))
        .chain(std::env::split_paths(&path))
        .filter(|directory| !directory.as_os_str().is_empty())
        .collect()
}

/// Major version of a program; none where it is not there.
fn version(path: &Path) -> Option<u32> {
    let output = Command::new(path).arg("--version").output().ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0)`, or `… 18beta1`.
fn major(printed: &str) -> Option<u32> {
    let version = printed.split_ascii_whitespace().nth(2)?;
    let digits = version.find(|c: char| !c.is_ascii_digit());
    version[..digits.unwrap_or(version.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_however_they_are_written() {
        assert_eq!(
            major("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0)"),
            Some(15)
        );
        assert_eq!(major("psql (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("no such thing"), None);
    }

    #[test]
    fn a_version_that_nobody_has_is_asked_for_by_its_number() {
        let error = client("pg_dump", 4_000).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("version 4000 or newer is needed")
        );
        assert!(error.next().unwrap().contains("TURNBACK_PG_BIN"));
        let error = client("pg_nothing", 1).unwrap_err();
        assert!(error.to_string().contains("there is none here"));
    }
}
