//! Reads the matrix: `decisions:` of a plan.

use std::ops::Range;

use super::decision_shape::{DECISION, WHEN};
use super::document::PhaseDraft;
use super::hint;
use super::reader::{Fields, Placed, Reader, code_list, quote};
use super::yaml::{Kind, Node};
use crate::decision::{
    Action, Ask, Condition, Covered, Matrix, NeverMatches, Otherwise, Row, never_match,
};
use crate::guard::{Guard, Level, Of};
use crate::scope::Scope;
use crate::state::PhaseState;

/// Names that a row may use. None where some could not be read: then any may be right.
pub(super) struct Known {
    pub(super) guards: Option<Vec<String>>,
    pub(super) phases: Option<Vec<String>>,
    /// Guards of the canary.
    of_canary: Vec<String>,
}

impl Known {
    pub(super) fn new(
        drafts: &[PhaseDraft],
        guards: Option<Vec<String>>,
        read: &[Placed<Guard>],
    ) -> Self {
        let ids = drafts.iter().map(|draft| draft.id.as_ref());
        let of_canary = read.iter().filter(|(guard, _)| guard.of == Of::Canary);
        Self {
            guards,
            of_canary: of_canary.map(|(guard, _)| guard.name.clone()).collect(),
            phases: ids.map(|id| id.map(|(id, _)| id.clone())).collect(),
        }
    }
}

/// Reads the rows; what could not be read is left out, and recorded.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, known: &Known) -> Matrix {
    let before = reader.found.len();
    let mut matrix = Matrix::default();
    let mut places = Vec::new();
    for item in reader.list(node, "decision").unwrap_or_default() {
        if let Some(row) = row(reader, item, known) {
            matrix.rows.push(row);
            places.push(item.at.clone());
        }
    }
    if reader.found.len() == before {
        refuse_idle_rows(reader, &matrix, &places, known);
    }
    matrix
}

fn row(reader: &mut Reader<'_>, item: &Node, known: &Known) -> Option<Row> {
    let fields = reader.fields(item, &DECISION)?;
    let when = match fields.node("when") {
        Some(node) => condition(reader, node, known),
        None => Some(Condition::default()),
    };
    let action = action(reader, &fields, known);
    let disable_flags = reader.flag(&fields, "disable_flags");
    if action == Some(Action::Continue) {
        let with = "`do: rollback`, `ask`, `hold`, `notify` or `fix_forward`";
        refuse_misplaced(reader, &fields, "disable_flags", with, "continue");
    }
    Some(Row {
        when: when?,
        action: action?,
        disable_flags,
        line: Some(reader.span(&item.at).line),
    })
}

fn condition(reader: &mut Reader<'_>, node: &Node, known: &Known) -> Option<Condition> {
    let fields = reader.fields(node, &WHEN)?;
    let guards = names(reader, &fields, "guard", "the name of a guard");
    let phases = names(reader, &fields, "phase", "the id of a phase");
    refuse_unknown(reader, &guards, known.guards.as_deref(), "guard");
    refuse_unknown(reader, &phases, known.phases.as_deref(), "phase");
    let levels = words(reader, &fields, "level", &Level::ALL, |level| {
        level.as_str()
    });
    let states = words(reader, &fields, "state", &PhaseState::ALL, |state| {
        state.as_str()
    });
    let plain = |names: Vec<Placed<String>>| names.into_iter().map(|(name, _)| name).collect();
    let guards = match reader.choice(&fields, "of") {
        Some((_, at)) => of_canary(reader, &fields, &at, known),
        None => plain(guards),
    };
    Some(Condition {
        guards,
        levels,
        lasting: reader.duration(&fields, "lasting"),
        at_once: reader.count(&fields, "at_once"),
        phases: plain(phases),
        states,
    })
}

/// The guards of the canary, in the place of names.
fn of_canary(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    at: &Range<usize>,
    known: &Known,
) -> Vec<String> {
    if fields.node("guard").is_some() {
        let message = "expected either `guard` or `of`, but found both";
        reader
            .error("guard-and-of", &fields.key_at("of"), message, "and this")
            .help = Some("`of: canary` is every guard of the canary".to_owned());
    } else if known.of_canary.is_empty() && known.guards.is_some() {
        let message = "expected guards of the canary, but the plan has none";
        reader
            .error("unknown-guard", at, message, "no such guard")
            .help = Some("a guard with `of: canary` is one".to_owned());
    }
    known.of_canary.clone()
}

fn action(reader: &mut Reader<'_>, fields: &Fields<'_>, known: &Known) -> Option<Action> {
    let scope = match fields.node("scope") {
        Some(node) => scope(reader, node, known),
        None => Some(Scope::Current),
    };
    let deadline = reader.duration(fields, "deadline");
    let otherwise = reader.choice(fields, "otherwise");
    let who = reader.texts(fields, "who");
    let (word, at) = reader.choice(fields, "do")?;
    let asks = word == "ask";
    for key in ["deadline", "otherwise", "who"] {
        if !asks {
            refuse_misplaced(reader, fields, key, "`do: ask`", word);
        } else if key != "who" && fields.node(key).is_none() {
            missing_of_ask(reader, &at, key);
        }
    }
    if !asks && word != "rollback" {
        refuse_misplaced(reader, fields, "scope", "`do: rollback` or `do: ask`", word);
    }
    match word {
        "rollback" => Some(Action::Rollback { scope: scope? }),
        "ask" => Some(Action::Ask(Ask {
            scope: scope?,
            deadline: deadline?,
            otherwise: otherwise
                .and_then(|(word, _)| Otherwise::ALL.into_iter().find(|way| way.word() == word))?,
            who,
        })),
        "hold" => Some(Action::Hold),
        "fix_forward" => Some(Action::FixForward),
        "notify" => Some(Action::Notify),
        _ => Some(Action::Continue),
    }
}

