//! Reads single values: text, names, flags, numbers, durations.

use std::ops::Range;
use std::time::Duration;

use super::reader::{Fields, Placed, Reader, code_list, quote};
use super::shape::Value;
use super::yaml::{Kind, Node};
use super::{duration, size, sql_name};
use crate::name::{Ident, TableName};

impl Reader<'_> {
    /// Reads text; numbers and words with a meaning of their own need quotes.
    pub(super) fn text(&mut self, node: &Node, expected: &str) -> Option<Placed<String>> {
        match &node.kind {
            Kind::Text(text) => Some((text.clone(), node.at.clone())),
            Kind::Number(_) | Kind::Bool(_) => {
                self.wrong_type(node, expected, Some("put it in quotes".to_owned()));
                None
            }
            _ => {
                self.wrong_type(node, expected, None);
                None
            }
        }
    }

    /// Reads text that is more than white space.
    pub(super) fn not_blank(&mut self, fields: &Fields<'_>, name: &str) -> Option<String> {
        let (text, at) = self.text(fields.node(name)?, "a text")?;
        if text.trim().is_empty() {
            let message = format!("expected a text for `{name}`, but found only white space");
            self.error("empty-text", &at, message, "empty");
            return None;
        }
        Some(text)
    }

    /// Reads one name as SQL does.
    pub(super) fn ident(&mut self, fields: &Fields<'_>, name: &str) -> Option<Placed<Ident>> {
        let node = fields.node(name)?;
        let (text, at) = self.text(node, "a name")?;
        match sql_name::parse(&text) {
            Ok(names) if names.len() == 1 => names.into_iter().next().map(|ident| (ident, at)),
            Ok(_) => {
                let message = format!(
                    "expected one name, but found {}, which has a dot",
                    quote(&text)
                );
                self.error("bad-name", &at, message, "one name, without a dot")
                    .help = Some(
                    "a dot that belongs to the name needs double quotes: '\"a.b\"'".to_owned(),
                );
                None
            }
            Err(wrong) => {
                self.bad_name(&text, &at, wrong);
                None
            }
        }
    }

    /// Reads the name of a table, with or without its schema.
    pub(super) fn table(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        schema: &Ident,
    ) -> Option<Placed<TableName>> {
        let node = fields.node(name)?;
        let (text, at) = self.text(node, "the name of a table")?;
        match sql_name::parse(&text).as_deref() {
            Ok([table]) => Some((TableName::new(schema.clone(), table.clone()), at)),
            Ok([schema, table]) => Some((TableName::new(schema.clone(), table.clone()), at)),
            Ok(_) => {
                let message = format!(
                    "expected `table` or `schema.table`, but found {}",
                    quote(&text)
                );
                self.error("bad-name", &at, message, "too many dots").help = Some(
                    "leave out the name of the database: the target says which it is".to_owned(),
                );
                None
            }
            Err(wrong) => {
                self.bad_name(&text, &at, wrong);
                None
            }
        }
    }

    fn bad_name(&mut self, text: &str, at: &Range<usize>, wrong: &str) {
        let message = format!(
            "expected a name as in SQL, but found {}: {wrong}",
            quote(text)
        );
        self.error("bad-name", at, message, "not a name").help = Some(
            "names are written as in SQL: users, billing.invoices, '\"Order\"', '\"My Schema\".\"T\"'"
                .to_owned(),
        );
    }

    /// Reads a flag; its default when it is not there or not readable.
    pub(super) fn flag(&mut self, fields: &Fields<'_>, name: &str) -> bool {
        let default = match fields.shape.key(name).map(|key| &key.value) {
            Some(Value::Flag { default }) => *default,
            _ => false,
        };
        match fields.node(name) {
            None => default,
            Some(Node {
                kind: Kind::Bool(flag),
                ..
            }) => *flag,
            Some(node) => {
                self.wrong_type(node, "`true` or `false`", None);
                default
            }
        }
    }

    /// Reads a whole number within its limits.
    pub(super) fn count(&mut self, fields: &Fields<'_>, name: &str) -> Option<u32> {
        let node = fields.node(name)?;
        let Some(Value::Count { least, most, .. }) = fields.shape.key(name).map(|key| &key.value)
        else {
            return None;
        };
        let expected = format!("a whole number from {least} to {most}");
        let Kind::Number(written) = &node.kind else {
            self.wrong_type(node, &expected, None);
            return None;
        };
        match written.parse::<u32>() {
            Ok(count) if (*least..=*most).contains(&count) => Some(count),
            _ => {
                let message = format!("expected {expected}, but found {}", quote(written));
                self.error("out-of-range", &node.at, message, expected);
                None
            }
        }
    }

    /// Reads a duration within its limits.
    pub(super) fn duration(&mut self, fields: &Fields<'_>, name: &str) -> Option<Duration> {
        let node = fields.node(name)?;
        let Some(Value::Duration { least, most, .. }) =
            fields.shape.key(name).map(|key| &key.value)
        else {
            return None;
        };
        let expected = "a duration such as `200ms`, `10s`, `1h30m` or `2d`";
        let text = match &node.kind {
            Kind::Text(text) => text,
            Kind::Number(number) => {
                let help = format!("add the unit: `{number}s`, `{number}m`, …");
                self.wrong_type(node, expected, Some(help));
                return None;
            }
            _ => {
                self.wrong_type(node, expected, None);
                return None;
            }
        };
        let Some(read) = duration::parse(text) else {
            let message = format!("expected {expected}, but found {}", quote(text));
            self.error("bad-duration", &node.at, message, "not a duration")
                .help =
                Some("whole numbers with the units d, h, m, s, ms, the greatest first".to_owned());
            return None;
        };
        let fits = duration::parse(least).is_none_or(|least| read >= least)
            && duration::parse(most).is_none_or(|most| read <= most);
        if !fits {
            let message = format!(
                "expected a duration from {least} to {most}, but found `{}`",
                duration::show(read)
            );
            self.error(
                "out-of-range",
                &node.at,
                message,
                format!("from {least} to {most}"),
            );
            return None;
        }
        Some(read)
    }

    /// Reads a size within its limits.
    pub(super) fn size(&mut self, fields: &Fields<'_>, name: &str) -> Option<u64> {
        let node = fields.node(name)?;
        let Some(Value::Size { least, .. }) = fields.shape.key(name).map(|key| &key.value) else {
            return None;
        };
        let expected = "a size such as `64MB` or `2GB`";
        let text = match &node.kind {
            Kind::Text(text) => text,
            Kind::Number(number) => {
                let help = format!("add the unit: `{number}MB`, `{number}GB`, …");
                self.wrong_type(node, expected, Some(help));
                return None;
            }
            _ => {
                self.wrong_type(node, expected, None);
                return None;
            }
        };
        let Some(read) = size::parse(text) else {
            let message = format!("expected {expected}, but found {}", quote(text));
            self.error("bad-size", &node.at, message, "not a size").help =
                Some("a whole number with one of the units B, kB, MB, GB, TB".to_owned());
            return None;
        };
        if size::parse(least).is_some_and(|least| read < least) {
            let message = format!("expected a size of at least {least}, but found `{text}`");
            self.error("out-of-range", &node.at, message, "too small");
            return None;
        }
        Some(read)
    }

    /// Reads a list of texts.
    pub(super) fn texts(&mut self, fields: &Fields<'_>, name: &str) -> Vec<String> {
        let Some(node) = fields.node(name) else {
            return Vec::new();
        };
        let Kind::List(items) = &node.kind else {
            self.wrong_type(node, "a list of texts", None);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            if let Some((text, at)) = self.text(item, "a text") {
                if text.is_empty() {
                    let message = "expected a text, but found an empty one";
                    self.error("empty-text", &at, message.to_owned(), "empty");
                } else {
                    texts.push(text);
                }
            }
        }
        texts
    }

    /// Reads one of a few words.
    pub(super) fn choice(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
    ) -> Option<Placed<&'static str>> {
        let node = fields.node(name)?;
        let Some(Value::Choice { words, .. }) = fields.shape.key(name).map(|key| &key.value) else {
            return None;
        };
        let expected = match words {
            [one] => format!("`{one}`"),
            _ => format!("one of {}", code_list(words)),
        };
        let (text, at) = self.text(node, &expected)?;
        if let Some(word) = words.iter().find(|word| **word == text) {
            return Some((word, at));
        }
        let message = format!("expected {expected}, but found {}", quote(&text));
        self.error("bad-choice", &at, message, format!("expected {expected}"));
        None
    }
}
