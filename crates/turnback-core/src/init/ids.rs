//! Ids of phases, from the names of their tables.

use std::collections::HashSet;

use super::cost::Work;
use super::graph::Graph;
use super::phases::{Keys, Kind};
use crate::name::{Ident, TableName};
use crate::schema::Snapshot;

/// The longest id that a plan takes, in bytes.
const LONGEST: usize = 40;

/// Ids that mean something else: the scopes of `turnback back`, and the version schema
/// `<schema>_base`, which holds the shape from before the first phase.
const TAKEN: [&str; 4] = ["all", "base", "current", "previous"];

/// An id for each phase, each different.
pub(super) fn ids(
    graph: &Graph<'_>,
    phases: &[(Keys, Work)],
    snapshot: &Snapshot,
    schema: &Ident,
) -> Vec<String> {
    let mut taken: HashSet<String> = TAKEN.map(str::to_owned).into();
    phases
        .iter()
        .map(|(keys, _)| {
            let wanted = wanted(graph, keys);
            let free = |id: &String| {
                let version_schema = Ident::new(format!("{}_{id}", schema.as_str()));
                !taken.contains(id) && !snapshot.schemas.contains_key(&version_schema)
            };
            let id = wanted
                .iter()
                .cloned()
                .chain((2..).map(|n| numbered(&wanted[0], n)))
                .find(free)
                .unwrap_or_default();
            taken.insert(id.clone());
            id
        })
        .collect()
}

/// What the phase would like to be called, the best first; never empty.
fn wanted(graph: &Graph<'_>, keys: &Keys) -> Vec<String> {
    let names: Vec<&TableName> = keys.keys.iter().map(|&(t, _)| graph.name(t)).collect();
    match (keys.kind, names.as_slice()) {
        (Kind::Leaves, _) => vec!["leaf-tables".to_owned()],
        (Kind::Level(level), _) => vec![format!("level-{level}")],
        (Kind::All, _) | (_, []) => vec!["all-keys".to_owned()],
        (Kind::Single | Kind::Cycle, [one]) => vec![
            slug(one.name.as_str(), "table"),
            slug(
                &format!("{}-{}", one.schema.as_str(), one.name.as_str()),
                "table",
            ),
        ],
        (Kind::Single | Kind::Cycle, [first, second]) => vec![slug(
            &format!("{}-{}", first.name.as_str(), second.name.as_str()),
            "cycle",
        )],
        (Kind::Single | Kind::Cycle, [first, ..]) => {
            let cut: String = first.name.as_str().chars().take(LONGEST - 6).collect();
            vec![slug(&format!("{cut}-cycle"), "cycle")]
        }
    }
}

fn numbered(id: &str, n: usize) -> String {
    let number = format!("-{n}");
    let room = LONGEST - number.len();
    format!("{}{number}", &id[..id.len().min(room)])
}

/// Lower-case letters, digits, `-` and `_`, starting with a letter, at most 40 bytes.
pub(super) fn slug(name: &str, otherwise: &str) -> String {
    let mut id = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_lowercase() || (!id.is_empty() && (c.is_ascii_digit() || c == '_')) {
            id.push(c);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.truncate(LONGEST);
    let id = id.trim_end_matches(['-', '_']);
    if id.is_empty() {
        otherwise.to_owned()
    } else {
        id.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_ids_whatever_the_name() {
        assert_eq!(slug("users", "x"), "users");
        assert_eq!(slug("Order Items", "x"), "order-items");
        assert_eq!(slug("_2fa_codes", "x"), "fa_codes");
        assert_eq!(slug("ÄÖ", "table"), "table");
        assert_eq!(slug(&"ab_".repeat(30), "x").len(), 40);
        assert_eq!(numbered(&"a".repeat(40), 12).len(), 40);
    }
}
