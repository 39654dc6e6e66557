//! The connection string: from the command line, or from the file with `${NAME}` expanded.
//!
//! No message here quotes what was found: it may hold a password.

use std::ops::Range;

use super::reader::{Fields, Reader};
use super::yaml::{Kind, Node};
use super::{PlanSource, Target, environment};

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
    let help = |name: &str| format!("set `{name}`, or pass --target postgres://…");
    let url = environment::expand(reader, text, &node.at, source.env, &help)?;
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
