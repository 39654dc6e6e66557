//! `risks:`, its shape and how it is read.

use super::decisions::{Known, names, refuse_unknown};
use super::reader::{Fields, Reader, quote};
use super::shape::{Shape, Value, key};
use super::yaml::{Kind, Node};
use crate::risk::{Rank, Risk};

pub(super) static RISK: Shape = Shape {
    what: "a risk",
    about: "Something that may go wrong: how likely, how bad, what shows it, what is done about it.",
    keys: &[
        key("risk", true, Value::Title, "What may go wrong."),
        key(
            "probability",
            true,
            Value::Rank,
            "How likely it is: 1 (rare) to 5 (almost certain).",
        ),
        key(
            "impact",
            true,
            Value::Rank,
            "How bad it would be: 1 (negligible) to 5 (severe).",
        ),
        key(
            "phases",
            false,
            Value::Names,
            "The phases that it is about; all where none is named.",
        ),
        key(
            "guards",
            false,
            Value::Names,
            "The guards that show it: what they say stands beside it.",
        ),
        key("mitigation", false, Value::Text, "What is done about it."),
        key("owner", false, Value::Title, "Who looks after it."),
    ],
};

/// Reads the list; what could not be read is left out, and recorded.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, known: &Known) -> Vec<Risk> {
    let items = reader.list(node, "risk").unwrap_or_default();
    items
        .iter()
        .filter_map(|item| risk(reader, item, known))
        .collect()
}

fn risk(reader: &mut Reader<'_>, item: &Node, known: &Known) -> Option<Risk> {
    let fields = reader.fields(item, &RISK)?;
    let title = line(reader, &fields, "risk", "what may go wrong");
    let probability = rank(reader, &fields, "probability");
    let impact = rank(reader, &fields, "impact");
    let phases = names(reader, &fields, "phases", "the id of a phase");
    refuse_unknown(reader, &phases, known.phases.as_deref(), "phase");
    let guards = names(reader, &fields, "guards", "the name of a guard");
    refuse_unknown(reader, &guards, known.guards.as_deref(), "guard");
    let mitigation = line(reader, &fields, "mitigation", "what is done about it");
    let owner = line(reader, &fields, "owner", "who looks after it");
    Some(Risk {
        title: title?,
        probability: probability?,
        impact: impact?,
        phases: phases.into_iter().map(|(phase, _)| phase).collect(),
        guards: guards.into_iter().map(|(guard, _)| guard).collect(),
        mitigation,
        owner,
    })
}

/// Text that says something.
fn line(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    expected: &str,
) -> Option<String> {
    let (text, at) = reader.text(fields.node(name)?, expected)?;
    let text = text.trim();
    if text.is_empty() {
        let message = format!("expected {expected}, but found an empty text");
        reader.error("empty-text", &at, message, "empty");
        return None;
    }
    Some(text.to_owned())
}

fn rank(reader: &mut Reader<'_>, fields: &Fields<'_>, name: &str) -> Option<Rank> {
    let node = fields.node(name)?;
    let expected = "a whole number from 1 to 5";
    let Kind::Number(written) = &node.kind else {
        reader.wrong_type(node, expected, None);
        return None;
    };
    let rank = written.parse().ok().and_then(Rank::new);
    if rank.is_none() {
        let message = format!("expected {expected}, but found {}", quote(written));
        reader.error("out-of-range", &node.at, message, expected);
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostic;
    use crate::plan::{PlanSource, parse};

    fn parsed(risks: &str) -> Result<Vec<Risk>, Vec<Diagnostic>> {
        let text = format!(
            "version: 1\nname: n\ntarget: postgres://h/d\nphases:\n  - id: a\n    operations:\n      - sql: {{ up: SELECT 1, down: SELECT 2 }}\nguards:\n  latency: {{ probe: lock_waits, critical: 5 }}\n{risks}\n"
        );
        parse(&PlanSource {
            file_name: "p",
            text: &text,
            env: &|_| None,
            read_file: &|_| Ok(String::new()),
            target_override: None,
        })
        .map(|parsed| parsed.plan.risks)
    }

    #[test]
    fn a_risk_says_how_likely_how_bad_and_what_shows_it() {
        let read = parsed(
            "risks:\n  - risk: Queries get slower\n    probability: 3\n    impact: 5\n    phases: a\n    guards: [latency]\n    mitigation: cut over at night\n    owner: dba",
        )
        .unwrap();
        assert_eq!(read[0].score(), 15);
        assert_eq!(read[0].level().to_string(), "high");
        assert_eq!((read[0].phases.len(), read[0].guards.len()), (1, 1));
        assert!(parsed("").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_risk_is_said_at_its_place() {
        for (risk, code) in [
            ("{ risk: x, probability: 6, impact: 1 }", "out-of-range"),
            ("{ risk: x, probability: 0, impact: 1 }", "out-of-range"),
            ("{ risk: x, probability: often, impact: 1 }", "wrong-type"),
            ("{ risk: x, probability: 1 }", "missing-key"),
            ("{ risk: ' ', probability: 1, impact: 1 }", "empty-text"),
            (
                "{ risk: x, probability: 1, impact: 1, guards: latence }",
                "unknown-guard",
            ),
            (
                "{ risk: x, probability: 1, impact: 1, phases: [b] }",
                "unknown-phase",
            ),
        ] {
            let found = parsed(&format!("risks:\n  - {risk}")).unwrap_err();
            assert_eq!((found[0].code, found[0].span.line), (code, 11), "{risk}");
        }
    }
}
