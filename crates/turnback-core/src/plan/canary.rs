//! Reads `canary:` of a phase, and checks that guards compare it.

use std::ops::Range;
use std::time::Duration;

use super::canary_shape::{CANARY, COMPARE, STEP};
use super::document::PhaseDraft;
use super::reader::{Fields, Placed, Reader, quote};
use super::yaml::{Kind, Node};
use crate::canary::{Canary, CanaryStep, Compare, GROUP, GroupedBy, Share, ToldBy, grouped_by};
use crate::decision::{Ask, Otherwise};
use crate::guard::{BuiltIn, Guard, Of, Probe};
use crate::scope::Scope;

/// How long a step is watched where the plan does not say.
const HOLD: Duration = Duration::from_secs(600);
/// How long clients have to leave where the plan does not say.
const DRAIN: Duration = Duration::from_secs(10);
/// The longest key of a flag, in bytes.
const LONGEST_FLAG: usize = 128;
/// What a key of a flag looks like, for the JSON schema.
pub(super) const FLAG_KEY: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$";
/// What a share looks like, for the JSON schema; the zero is no step.
pub(super) const SHARE_PATTERN: &str = r"^\s*(100(\.0)?|[1-9]\d?(\.\d)?|0\.[1-9])%\s*$";
const SHARE: &str = "a share of users such as `10%` or `0.5%`";

/// A canary, with the places that checks point at.
pub(super) struct CanaryDraft {
    pub(super) canary: Canary,
    /// The key `canary` of the phase.
    pub(super) at: Range<usize>,
    /// Its first step.
    first: Range<usize>,
}

/// Reads the canary of a phase; what is wrong with it is recorded.
pub(super) fn read(
    reader: &mut Reader<'_>,
    phase: &Fields<'_>,
    has_two_shapes: bool,
) -> Option<CanaryDraft> {
    let node = phase.node("canary")?;
    let at = phase.key_at("canary");
    if !has_two_shapes {
        let message =
            "expected `canary` only in a phase of `convert_key`, but found it in one of `sql`";
        reader
            .error("canary-of-sql", &at, message, "has no second shape")
            .help = Some(
            "SQL of your own is there for everybody at once; a canary needs both shapes live"
                .to_owned(),
        );
    }
    let fields = reader.fields(node, &CANARY)?;
    let flag = flag(reader, &fields);
    let compare = fields
        .node("compare")
        .and_then(|node| compare(reader, node));
    let hold = match fields.node("hold") {
        Some(_) => reader.duration(&fields, "hold"),
        None => Some(HOLD),
    };
    let drain = match fields.node("drain") {
        Some(_) => reader.duration(&fields, "drain"),
        None => Some(DRAIN),
    };
    let node = fields.node("steps")?;
    let items = reader.list(node, "step")?;
    let mut steps: Vec<Placed<CanaryStep>> = Vec::new();
    let mut whole = true;
    for item in items {
        match step(reader, item, hold.unwrap_or(HOLD)) {
            Some(step) => {
                refuse_shrinking(reader, &step, steps.last());
                steps.push(step);
            }
            None => whole = false,
        }
    }
    let first = items.first()?.at.clone();
    hold?;
    Some(CanaryDraft {
        canary: Canary {
            flag: flag?,
            compare: compare?,
            steps: steps.into_iter().map(|(step, _)| step).collect(),
            drain: drain?,
        },
        at,
        first,
    })
    .filter(|_| whole)
}

