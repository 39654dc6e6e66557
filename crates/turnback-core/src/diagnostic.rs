//! Findings in a file: inert data, rendered at the edge.

use std::ops::Range;

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, and probably does not do what its author wants.
    Warning,
}

/// A place in a file. Never reaches past the end of its first line, so that it can be
/// underlined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Span {
    /// Finds the place of a range of bytes; a range that does not fit the text is cut to fit.
    pub fn locate(text: &str, range: Range<usize>) -> Self {
        let start = boundary(text, range.start);
        let end = boundary(text, range.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let first_line = text[start..end].split(['\n', '\r']).next().unwrap_or("");
        Self {
            start,
            end: start + first_line.trim_end().len(),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
        }
    }

    /// The bytes it covers.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// The greatest character boundary that is not after `at`.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A second place that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Where.
    pub span: Span,
    /// What is there.
    pub label: String,
}

/// One finding in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name for the rule, in kebab-case.
    pub code: &'static str,
    /// What was expected, and what was found. Never holds a password.
    pub message: String,
    /// Where.
    pub span: Span,
    /// A few words to stand beside the place; may be empty.
    pub label: String,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error, without help or other places.
    pub fn error(
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            label: label.into(),
            related: Vec::new(),
            help: None,
        }
    }
}

/// Sorts by place, then by rule, and drops what was said twice.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        (a.span, a.code, &a.message)
            .cmp(&(b.span, b.code, &b.message))
            .then_with(|| a.severity.cmp(&b.severity))
    });
    diagnostics.dedup();
}

/// Replaces what may be a secret by asterisks, byte for byte, so that spans stay true: user
/// and password of a URL, `password=…`, headers and the like (`authorization: …`), and the value of a `target:` that is no URL.
/// References such as `${DATABASE_URL}` stay readable.
pub fn mask_secrets(text: &str) -> String {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices("://") {
        let start = at + 3;
        let stop = end_of_address(text, start);
        if let Some(sign) = text[start..stop].rfind('@') {
            hidden.push(start..start + sign);
        }
    }
    let lower = text.to_ascii_lowercase();
    for word in ["password", "passfile", "sslpassword"] {
        for (at, _) in lower.match_indices(word) {
            let after = at + word.len();
            let rest = text[after..].trim_start_matches([' ', '\t']);
            if let Some(value) = rest.strip_prefix('=') {
                let value = value.trim_start_matches([' ', '\t']);
                let start = text.len() - value.len();
                let stop = value
                    .find(|c: char| c.is_whitespace() || c == '&')
                    .map_or(text.len(), |length| start + length);
                hidden.push(start..stop);
            }
        }
    }
    // Headers, and what else carries a secret under a name.
    for word in [
        "authorization",
        "token",
        "secret",
        "api-key",
        "api_key",
        "apikey",
    ] {
        for (at, _) in lower.match_indices(word) {
            let rest = text[at + word.len()..].trim_start_matches(['"', '\'', ' ', '\t']);
            let Some(value) = rest.strip_prefix([':', '=']) else {
                continue;
            };
            let value = value.trim_start_matches([' ', '\t']);
            let start = text.len() - value.len();
            let stop = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].find([quote, '\n']).map(|n| n + 1),
                _ => value.find([',', '}', '&', '\n']),
            };
            hidden.push(start..stop.map_or(text.len(), |length| start + length));
        }
    }
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let value = line
            .trim_start_matches([' ', '\t', '"', '\'', '{'])
            .strip_prefix("target")
            .map(|rest| rest.trim_start_matches(['"', '\'', ' ', '\t']))
            .and_then(|rest| rest.strip_prefix(':'));
        if let Some(value) = value
            && !value.contains("://")
        {
            let start = line_start + line.len() - value.len();
            hidden.push(start..line_start + line.trim_end().len().max(line.len() - value.len()));
        }
        line_start += line.len();
    }
    star_out(text, &hidden)
}

/// Where an address that begins before `start` ends at the latest: with its line, or at a
/// quote. Rather too far than too near: what is hidden too much can be seen in the file.
fn end_of_address(text: &str, start: usize) -> usize {
    text[start..]
        .find(['\n', '"', '`'])
        .map_or(text.len(), |length| start + length)
}

fn star_out(text: &str, hidden: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut reference_until = 0;
    for (at, c) in text.char_indices() {
        if at >= reference_until
            && let Some(length) = reference(&text[at..])
        {
            reference_until = at + length;
        }
        let secret = hidden.iter().any(|range| range.contains(&at));
        if secret && at >= reference_until && !c.is_whitespace() && c != ':' {
            masked.extend(std::iter::repeat_n('*', c.len_utf8()));
        } else {
            masked.push(c);
        }
    }
    masked
}

/// The length of the `${NAME}` that the text begins with.
fn reference(text: &str) -> Option<usize> {
    let end = text.strip_prefix("${")?.find('}')?;
    let name = &text[2..2 + end];
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (plain && !name.is_empty()).then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_nothing_moves() {
        for (text, masked) in [
            (
                "target: postgres://app:p@ss@db/shop",
                "target: postgres://***:****@db/shop",
            ),
            (
                "target: postgres://app:my pw@db/shop # x",
                "target: postgres://***:** **@db/shop # x",
            ),
            (
                "target: postgres://${USER}:x${PW}@db/shop?password=abc&a=b",
                "target: postgres://${USER}:*${PW}@db/shop?password=***&a=b",
            ),
            (
                "  'target': hunter2\nname: x",
                "  'target': *******\nname: x",
            ),
            (
                "name: chat # password = s3cret",
                "name: chat # password = ******",
            ),
            (
                "headers: { Authorization: \"Bearer s3 ${T}\", X-Api-Key: s3, A: b }",
                "headers: { Authorization: ******* ** ${T}\", X-Api-Key: **, A: b }",
            ),
            ("table: tokens, to: uuid", "table: tokens, to: uuid"),
            ("target: ${DATABASE_URL}", "target: ${DATABASE_URL}"),
            ("target:\nname: ü", "target:\nname: ü"),
        ] {
            assert_eq!(mask_secrets(text), masked);
            assert_eq!(mask_secrets(text).len(), text.len());
        }
    }

    #[test]
    fn a_span_stays_in_its_line_and_in_its_text() {
        let text = "a: ü\nb: |\n  x\n";
        let span = Span::locate(text, 3..5);
        assert_eq!((span.line, span.column, span.range()), (1, 4, 3..5));
        assert_eq!(Span::locate(text, 4..99).range(), 3..5);
        assert_eq!(Span::locate(text, 9..13).range(), 9..10);
        assert_eq!(Span::locate(text, text.len() + 9..text.len()).line, 4);
    }
}
