//! Shows findings in a file the way a compiler does: the line, underlined, and what to do.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use turnback_core::diagnostic::{Diagnostic, Severity, mask_secrets};

/// Renders the findings one below the other, with a last line that counts them.
///
/// Passwords in the lines that are shown are masked.
pub fn render(file_name: &str, text: &str, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let masked = without_controls(&mask_secrets(text));
    let mut shown: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| renderer.render(&[group(file_name, &masked, diagnostic)]))
        .collect();
    shown.extend(summary(file_name, diagnostics));
    shown.join("\n\n")
}

fn group<'a>(
    file_name: &'a str,
    text: &'a str,
    diagnostic: &'a Diagnostic,
) -> annotate_snippets::Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let primary = AnnotationKind::Primary.span(diagnostic.span.range());
    let primary = match diagnostic.label.as_str() {
        "" => primary,
        label => primary.label(label),
    };
    let related = diagnostic.related.iter().map(|related| {
        AnnotationKind::Context
            .span(related.span.range())
            .label(related.label.as_str())
    });
    let snippet = Snippet::source(text)
        .path(file_name)
        .annotation(primary)
        .annotations(related);
    let group = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code)
        .element(snippet);
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

/// Control characters in a file could steer the terminal; their places stay as they are.
fn without_controls(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => c,
            // One byte each, so that spans stay true; others are two bytes of UTF-8.
            c if c.is_ascii_control() => '?',
            '\u{80}'..='\u{9f}' => '\u{b7}',
            c => c,
        })
        .collect()
}

fn summary(file_name: &str, diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity| {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let mut parts = Vec::new();
    for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning")] {
        match count(severity) {
            0 => {}
            1 => parts.push(format!("1 {word}")),
            n => parts.push(format!("{n} {word}s")),
        }
    }
    (!parts.is_empty()).then(|| format!("{file_name}: {}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use turnback_core::diagnostic::{Related, Span};

    use super::*;

    fn finding(text: &str, word: &str) -> Diagnostic {
        let at = text.find(word).expect("the word is in the text");
        let span = Span::locate(text, at..at + word.len());
        Diagnostic {
            help: Some("did you mean `name`?".to_owned()),
            ..Diagnostic::error(
                "unknown-key",
                span,
                "expected a key, but found `nam`",
                "unknown key",
            )
        }
    }

    #[test]
    fn a_finding_shows_its_line_underlined_and_what_to_do() {
        let text = "version: 1\nnam: x\n";
        let shown = render("turnback.yaml", text, &[finding(text, "nam")], false);
        let expected = "\
error[unknown-key]: expected a key, but found `nam`
 --> turnback.yaml:2:1
  |
2 | nam: x
  | ^^^ unknown key
  |
  = help: did you mean `name`?

turnback.yaml: 1 error";
        assert_eq!(shown, expected);
    }

    #[test]
    fn colour_comes_only_when_asked_for() {
        let text = "nam: x";
        assert!(render("f", text, &[finding(text, "nam")], true).contains('\u{1b}'));
        assert!(!render("f", text, &[finding(text, "nam")], false).contains('\u{1b}'));
    }

    #[test]
    fn a_password_in_a_shown_line_is_masked() {
        let text = "target: postgres://app:s3cret@db/shop # nam\n";
        let shown = render("f", text, &[finding(text, "nam")], false);
        assert!(
            !shown.contains("s3cret") && shown.contains("@db/shop"),
            "{shown}"
        );
    }

    #[test]
    fn related_places_stand_in_the_same_excerpt() {
        let text = "name: a\nnam: b\n";
        let mut twice = finding(text, "nam:");
        twice.related.push(Related {
            span: Span::locate(text, 0..4),
            label: "first written here".to_owned(),
        });
        let shown = render("f", text, &[twice], false);
        assert!(
            shown.contains("1 | name: a\n  | ---- first written here"),
            "{shown}"
        );
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal_and_an_empty_file_renders() {
        let text = "nam: \u{1b}[31mx\u{9b}\n";
        assert!(!render("f", text, &[finding(text, "nam")], false).contains(['\u{1b}', '\u{9b}']));
        let nothing = Diagnostic::error("empty-file", Span::locate("", 0..0), "empty", "here");
        assert!(render("f", "", &[nothing], false).contains("empty"));
    }
}
