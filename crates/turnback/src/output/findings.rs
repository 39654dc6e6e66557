//! What preflight found, heaviest first: object, reason, remedy.

use anstyle::{AnsiColor, Style};
use turnback_core::preflight::{Finding, Weight};

use super::paragraph::wrap;

/// Where the object begins, right of the weight.
const INDENT: usize = 9;

/// A weight for people, as wide as [`INDENT`].
fn word(weight: Weight) -> (&'static str, Style) {
    let style = Style::new().bold();
    match weight {
        Weight::NoGo => ("NO-GO", style.fg_color(Some(AnsiColor::Red.into()))),
        Weight::Warning => ("warning", style.fg_color(Some(AnsiColor::Yellow.into()))),
        Weight::Note => ("note", style.fg_color(Some(AnsiColor::Blue.into()))),
    }
}

/// One finding, over a few lines; `of` says to which phases it belongs.
pub(crate) fn render(finding: &Finding, of: &[String], width: usize) -> String {
    let (word, style) = word(finding.weight);
    let bold = Style::new().bold();
    let phases = match of {
        [] => String::new(),
        [one] if finding.object == format!("phase {one}") => String::new(),
        [one] => format!(" (phase {one})"),
        several => format!(" (phases {})", several.join(", ")),
    };
    let object = wrap(&format!("{}{phases}", finding.object), INDENT, width);
    let reason = wrap(&sentence(&finding.reason), INDENT, width);
    let remedy = wrap(&format!("→ {}", sentence(&finding.remedy)), INDENT, width);
    format!(
        "{style}{word}{style:#}{}{bold}{}{bold:#}\n{reason}\n{remedy}",
        " ".repeat(INDENT - word.len()),
        object.trim_start(),
    )
}

/// One finding in one line.
pub(crate) fn brief(finding: &Finding) -> String {
    let (word, style) = word(finding.weight);
    format!(
        "{style}{word}{style:#}: {}: {}",
        finding.object, finding.reason
    )
}

/// A reason or remedy as a sentence of its own; SQL at its beginning or end stays as it is.
fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let mut sentence: String = match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => return String::new(),
    };
    if !sentence.ends_with(['.', '!', '?', ';']) {
        sentence.push('.');
    }
    sentence
}

/// Counts in words: `2 no-go, 1 warning, 3 notes`.
pub(crate) fn counts<'a>(findings: impl Iterator<Item = &'a Finding> + Clone) -> String {
    let count = |weight| {
        findings
            .clone()
            .filter(|finding| finding.weight == weight)
            .count()
    };
    let plural = |n: usize, word: &str| match n {
        1 => format!("1 {word}"),
        n => format!("{n} {word}s"),
    };
    format!(
        "{} no-go, {}, {}",
        count(Weight::NoGo),
        plural(count(Weight::Warning), "warning"),
        plural(count(Weight::Note), "note")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_its_object_says_why_and_what_to_do() {
        let finding = Finding::no_go("view", "view public.v", "it reads id", "Drop the view");
        let shown =
            anstream::adapter::strip_str(&render(&finding, &["users".into()], 80)).to_string();
        assert_eq!(
            shown,
            "NO-GO    view public.v (phase users)\n         It reads id.\n         → Drop the view."
        );
        assert_eq!(counts([finding].iter()), "1 no-go, 0 warnings, 0 notes");
    }
}
