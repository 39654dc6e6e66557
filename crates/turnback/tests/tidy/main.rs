//! The rules of the house that a machine can hold. ARCHITECTURE.md says why they are there.
//!
//! Each rule is a pure function from text to breaches, tested below it on a bad sample; this
//! file shows the functions the real workspace.

mod code;
mod core_is_pure;
mod crate_order;
mod links;
mod source_files;
mod workspace;

use std::fmt;

use workspace::Workspace;

/// One place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
struct Breach {
    /// The file, with the line where there is one.
    place: String,
    /// What the rule is, and how this place breaks it.
    rule: String,
    /// What to do about it.
    remedy: &'static str,
}

impl Breach {
    fn new(place: impl Into<String>, rule: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            place: place.into(),
            rule: rule.into(),
            remedy,
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.rule, self.remedy)
    }
}

/// Fails with every breach at once, one per line.
#[track_caller]
fn hold(breaches: impl IntoIterator<Item = Breach>) {
    let lines: Vec<String> = breaches
        .into_iter()
        .map(|breach| breach.to_string())
        .collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn crates_depend_on_one_another_in_one_direction_only() {
    hold(crate_order::breaches(&Workspace::here().packages()));
}

#[test]
fn the_core_does_no_io_reads_no_clock_and_draws_no_randomness() {
    let workspace = Workspace::here();
    let sources = workspace.files_below("crates/turnback-core/src", &["rs"]);
    assert!(!sources.is_empty(), "the core has no sources?");
    hold(
        sources
            .iter()
            .flat_map(core_is_pure::breaches_in_source)
            .chain(core_is_pure::breaches_in_dependencies(
                &workspace.packages(),
            )),
    );
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let files = Workspace::here().files_below("crates", &["rs"]);
    assert!(files.len() > 10, "only {} sources found", files.len());
    hold(files.iter().filter_map(source_files::no_purpose));
}

#[test]
fn no_file_is_longer_than_one_can_read() {
    let workspace = Workspace::here();
    hold(
        ["crates", "examples", "scripts"]
            .iter()
            .flat_map(|folder| workspace.files_below(folder, &["rs", "sql", "sh"]))
            .filter_map(|file| source_files::too_long(&file)),
    );
}

#[test]
fn nothing_is_left_for_later() {
    let workspace = Workspace::here();
    hold(
        ["crates", "examples", "scripts"]
            .iter()
            .flat_map(|folder| workspace.files_below(folder, &["rs", "sql", "sh"]))
            .flat_map(|file| source_files::left_for_later(&file)),
    );
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let workspace = Workspace::here();
    let documents = workspace.documents();
    hold(documents.iter().flat_map(|document| {
        links::breaches(
            document,
            |path| workspace.text(path),
            |path| workspace.exists(path),
        )
    }));
}
