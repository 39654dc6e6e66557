//! How the rules look at code: without its comments, texts and tests.

use super::workspace::File;

/// The lines of a file that are code and not for tests, with their numbers; comments and
/// texts are cut out, and a `use` over several lines comes as one line, its groups spelt out.
pub fn code_without_tests(file: &File) -> Vec<(usize, String)> {
    let is_test = file.path.ends_with("/tests.rs") || file.path.contains("/tests/");
    let mut found = Vec::new();
    let mut lines = file.text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if is_test {
            break;
        }
        let mut code = without_comments_and_texts(line);
        if code.trim_start().starts_with("#[cfg(test)]") {
            // rustfmt puts the end of an item under its beginning.
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = format!("{indent}}}");
            for (_, line) in lines.by_ref() {
                let rest = line.strip_prefix(indent).unwrap_or_default();
                let opens_nothing = rest.ends_with(';') && !rest.starts_with(' ');
                if line == end || opens_nothing {
                    break;
                }
            }
            continue;
        }
        if let Some(start) = use_tree(&code) {
            while !code.contains(';') {
                let Some((_, line)) = lines.next() else { break };
                code.push_str(&without_comments_and_texts(line));
            }
            let tree = code[start..].split(';').next().unwrap_or_default();
            code = spelt_out(tree).join(" ");
        }
        found.push((index + 1, code));
    }
    found
}

/// Where the tree of a `use` begins, whoever may see it.
fn use_tree(code: &str) -> Option<usize> {
    let at = code.find("use ")?;
    let before = code[..at].trim();
    (before.is_empty() || before.starts_with("pub")).then_some(at + "use ".len())
}

/// `a::{b, c::{d}}` as `a::b` and `a::c::d`.
fn spelt_out(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![tree.to_owned()];
    };
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let mut depth = 0;
    inner
        .split(|c: char| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            c == ',' && depth == 0
        })
        .filter(|branch| !branch.trim().is_empty())
        .flat_map(spelt_out)
        .map(|branch| format!("{head}{branch}"))
        .collect()
}

/// A line without what stands between double quotes and after `//`. Texts over several lines
/// stay, which can only make a rule too strict.
fn without_comments_and_texts(line: &str) -> String {
    let mut code = String::new();
    let mut in_text = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if in_text => drop(chars.next()),
            // A quote as a character is not the beginning of a text.
            '"' if !in_text && code.ends_with('\'') && chars.peek() == Some(&'\'') => {}
            '"' => in_text = !in_text,
            '/' if !in_text && chars.peek() == Some(&'/') => break,
            c if !in_text => code.push(c),
            _ => {}
        }
    }
    code
}

/// Whether `path` stands in `code` by itself or as the beginning of a longer path, and not
/// as a part of other words, of somebody else's path, or as a field.
pub fn has_path(code: &str, path: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    // A library's bare name is a path only where something follows it, or in a `use`.
    let is_crate = path.chars().all(|c| c.is_ascii_lowercase());
    code.match_indices(path).any(|(at, _)| {
        let before = &code[..at];
        let after = &code[at + path.len()..];
        let starts = !before.ends_with(|c| is_word(c) || c == '.')
            && (!before.ends_with("::") || !path.starts_with("std::"));
        let from_root = !is_crate || !before.trim_start_matches(' ').ends_with("::");
        let ends = path.ends_with('!') || !after.starts_with(is_word);
        let leads_on = !is_crate || after.starts_with("::") || before.is_empty();
        starts && from_root && ends && leads_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_imports_are_spelt_out() {
        assert_eq!(
            spelt_out("std::{fmt, time::{self, Instant}, io}"),
            [
                "std::fmt",
                "std::time::self",
                "std::time::Instant",
                "std::io"
            ]
        );
    }

    #[test]
    fn texts_and_comments_are_no_code() {
        assert_eq!(
            without_comments_and_texts(r#"a("b\" // c", d) // e"#),
            "a(, d) "
        );
        assert_eq!(without_comments_and_texts("x == '\"' && y"), "x == '' && y");
    }
}
