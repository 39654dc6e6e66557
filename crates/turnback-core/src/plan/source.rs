//! From the text of a plan file to a checked plan.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::{Plan, document, yaml};
use crate::diagnostic::{self, Diagnostic, Span};

/// A plan file, and what it may ask of the world. The core does no IO: the environment and
/// other files come in as functions.
#[derive(Clone)]
pub struct PlanSource<'a> {
    /// Name of the file, for messages.
    pub file_name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Looks up an environment variable; nothing when it is not set.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a file that the plan names; the error says why it could not be read.
    pub read_file: &'a dyn Fn(&str) -> Result<String, String>,
    /// A connection string given on the command line, which wins over the file's.
    pub target_override: Option<String>,
}

/// A checked plan, with the places its parts were read from.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedPlan {
    /// The plan.
    pub plan: Plan,
    /// Where its parts stand in the file.
    pub spans: Spans,
}

/// Where the parts of a plan stand in its file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spans {
    /// Phases, by id.
    pub phases: BTreeMap<String, PhaseSpans>,
    /// Names of guards.
    pub guards: BTreeMap<String, Span>,
}

/// Where the parts of a phase stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PhaseSpans {
    /// Its id.
    pub id: Span,
    /// Its `convert_key` operations, in order; empty in a phase of SQL.
    pub keys: Vec<KeySpans>,
}

/// Where the parts of a `convert_key` stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeySpans {
    /// The name of the table.
    pub table: Span,
    /// The name of the column, where it is given.
    pub column: Option<Span>,
    /// The column that gives the time, where there is one.
    pub v7_from: Option<Span>,
    /// The names of the objects given anew, in order.
    pub recreate: Vec<Span>,
}

/// Reads and checks a plan file.
///
/// # Errors
/// Everything that is wrong with the file, in the order of the file; never empty. No message
/// holds the value of an environment variable or a password.
///
/// # Example
/// ```
/// use turnback_core::plan::{PlanSource, parse};
///
/// let text = "version: 1\nname: chat\ntarget: ${DB}\nphases:\n  - id: users\n    \
///             operations:\n      - convert_key: { table: users, to: uuid }\n";
/// let parsed = parse(&PlanSource {
///     file_name: "turnback.yaml",
///     text,
///     env: &|name| (name == "DB").then(|| "postgres://localhost/chat".to_owned()),
///     read_file: &|path| Err(format!("{path} is not there")),
///     target_override: None,
/// })
/// .expect("the plan is right");
/// assert_eq!(parsed.plan.phases[0].id, "users");
/// ```
pub fn parse(source: &PlanSource<'_>) -> Result<ParsedPlan, Vec<Diagnostic>> {
    let mut reader = Reader::new(source.text);
    let (root, refusals) = yaml::parse(source.text);
    let broken = root.is_none() && !refusals.is_empty();
    for refusal in refusals {
        reader
            .error(refusal.code, &refusal.at, refusal.message, "")
            .help = refusal.help.map(str::to_owned);
    }
    let parsed = match root {
        Some(root) if !matches!(root.kind, yaml::Kind::Null) => {
            document::read(&mut reader, &root, source)
        }
        _ => {
            if !broken {
                let message = format!("expected a plan, but {} is empty", source.file_name);
                reader
                    .error("empty-file", &(0..0), message, "nothing here")
                    .help = Some("`turnback init` writes a plan from a database".to_owned());
            }
            None
        }
    };
    match parsed {
        Some(parsed) if reader.found.is_empty() => Ok(parsed),
        _ => {
            diagnostic::sort(&mut reader.found);
            Err(reader.found)
        }
    }
}

/// Reads any YAML file, for those who read other formats than the plan's.
///
/// # Errors
/// What is wrong with it; never empty.
pub(crate) fn tree(text: &str) -> Result<yaml::Node, Vec<Diagnostic>> {
    let mut reader = Reader::new(text);
    let (root, refusals) = yaml::parse(text);
    for refusal in refusals {
        reader
            .error(refusal.code, &refusal.at, refusal.message, "")
            .help = refusal.help.map(str::to_owned);
    }
    match root {
        Some(root) if reader.found.is_empty() => Ok(root),
        _ => {
            if reader.found.is_empty() {
                reader.error(
                    "empty-file",
                    &(0..0),
                    "expected YAML, but the file is empty",
                    "",
                );
            }
            diagnostic::sort(&mut reader.found);
            Err(reader.found)
        }
    }
}
