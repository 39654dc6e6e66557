//! The directory of backups: one directory for each, with its manifest and a lock for whoever
//! is at work on it.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use turnback_core::backup::{BackupState, FileSize, Kept, Manifest};

use super::error::BackupError;

const MANIFEST: &str = "manifest.json";
const LOCK: &str = "lock";
/// So many times a lock is tried that somebody may hold who only looks.
const LOOKERS: u32 = 100;

/// A directory of backups.
#[derive(Clone, Debug)]
pub struct Shelf {
    directory: PathBuf,
}

/// One backup in it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// What is known about it.
    pub manifest: Manifest,
    /// Somebody is at work on it.
    pub at_work: bool,
    /// What is wrong with its files, where it is whole and they are not.
    pub damaged: Option<String>,
}

impl Entry {
    /// As retention sees it.
    pub fn kept(&self) -> Kept<'_> {
        Kept {
            manifest: &self.manifest,
            at_work: self.at_work,
            damaged: self.damaged.is_some(),
        }
    }

    /// Where its dump is.
    pub fn dump(&self) -> PathBuf {
        self.path.join("dump")
    }

    /// Refuses one that nothing can be restored from.
    ///
    /// # Errors
    ///
    /// When it is not whole.
    pub fn must_be_whole(&self) -> Result<(), BackupError> {
        let id = &self.manifest.id;
        let flaw = match (&self.manifest.state, &self.damaged) {
            (_, _) if self.at_work => "is still at work".to_owned(),
            (BackupState::Begun, _) => "was cut short and is not whole".to_owned(),
            (BackupState::Failed(reason), _) => format!("failed: {reason}"),
            (BackupState::Whole, Some(flaw)) => format!("is damaged: {flaw}"),
            (BackupState::Whole, None) => return Ok(()),
        };
        Err(BackupError::refused(
            format!("the backup {id} {flaw}"),
            "`turnback backup list` shows which are good; nothing was touched.",
        ))
    }
}

/// A backup that we are at work on: the lock goes with the value, also when we are killed.
pub struct Taken {
    /// Where it is.
    pub path: PathBuf,
    _lock: File,
}

