//! The shape of the file, as data: every key with its type, limits and description.
//!
//! The reader and the JSON schema both work from these tables, so they cannot disagree
//! about which keys there are.

use super::backup_shape::BACKUPS;
use super::canary_shape::CANARY;
use super::decision_shape::DECISION;
use super::guard_shape::GUARD;
use super::hooks::shape::HOOK;
use super::notify::shape::NOTIFY;
use super::objectives::OBJECTIVES;
use super::operation_shape::OPERATION;
use super::risks::RISK;

/// A mapping with a fixed set of keys.
pub(super) struct Shape {
    /// What it is, for messages: `a phase`.
    pub(super) what: &'static str,
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
}

/// One key of a mapping.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) about: &'static str,
    pub(super) value: Value,
}

/// What may stand behind a key.
pub(super) enum Value {
    /// The number 1.
    Version,
    /// Text of one line, for people.
    Title,
    /// A connection string.
    Target,
    /// The id of a phase.
    PhaseId,
    /// One name as SQL reads it.
    Name,
    /// A name, or a schema and a name, as SQL reads them.
    TableName,
    /// SQL as text, or `{ file: path }`.
    Sql,
    /// A path.
    Path,
    /// A command line for the shell.
    Shell,
    /// `true` or `false`.
    Flag { default: bool },
    /// A whole number.
    Count { least: u32, most: u32, default: u32 },
    /// A whole number from 1 to 5.
    Rank,
    /// A duration; limits and default as they are written in the file.
    Duration {
        least: &'static str,
        most: &'static str,
        default: Option<&'static str>,
    },
    /// Bytes; limits and default as they are written in the file.
    Size {
        least: &'static str,
        default: Option<&'static str>,
    },
    /// A list of texts.
    Texts,
    /// One of a few words.
    Choice {
        words: &'static [&'static str],
        default: Option<&'static str>,
    },
    /// Text in which `${NAME}` stands for an environment variable; never shown.
    Secret,
    /// A port.
    Port,
    /// A list of at least one text.
    SomeTexts,
    /// A list of at least one of a few words.
    Choices { words: &'static [&'static str] },
    /// A list of statuses of HTTP.
    Statuses,
    /// A template as text, or `{ file: path }`.
    Template,
    /// A list of phase ids.
    PhaseIds,
    /// Text for others than turnback, such as a query of theirs; not empty.
    Text,
    /// A URL (`http://…`, `https://…`), with environment variables.
    Url,
    /// A pointer into a JSON document (RFC 6901).
    Pointer,
    /// From which value on a guard warns.
    Threshold,
    /// `3 of 5`.
    Belief,
    /// Texts with names that are free.
    NamedTexts,
    /// Mappings of one shape with names that are free.
    Named(&'static Shape),
    /// A name, or a list of names.
    Names,
    /// One of a few words, or a list of them.
    Words(&'static [&'static str]),
    /// `current`, `previous`, `all`, or the id of a phase.
    Scope,
    /// The key of a feature flag.
    FlagKey,
    /// A share of users: `10%`.
    Share,
    /// A list of at least one share, or mapping with one.
    Steps,
    /// A mapping.
    Map(&'static Shape),
    /// A list of at least one mapping.
    List(&'static Shape),
}

impl Shape {
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

pub(super) const fn key(
    name: &'static str,
    required: bool,
    value: Value,
    about: &'static str,
) -> Key {
    Key {
        name,
        required,
        about,
        value,
    }
}

pub(super) static PLAN: Shape = Shape {
    what: "a plan",
    about: "A plan of turnback: which phases take a PostgreSQL database through a change, and back.",
    keys: &[
        key(
            "version",
            true,
            Value::Version,
            "Version of this format: 1.",
        ),
        key(
            "name",
            true,
            Value::Title,
            "Name of the plan. The database keeps its phases under this name, so it stays the same from the first run to the last.",
        ),
        key(
            "target",
            false,
            Value::Target,
            "Connection string of the database, `postgres://…`. `${NAME}` stands for an environment variable, `$${` for a literal `${`. May be left out when --target is given.",
        ),
        key(
            "schema",
            false,
            Value::Name,
            "Schema of table names that are written without one. Default: public.",
        ),
        key(
            "settings",
            false,
            Value::Map(&SETTINGS),
            "How fast and how patient a run is.",
        ),
        key(
            "backups",
            false,
            Value::Map(&BACKUPS),
            "Where backups are kept, how they are made, and when one is required.",
        ),
        key(
            "phases",
            true,
            Value::List(&PHASE),
            "The phases, in the order in which they run unless `after` says otherwise.",
        ),
        key(
            "guards",
            false,
            Value::Named(&GUARD),
            "What is measured while phases run and bake, each under a name of its own.",
        ),
        key(
            "notify",
            false,
            Value::Map(&NOTIFY),
            "Who is told what, and how.",
        ),
        key(
            "hooks",
            false,
            Value::List(&HOOK),
            "What your own programs and servers do at certain moments of a run.",
        ),
        key(
            "objectives",
            false,
            Value::Map(&OBJECTIVES),
            "How long turning back may take, part by part and as a whole.",
        ),
        key(
            "risks",
            false,
            Value::List(&RISK),
            "What may go wrong: how likely, how bad, and which guards show it.",
        ),
        key(
            "decisions",
            false,
            Value::List(&DECISION),
            "What to do about what guards say: the first row that fits counts.",
        ),
    ],
};

pub(super) static SETTINGS: Shape = Shape {
    what: "the settings",
    about: "How fast and how patient a run is.",
    keys: &[
        key(
            "lock_timeout",
            false,
            Value::Duration {
                least: "1ms",
                most: "1m",
                default: Some("100ms"),
            },
            "The longest that a statement may wait for a strong lock, and so the longest that it may hold up traffic behind it.",
        ),
        key(
            "lock_attempts",
            false,
            Value::Count {
                least: 1,
                most: 100_000,
                default: 60,
            },
            "How many times a strong lock is tried before the run stops.",
        ),
        key(
            "workers",
            false,
            Value::Count {
                least: 1,
                most: 64,
                default: 2,
            },
            "Sessions that backfill one table side by side.",
        ),
        key(
            "batch_time",
            false,
            Value::Duration {
                least: "1ms",
                most: "1m",
                default: Some("200ms"),
            },
            "What one backfill batch should take; the number of rows follows from it.",
        ),
        key(
            "answer_timeout",
            false,
            Value::Duration {
                least: "1s",
                most: "1h",
                default: Some("30s"),
            },
            "How long the server may go without an answer before the connection counts as lost and is made again. Work that takes long is not cut short by it.",
        ),
        key(
            "way_back_cancels_after",
            false,
            Value::Duration {
                least: "1ms",
                most: "1h",
                default: None,
            },
            "Statements that hold up a way back for so long are cancelled; large transactions, superusers, replication and backups are spared. By default nobody is.",
        ),
        key(
            "vacuum_after",
            false,
            Value::Count {
                least: 0,
                most: 100,
                default: 20,
            },
            "After so many hundredths of a table a backfill lets vacuum free what it has left dead, so that the table grows less; 0 for not before its end.",
        ),
        key(
            "max_lag",
            false,
            Value::Duration {
                least: "100ms",
                most: "1d",
                default: Some("10s"),
            },
            "How far a standby or a subscriber may be behind before a backfill pauses; from half of it on it slows down.",
        ),
        key(
            "ignore_standbys",
            false,
            Value::Texts,
            "Standbys and subscribers whose lag does not count, by application_name: those that are late on purpose.",
        ),
        key(
            "max_wal_rate",
            false,
            Value::Size {
                least: "64kB",
                default: None,
            },
            "How much WAL the whole server may write in a second while a backfill runs; it slows down to keep that. No limit by default.",
        ),
        key(
            "max_archive_lag",
            false,
            Value::Size {
                least: "64MB",
                default: Some("2GB"),
            },
            "How much WAL may wait for the archiver before a backfill pauses.",
        ),
        key(
            "max_retained_wal",
            false,
            Value::Size {
                least: "64MB",
                default: None,
            },
            "How much WAL a replication slot may keep before a backfill pauses. By default it pauses only where a slot is about to be lost (max_slot_wal_keep_size).",
        ),
        key(
            "max_lock_waits",
            false,
            Value::Count {
                least: 0,
                most: 100_000,
                default: 10,
            },
            "How many clients of the database may wait for locks of turnback's, or behind one who does, before a backfill pauses.",
        ),
        key(
            "min_free_disk",
            false,
            Value::Size {
                least: "1MB",
                default: None,
            },
            "How much must stay free on the server's disk; a backfill pauses below it. It can be seen only where turnback runs beside the server. By default a twentieth of the disk, and no more than 1GB.",
        ),
        key(
            "pause_when",
            false,
            Value::Sql,
            "A query with one boolean: a backfill pauses while it answers true, or cannot be asked.",
        ),
    ],
};

pub(super) static PHASE: Shape = Shape {
    what: "a phase",
    about: "A phase: goes forward and turns back as one.",
    keys: &[
        key(
            "id",
            true,
            Value::PhaseId,
            "Name of the phase: lower-case letters, digits, `-` and `_`, starting with a letter, at most 40 characters.",
        ),
        key(
            "after",
            false,
            Value::PhaseIds,
            "Phases that must be through before this one starts.",
        ),
        key(
            "operations",
            true,
            Value::List(&OPERATION),
            "What the phase does: `convert_key` operations, or `sql` operations, not both.",
        ),
        key(
            "bake",
            false,
            Value::Duration {
                least: "1ms",
                most: "365d",
                default: None,
            },
            "How long the phase is watched after its cut-over before it counts as done.",
        ),
        key(
            "canary",
            false,
            Value::Map(&CANARY),
            "Before the cut-over, send a growing share of users to the new shape and compare them with the rest.",
        ),
    ],
};
