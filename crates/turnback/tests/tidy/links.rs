//! Rule: a link from one of our documents to a file, or to a heading in one, leads somewhere.

use super::Breach;
use super::workspace::File;

/// Checks one document; `text` reads another, `exists` knows files and folders, both by path
/// from the root.
pub fn breaches(
    document: &File,
    text: impl Fn(&str) -> Option<String>,
    exists: impl Fn(&str) -> bool,
) -> Vec<Breach> {
    let mut found = Vec::new();
    for (number, link) in links(&document.text) {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
        let target = match path {
            "" => Some(document.path.clone()),
            path => resolved(&document.path, path),
        };
        let place = format!("{}:{number}", document.path);
        let Some(target) = target.filter(|target| exists(target)) else {
            found.push(Breach::new(
                place,
                format!("links to {path}, which is not there"),
                "correct the path, counted from the document's own folder",
            ));
            continue;
        };
        let has_heading = |text: String| anchors(&text).iter().any(|name| name == anchor);
        if !anchor.is_empty() && target.ends_with(".md") && !text(&target).is_some_and(has_heading)
        {
            found.push(Breach::new(
                place,
                format!("links to #{anchor}, and {target} has no such heading"),
                "name a heading: lower case, `-` for blanks, no other signs",
            ));
        }
    }
    found
}

/// The targets of `[text](target)`, `![text](target)` and `[text]: target`, with their lines;
/// code is left out.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let line = without_code(line);
        let targets = line.match_indices("](").filter_map(|(at, _)| {
            let rest = &line[at + 2..];
            rest.find(')').map(|end| &rest[..end])
        });
        let definition = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "))
            .map(|(_, target)| target);
        for target in targets.chain(definition) {
            // What follows a blank is a title.
            if let Some(target) = target.split_whitespace().next() {
                let target = target.trim_start_matches('<').trim_end_matches('>');
                found.push((number, target.to_owned()));
            }
        }
    }
    found
}

/// Lines outside of fenced code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

/// A line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("``")
}

/// The names under which headings can be reached: lower case, blanks as `-`, other signs
/// left out, and a number where a heading comes again.
fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let name: String = title
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let again = (1..).map(|n| format!("{name}-{n}"));
        let free = std::iter::once(name.clone())
            .chain(again)
            .find(|name| !found.contains(name));
        found.extend(free);
    }
    found
}

/// A path as seen from a document's folder; none where it leaves the repository.
fn resolved(document: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> Vec<String> {
        let document = File {
            path: "docs/plan.md".to_owned(),
            text: text.to_owned(),
        };
        let text = |path: &str| match path {
            "README.md" => Some("# turnback\n## What, and why?\n## Two\n## Two\n".to_owned()),
            "docs/plan.md" => Some(text.to_owned()),
            _ => None,
        };
        let exists = |path: &str| ["README.md", "docs/plan.md", "docs/a.md"].contains(&path);
        let found = breaches(&document, text, exists);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let text = "# Here\n[a](a.md) ![b](../README.md \"title\") [c](#here)\n\
                    [d](../README.md#what-and-why) [e](../README.md#two-1)\n\
                    [f](https://example.org/none.md)\n[g]: ./a.md\n";
        assert_eq!(broken(text), [""; 0]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found_with_their_line() {
        let found = broken("one\n[a](b.md) [c](../../x)\n[d](../README.md#three)\n[e]: f.md\n");
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found[0].starts_with("docs/plan.md:2: links to b.md"));
        assert!(found[1].starts_with("docs/plan.md:2: links to ../../x"));
        assert!(found[2].contains("#three, and README.md has no such heading"));
        assert!(found[3].starts_with("docs/plan.md:4: links to f.md"));
    }

    #[test]
    fn code_holds_no_links() {
        assert_eq!(broken("`[a](b.md)`\n```\n[a](b.md)\n# no\n```\n"), [""; 0]);
    }
}