fn flag(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<String> {
    let (flag, at) = reader.text(fields.node("flag")?, "the key of a flag")?;
    let fits = flag.starts_with(|c: char| c.is_ascii_alphanumeric())
        && flag.len() <= LONGEST_FLAG
        && flag
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if fits {
        return Some(flag);
    }
    let message = format!("expected the key of a flag, but found {}", quote(&flag));
    reader.error("bad-flag", &at, message, "not a key").help = Some(format!(
        "letters, digits, `.`, `_` and `-`, starting with a letter or digit, at most {LONGEST_FLAG} of them"
    ));
    None
}

fn compare(reader: &mut Reader<'_>, node: &Node) -> Option<Compare> {
    let fields = reader.fields(node, &COMPARE)?;
    let by = reader.choice(&fields, "by");
    let canary = reader.not_blank(&fields, "canary");
    let rest = reader.not_blank(&fields, "rest");
    if canary.is_some() && canary == rest {
        let message = format!(
            "expected two groups, but found {} for both",
            quote(rest.as_deref().unwrap_or_default())
        );
        reader
            .error("one-group", &fields.key_at("rest"), message, "the same")
            .help = Some(
            "let the new version of the application name itself otherwise than the old one"
                .to_owned(),
        );
        return None;
    }
    Some(Compare {
        by: by.and_then(|(word, _)| ToldBy::named(word))?,
        canary: canary?,
        rest: rest?,
    })
}

fn step(reader: &mut Reader<'_>, node: &Node, hold: Duration) -> Option<Placed<CanaryStep>> {
    if !matches!(node.kind, Kind::Map(_)) {
        let (share, at) = share(reader, node)?;
        let step = CanaryStep {
            share,
            hold,
            ask: None,
        };
        return Some((step, at));
    }
    let fields = reader.fields(node, &STEP)?;
    let share = fields.node("share").and_then(|node| share(reader, node));
    let hold = match fields.node("hold") {
        Some(_) => reader.duration(&fields, "hold"),
        None => Some(hold),
    };
    let ask = ask(reader, &fields);
    let (share, at) = share?;
    let step = CanaryStep {
        share,
        hold: hold?,
        ask: ask?,
    };
    Some((step, at))
}

/// `Some(None)` where nobody is asked.
fn ask(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Option<Ask>> {
    let deadline = reader.duration(fields, "deadline");
    let otherwise = reader.choice(fields, "otherwise");
    let who = reader.texts(fields, "who");
    if !reader.flag(fields, "ask") {
        for key in ["deadline", "otherwise", "who"] {
            if fields.node(key).is_some() {
                let message =
                    format!("expected `{key}` only with `ask: true`, but found it without");
                reader.error(
                    "misplaced-key",
                    &fields.key_at(key),
                    message,
                    "nobody is asked",
                );
            }
        }
        return Some(None);
    }
    if fields.node("deadline").is_none() {
        let message = "expected a `deadline` for the question, but found none";
        let at = fields.key_at("ask");
        reader
            .error("endless-question", &at, message, "waits for ever")
            .help = Some("a question that nobody answers must end: `deadline: 30m`".to_owned());
    }
    let otherwise = match (fields.node("otherwise"), otherwise) {
        (None, _) => Otherwise::Hold,
        (Some(_), found) => {
            let (word, _) = found?;
            Otherwise::ALL.into_iter().find(|way| way.word() == word)?
        }
    };
    Some(Some(Ask {
        scope: Scope::Current,
        deadline: deadline?,
        otherwise,
        who,
    }))
}

fn share(reader: &mut Reader<'_>, node: &Node) -> Option<Placed<Share>> {
    let text = match &node.kind {
        Kind::Text(text) => text,
        Kind::Number(number) => {
            let help = format!("write `{number}%`");
            reader.wrong_type(node, SHARE, Some(help));
            return None;
        }
        _ => {
            reader.wrong_type(node, SHARE, None);
            return None;
        }
    };
    match text.trim().parse::<Share>() {
        Ok(share) if share > Share::NONE => Some((share, node.at.clone())),
        Ok(_) => {
            let message = "expected a share above 0%, but found `0%`".to_owned();
            reader.error("bad-share", &node.at, message, "nobody").help =
                Some("the flag is at 0% before the first step".to_owned());
            None
        }
        Err(_) => {
            let message = format!("expected {SHARE}, but found {}", quote(text));
            reader
                .error("bad-share", &node.at, message, "no share")
                .help = Some(
                "a number above 0 and up to 100, with one digit after the point at most".to_owned(),
            );
            None
        }
    }
}

fn refuse_shrinking(
    reader: &mut Reader<'_>,
    (step, at): &Placed<CanaryStep>,
    before: Option<&Placed<CanaryStep>>,
) {
    let Some((before, first)) = before.filter(|(before, _)| before.share >= step.share) else {
        return;
    };
    let related = reader.related(first, "the step before");
    let message = format!(
        "expected a share beyond that of the step before, {}, but found {}",
        before.share, step.share
    );
    let found = reader.error("shares-must-grow", at, message, "does not grow");
    found.related.push(related);
    found.help = Some(
        "each step sends more users to the new shape; turning back is what sends fewer".to_owned(),
    );
}

/// Checks that a guard of the canary can tell its clients from the rest.
pub(super) fn check_guard(reader: &mut Reader<'_>, fields: &Fields<'_>, guard: &Guard) {
    if guard.of != Of::Canary {
        return;
    }
    let at = fields.key_at("of");
    match grouped_by(&guard.probe) {
        GroupedBy::Nothing => {
            let message = format!(
                "expected a probe that can be asked about one group alone, but the one of {} cannot",
                quote(&guard.name)
            );
            let help = match &guard.probe {
                Probe::BuiltIn(_) => "of the built-in probes, `longest_transaction`, `statement_time`, `lock_waits` and `connections` can; or write a `sql` or `prometheus` query with `{group}` in it".to_owned(),
                _ => format!("write `{GROUP}` where the group belongs, as in `WHERE app = {GROUP}`: what tells it apart is put there, quoted"),
            };
            reader.error("no-group", &at, message, "of whom?").help = Some(help);
        }
        GroupedBy::Sessions => {
            let counted = match guard.probe {
                Probe::BuiltIn(BuiltIn::LockWaits) => {
                    Some(("lock_waits", "sessions that wait: write `> 5`"))
                }
                Probe::BuiltIn(BuiltIn::Connections) => {
                    Some(("connections", "sessions: write `> 40%`"))
                }
                _ => None,
            };
            if let Some((probe, instead)) = counted.filter(|_| guard.is_relative()) {
                let message = format!(
                    "expected thresholds of their own for `{probe}` of a canary, but found a change"
                );
                reader
                    .error("uneven-groups", &at, message, "counts sessions")
                    .help = Some(format!(
                    "groups of different sizes have different numbers of {instead}"
                ));
            }
        }
        // Whether the groups are roles is looked at where the canary is known.
        GroupedBy::Roles => {}
        GroupedBy::Text => {
            let quoted = match &guard.probe {
                Probe::Sql(sql) => sql.contains("'{group}'"),
                Probe::Prometheus { query, .. } => query.contains("\"{group}\""),
                _ => false,
            };
            if quoted {
                let message = format!("expected `{GROUP}` without quotes, but found it in quotes");
                reader
                    .error("quoted-group", &at, message, "quoted twice")
                    .help = Some("it is put there with its quotes".to_owned());
            }
        }
    }
}

/// Checks canaries and their guards against one another.
pub(super) fn check(
    reader: &mut Reader<'_>,
    drafts: &[PhaseDraft],
    guards: &[Placed<Guard>],
    all_guards_read: bool,
) {
    let of_canary = || guards.iter().filter(|(guard, _)| guard.of == Of::Canary);
    for draft in drafts {
        let (Some((id, _)), Some(drafted)) = (&draft.id, &draft.canary) else {
            continue;
        };
        let mut compared = false;
        for (guard, _) in of_canary().filter(|(guard, _)| guard.watches(id)) {
            compared = true;
            check_pair(reader, drafted, guard);
        }
        if !compared && all_guards_read {
            let message = format!(
                "expected a guard that compares the canary of {} with the rest, but found none",
                quote(id)
            );
            reader
                .error(
                    "nothing-compared",
                    &drafted.at,
                    message,
                    "nobody would notice",
                )
                .help = Some(
                "add `of: canary` to a guard whose probe can be asked about one group alone"
                    .to_owned(),
            );
        }
    }
    for (guard, at) in of_canary() {
        let watched = drafts.iter().any(|draft| {
            let watches = |(id, _): &Placed<String>| guard.watches(id);
            draft.has_canary && draft.id.as_ref().is_some_and(watches)
        });
        if !watched {
            let message = format!(
                "expected `of: canary` in a guard of a phase that has a canary, but none that {} watches has",
                quote(&guard.name)
            );
            reader
                .error("no-canary", at, message, "of which canary?")
                .help = Some("give the phase a `canary`, or leave `of` out".to_owned());
        }
    }
}

fn check_pair(reader: &mut Reader<'_>, drafted: &CanaryDraft, guard: &Guard) {
    let CanaryDraft { canary, first, .. } = drafted;
    if canary.compare.by != ToldBy::Role && grouped_by(&guard.probe) == GroupedBy::Roles {
        let message = format!(
            "expected groups that are told apart by `role`, but guard {} measures what PostgreSQL counts by role alone, and they are told apart by `{}`",
            quote(&guard.name),
            canary.compare.by.as_str()
        );
        reader
            .error("role-of-statements", &drafted.at, message, "not a role")
            .help = Some(
            "have the two versions connect as roles of their own, and compare `by: role`; or measure times where the application does, by a `prometheus` query"
                .to_owned(),
        );
    }
    if canary.compare.by == ToldBy::Label && grouped_by(&guard.probe) == GroupedBy::Sessions {
        let message = format!(
            "expected groups that PostgreSQL can tell apart, but guard {} looks at sessions, which have no labels",
            quote(&guard.name)
        );
        reader
            .error(
                "label-of-sessions",
                &drafted.at,
                message,
                "told apart by a label",
            )
            .help = Some("compare by `application_name` or `role`".to_owned());
    }
    let whole = canary
        .steps
        .first()
        .is_some_and(|step| step.share == Share::ALL);
    if whole && guard.is_relative() {
        let message = format!(
            "expected a first step that leaves a rest to compare with, but it takes everybody, and guard {} compares",
            quote(&guard.name)
        );
        reader.error("no-rest", first, message, "everybody").help =
            Some("begin with less than 100%".to_owned());
    }
}
