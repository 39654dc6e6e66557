//! What a restore starts from: a backup of ours, or a dump that somebody else made.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use turnback_core::backup::{Format, recognise};

use super::error::BackupError;
use super::shelf::{Entry, Shelf};

/// Enough of a file to know what it is.
const BEGINNING: u64 = 16 * 1024;

/// What a restore starts from.
#[derive(Clone, Debug)]
pub enum Given {
    /// A backup of ours.
    Backup(Box<Entry>),
    /// A dump that somebody else made.
    Dump(PathBuf, Format),
}

impl Given {
    /// What the user named: a backup's id, or the path of a dump.
    ///
    /// # Errors
    ///
    /// When it is neither.
    pub fn named(shelf: &Shelf, what: &str) -> Result<Self, BackupError> {
        let path = Path::new(what);
        // An id has no slash; a file in the current directory is told by being there.
        match shelf.find(what) {
            Ok(entry) => {
                entry.must_be_whole()?;
                Ok(Self::Backup(Box::new(entry)))
            }
            Err(_) if path.exists() => {
                let format = format_of(path)?;
                Ok(Self::Dump(path.to_owned(), format))
            }
            Err(error) => Err(error),
        }
    }

    /// What to call it.
    pub fn name(&self) -> String {
        match self {
            Self::Backup(entry) => entry.manifest.id.clone(),
            Self::Dump(path, _) => path.display().to_string(),
        }
    }
}

/// Recognises a dump by what is in it.
pub(super) fn format_of(path: &Path) -> Result<Format, BackupError> {
    let directory = path.is_dir();
    let at = if directory {
        path.join("toc.dat")
    } else {
        path.to_owned()
    };
    let mut beginning = Vec::new();
    let read = File::open(&at).and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning));
    read.map_err(BackupError::io(format!("reading {}", at.display())))?;
    let format = if directory {
        recognise(b"", Some(&beginning))
    } else {
        recognise(&beginning, None)
    };
    match format {
        Some(Format::Cluster) => Err(BackupError::refused(
            format!(
                "{} is a dump of a whole cluster (pg_dumpall), not of one database",
                path.display()
            ),
            "Restore it with psql into a server of its own, dump the one database there (`pg_dump --format=custom`), and name that file.",
        )),
        Some(format) => Ok(format),
        None => Err(BackupError::refused(
            format!(
                "{} is no dump that is known: neither pg_dump's directory, custom or tar format, nor SQL",
                path.display()
            ),
            "Nothing was touched.",
        )),
    }
}
