//! References to environment variables: `${NAME}`, and `$${` for a literal `${`.
//!
//! No message here quotes what was found: it may hold a secret.

use std::ops::Range;

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
    let mut expanded = String::new();
    let mut whole = true;
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.push_str(&rest[..dollar]);
        rest = &rest[dollar..];
        if let Some(after) = rest.strip_prefix("$${") {
            expanded.push_str("${");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${") {
            let name = after
                .split_once('}')
                .map(|(name, _)| name)
                .filter(|name| is_name(name));
            let Some(name) = name else {
                let message =
                    "expected `${NAME}`, but found `${` without the name of a variable and `}`";
                reader
                    .error("bad-variable", at, message, "not a variable")
                    .help = Some(
                    "names have letters, digits and `_`; a literal `${` is written `$${`"
                        .to_owned(),
                );
                return None;
            };
            match env(name).filter(|value| !value.is_empty()) {
                Some(value) => expanded.push_str(&value),
                None => {
                    unset(reader, name, at, help(name));
                    whole = false;
                }
            }
            rest = &after[name.len() + 1..];
        } else {
            expanded.push('$');
            rest = &rest[1..];
        }
    }
    expanded.push_str(rest);
    whole.then_some(expanded)
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

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
