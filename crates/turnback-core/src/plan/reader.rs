//! Walks the tree, and collects what is wrong instead of stopping at it.
//!
//! The rule of every function here: `None` for a value that is there means that a
//! diagnostic has been recorded.

use std::ops::Range;

use super::hint;
use super::shape::{Key, Shape};
use super::yaml::{Kind, Node};
use crate::diagnostic::{Diagnostic, Related, Span, mask_secrets};

/// A value and the bytes it covers.
pub(super) type Placed<T> = (T, Range<usize>);

/// Collects diagnostics about one text.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) found: Vec<Diagnostic>,
}

/// The entries of a mapping that its shape knows.
pub(super) struct Fields<'n> {
    pub(super) shape: &'static Shape,
    entries: Vec<(&'static Key, &'n Node, &'n Node)>,
    /// Keys that were probably meant by unknown ones: not missed a second time.
    meant: Vec<&'static str>,
    /// What to point at when something is missing: the first key.
    pub(super) at: Range<usize>,
}

impl<'n> Fields<'n> {
    pub(super) fn node(&self, name: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find_map(|(key, _, value)| (key.name == name).then_some(*value))
    }

    /// Where a key stands; the mapping's own place when it does not.
    pub(super) fn key_at(&self, name: &str) -> Range<usize> {
        self.entries
            .iter()
            .find(|(key, ..)| key.name == name)
            .map_or_else(|| self.at.clone(), |(_, key, _)| key.at.clone())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().map(|(key, ..)| key.name)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    pub(super) fn span(&self, at: &Range<usize>) -> Span {
        Span::locate(self.text, at.clone())
    }

    /// Records an error; the caller may add to it.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        at: &Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> &mut Diagnostic {
        let span = self.span(at);
        let at = self.found.len();
        self.found
            .push(Diagnostic::error(code, span, message, label));
        &mut self.found[at]
    }

    pub(super) fn related(&self, at: &Range<usize>, label: &str) -> Related {
        Related {
            span: self.span(at),
            label: label.to_owned(),
        }
    }

    /// Records that a value is of the wrong type, unless it is recorded already.
    pub(super) fn wrong_type(&mut self, node: &Node, expected: &str, help: Option<String>) {
        if matches!(node.kind, Kind::Unreadable) {
            return;
        }
        let message = format!("expected {expected}, but found {}", describe(node));
        self.error(
            "wrong-type",
            &node.at,
            message,
            format!("expected {expected}"),
        )
        .help = help;
    }

    /// Reads a mapping: unknown, repeated and missing keys are recorded.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        shape: &'static Shape,
    ) -> Option<Fields<'n>> {
        let Kind::Map(entries) = &node.kind else {
            let keys: Vec<_> = shape.keys.iter().map(|key| key.name).collect();
            let help = format!("{} has the keys {}", shape.what, code_list(&keys));
            self.wrong_type(node, &format!("{} (a mapping)", shape.what), Some(help));
            return None;
        };
        let mut fields = Fields {
            shape,
            entries: Vec::new(),
            meant: Vec::new(),
            at: entries
                .first()
                .map_or_else(|| node.at.clone(), |(key, _)| key.at.clone()),
        };
        for (key, value) in entries {
            self.field(&mut fields, key, value);
        }
        for key in shape.keys.iter().filter(|key| key.required) {
            if fields.node(key.name).is_none() && !fields.meant.contains(&key.name) {
                let message = format!(
                    "expected the key `{}` in {}, but found none",
                    key.name, shape.what
                );
                let label = format!("`{}` is missing here", key.name);
                let at = fields.at.clone();
                self.error("missing-key", &at, message, label).help = Some(key.about.to_owned());
            }
        }
        Some(fields)
    }

    fn field<'n>(&mut self, fields: &mut Fields<'n>, key: &'n Node, value: &'n Node) {
        let Kind::Text(written) = &key.kind else {
            self.wrong_type(key, "a key", None);
            return;
        };
        let Some(known) = fields.shape.key(written) else {
            let names: Vec<_> = fields.shape.keys.iter().map(|key| key.name).collect();
            let what = fields.shape.what;
            let message = format!("expected a key of {what}, but found {}", quote(written));
            let help = match hint::nearest(written, names.iter().copied()) {
                Some(name) => {
                    fields.meant.push(name);
                    format!("did you mean `{name}`?")
                }
                None => format!("{what} has the keys {}", code_list(&names)),
            };
            self.error("unknown-key", &key.at, message, "unknown key")
                .help = Some(help);
            return;
        };
        if let Some((_, first, _)) = fields.entries.iter().find(|(k, ..)| k.name == known.name) {
            let related = self.related(&first.at, "first written here");
            let message = format!("expected `{written}` once, but found it again");
            self.error("duplicate-key", &key.at, message, "written again")
                .related
                .push(related);
            return;
        }
        fields.entries.push((known, key, value));
    }

    /// Reads a mapping whose names are free: names that are repeated are recorded.
    pub(super) fn named<'n>(
        &mut self,
        node: &'n Node,
        expected: &str,
    ) -> Vec<(Placed<String>, &'n Node)> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, expected, None);
            return Vec::new();
        };
        let mut named: Vec<(Placed<String>, &Node)> = Vec::new();
        for (key, value) in entries {
            let Kind::Text(name) = &key.kind else {
                self.wrong_type(key, "a name", Some("put it in quotes".to_owned()));
                continue;
            };
            if let Some(((_, first), _)) = named.iter().find(|((other, _), _)| other == name) {
                let related = self.related(first, "first written here");
                let message = format!("expected {} once, but found it again", quote(name));
                self.error("duplicate-key", &key.at, message, "written again")
                    .related
                    .push(related);
                continue;
            }
            named.push(((name.clone(), key.at.clone()), value));
        }
        named
    }

    /// Reads a list with at least one item.
    pub(super) fn list<'n>(&mut self, node: &'n Node, of: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) if items.is_empty() => {
                let message = format!("expected at least one {of}, but found an empty list");
                self.error("empty-list", &node.at, message, "empty");
                None
            }
            Kind::List(items) => Some(items),
            _ => {
                let help = "start each item of the list with `- `".to_owned();
                self.wrong_type(node, &format!("a list of {of}s"), Some(help));
                None
            }
        }
    }
}

/// What was found, in words.
fn describe(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "nothing".to_owned(),
        Kind::Bool(flag) => format!("`{flag}`"),
        Kind::Number(number) => format!("the number {}", quote(number)),
        Kind::Text(text) => format!("the text {}", quote(text)),
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(_) => "a mapping".to_owned(),
        Kind::Unreadable => "something unreadable".to_owned(),
    }
}

/// Text of the file's in a message: on one line, not too long, and without secrets.
pub(super) fn quote(text: &str) -> String {
    const LONGEST: usize = 40;
    let masked = mask_secrets(text);
    let shown: String = masked
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let more = if masked.chars().nth(LONGEST).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{shown}{more}`")
}

/// `a`, `b` and `c`.
pub(super) fn code_list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
