//! Reads values about the world outside: addresses, keys, headers, templates, names of the
//! user's.
//!
//! A variable that is not set is no error here. Whoever turns back at night on another machine
//! must not be kept from it because the address of a chat is missing: it is taken down, `check`
//! tells it, and what needs it fails with a sentence.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::document::PhaseDraft;
use super::expansion;
use super::notify::shape::TEMPLATE_FILE;
use super::reader::{Fields, Placed, Reader, code_list, quote};
use super::shape::Value;
use super::source::PlanSource;
use super::yaml::{Kind, Node};
use crate::notify::template::{self, Purpose};
use crate::secret::{Address, Secret};

/// Ids of the phases that there are.
pub(super) struct KnownPhases<'d>(Vec<&'d str>);

impl<'d> KnownPhases<'d> {
    pub(super) fn of(drafts: &'d [PhaseDraft]) -> Self {
        let ids = drafts.iter().filter_map(|draft| draft.id.as_ref());
        Self(ids.map(|(id, _)| id.as_str()).collect())
    }
}

/// A text with its variables put in, and those that have no value.
#[derive(Default)]
pub(super) struct Missing(pub(super) BTreeSet<String>);

impl Reader<'_> {
    /// Records `${` without a name.
    pub(super) fn bad_variable(&mut self, at: &Range<usize>) {
        let message = "expected `${NAME}`, but found `${` without the name of a variable and `}`";
        self.error("bad-variable", at, message, "not a variable")
            .help =
            Some("names have letters, digits and `_`; a literal `${` is written `$${`".to_owned());
    }

    /// Reads a text in which variables stand; it is not quoted in any message.
    pub(super) fn secret(
        &mut self,
        node: &Node,
        source: &PlanSource<'_>,
        missing: &mut Missing,
    ) -> Option<Placed<String>> {
        let Kind::Text(text) = &node.kind else {
            if !matches!(node.kind, Kind::Unreadable) {
                let message = "expected a text, but found something else";
                self.error("wrong-type", &node.at, message, "expected a text")
                    .help = Some("put it in quotes, or write `${NAME}`".to_owned());
            }
            return None;
        };
        if text.trim().is_empty() {
            self.error(
                "empty-text",
                &node.at,
                "expected a text, but found an empty one",
                "empty",
            );
            return None;
        }
        let Ok((expanded, unset)) = expansion::expand(text, source.env) else {
            self.bad_variable(&node.at);
            return None;
        };
        missing.0.extend(unset);
        Some((expanded, node.at.clone()))
    }

    /// Reads an address of a server.
    pub(super) fn address(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        source: &PlanSource<'_>,
        missing: &mut Missing,
    ) -> Option<Address> {
        let node = fields.node(name)?;
        let before = missing.0.len();
        let (url, at) = self.secret(node, source, missing)?;
        let url = url.trim();
        let has_host = ["http://", "https://"]
            .iter()
            .filter_map(|scheme| url.strip_prefix(scheme))
            .any(|rest| rest.starts_with(|c: char| c != '/' && !c.is_whitespace()));
        // What begins with a variable that has no value is looked at when it has one.
        if has_host || missing.0.len() > before {
            return Some(Address::new(url));
        }
        let message =
            "expected an address that starts with `http://` or `https://`, but this one does not";
        self.error("bad-address", &at, message, "no address");
        None
    }

    /// Reads texts under names that are free; variables stand in them.
    pub(super) fn secrets(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        source: &PlanSource<'_>,
        missing: &mut Missing,
    ) -> BTreeMap<String, Secret> {
        let Some(node) = fields.node(name) else {
            return BTreeMap::new();
        };
        let named = self.named(node, &format!("{name} (a mapping of texts)"));
        let read = named.into_iter().filter_map(|((name, _), node)| {
            let (text, _) = self.secret(node, source, missing)?;
            Some((name, Secret::new(text)))
        });
        read.collect()
    }

    /// Reads texts under names that are free, which may be shown.
    pub(super) fn labels(&mut self, fields: &Fields<'_>, name: &str) -> BTreeMap<String, String> {
        let Some(node) = fields.node(name) else {
            return BTreeMap::new();
        };
        let named = self.named(node, &format!("{name} (a mapping of texts)"));
        let read = named
            .into_iter()
            .filter_map(|((name, _), node)| Some((name, self.text(node, "a text")?.0)));
        read.collect()
    }

    /// Reads a list of at least one text, each with its place.
    pub(super) fn some_texts(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        of: &str,
    ) -> Option<Vec<Placed<String>>> {
        let items = self.list(fields.node(name)?, of)?;
        let mut texts = Vec::new();
        for item in items {
            if let Some((text, at)) = self.text(item, &format!("a {of}")) {
                if text.trim().is_empty() {
                    let message = format!("expected a {of}, but found an empty text");
                    self.error("empty-text", &at, message, "empty");
                } else {
                    texts.push((text, at));
                }
            }
        }
        (texts.len() == items.len()).then_some(texts)
    }

    /// Reads a list of at least one of a few words.
    pub(super) fn choices(&mut self, fields: &Fields<'_>, name: &str) -> Option<Vec<String>> {
        let Some(Value::Choices { words }) = fields.shape.key(name).map(|key| &key.value) else {
            return None;
        };
        let found = self.some_texts(fields, name, "word")?;
        let mut read: Vec<String> = Vec::new();
        for (word, at) in found {
            if !words.contains(&word.as_str()) {
                let message = format!(
                    "expected one of {}, but found {}",
                    code_list(words),
                    quote(&word)
                );
                self.error("bad-choice", &at, message, "not one of them");
            } else if !read.contains(&word) {
                read.push(word);
            }
        }
        Some(read)
    }

    /// Reads a list of statuses of HTTP; none where it is not there.
    pub(super) fn statuses(&mut self, fields: &Fields<'_>, name: &str) -> Vec<u16> {
        let Some(node) = fields.node(name) else {
            return Vec::new();
        };
        let mut read = Vec::new();
        for item in self.list(node, "status").unwrap_or_default() {
            let status = match &item.kind {
                Kind::Number(number) => number.parse().ok(),
                _ => None,
            };
            match status.filter(|status| (100..=599).contains(status)) {
                Some(status) => read.push(status),
                None => self.wrong_type(item, "a status of HTTP, 100 to 599", None),
            }
        }
        read
    }

    /// Reads ids of phases that there are; none where it is not there.
    pub(super) fn known_phases(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        known: &KnownPhases<'_>,
    ) -> Vec<String> {
        if fields.node(name).is_none() {
            return Vec::new();
        }
        let mut read: Vec<String> = Vec::new();
        for (id, at) in self
            .some_texts(fields, name, "phase id")
            .unwrap_or_default()
        {
            if read.contains(&id) {
                let message = format!("expected every phase once, but found {} again", quote(&id));
                self.error("repeated-phase", &at, message, "named again");
                continue;
            }
            if known.0.contains(&id.as_str()) {
                read.push(id);
                continue;
            }
            let message = format!(
                "expected the id of a phase of this plan, but found {}",
                quote(&id)
            );
            let near = super::hint::nearest(&id, known.0.iter().copied());
            let help = near.map(|near| format!("did you mean `{near}`?"));
            self.error("unknown-phase", &at, message, "no such phase")
                .help = help;
        }
        read
    }

    /// Reads a template, and tries it.
    pub(super) fn template(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        purpose: Purpose,
        json: bool,
        source: &PlanSource<'_>,
    ) -> Option<String> {
        let node = fields.node(name)?;
        let (text, at, place) = match &node.kind {
            Kind::Map(_) => {
                let file = self.fields(node, &TEMPLATE_FILE)?;
                let (path, at) = self.text(file.node("file")?, "the path of a file")?;
                match (source.read_file)(&path) {
                    Ok(text) => (text, at, format!(" of {}", quote(&path))),
                    Err(cause) => {
                        let message = format!(
                            "expected a template in the file {}, but it cannot be read: {cause}",
                            quote(&path)
                        );
                        self.error("unreadable-file", &at, message, "cannot be read");
                        return None;
                    }
                }
            }
            _ => {
                let (text, at) = self.text(node, "a template as text or `{ file: path }`")?;
                (text, at, String::new())
            }
        };
        if text.trim().is_empty() {
            let message = format!("expected a template for `{name}`, but found only white space");
            self.error("empty-text", &at, message, "empty");
            return None;
        }
        let Err(bad) = template::check(&text, purpose, json) else {
            return Some(text);
        };
        let line = match bad.line {
            Some(line) => format!("line {line}{place}: "),
            None if place.is_empty() => String::new(),
            None => format!("{}: ", place.trim_start_matches(" of ")),
        };
        let message = format!(
            "expected a template that can be filled in, but {line}{}",
            bad.message
        );
        let at = self.line_within(&at, bad.line.filter(|_| place.is_empty()));
        self.error("bad-template", &at, message, "here").help =
            Some("docs/notify.md names the words that templates know".to_owned());
        None
    }

    /// The line of a text of several lines that stands in the file as a block (`|`); the text's
    /// own place otherwise.
    fn line_within(&self, at: &Range<usize>, line: Option<usize>) -> Range<usize> {
        let whole = self.text.get(at.clone()).unwrap_or_default();
        let Some(line) = line.filter(|_| whole.contains('\n')) else {
            return at.clone();
        };
        // A block begins with its sign on a line of its own.
        let skip = usize::from(whole.starts_with(['|', '>'])) + line - 1;
        let mut start = at.start;
        for (number, text) in whole.split_inclusive('\n').enumerate() {
            if number == skip {
                let indent = text.len() - text.trim_start().len();
                return start + indent..start + text.trim_end().len().max(indent);
            }
            start += text.len();
        }
        at.clone()
    }

    /// Whether a name of the user's is one; another is recorded.
    pub(super) fn is_named_well(&mut self, name: &str, at: &Range<usize>) -> bool {
        let good = super::document::is_id(name);
        if !good {
            let message = format!("expected a name, but found {}", quote(name));
            self.error("bad-name", at, message, "not a name").help = Some(
                "lower-case letters, digits, `-` and `_`, starting with a letter, at most 40"
                    .to_owned(),
            );
        }
        good
    }

    /// Reads a port.
    pub(super) fn port(&mut self, fields: &Fields<'_>, name: &str) -> Option<u16> {
        let node = fields.node(name)?;
        let port = match &node.kind {
            Kind::Number(number) => number.parse().ok().filter(|port| *port > 0),
            _ => None,
        };
        if port.is_none() {
            self.wrong_type(node, "a port, 1 to 65535", None);
        }
        port
    }
}
