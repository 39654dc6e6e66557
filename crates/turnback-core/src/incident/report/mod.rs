//! The report of an incident, in the fields of the usual post-mortem: as Markdown, and as one HTML
//! file that needs nothing beside it.

mod follow_up;
mod page;
mod tables;
mod words;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

pub use self::page::{Page, Pair, Said, SampleRow, Samples};
pub use self::tables::{HookRow, LockRow, PartRow, StateRow, TimelineRow, ValidationRow};
use super::{Incident, Measured, Times};
use crate::chain::Head;
use crate::guard::Moment;

const MARKDOWN: &str = include_str!("report.md.j2");
const HTML: &str = include_str!("report.html.j2");

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// What its guard measured, where it began with one.
    pub measured: Option<&'a Measured>,
    /// How long it took.
    pub times: &'a Times,
    /// The end of the journal when the report was written.
    pub head: Option<Head>,
    /// When the report was written.
    pub written: Moment,
    /// The version of the program.
    pub version: &'a str,
}

/// The report as Markdown, in the dialect of GitHub.
pub fn markdown(facts: &Facts<'_>) -> String {
    render("report.md", MARKDOWN, facts)
}

/// The report as one HTML file: no scripts, nothing from elsewhere.
pub fn html(facts: &Facts<'_>) -> String {
    render("report.html", HTML, facts)
}

fn render(name: &str, template: &str, facts: &Facts<'_>) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.add_filter("md", as_markdown);
    let page = Page::of(facts);
    environment
        .render_named_str(name, template, &page)
        .expect("the templates ask for what pages have: tests render every kind of incident")
}

/// Text in Markdown, as it is: its signs mean nothing, and it stays in its line.
fn as_markdown(text: String) -> String {
    let mut escaped = String::with_capacity(text.len());
    let signs: Vec<char> = text.chars().collect();
    for (at, sign) in signs.iter().enumerate() {
        match sign {
            '\n' | '\r' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '$' => escaped.extend(['\\', *sign]),
            '_' => {
                // Within a word it means nothing.
                let beside = |at: Option<usize>| {
                    at.and_then(|at| signs.get(at))
                        .is_some_and(|sign| sign.is_alphanumeric())
                };
                if !(beside(at.checked_sub(1)) && beside(Some(at + 1))) {
                    escaped.push('\\');
                }
                escaped.push('_');
            }
            // At the beginning of a line these make it a heading, a list, a rule.
            '#' | '-' | '+' | '=' if at == 0 => escaped.extend(['\\', *sign]),
            // As an address it would be made a link.
            '@' => escaped.push_str("&#64;"),
            _ => escaped.push(*sign),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sign_of_a_text_means_anything_in_markdown() {
        for (text, escaped) in [
            ("plain text, 20% of it", "plain text, 20% of it"),
            ("a|b\nc", "a\\|b c"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            (
                "leaf_tables _x_ `code` *b*",
                "leaf_tables \\_x\\_ \\`code\\` \\*b\\*",
            ),
            ("[a](javascript:b)", "\\[a\\](javascript:b)"),
            ("# no heading", "\\# no heading"),
            ("&lt;", "&amp;lt;"),
        ] {
            assert_eq!(as_markdown(text.to_owned()), escaped);
        }
    }
}