impl Shelf {
    /// A directory of backups; it need not be there yet.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// All backups, newest first. What has no manifest that can be read is none of ours.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, BackupError> {
        let reading = || BackupError::io(format!("reading {}", self.directory.display()));
        let listed = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            listed => listed.map_err(reading())?,
        };
        let mut entries = Vec::new();
        for listed in listed {
            let path = listed.map_err(reading())?.path();
            let Ok(text) = fs::read_to_string(path.join(MANIFEST)) else {
                continue;
            };
            let manifest: Manifest = serde_json::from_str(&text).map_err(|error| {
                BackupError::refused(
                    format!("the manifest in {} cannot be read: {error}", path.display()),
                    "Was it written by another version of turnback, or changed by hand? Move the directory away.",
                )
            })?;
            let at_work = is_locked(&path);
            let damaged = match manifest.state {
                BackupState::Whole if !at_work => damage(&path, &manifest.files),
                _ => None,
            };
            entries.push(Entry {
                path,
                manifest,
                at_work,
                damaged,
            });
        }
        entries.sort_by(|a, b| {
            (b.manifest.taken_epoch, &b.manifest.id).cmp(&(a.manifest.taken_epoch, &a.manifest.id))
        });
        Ok(entries)
    }

    /// Finds a backup by its id, the beginning of it, or `latest`: the newest that is whole.
    ///
    /// # Errors
    ///
    /// When there is none, or more than one.
    pub fn find(&self, id: &str) -> Result<Entry, BackupError> {
        let entries = self.entries()?;
        let list = "`turnback backup list` shows what there is; nothing was touched.";
        let none = || {
            BackupError::refused(
                format!("there is no backup {id} in {}", self.directory.display()),
                list,
            )
        };
        if id == "latest" {
            let whole = |entry: &Entry| entry.must_be_whole().is_ok();
            return entries.into_iter().find(whole).ok_or_else(none);
        }
        let mut found: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| entry.manifest.id.starts_with(id) && !id.is_empty())
            .collect();
        if let Some(exact) = found.iter().position(|entry| entry.manifest.id == id) {
            return Ok(found.swap_remove(exact));
        }
        match found.len() {
            0 => Err(none()),
            1 => found.pop().ok_or_else(none),
            _ => Err(BackupError::refused(
                format!("more than one backup begins with {id}"),
                list,
            )),
        }
    }

    /// Makes the directory of a new backup and writes its first manifest. An id that is taken
    /// gets a number.
    pub(super) fn begin(&self, manifest: &mut Manifest) -> Result<Taken, BackupError> {
        let making = || {
            BackupError::io(format!(
                "making a directory in {}",
                self.directory.display()
            ))
        };
        let mut builder = fs::DirBuilder::new();
        // The rows are somebody's.
        builder.mode(0o700);
        builder
            .recursive(true)
            .create(&self.directory)
            .map_err(making())?;
        builder.recursive(false);
        let id = manifest.id.clone();
        let mut number = 1;
        let path = loop {
            let path = self.directory.join(&manifest.id);
            match builder.create(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    number += 1;
                    manifest.id = format!("{id}-{number}");
                }
                made => break made.map(|()| path).map_err(making())?,
            }
        };
        let lock = self.take(&path)?;
        write(&path, manifest)?;
        Ok(lock)
    }

    /// Takes a backup for work on it.
    pub(super) fn take(&self, path: &Path) -> Result<Taken, BackupError> {
        let doing = || BackupError::io(format!("locking {}", path.display()));
        let lock = File::create(path.join(LOCK)).map_err(doing())?;
        let mut taken = lock.try_lock();
        // Whoever only looks holds it for a moment.
        for _ in 0..LOOKERS {
            if taken.is_ok() {
                break;
            }
            std::thread::yield_now();
            taken = lock.try_lock();
        }
        match taken {
            Ok(()) => Ok(Taken {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(BackupError::refused(
                format!("somebody is at work on {}", path.display()),
                "Wait until that is done; nothing was touched.",
            )),
            Err(TryLockError::Error(error)) => Err(doing()(error)),
        }
    }

    /// Removes a backup with all its files.
    pub(super) fn remove(&self, entry: &Entry) -> Result<(), BackupError> {
        let _taken = self.take(&entry.path)?;
        fs::remove_dir_all(&entry.path).map_err(BackupError::io(format!(
            "removing {}",
            entry.path.display()
        )))
    }
}

/// Writes a manifest so that there is always a whole one, the old or the new.
pub(super) fn write(path: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let doing = || BackupError::io(format!("writing the manifest in {}", path.display()));
    let text = serde_json::to_string_pretty(manifest)
        .map_err(std::io::Error::other)
        .map_err(doing())?;
    let fresh = path.join("manifest.new");
    let written = (|| {
        let mut file = File::create(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path.join(MANIFEST))?;
        File::open(path)?.sync_all()
    })();
    written.map_err(|error| {
        if error.kind() == std::io::ErrorKind::StorageFull {
            BackupError::Full(path.to_owned())
        } else {
            doing()(error)
        }
    })
}

/// Every file below a backup's directory but its manifest and lock.
pub(super) fn files(path: &Path) -> Result<Vec<FileSize>, BackupError> {
    let mut found = Vec::new();
    let mut directories = vec![path.to_owned()];
    while let Some(directory) = directories.pop() {
        let reading = || BackupError::io(format!("reading {}", directory.display()));
        for entry in fs::read_dir(&directory).map_err(reading())? {
            let entry = entry.map_err(reading())?;
            let about = entry.metadata().map_err(reading())?;
            let below = entry.path();
            if about.is_dir() {
                directories.push(below);
                continue;
            }
            let name = below
                .strip_prefix(path)
                .unwrap_or(&below)
                .display()
                .to_string();
            if ![MANIFEST, LOCK, "manifest.new"].contains(&name.as_str()) {
                found.push(FileSize {
                    path: name,
                    bytes: about.len(),
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn is_locked(path: &Path) -> bool {
    let Ok(lock) = File::open(path.join(LOCK)) else {
        return false;
    };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

fn damage(path: &Path, files: &[FileSize]) -> Option<String> {
    files.iter().find_map(|file| {
        let FileSize { path: name, bytes } = file;
        match fs::metadata(path.join(name)) {
            Err(_) => Some(format!("its file {name} cannot be read")),
            Ok(about) if about.len() != *bytes => Some(format!(
                "its file {name} has {} bytes, and had {bytes}",
                about.len()
            )),
            Ok(_) => None,
        }
    })
}
