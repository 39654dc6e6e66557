//! Names that a careless tool trips over.

use crate::genes::one_of;

/// How a name is odd.
const ODD: &[fn(&str, usize) -> String] = &[
    |what, n| format!("{what}{n}"),
    |what, n| format!("{what}{n}"),
    |what, n| format!("{what}_{n}"),
    |what, n| format!("My{what}{n}"),
    |what, n| format!("{what} of {n}"),
    |what, n| format!("say \"{what}\" {n}"),
    |what, n| format!("it's {what} {n}"),
    |what, n| format!("{what}.{n}"),
    |what, n| format!("{what}${n}"),
    |what, n| format!("größe_{what}_表{n}"),
    |what, n| format!("back\\{what}\\{n}"),
    |what, n| format!("per%cent {what} {n}"),
    // As long as PostgreSQL allows, and different only at the end: every suffix of ours cuts it.
    |what, n| format!("{:_<60}{n:03}", format!("{what}_as_long_as_it_may_be")),
    |what, n| format!("{}{n:03}", pad(what, "ü", 60)),
];

/// Words that mean something to SQL.
const RESERVED: &[&str] = &[
    "order", "user", "select", "table", "group", "default", "check", "primary", "new", "old",
    "analyse", "window", "all", "limit", "end", "desc",
];

/// The `n`th name of this kind: odd as the gene says, and no other's.
pub fn name(gene: u8, what: &str, n: usize) -> String {
    match usize::from(gene).checked_sub(240) {
        // Only where nothing else of the same kind of name lives.
        Some(_) if n < RESERVED.len() && matches!(what, "table" | "column") => {
            RESERVED[n].to_owned()
        }
        _ => one_of(gene, ODD)(what, n),
    }
}

/// Fills up to so many bytes.
fn pad(what: &str, with: &str, bytes: usize) -> String {
    let mut name = format!("{what}_");
    while name.len() + with.len() <= bytes {
        name.push_str(with);
    }
    while name.len() < bytes {
        name.push('_');
    }
    name
}

/// A name for SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names for SQL, with commas.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names
        .into_iter()
        .map(|name| quoted(name))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_cut_by_postgresql_and_no_two_are_alike() {
        let mut seen = std::collections::BTreeSet::new();
        for gene in [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 240] {
            for what in ["table", "column", "unique"] {
                for n in 0..16 {
                    let name = name(gene, what, n);
                    assert!(name.len() <= 63, "{name}");
                    if gene < 240 {
                        assert!(seen.insert(name.clone()), "{name}");
                    }
                }
            }
        }
    }
}
