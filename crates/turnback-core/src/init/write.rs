//! Names and text as a plan file can hold them, whatever characters they are made of.

use crate::name::{Ident, TableName};

/// A line of the file is at most this wide, where its words allow it.
const WIDTH: usize = 100;

/// A table, quoted as in SQL, for messages and comments.
pub(super) fn table(name: &TableName) -> String {
    printable(&name.to_string())
}

/// A table as the plan's reader would write it: without `schema`, which the file names.
pub(super) fn table_in(name: &TableName, schema: &Ident) -> String {
    if &name.schema == schema {
        name.name.to_string()
    } else {
        name.to_string()
    }
}

/// An identifier, quoted as in SQL, for messages and comments.
pub(super) fn ident(name: &Ident) -> String {
    printable(&name.to_string())
}

/// Replaces what would end a comment's line, or cannot stand in YAML at all (YAML 1.2.2,
/// chapter 5.1), by an escape.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if unprintable(c) => c.escape_unicode().to_string(),
            c => c.to_string(),
        })
        .collect()
}

pub(crate) fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// A YAML scalar that reads back as exactly this string, also within `{ … }`.
pub(crate) fn scalar(text: &str) -> String {
    if text.chars().any(unprintable) {
        let escaped: String = text
            .chars()
            .map(|c| match c {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                c if unprintable(c) => format!("\\U{:08x}", u32::from(c)),
                c => c.to_string(),
            })
            .collect();
        return format!("\"{escaped}\"");
    }
    let word = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let starts_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if word && starts_plain && !means_something_else(text) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Plain words that YAML 1.1 or 1.2 readers take for something other than a string.
fn means_something_else(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" | "null" | "nan" | "inf"
    )
}

/// Whether a line is no wider than lines of the file should be.
pub(super) fn fits(line: &str) -> bool {
    line.chars().count() <= WIDTH
}

/// The text behind `target:`. A bare `${NAME}` needs no quotes, and reads better without.
pub(super) fn target(text: &str) -> String {
    let variable = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
    let bare = |name: &str| {
        let mut letters = name.chars();
        letters.all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty()
    };
    if variable.is_some_and(bare) {
        text.to_owned()
    } else {
        scalar(text)
    }
}

/// Whether a connection string carries a password in the clear; `${NAME}` in its place is
/// none.
pub(super) fn holds_password(target: &str) -> bool {
    let clear = |password: &str| !password.is_empty() && !password.starts_with("${");
    let (address, parameters) = target.split_once('?').unwrap_or((target, ""));
    let user = address
        .split_once("://")
        .and_then(|(_, rest)| rest.rsplit_once('@'))
        .and_then(|(user, _)| user.split_once(':'));
    // Both forms of libpq: a URL's parameters, and `keyword = value` pairs (manual, 34.1.1).
    let pairs = parameters.split('&').chain(target.split_whitespace());
    let mut named = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        matches!(name.trim(), "password" | "sslpassword").then(|| value.trim())
    });
    user.is_some_and(|(_, password)| clear(password)) || named.any(clear)
}

/// Ties two words so that no line ends between them. No name brings one along: a control
/// character in a name is shown escaped.
pub(super) const TIE: char = '\u{1}';

/// Adds a comment, wrapped between words. `first` leads the first line and `rest` the
/// others, behind the indent and the `#`.
pub(super) fn comment(out: &mut String, indent: &str, first: &str, rest: &str, text: &str) {
    let start = |lead: &str| format!("{indent}# {lead}");
    let mut line = start(first);
    let mut fresh = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let wide = line.chars().count() + 1 + word.chars().count();
        if !fresh && wide > WIDTH {
            end(out, &line);
            line = start(rest);
            fresh = true;
        }
        if !fresh {
            line.push(' ');
        }
        line.push_str(&word.replace(TIE, " "));
        fresh = false;
    }
    end(out, &line);
}

/// Adds a line, without blanks at its end.
pub(super) fn end(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_quoted_exactly_when_yaml_would_misread_them() {
        assert_eq!(scalar("users"), "users");
        assert_eq!(scalar("billing.invoices"), "billing.invoices");
        assert_eq!(scalar("no"), "'no'");
        assert_eq!(scalar("\"Order\""), "'\"Order\"'");
        assert_eq!(scalar("it's"), "'it''s'");
        assert_eq!(scalar(""), "''");
        assert_eq!(scalar("a\nb\"c\\"), "\"a\\U0000000ab\\\"c\\\\\"");
    }

    #[test]
    fn a_password_in_the_clear_is_seen_and_a_variable_is_none() {
        for clear in [
            "postgres://app:s3cret@db/shop",
            "postgres://app:s3@cret?@db/shop?x=1",
            "postgres://db/shop?user=app&password=s3cret",
            "host=db password=s3cret",
        ] {
            assert!(holds_password(clear), "{clear}");
        }
        for fine in [
            "${DATABASE_URL}",
            "postgres://app@db:5432/shop",
            "postgres://app:${PGPASSWORD}@db/shop",
            "postgres://db:5432/shop?sslmode=require",
            "host=db password=${SECRET}",
        ] {
            assert!(!holds_password(fine), "{fine}");
        }
    }

    #[test]
    fn comments_wrap_between_words_and_never_leave_their_line() {
        let mut out = String::new();
        comment(
            &mut out,
            "  ",
            "a: ",
            "   ",
            &printable(&"word\n ".repeat(40)),
        );
        assert!(out.lines().count() > 2, "{out}");
        assert!(
            out.lines()
                .all(|line| line.starts_with("  # ") && line.len() <= WIDTH)
        );
    }
}
