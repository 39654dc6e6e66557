//! Values that were never there, by type.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use turnback_core::name::literal;

/// Counts fresh values, for all clients together.
static COUNTER: AtomicU64 = AtomicU64::new(1);

/// Text is made fresh in one of so many ways.
pub(super) const STYLES: u8 = 5;

/// How a column gets values that were never there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fresh {
    /// Counts on from the greatest there is.
    Number,
    /// A template's text with a number in it, of at most so many characters.
    Text(Option<usize>),
    /// Counts seconds, or days, on from the latest there is.
    Time(String),
    /// `gen_random_uuid()`
    Uuid,
}

impl Fresh {
    /// By the type's name; nothing where the type has too few values or is unknown.
    pub(super) fn of(type_name: &str) -> Option<Self> {
        let base = type_name.split('(').next().unwrap_or(type_name).trim();
        Some(match base {
            "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => {
                Self::Number
            }
            "uuid" => Self::Uuid,
            "date" => Self::Time(type_name.to_owned()),
            _ if base.starts_with("timestamp") => Self::Time(type_name.to_owned()),
            "boolean" | "json" | "jsonb" | "bytea" | "inet" | "cidr" | "point" => return None,
            _ if base.ends_with("[]") || base.ends_with("range") => return None,
            _ => Self::Text(
                type_name
                    .split_once('(')
                    .and_then(|(_, rest)| rest.strip_suffix(')')?.parse().ok()),
            ),
        })
    }

    /// What is made fresh first, where several columns could be.
    pub(super) fn preference(&self) -> u8 {
        match self {
            Self::Uuid => 0,
            Self::Text(None) => 1,
            Self::Number => 2,
            Self::Text(Some(_)) => 3,
            Self::Time(_) => 4,
        }
    }

    /// A value as SQL. `greatest` is the greatest there was, `template` some row's value.
    pub(super) fn value(
        &self,
        template: Option<&str>,
        greatest: Option<&str>,
        style: &Style,
    ) -> String {
        let n = COUNTER.fetch_add(1, Ordering::Relaxed);
        match self {
            Self::Uuid => "gen_random_uuid()".to_owned(),
            Self::Number => format!("({} + {n})", greatest.unwrap_or("0")),
            Self::Time(of) if of == "date" => {
                format!("(date {} + {n})", literal(greatest.unwrap_or("2000-01-01")))
            }
            Self::Time(of) => format!(
                "({}::{of} + {n} * interval '1 second')",
                literal(greatest.unwrap_or("2000-01-01"))
            ),
            Self::Text(most) => literal(&text(template.unwrap_or(""), n, *most, style.get())),
        }
    }
}

/// Which way of making text fresh a table takes; the probe finds out.
#[derive(Debug, Default)]
pub(super) struct Style(AtomicU8);

impl Style {
    pub(super) fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, style: u8) {
        self.0.store(style, Ordering::Relaxed);
    }
}

fn text(template: &str, n: u64, most: Option<usize>, style: u8) -> String {
    let letters = format!("r{n}x");
    let cut = |text: String| match most {
        Some(most) if text.chars().count() > most => text.chars().take(most).collect(),
        _ => text,
    };
    match style {
        // An address keeps its end, so that a rule about `@` holds.
        0 => cut(format!("{letters}{template}")),
        1 => {
            let room = most.unwrap_or(usize::MAX).saturating_sub(letters.len());
            let kept: String = template.chars().take(room).collect();
            format!("{kept}{letters}")
        }
        2 => cut(letters),
        // As long as the template, of digits alone.
        3 => format!("{n:0width$}", width = template.chars().count()),
        // The same in capital letters.
        _ => {
            let width = template.chars().count().max(1);
            let mut rest = n;
            let mut word = Vec::new();
            for _ in 0..width {
                word.push((b'A' + (rest % 26) as u8) as char);
                rest /= 26;
            }
            word.iter().rev().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_text_keeps_to_the_length_and_to_the_template() {
        assert_eq!(text("on-call@x.org", 7, None, 0), "r7xon-call@x.org");
        assert_eq!(text("abcdef", 7, Some(6), 1), "abcr7x");
        assert_eq!(text("0042", 7, Some(4), 3), "0007");
        assert_eq!(text("DE", 27, Some(2), 4), "BB");
    }

    #[test]
    fn types_without_fresh_values_are_known() {
        assert_eq!(Fresh::of("boolean"), None);
        assert_eq!(Fresh::of("integer[]"), None);
        assert_eq!(
            Fresh::of("character varying(20)"),
            Some(Fresh::Text(Some(20)))
        );
        assert_eq!(Fresh::of("numeric(10,2)"), Some(Fresh::Number));
    }
}
