//! References to environment variables: `${NAME}`, and `$${` for a literal `${`.
//!
//! No message here quotes what was found: it may hold a secret.

use std::ops::Range;

use super::expansion;
use super::reader::Reader;

/// Puts environment variables in; every one that is missing is recorded, with the help that is
/// made of its name.
pub(super) fn expand(
    reader: &mut Reader<'_>,
    text: &str,
    at: &Range<usize>,
    env: &dyn Fn(&str) -> Option<String>,
    help: &dyn Fn(&str) -> String,
) -> Option<String> {
    let Ok((expanded, missing)) = expansion::expand(text, env) else {
        reader.bad_variable(at);
        return None;
    };
    for name in &missing {
        unset(reader, name, at, help(name));
    }
    missing.is_empty().then_some(expanded)
}

fn unset(reader: &mut Reader<'_>, name: &str, at: &Range<usize>, help: String) {
    // Points at the reference itself where it is written plainly.
    let reference = format!("${{{name}}}");
    let within = reader
        .text
        .get(at.clone())
        .and_then(|text| text.find(&reference));
    let at = within.map_or_else(
        || at.clone(),
        |offset| at.start + offset..at.start + offset + reference.len(),
    );
    let message = format!(
        "expected the environment variable `{name}` to have a value, but it is not set or empty"
    );
    reader.error("unset-variable", &at, message, "not set").help = Some(help);
}
