//! Backups, as the plan asks for them.

use std::time::Duration;

use super::backup_shape::{BACKUP_COMMAND, BACKUPS, PGBACKREST};
use super::reader::{Fields, Reader, quote};
use super::yaml::{Kind, Node};
use super::{PlanSource, Target, target};

/// Where backups are kept, how they are made, and when one is required.
#[derive(Clone, Debug, PartialEq)]
pub struct Backups {
    /// Their directory, from that of the plan.
    pub directory: String,
    /// Tables that are dumped and restored side by side. Default 2.
    pub jobs: u32,
    /// How many verified ones are kept. Default 3.
    pub keep: u32,
    /// When a verified one must be there.
    pub require: Require,
    /// How old one that is required may be. Default 1 day.
    pub max_age: Duration,
    /// A second database, to which ledger and key archives are copied.
    pub copy_to: Option<Target>,
    /// What makes them.
    pub by: By,
}

impl Default for Backups {
    fn default() -> Self {
        Self {
            directory: "backups".to_owned(),
            jobs: 2,
            keep: 3,
            require: Require::Never,
            max_age: Duration::from_secs(24 * 60 * 60),
            copy_to: None,
            by: By::PgDump,
        }
    }
}

/// When a verified backup must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Require {
    /// Never.
    Never,
    /// Before contract, and before SQL that cannot be turned back.
    Contract,
    /// Before each phase, and before contract.
    Phase,
}

impl Require {
    /// As plans write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Contract => "contract",
            Self::Phase => "phase",
        }
    }
}

/// What makes backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// `pg_dump`, in directory format.
    PgDump,
    /// pgBackRest.
    PgBackRest(PgBackRest),
    /// Commands of the user's.
    Command(BackupCommand),
}

/// How pgBackRest is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgBackRest {
    /// The stanza.
    pub stanza: String,
    /// Its configuration file, from the directory of the plan; its own default when absent.
    pub config: Option<String>,
    /// Further options of every call.
    pub options: Vec<String>,
}

/// Commands of the user's, for the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupCommand {
    /// Makes a backup.
    pub create: String,
    /// Restores one into an empty database.
    pub restore: Option<String>,
    /// Removes one.
    pub remove: Option<String>,
}

/// Reads the mapping; what is wrong with it is recorded.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, source: &PlanSource<'_>) -> Backups {
    let mut backups = Backups::default();
    let Some(fields) = reader.fields(node, &BACKUPS) else {
        return backups;
    };
    if let Some(directory) = filled(reader, &fields, "directory") {
        backups.directory = directory;
    }
    if let Some(jobs) = reader.count(&fields, "jobs") {
        backups.jobs = jobs;
    }
    if let Some(keep) = reader.count(&fields, "keep") {
        backups.keep = keep;
    }
    if let Some((word, _)) = reader.choice(&fields, "require") {
        backups.require = match word {
            "contract" => Require::Contract,
            "phase" => Require::Phase,
            _ => Require::Never,
        };
    }
    if let Some(age) = reader.duration(&fields, "max_age") {
        backups.max_age = age;
    }
    backups.copy_to = fields
        .node("copy_to")
        .and_then(|node| target::from_file(reader, node, source));
    let pgbackrest = fields
        .node("pgbackrest")
        .and_then(|node| pgbackrest(reader, node));
    let command = fields
        .node("command")
        .and_then(|node| command(reader, node));
    if fields.node("pgbackrest").is_some() && fields.node("command").is_some() {
        let at = fields.key_at("command");
        reader
            .error(
                "two-adapters",
                &at,
                "expected one way to make backups, but found `pgbackrest` and `command`",
                "one too many",
            )
            .help = Some("leave one of the two out".to_owned());
    }
    if let Some(pgbackrest) = pgbackrest {
        backups.by = By::PgBackRest(pgbackrest);
    } else if let Some(command) = command {
        backups.by = By::Command(command);
    }
    backups
}

fn pgbackrest(reader: &mut Reader<'_>, node: &Node) -> Option<PgBackRest> {
    let fields = reader.fields(node, &PGBACKREST)?;
    Some(PgBackRest {
        config: filled(reader, &fields, "config"),
        options: reader.texts(&fields, "options"),
        stanza: filled(reader, &fields, "stanza")?,
    })
}

fn command(reader: &mut Reader<'_>, node: &Node) -> Option<BackupCommand> {
    let fields = reader.fields(node, &BACKUP_COMMAND)?;
    Some(BackupCommand {
        restore: filled(reader, &fields, "restore"),
        remove: filled(reader, &fields, "remove"),
        create: filled(reader, &fields, "create")?,
    })
}

/// Reads a text that is not blank.
fn filled(reader: &mut Reader<'_>, fields: &Fields<'_>, name: &str) -> Option<String> {
    let node = fields.node(name)?;
    let (text, at) = match &node.kind {
        Kind::Text(text) => (text.clone(), node.at.clone()),
        _ => reader.text(node, "a text")?,
    };
    if text.trim().is_empty() {
        let message = format!("expected a text, but found {}", quote(&text));
        reader.error("empty-text", &at, message, "empty");
        return None;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostic;
    use crate::plan::parse;

    fn parsed(backups: &str) -> Result<Backups, Vec<Diagnostic>> {
        let text = format!(
            "version: 1\nname: n\ntarget: postgres://h/d\nbackups: {backups}\nphases:\n  - id: a\n    operations:\n      - sql: {{ up: SELECT 1, down: SELECT 2 }}\n"
        );
        parse(&PlanSource {
            file_name: "p",
            text: &text,
            env: &|_| Some("postgres://u:s3cret@second/d".to_owned()),
            read_file: &|_| Ok(String::new()),
            target_override: None,
        })
        .map(|parsed| parsed.plan.backups)
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(parsed("{}").unwrap(), Backups::default());
    }

    #[test]
    fn every_key_is_read_and_the_second_database_keeps_its_password_to_itself() {
        let read = parsed(
            "{ directory: /b, jobs: 4, keep: 7, require: phase, max_age: 2h, copy_to: '${SECOND}', pgbackrest: { stanza: main, config: c.conf, options: [--repo=2] } }",
        )
        .unwrap();
        assert_eq!((read.jobs, read.keep, read.require), (4, 7, Require::Phase));
        assert_eq!(read.max_age, Duration::from_secs(7200));
        assert!(matches!(&read.by, By::PgBackRest(by) if by.stanza == "main"));
        assert!(!format!("{read:?}").contains("s3cret"));
    }

    #[test]
    fn two_ways_to_make_backups_are_one_too_many() {
        let found = parsed("{ pgbackrest: { stanza: s }, command: { create: x } }").unwrap_err();
        assert_eq!(found[0].code, "two-adapters");
        let found = parsed("{ command: { create: '  ' } }").unwrap_err();
        assert_eq!(found[0].code, "empty-text");
    }
}
