//! YAML as a tree in which every node knows where it stands.
//!
//! Deserializers stop at the first error; this reader wants them all, so it builds its own
//! small tree from the parser's events and leaves the checking to [`super::reader`].

use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle};

/// A value in the file.
#[derive(Debug)]
pub(crate) struct Node {
    /// The bytes it covers.
    pub(crate) at: Range<usize>,
    pub(crate) kind: Kind,
}

/// What a value is (YAML 1.2, 10.3: the core schema, without its exotic numbers).
#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// A number, as written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// Already complained about.
    Unreadable,
}

/// Something that no plan may hold, found while the tree was built.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) at: Range<usize>,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: Option<&'static str>,
}

/// Reads the first document of `text`. `None` when there is none, or its syntax is broken.
pub(super) fn parse(text: &str) -> (Option<Node>, Vec<Refusal>) {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        // Deeper than any plan, and shallow enough for the walks over the tree.
        flow_nesting_limit: 32,
        block_nesting_limit: 32,
    };
    let mut tree = Tree::default();
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(read) => read,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                tree.refusals.push(syntax(text, at, error.kind()));
                return (None, tree.refusals);
            }
        };
        let start = span.start.byte_offset().unwrap_or(0);
        let at = start..span.end.byte_offset().unwrap_or(start);
        if let Event::DocumentStart(..) = event {
            documents += 1;
            if documents > 1 {
                tree.refuse(
                    at,
                    "several-documents",
                    "expected one plan, but found a second YAML document",
                    Some("write each plan in a file of its own"),
                );
                break;
            }
            continue;
        }
        tree.take(event, at, span.tag_span().is_some());
    }
    (tree.root, tree.refusals)
}

/// What is being built, and the collections still open.
#[derive(Default)]
struct Tree {
    root: Option<Node>,
    open: Vec<Open>,
    refusals: Vec<Refusal>,
}

enum Open {
    List(Range<usize>, Vec<Node>),
    Map(Range<usize>, Vec<(Node, Node)>, Option<Node>),
}

impl Tree {
    fn take(&mut self, event: Event<'_>, at: Range<usize>, tagged: bool) {
        let anchored = event.anchor_id().is_some() && event.is_node() && !event.is_alias();
        if anchored {
            self.refuse(
                at.clone(),
                "anchor",
                "expected a plain value, but found an anchor (`&name`)",
                Some("write the value out where it is needed"),
            );
        }
        if tagged {
            self.refuse(
                at.clone(),
                "tag",
                "expected a plain value, but found a tag (`!name`)",
                Some("leave the tag out"),
            );
        }
        match event {
            Event::Scalar(text, style, ..) => self.close(Node {
                at,
                kind: scalar(&text, style),
            }),
            Event::SequenceStart(..) => self.open.push(Open::List(at, Vec::new())),
            Event::MappingStart(..) => self.open.push(Open::Map(at, Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match self.open.pop() {
                    Some(Open::List(start, items)) => Node {
                        at: start.start..at.end.max(start.end),
                        kind: Kind::List(items),
                    },
                    Some(Open::Map(start, entries, _)) => Node {
                        at: start.start..at.end.max(start.end),
                        kind: Kind::Map(entries),
                    },
                    None => return,
                };
                self.close(node);
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse(
                    at.clone(),
                    "alias",
                    "expected a value, but found an alias (`*name`)",
                    Some("write the value out where it is needed"),
                );
                self.close(Node {
                    at,
                    kind: Kind::Unreadable,
                });
            }
            _ => {}
        }
    }

    /// Puts a finished node into the collection that holds it.
    fn close(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, key)) => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push((key, node)),
            },
        }
    }

    fn refuse(
        &mut self,
        at: Range<usize>,
        code: &'static str,
        message: &str,
        help: Option<&'static str>,
    ) {
        self.refusals.push(Refusal {
            at,
            code,
            message: message.to_owned(),
            help,
        });
    }
}

/// Only plain scalars can be something other than text.
fn scalar(text: &str, style: ScalarStyle) -> Kind {
    if style != ScalarStyle::Plain {
        return Kind::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if is_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::Text(text.to_owned()),
    }
}

/// Decimal, octal (`0o17`) and hexadecimal numbers, with fraction and exponent.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|b| (b'0'..=b'7').contains(&b));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.contains(|c: char| c.is_ascii_digit())
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || b".eE+-".contains(&b))
        && digits.parse::<f64>().is_ok()
}

/// What the parser could not read, as a finding.
fn syntax(text: &str, at: usize, kind: &ErrorKind) -> Refusal {
    let tab = matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart
    );
    // `key: > 500ms`: to YAML, `>` begins a block of text.
    let end = text.len().min(at);
    let line = text.get(..end).map_or(0, |before| {
        before.trim_end().rfind('\n').map_or(0, |n| n + 1)
    });
    let line = text
        .get(line..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or("");
    let comparison = line
        .split_once(": >")
        .is_some_and(|(_, rest)| rest.contains(|c: char| c.is_ascii_digit()));
    let help = match kind {
        _ if tab => Some("YAML indents with spaces, never with tabs"),
        _ if comparison => Some("put quotes around a comparison: \"> 500ms\""),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            Some("put quotes around a value that contains `: `, or write it below as a block (`|`)")
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            Some("close the quote")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry => {
            Some("keys of one mapping, and items of one list, start in the same column")
        }
        ErrorKind::RecursionLimitExceeded => Some("a plan never nests that deep"),
        _ => None,
    };
    // At the very end of the file there is nothing to point at: point at the last line.
    let at = if at >= text.len() {
        text.trim_end().len()
    } else {
        at
    };
    let rest = text.get(at..).unwrap_or("");
    // The parser notices a tab where the text before it ends: point at the tab.
    let at = match rest.find('\t') {
        Some(distance) if tab => at + distance,
        _ => at,
    };
    let end = at
        + text
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
    Refusal {
        at: at..end,
        code: "syntax",
        message: format!(
            "expected YAML, but it cannot be read here: {}",
            kind.to_string().trim().replace('\n', " ")
        ),
        help,
    }
}