fn missing_of_ask(reader: &mut Reader<'_>, at: &Range<usize>, key: &str) {
    let (message, help) = if key == "deadline" {
        (
            "expected a `deadline` for the question, but found none",
            "a question that nobody answers must end: `deadline: 15m`",
        )
    } else {
        (
            "expected `otherwise`, what to do where nobody answers, but found none",
            "write `otherwise: rollback`, or hold, fix_forward, notify or continue",
        )
    };
    reader
        .error("endless-question", at, message, "waits for ever")
        .help = Some(help.to_owned());
}

fn refuse_misplaced(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
    with: &str,
    word: &str,
) {
    if fields.node(key).is_some() {
        let message = format!("expected `{key}` only with {with}, but found it with `do: {word}`");
        reader.error(
            "misplaced-key",
            &fields.key_at(key),
            message,
            format!("not with `do: {word}`"),
        );
    }
}

fn scope(reader: &mut Reader<'_>, node: &Node, known: &Known) -> Option<Scope> {
    let (text, at) = reader.text(node, "`current`, `previous`, `all` or the id of a phase")?;
    let scope = Scope::from(text.clone());
    if let Scope::From(_) = scope {
        refuse_unknown(reader, &[(text, at)], known.phases.as_deref(), "phase");
    }
    Some(scope)
}

/// One name, or a list of them.
pub(super) fn names(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
    expected: &str,
) -> Vec<Placed<String>> {
    let Some(node) = fields.node(key) else {
        return Vec::new();
    };
    let items = match &node.kind {
        Kind::List(_) => reader.list(node, key).unwrap_or_default(),
        _ => std::slice::from_ref(node),
    };
    let mut names: Vec<Placed<String>> = Vec::new();
    for item in items {
        let Some((name, at)) = reader.text(item, expected) else {
            continue;
        };
        if names.iter().any(|(other, _)| *other == name) {
            let message = format!(
                "expected every {key} once, but found {} again",
                quote(&name)
            );
            reader.error("repeated-name", &at, message, "named again");
        } else {
            names.push((name, at));
        }
    }
    names
}

/// One word of a few, or a list of them.
fn words<T: Copy>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Vec<T> {
    let known: Vec<&str> = all.iter().map(|one| word(*one)).collect();
    let expected = format!("one of {}", code_list(&known));
    let mut found = Vec::new();
    for (text, at) in names(reader, fields, key, &expected) {
        match all.iter().find(|one| word(**one) == text) {
            Some(one) => found.push(*one),
            None => {
                let message = format!("expected {expected}, but found {}", quote(&text));
                reader
                    .error("bad-choice", &at, message, format!("not a {key}"))
                    .help = hint::nearest(&text, known.iter().copied())
                    .map(|near| format!("did you mean {}?", quote(near)));
            }
        }
    }
    found
}

/// Records names of what is not there.
pub(super) fn refuse_unknown(
    reader: &mut Reader<'_>,
    names: &[Placed<String>],
    known: Option<&[String]>,
    what: &str,
) {
    let Some(known) = known else { return };
    for (name, at) in names {
        if known.contains(name) {
            continue;
        }
        let message = format!("expected a {what} of this plan, but found {}", quote(name));
        let near = hint::nearest(name, known.iter().map(String::as_str));
        reader
            .error(
                if what == "guard" {
                    "unknown-guard"
                } else {
                    "unknown-phase"
                },
                at,
                message,
                format!("no such {what}"),
            )
            .help = match near {
            Some(near) => Some(format!("did you mean {}?", quote(near))),
            None if known.is_empty() => Some(format!("the plan has no {what}s")),
            None => None,
        };
    }
}

/// Records rows that can never fit: their author expects something of them.
fn refuse_idle_rows(
    reader: &mut Reader<'_>,
    matrix: &Matrix,
    places: &[Range<usize>],
    known: &Known,
) {
    let guards = known.guards.as_deref().unwrap_or_default();
    let phases = known.phases.as_deref().unwrap_or_default();
    for NeverMatches { row, because } in never_match(matrix, guards, phases) {
        match because {
            Covered::By(earlier) => {
                let related: Vec<_> = earlier
                    .iter()
                    .map(|earlier| reader.related(&places[*earlier], "fits before it"))
                    .collect();
                let message = format!(
                    "expected a row that can fit, but wherever row {} does, {} before it",
                    row + 1,
                    match earlier.as_slice() {
                        [one] => format!("row {} fits", one + 1),
                        several => format!(
                            "one of the rows {} fits",
                            several
                                .iter()
                                .map(|one| (one + 1).to_string())
                                .collect::<Vec<_>>()
                                .join(", ")
                        ),
                    }
                );
                let found = reader.error("idle-decision", &places[row], message, "never reached");
                found.related = related;
                found.help = Some("the first row that fits counts: move it up".to_owned());
            }
            Covered::TooManyAtOnce { guards } => {
                let message = format!(
                    "expected no more guards at once than the {guards} that the row is about, but found {}",
                    matrix.rows[row].when.at_once.unwrap_or(1)
                );
                reader.error("idle-decision", &places[row], message, "never so many");
            }
        }
    }
}
