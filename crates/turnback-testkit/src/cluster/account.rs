//! The unprivileged account that the server runs under: PostgreSQL refuses to run as root.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::ClusterError;

/// Who the server runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The user who runs us.
    Ourselves,
    /// Somebody else, because we are root.
    Other { user: u32, group: u32 },
}

impl Account {
    /// Decides by the owner of something we just created, which tells who we are.
    pub(super) fn for_owner_of(path: &Path) -> Result<Self, ClusterError> {
        let owner = std::fs::metadata(path)
            .map_err(|e| ClusterError::io("look at the cluster's directory", e))?
            .uid();
        if owner != 0 {
            return Ok(Self::Ourselves);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| {
                Some(Self::Other {
                    user: number("-u", name)?,
                    group: number("-g", name)?,
                })
            })
            .ok_or(ClusterError::NoAccount)
    }

    /// Makes `path` the account's own.
    pub(super) fn give(self, path: &Path) -> Result<(), ClusterError> {
        match self {
            Self::Ourselves => Ok(()),
            Self::Other { user, group } => chown(path, Some(user), Some(group)).map_err(|e| {
                ClusterError::io("give the cluster's directory to the server's user", e)
            }),
        }
    }

    /// Lets a command run under the account. Setting the user as root also clears the
    /// supplementary groups (`CommandExt::uid`).
    pub(super) fn run_as(self, command: &mut Command) {
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
    }
}

/// A user's number, by `id`.
fn number(flag: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([flag, name]).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().parse().ok())?
}
