//! The manifest of a backup: the file beside it that says what it holds and what it is worth.

use serde::{Deserialize, Serialize};

use super::contents::Contents;
use crate::name::Ident;
use crate::state::PhaseState;

/// What is known about one backup. Written when it begins, and again when it is whole: one
/// that was cut short says so by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format: 1.
    pub format: u32,
    /// Its name: the time at which it was begun, `20261121T132500Z`, and a word of the user's.
    pub id: String,
    /// What became of it.
    pub state: BackupState,
    /// How it was made.
    pub method: Method,
    /// Name of the plan that it was made for.
    pub plan: String,
    /// Name of the database.
    pub database: String,
    /// The server that it was taken of: system identifier of the cluster (`pg_control_system`),
    /// where that could be read.
    pub system: Option<String>,
    /// `server_version_num`.
    pub server_version: u32,
    /// When its snapshot was taken, by the server's clock, in UTC (`2026-11-21 13:25:00`).
    pub taken_at: String,
    /// The same in seconds since 1970.
    pub taken_epoch: i64,
    /// Size of the database, in bytes.
    pub database_bytes: u64,
    /// Where every phase stood in the snapshot.
    pub phases: Vec<PhaseStanding>,
    /// What is not part of the dump, for it belongs to the database as a whole.
    pub properties: DatabaseProperties,
    /// The named restore point that was set after it, where that was allowed.
    pub restore_point: Option<RestorePoint>,
    /// What is in it, counted in its own snapshot.
    pub contents: Contents,
    /// Its files, with their sizes in bytes: one that is missing or cut shows without a restore.
    pub files: Vec<FileSize>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// When it was last restored somewhere and compared.
    pub verified: Option<Verified>,
}

impl Manifest {
    /// Bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Whether it has been restored once and was what it should be.
    pub fn is_good(&self) -> bool {
        matches!(self.state, BackupState::Whole) && self.verified.is_some()
    }
}

/// What became of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    /// It was begun. Unless somebody is at it, it was cut short, and is worth nothing.
    Begun,
    /// It came to its end.
    Whole,
    /// It did not, and this is why.
    Failed(String),
}

/// How a backup was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// `pg_dump` in directory format.
    PgDump,
    /// pgBackRest, in whose repository it is.
    PgBackRest {
        /// The stanza.
        stanza: String,
        /// pgBackRest's own name of the backup (`20261121-132500F`); empty until it is known.
        label: String,
    },
    /// A command of the user's.
    Command,
}

/// Where a phase stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseStanding {
    /// Name of the plan.
    pub plan: String,
    /// The phase.
    pub phase: String,
    /// Where it stood.
    pub state: PhaseState,
}

/// A named restore point (`pg_create_restore_point`): a place in the WAL to recover to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestorePoint {
    /// Its name.
    pub name: String,
    /// Where in the WAL.
    pub lsn: String,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSize {
    /// Its path below the backup's directory.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

/// That a backup was restored somewhere, and that what came out is what had gone in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// When, by the clock of the server that it was restored on, in UTC.
    pub at: String,
    /// `server_version_num` of that server.
    pub server_version: u32,
    /// How long restoring and comparing took, in milliseconds: what to expect on the day.
    pub millis: u64,
}

/// What belongs to a database as a whole, which `pg_dump` leaves out unless it creates the
/// database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseProperties {
    /// What follows `CREATE DATABASE name TEMPLATE template0`: encoding and collation.
    pub create: String,
    /// Owner, settings, grants, comment: what stands before and after the database's name.
    pub after: Vec<(String, String)>,
}

impl DatabaseProperties {
    /// The statements that give a database of this name what this one has.
    pub fn statements(&self, database: &Ident) -> Vec<String> {
        self.after
            .iter()
            .map(|(before, after)| format!("{before}{database}{after}"))
            .collect()
    }
}
