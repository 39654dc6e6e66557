//! Alert files as people have them, to guards of a plan: Prometheus rule files, lists of `alerts`,
//! and `metric: { warning: …, critical: … }`.
//!
//! What cannot be carried becomes a comment; nothing is dropped.

mod alerts;
mod draft;
mod known;
mod promql;
mod rules;
mod walk;
mod write;

use crate::diagnostic::Diagnostic;
use crate::plan::tree;

use self::draft::Found;

/// Guards made of alert files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// `guards:` as text for a plan, with comments.
    pub yaml: String,
    /// How many guards it has.
    pub guards: usize,
    /// What somebody must look at: what could not be carried, and what was guessed. Each stands in
    /// the text as a comment too.
    pub notes: Vec<String>,
}

/// Makes guards of alert files, given as their names and texts.
///
/// # Errors
/// The first file that is not YAML: its index, and what is wrong with it.
///
/// # Example
/// ```
/// use turnback_core::import_guards::import_guards;
///
/// let file = "alerts:\n  - { name: Errors, query: 'rate(errors[1m])', threshold: 5, severity: critical }\n";
/// let imported = import_guards(&[("alerts.yml", file)]).expect("it is YAML");
/// assert!(imported.yaml.contains("critical: '> 5'"));
/// ```
pub fn import_guards(files: &[(&str, &str)]) -> Result<Imported, (usize, Vec<Diagnostic>)> {
    let mut found = Found::default();
    for (index, (name, text)) in files.iter().enumerate() {
        let root = tree(text).map_err(|errors| (index, errors))?;
        found.file(name);
        walk::root(&root, &mut found);
    }
    Ok(write::imported(found.finish()))
}
