//! Cuts SQL of the user's into statements: outside a transaction each must travel by itself,
//! for several in one message are one transaction to the server.

/// The statements of a script, without their semicolons' remains; empty ones left out.
///
/// Knows strings, quoted names, dollar quotes and comments (PostgreSQL manual, 4.1).
pub fn statements(sql: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let mut begun = 0;
    let mut at = 0;
    while at < sql.len() {
        let rest = &sql[at..];
        let skip = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if rest.starts_with('\'') || rest.starts_with('"') {
            let escapes =
                at > 0 && matches!(sql.as_bytes()[at - 1], b'e' | b'E') && rest.starts_with('\'');
            quoted(rest, escapes)
        } else if let Some(length) = dollar_quoted(rest) {
            length
        } else if rest.starts_with(';') {
            statements.push(&sql[begun..at]);
            begun = at + 1;
            1
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        at += skip;
    }
    statements.push(&sql[begun..]);
    statements
        .into_iter()
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// A statement from its first word on.
pub fn without_leading_comments(statement: &str) -> &str {
    let mut rest = statement.trim_start();
    loop {
        let skip = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else {
            return rest;
        };
        rest = rest[skip..].trim_start();
    }
}

/// Comments nest.
fn comment(text: &str) -> usize {
    let mut depth = 0_u32;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn quoted(text: &str, escapes: bool) -> usize {
    let quote = text.as_bytes()[0];
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn dollar_quoted(text: &str) -> Option<usize> {
    let after = text.strip_prefix('$')?;
    let tag_end = after.find('$')?;
    let tag = &after[..tag_end];
    let named = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    if !named {
        return None;
    }
    let mark = &text[..tag_end + 2];
    let body = &text[mark.len()..];
    Some(mark.len() + body.find(mark).map_or(body.len(), |end| end + mark.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_ends_a_statement_only_outside_quotes_and_comments() {
        let sql = "SELECT ';', \"a;b\"; -- no; end\nDO $x$ BEGIN; END $x$;/* ; /* ; */ */ SELECT E'\\';' ; ;\n";
        assert_eq!(
            statements(sql),
            [
                "SELECT ';', \"a;b\"",
                "-- no; end\nDO $x$ BEGIN; END $x$",
                "/* ; /* ; */ */ SELECT E'\\';'"
            ]
        );
    }

    #[test]
    fn unfinished_quotes_end_with_the_text() {
        for sql in ["'a", "\"a", "$$a", "/* a", "E'\\", "$", "ü';"] {
            assert_eq!(statements(sql).len(), 1, "{sql}");
        }
    }
}
