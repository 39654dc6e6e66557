//! The connection string: from the command line, or from the file with `${NAME}` expanded.
//!
//! No message here quotes what was found: it may hold a password.

use std::ops::Range;

use super::reader::{Fields, Reader};
use super::yaml::{Kind, Node};
use super::{PlanSource, Target};

const HOW: &str = "write `target: ${DATABASE_URL}`, or pass --target postgres://…";

/// Reads the target. With an override, what the file says is not looked up.
pub(super) fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    source: &PlanSource<'_>,
) -> Option<Target> {
    if let Some(url) = &source.target_override {
        return checked(
            reader,
            &fields.key_at("target"),
            url,
            "the one given with --target",
        );
    }
    let Some(node) = fields.node("target") else {
        let message =
            "expected a target: the plan names no database, and none was given with --target";
        reader
            .error(
                "missing-target",
                &fields.at.clone(),
                message,
                "`target` is missing here",
            )
            .help = Some(HOW.to_owned());
        return None;
    };
    from_file(reader, node, source)
}

/// Reads a connection string that stands in the file.
pub(super) fn from_file(
    reader: &mut Reader<'_>,
    node: &Node,
    source: &PlanSource<'_>,
) -> Option<Target> {
    let Kind::Text(text) = &node.kind else {
        if !matches!(node.kind, Kind::Unreadable) {
            let message = "expected a connection string (`postgres://…`), but found something else";
            reader
                .error(
                    "wrong-type",
                    &node.at,
                    message,
                    "expected a connection string",
                )
                .help = Some(HOW.to_owned());
        }
        return None;
    };
    let url = expand(reader, text, &node.at, source.env)?;
    checked(reader, &node.at, &url, "this one")
}

fn checked(reader: &mut Reader<'_>, at: &Range<usize>, url: &str, which: &str) -> Option<Target> {
    let url = url.trim();
    let after = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"));
    if after.is_some_and(|rest| !rest.is_empty()) {
        return Some(Target::new(url));
    }
    let message = format!(
        "expected a connection string that starts with `postgres://`, but {which} does not"
    );
    let message = if after.is_some() {
        format!("expected a connection string, but {which} ends after `://`")
    } else {
        message
    };
    reader
        .error("bad-target", at, message, "no connection string")
        .help = Some("postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned());
    None
}

/// Puts environment variables in; every one that is missing is recorded.
fn expand(
    reader: &mut Reader<'_>,
    text: &str,
    at: &Range<usize>,
    env: &dyn Fn(&str) -> Option<String>,
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
                    unset(reader, name, at);
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

fn unset(reader: &mut Reader<'_>, name: &str, at: &Range<usize>) {
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
    reader.error("unset-variable", &at, message, "not set").help =
        Some(format!("set `{name}`, or pass --target postgres://…"));
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
