//! SQL of somebody else's, to be shown: without its literals, which may be secrets, and short.

/// The most characters that are shown.
const MOST: usize = 120;

/// The statement in one line, each literal a `?`, without comments, shortened. Names stay:
/// they tell what it works on.
pub fn mask(sql: &str) -> String {
    let mut masked = Masked::default();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '\'' => masked.literal(quoted_end(rest, '\'', masked.is_escape_string())),
            '"' => masked.word(rest, quoted_end(rest, '"', false)),
            '$' => match dollar_end(rest) {
                Some(end) => masked.literal(end),
                None => masked.word(rest, 1 + digits(&rest[1..])),
            },
            '-' if rest.starts_with("--") => masked.gap(rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => {
                masked.gap(rest.find("*/").map_or(rest.len(), |at| at + 2))
            }
            c if c.is_whitespace() => masked.gap(c.len_utf8()),
            c if c.is_ascii_digit() && !masked.in_word() => masked.literal(number_end(rest)),
            c => masked.word(rest, c.len_utf8()),
        };
        rest = &rest[taken..];
    }
    shortened(masked.text)
}

#[derive(Default)]
struct Masked {
    text: String,
}

impl Masked {
    fn literal(&mut self, length: usize) -> usize {
        if self.is_escape_string() {
            self.text.pop();
        }
        self.text.push('?');
        length
    }

    fn word(&mut self, rest: &str, length: usize) -> usize {
        self.text.push_str(&rest[..length]);
        length
    }

    fn gap(&mut self, length: usize) -> usize {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        length
    }

    fn in_word(&self) -> bool {
        let last = self.text.chars().next_back();
        last.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$')
    }

    /// `E'…'`, in which a backslash takes the next character's meaning away.
    fn is_escape_string(&self) -> bool {
        let mut last = self.text.chars().rev();
        matches!(last.next(), Some('E' | 'e'))
            && !last.next().is_some_and(|c| c.is_alphanumeric() || c == '_')
    }
}

/// Where a quoted text ends; one that was cut off has no end.
fn quoted_end(text: &str, quote: char, escapes: bool) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if escapes && character == '\\' {
            characters.next();
        } else if character == quote {
            if characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
            } else {
                return at + quote.len_utf8();
            }
        }
    }
    text.len()
}

/// Where `$tag$ … $tag$` ends.
fn dollar_end(text: &str) -> Option<usize> {
    let tag_end = 1 + text[1..].find('$')?;
    let inside = &text[1..tag_end];
    let is_tag = !inside.starts_with(|c: char| c.is_ascii_digit())
        && inside.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !is_tag {
        return None;
    }
    let tag = &text[..=tag_end];
    let body = &text[tag.len()..];
    Some(
        body.find(tag)
            .map_or(text.len(), |at| tag.len() + at + tag.len()),
    )
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn number_end(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'.' || *byte == b'_')
        .count()
}

fn shortened(text: String) -> String {
    let text = text.trim_end();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_and_values_go() {
        for (sql, shown) in [
            (
                "SELECT  *\n FROM users2 WHERE mail = 'app@example.org' AND id = 17",
                "SELECT * FROM users2 WHERE mail = ? AND id = ?",
            ),
            ("SELECT 'it''s', $1, \"a'b\"", "SELECT ?, $1, \"a'b\""),
            (
                r"ALTER ROLE app PASSWORD E'a\'b' VALID",
                "ALTER ROLE app PASSWORD ? VALID",
            ),
            ("SELECT $q$secret$q$, $$x$$, 1.5e3", "SELECT ?, ?, ?"),
            ("DO $$ begin; it was cut o", "DO ?"),
            (
                "/* token abc */ SELECT 1 -- password hunter2\n + x",
                "SELECT ? + x",
            ),
            ("UPDATE t SET p = 'cut off secr", "UPDATE t SET p = ?"),
            ("SELECT 'a' 'b'", "SELECT ? ?"),
            ("", ""),
        ] {
            assert_eq!(mask(sql), shown);
        }
        let long = mask(&"naïve ".repeat(100));
        assert_eq!(long.chars().count(), MOST + 1, "{long}");
    }
}
