//! The shape of `backups:`, as data.

use super::shape::{Shape, Value, key};

pub(super) static BACKUPS: Shape = Shape {
    what: "the backups",
    about: "Where backups are kept, how they are made, and when one is required.",
    keys: &[
        key(
            "directory",
            false,
            Value::Path,
            "Directory of the backups, from the directory of the plan. Default: backups.",
        ),
        key(
            "jobs",
            false,
            Value::Count {
                least: 1,
                most: 64,
                default: 2,
            },
            "Tables that are dumped and restored side by side.",
        ),
        key(
            "keep",
            false,
            Value::Count {
                least: 1,
                most: 1000,
                default: 3,
            },
            "How many verified backups `turnback backup prune` keeps.",
        ),
        key(
            "require",
            false,
            Value::Choice {
                words: &["never", "contract", "phase"],
                default: Some("never"),
            },
            "When a verified backup must be there: never; before contract and before SQL that cannot be turned back; or before each phase too.",
        ),
        key(
            "max_age",
            false,
            Value::Duration {
                least: "1m",
                most: "365d",
                default: Some("1d"),
            },
            "How old a backup that is required may be.",
        ),
        key(
            "copy_to",
            false,
            Value::Target,
            "A second database, to which the ledger and the key archives are copied after each phase: a connection string, as `target` takes it.",
        ),
        key(
            "pgbackrest",
            false,
            Value::Map(&PGBACKREST),
            "Have pgBackRest make the backups, instead of pg_dump.",
        ),
        key(
            "command",
            false,
            Value::Map(&BACKUP_COMMAND),
            "Have commands of your own make the backups, instead of pg_dump.",
        ),
    ],
};

pub(super) static PGBACKREST: Shape = Shape {
    what: "a pgbackrest adapter",
    about: "Backups by pgBackRest, which runs beside the server.",
    keys: &[
        key("stanza", true, Value::Title, "The stanza."),
        key(
            "config",
            false,
            Value::Path,
            "pgBackRest's configuration file. Default: pgBackRest's own.",
        ),
        key(
            "options",
            false,
            Value::Texts,
            "Further options of every call, such as --repo=2.",
        ),
    ],
};

pub(super) static BACKUP_COMMAND: Shape = Shape {
    what: "a backup command",
    about: "Backups by commands of your own. Each is run by the shell, finds the database in libpq's variables (PGHOST, PGDATABASE, …) and the backup in TURNBACK_BACKUP_ID and TURNBACK_BACKUP_DIR; 0 is success.",
    keys: &[
        key("create", true, Value::Shell, "Makes a backup."),
        key(
            "restore",
            false,
            Value::Shell,
            "Restores the backup into the database that the variables name, which is empty. Needed to verify one and to restore one.",
        ),
        key(
            "remove",
            false,
            Value::Shell,
            "Removes a backup from where `create` put it, beside the directory itself.",
        ),
    ],
};
