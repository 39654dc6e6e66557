//! Finds what is an alert in a file, wherever it stands.

use super::draft::Found;
use super::{alerts, rules};
use crate::diagnostic::mask_secrets;
use crate::plan::yaml::{Kind, Node};

/// Walks a whole file.
pub(super) fn root(node: &Node, found: &mut Found) {
    below("", node, found);
}

fn below(path: &str, node: &Node, found: &mut Found) {
    match &node.kind {
        Kind::Map(entries) if is_metric(node) && !path.is_empty() => {
            let _ = entries;
            alerts::entry(path, node, found);
        }
        Kind::Map(entries) => {
            for (key, value) in entries {
                let name = text(key).unwrap_or_default();
                match &value.kind {
                    Kind::List(groups) if name == "groups" => rules::groups(groups, found),
                    Kind::List(items) if items.iter().any(alerts::is_alert) => {
                        alerts::list(items, found);
                    }
                    Kind::Map(_) => below(&name, value, found),
                    _ => left(&name, value, found),
                }
            }
        }
        Kind::List(items) if items.iter().any(alerts::is_alert) => alerts::list(items, found),
        _ => left(path, node, found),
    }
}

/// `metric: { warning: 500ms, critical: 1000ms }`.
fn is_metric(node: &Node) -> bool {
    ["warning", "critical"]
        .iter()
        .filter_map(|key| get(node, key))
        .any(|value| text(value).is_some())
}

/// Something that says nothing of alerts.
pub(super) fn left(path: &str, node: &Node, found: &mut Found) {
    let what = if path.is_empty() { "this" } else { path };
    found.left(
        format!(
            "`{}` says nothing that a guard could be made of",
            one_line(what)
        ),
        lines(path, node),
    );
}

/// What stands behind a key.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    entries
        .iter()
        .find(|(name, _)| text(name).as_deref() == Some(key))
        .map(|(_, value)| value)
}

/// The first of several keys that stands there.
pub(super) fn first<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n Node> {
    keys.iter().find_map(|key| get(node, key))
}

/// A scalar, as it was written.
pub(super) fn text(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Text(text) | Kind::Number(text) => Some(text.clone()),
        Kind::Bool(flag) => Some(flag.to_string()),
        Kind::Null | Kind::List(_) | Kind::Map(_) | Kind::Unreadable => None,
    }
}

/// `key: value`, over as many lines as it takes, for comments.
pub(super) fn lines(key: &str, node: &Node) -> Vec<String> {
    let shown = if key.is_empty() {
        flow(node)
    } else {
        format!("{key}: {}", flow(node))
    };
    mask_secrets(&shown)
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

fn flow(node: &Node) -> String {
    match &node.kind {
        Kind::List(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", flow(key), flow(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        _ => text(node).unwrap_or_default(),
    }
}

/// A text for the middle of a sentence.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}
