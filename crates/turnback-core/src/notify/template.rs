//! Words of messages: templates in the language of Jinja, the user's or the default ones.

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::{Message, Occasion, Severity};
use crate::guard::Moment;

/// The default subject.
const SUBJECT: &str = include_str!("templates/subject.j2");
/// The default text.
const TEXT: &str = include_str!("templates/text.j2");
/// The default body of a webhook.
const WEBHOOK: &str = include_str!("templates/webhook.j2");
/// The default body for a status page.
const STATUS_PAGE: &str = include_str!("templates/status_page.j2");

/// What a template is for, and so which words there are by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// One line.
    Subject,
    /// The text.
    Text,
    /// The body of a webhook; knows `subject` and `text`, too.
    Webhook,
    /// The body for a status page; knows `subject` and `text`, too.
    StatusPage,
}

impl Purpose {
    /// The template where the user gives none.
    pub fn default_template(self) -> &'static str {
        match self {
            Self::Subject => SUBJECT,
            Self::Text => TEXT,
            Self::Webhook => WEBHOOK,
            Self::StatusPage => STATUS_PAGE,
        }
    }
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadTemplate {
    /// Its line, from 1, where that is known.
    pub line: Option<usize>,
    /// What is wrong, in words.
    pub message: String,
}

/// What a template knows: `{{ title }}`, `{{ phase }}` and so on.
#[derive(Clone, Debug, Serialize)]
pub struct Words {
    id: String,
    plan: String,
    target: String,
    phase: Option<String>,
    occasion: &'static str,
    severity: &'static str,
    status: &'static str,
    at: String,
    title: String,
    happened: String,
    safe: String,
    next: String,
    issue: Option<String>,
    resolved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl Words {
    /// The words of a message.
    pub fn new(message: &Message) -> Self {
        Self {
            id: message.id.clone(),
            plan: message.plan.clone(),
            target: message.target.clone(),
            phase: message.phase.clone(),
            occasion: message.occasion.as_str(),
            severity: message.severity.as_str(),
            status: message.status(),
            at: message.at.rfc3339(),
            title: message.title.clone(),
            happened: message.happened.clone(),
            safe: message.safe.clone(),
            next: message.next.clone(),
            issue: message.issue.clone(),
            resolved: message.resolved,
            subject: None,
            text: None,
        }
    }

    /// The same with every word rewritten, for counterparts in which some signs have a meaning.
    #[must_use]
    pub(super) fn rewritten(mut self, rewrite: impl Fn(&str) -> String) -> Self {
        for word in [
            &mut self.id,
            &mut self.plan,
            &mut self.target,
            &mut self.title,
            &mut self.happened,
            &mut self.safe,
            &mut self.next,
        ] {
            *word = rewrite(word);
        }
        for word in [&mut self.phase, &mut self.issue] {
            *word = word.as_deref().map(&rewrite);
        }
        self
    }

    /// The same, and the subject and the text made of them.
    #[must_use]
    pub(super) fn with(mut self, subject: &str, text: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self.text = Some(text.to_owned());
        self
    }
}

/// Puts the words into a template.
///
/// # Errors
///
/// Where the template cannot be read, or asks for a word that there is not.
pub fn render(template: &str, words: &Words) -> Result<String, BadTemplate> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment
        .render_str(template, words)
        .map_err(|error| bad(&error))
}

fn bad(error: &minijinja::Error) -> BadTemplate {
    let mut message = error.kind().to_string();
    if let Some(detail) = error.detail() {
        message = format!("{message}: {detail}");
    }
    BadTemplate {
        line: error.line(),
        message,
    }
}

/// Tries a template with made-up messages, so that what is wrong with it is found before the
/// night on which it is needed.
///
/// # Errors
///
/// What is wrong with it. The body of a request that says it is JSON must be JSON.
pub fn check(template: &str, purpose: Purpose, json: bool) -> Result<(), BadTemplate> {
    for message in specimens() {
        let mut words = Words::new(&message);
        if matches!(purpose, Purpose::Webhook | Purpose::StatusPage) {
            words = words.with("one line", "a \"text\"\nof two lines");
        }
        let rendered = render(template, &words)?;
        if json && let Err(error) = serde_json::from_str::<serde_json::Value>(&rendered) {
            return Err(BadTemplate {
                line: None,
                message: format!(
                    "it does not give JSON: {error}; `{{{{ title|tojson }}}}` writes a text as JSON does, quotes included"
                ),
            });
        }
        if purpose == Purpose::Subject && rendered.trim().is_empty() {
            return Err(BadTemplate {
                line: None,
                message: "it gives an empty subject".to_owned(),
            });
        }
    }
    Ok(())
}

/// Messages that have everything, and as little as there can be; with the signs that trip.
fn specimens() -> [Message; 2] {
    let least = Message {
        title: "It says \"no\"".to_owned(),
        happened: "One line,\nand \\ another.".to_owned(),
        ..Message::test("a plan", "postgres://db/shop", "a channel", Moment(0))
    };
    let most = Message {
        phase: Some("users".to_owned()),
        issue: Some("an issue".to_owned()),
        occasion: Occasion::Issue,
        severity: Severity::Critical,
        ..least.clone()
    };
    [least, most]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_words_say_what_happened_what_is_safe_and_what_is_next() {
        for purpose in [
            Purpose::Subject,
            Purpose::Text,
            Purpose::Webhook,
            Purpose::StatusPage,
        ] {
            let json = matches!(purpose, Purpose::Webhook | Purpose::StatusPage);
            assert_eq!(check(purpose.default_template(), purpose, json), Ok(()));
        }
        let [_, message] = specimens();
        let text = render(TEXT, &Words::new(&message)).unwrap();
        for part in [&message.happened, &message.safe, &message.next] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn a_broken_template_is_found_with_its_line_before_it_is_needed() {
        let line = |template| check(template, Purpose::Text, false).unwrap_err().line;
        assert_eq!(line("fine\n{{ nobody }}"), Some(2));
        assert_eq!(line("fine\nfine\n{% if phase %}"), Some(3));
        assert_eq!(line("{{ title|shout }}"), Some(1));
        let found = check("one\n{{ titel }}", Purpose::Text, false).unwrap_err();
        assert!(found.message.contains("undefined"), "{found:?}");
    }

    #[test]
    fn a_body_that_breaks_at_a_quote_in_a_title_is_found() {
        let broken = check("{\"text\": \"{{ title }}\"}", Purpose::Webhook, true).unwrap_err();
        assert!(broken.message.contains("tojson"), "{broken:?}");
        assert_eq!(
            check("{\"text\": {{ title|tojson }}}", Purpose::Webhook, true),
            Ok(())
        );
        assert_eq!(check("{{ title }}", Purpose::Webhook, false), Ok(()));
    }

    #[test]
    fn words_of_bodies_are_not_for_texts() {
        assert!(check("{{ text }}", Purpose::Text, false).is_err());
        assert_eq!(
            check("{{ text }} {{ subject }}", Purpose::Webhook, false),
            Ok(())
        );
    }
}
