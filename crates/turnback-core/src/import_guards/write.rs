//! Writes guards as text for a plan.

use std::collections::BTreeSet;

use super::Imported;
use super::draft::{Draft, DraftProbe, Found, Part};
use crate::init::write::{printable, scalar, unprintable};
use crate::plan::show_duration;

/// The environment variable that the text takes the Prometheus server from.
const SERVER: &str = "${PROMETHEUS_URL}";
/// The longest name of a guard.
const LONGEST: usize = 40;

/// The text, and what somebody must look at.
pub(super) fn imported(found: Found) -> Imported {
    let mut text = String::new();
    let mut names = BTreeSet::new();
    let mut guards = 0;
    for part in &found.parts {
        match part {
            Part::File(name) => comment(&mut text, &format!("From {name}")),
            Part::Guard(draft) => {
                guards += 1;
                guard(&mut text, &name_of(&draft.title, &mut names), draft);
            }
            Part::Left { why, lines } => {
                comment(&mut text, &format!("Not carried: {why}"));
                for line in lines {
                    comment(&mut text, &format!("  {line}"));
                }
            }
        }
    }
    let head = if guards == 0 { "guards: {}" } else { "guards:" };
    Imported {
        yaml: format!("{head}\n{text}"),
        guards,
        notes: found.notes,
    }
}

fn guard(text: &mut String, name: &str, draft: &Draft) {
    for line in &draft.comments {
        comment(text, line);
    }
    text.push_str(&format!("  {}:\n", scalar(name)));
    match &draft.probe {
        DraftProbe::BuiltIn(probe) => line(text, 4, "probe", probe.as_str()),
        DraftProbe::Sql(query) => line(text, 4, "sql", &long(query, 6)),
        DraftProbe::Prometheus(query) => {
            text.push_str("    prometheus:\n");
            line(text, 6, "url", SERVER);
            line(text, 6, "query", &long(query, 8));
        }
    }
    if let Some(unit) = draft.unit {
        line(text, 4, "unit", unit.as_str());
    }
    if let Some(threshold) = draft.warning {
        line(text, 4, "warning", &scalar(&threshold.to_string()));
    }
    if let Some(threshold) = draft.critical {
        line(text, 4, "critical", &scalar(&threshold.to_string()));
    }
    if let Some(belief) = draft.belief {
        line(text, 4, "for", &belief.to_string());
    }
    if let Some(interval) = draft.interval {
        line(text, 4, "interval", &show_duration(interval));
    }
}

fn line(text: &mut String, indent: usize, key: &str, value: &str) {
    text.push_str(&format!("{}{key}: {value}\n", " ".repeat(indent)));
}

/// Every line of it as a comment.
fn comment(text: &mut String, said: &str) {
    for line in said.lines() {
        let line = printable(line);
        text.push_str(format!("  # {}", line.trim_end()).trim_end());
        text.push('\n');
    }
}

/// Text of several lines as a block, where it can be one; a scalar otherwise.
fn long(value: &str, indent: usize) -> String {
    let plain = !value.chars().any(|c| c != '\n' && unprintable(c));
    let starts = !value.starts_with([' ', '\n', '\t']) && !value.ends_with('\n');
    if !value.contains('\n') || !plain || !starts {
        return scalar(value);
    }
    let lines: Vec<String> = value
        .lines()
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("{}{line}", " ".repeat(indent))
            }
        })
        .collect();
    format!("|-\n{}", lines.join("\n"))
}

/// A name for a guard: `HighErrorRate` and `High error rate` are `high-error-rate`.
fn name_of(title: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = String::new();
    let mut before = ' ';
    for c in title.chars() {
        let new_word =
            c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if (new_word || !c.is_ascii_alphanumeric()) && !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    let mut name = name.trim_matches('-').to_owned();
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name = format!("alert-{name}").trim_end_matches('-').to_owned();
    }
    name.truncate(LONGEST);
    let mut unique = name.trim_end_matches('-').to_owned();
    let mut n = 2;
    while !taken.insert(unique.clone()) {
        let suffix = format!("-{n}");
        let mut stem = name.clone();
        stem.truncate(LONGEST - suffix.len());
        unique = format!("{}{suffix}", stem.trim_end_matches('-'));
        n += 1;
    }
    unique
}
