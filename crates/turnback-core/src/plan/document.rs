//! Reads the whole document: plan, settings and phases.

use std::ops::Range;

use super::canary::CanaryDraft;
use super::decisions::{self, Known};
use super::outward::KnownPhases;
use super::reader::{Fields, Placed, Reader, quote};
use super::shape::{PHASE, PLAN, SETTINGS};
use super::source::{KeySpans, ParsedPlan, PhaseSpans, PlanSource, Spans};
use super::yaml::{Kind, Node};
use super::{
    Backups, Operations, Phase, Plan, Settings, backups, canary, guards, hooks, notify, objectives,
    operation, order, recreate, target,
};
use crate::decision::Matrix;
use crate::name::Ident;

/// The version of the format that this program reads.
const VERSION: &str = "1";
/// The longest name of a plan, in characters.
pub(super) const LONGEST_NAME: usize = 63;
/// The longest id of a phase, in bytes.
pub(super) const LONGEST_ID: usize = 40;

/// A phase with its places, before the order is known. Parts that could not be read are
/// missing; the others still take part in the checks.
pub(super) struct PhaseDraft {
    pub(super) id: Option<Placed<String>>,
    pub(super) after: Vec<Placed<String>>,
    pub(super) operations: Option<Operations>,
    pub(super) keys: Vec<KeySpans>,
    pub(super) bake: Option<std::time::Duration>,
    pub(super) canary: Option<CanaryDraft>,
    /// Whether there is a canary, be it readable or not.
    pub(super) has_canary: bool,
}

/// Reads the root of the document. `None` when a diagnostic says why.
pub(super) fn read(
    reader: &mut Reader<'_>,
    root: &Node,
    source: &PlanSource<'_>,
) -> Option<ParsedPlan> {
    let fields = reader.fields(root, &PLAN)?;
    version(reader, &fields);
    let name = name(reader, &fields);
    let target = target::read(reader, &fields, source);
    let schema = match fields.node("schema") {
        Some(_) => reader.ident(&fields, "schema").map(|(schema, _)| schema),
        None => Some(Ident::new("public")),
    };
    let settings = match fields.node("settings") {
        Some(node) => settings(reader, node, source),
        None => Settings::default(),
    };
    let backups = match fields.node("backups") {
        Some(node) => backups::read(reader, node, source),
        None => Backups::default(),
    };
    // A bad schema has been recorded; table names are checked all the same.
    let default_schema = schema.clone().unwrap_or_else(|| Ident::new("public"));
    let mut drafts = Vec::new();
    if let Some(node) = fields.node("phases")
        && let Some(items) = reader.list(node, "phase")
    {
        for item in items {
            drafts.extend(phase(reader, item, &default_schema, source));
        }
    }
    operation::refuse_repeated_keys(reader, &drafts);
    recreate::refuse_repeated(reader, &drafts);
    let guards = match fields.node("guards") {
        Some(node) => guards::read(reader, node, source, &drafts),
        None => Vec::new(),
    };
    let names = guards::names(fields.node("guards"));
    let all_read = names
        .as_ref()
        .is_some_and(|names| names.len() == guards.len());
    canary::check(reader, &drafts, &guards, all_read);
    let known = KnownPhases::of(&drafts);
    let notify = notify::read(reader, &fields, &known, source);
    let hooks = hooks::read(reader, &fields, &known, source);
    let objectives = objectives::read(reader, &fields);
    let risks = match fields.node("risks") {
        Some(node) => {
            let names = guards::names(fields.node("guards"));
            let known = Known::new(&drafts, names, &guards);
            super::risks::read(reader, node, &known)
        }
        None => Vec::new(),
    };
    let decisions = match fields.node("decisions") {
        Some(node) => {
            let known = Known::new(&drafts, names, &guards);
            decisions::read(reader, node, &known)
        }
        None => Matrix::default(),
    };
    let order = order::order(reader, &drafts)?;
    let (phases, mut spans) = finish(reader, drafts, &order)?;
    spans.guards = guards
        .iter()
        .map(|(guard, at)| (guard.name.clone(), reader.span(at)))
        .collect();
    Some(ParsedPlan {
        plan: Plan {
            name: name?,
            target: target?,
            schema: schema?,
            settings,
            backups,
            phases,
            guards: guards.into_iter().map(|(guard, _)| guard).collect(),
            notify,
            hooks,
            objectives,
            risks,
            decisions,
        },
        spans,
    })
}

fn version(reader: &mut Reader<'_>, fields: &Fields<'_>) {
    let Some(node) = fields.node("version") else {
        return;
    };
    if matches!(&node.kind, Kind::Number(number) if number == VERSION)
        || matches!(node.kind, Kind::Unreadable)
    {
        return;
    }
    let found = match &node.kind {
        Kind::Number(text) | Kind::Text(text) => quote(text),
        _ => "something else".to_owned(),
    };
    let message = format!("expected the number {VERSION} as version, but found {found}");
    reader
        .error(
            "bad-version",
            &node.at,
            message,
            format!("expected {VERSION}"),
        )
        .help = Some(format!(
        "this program reads version {VERSION} of the format"
    ));
}

fn name(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<String> {
    let (name, at) = reader.text(fields.node("name")?, "the name of the plan")?;
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
    if fits && name.trim() == name && !name.contains(char::is_control) {
        return Some(name);
    }
    let message = format!(
        "expected a name of one line and 1 to {LONGEST_NAME} characters, but found {}",
        quote(&name)
    );
    reader.error("bad-plan-name", &at, message, "not a name");
    None
}

fn settings(reader: &mut Reader<'_>, node: &Node, source: &PlanSource<'_>) -> Settings {
    let mut settings = Settings::default();
    let Some(fields) = reader.fields(node, &SETTINGS) else {
        return settings;
    };
    if let Some(read) = reader.duration(&fields, "lock_timeout") {
        settings.lock_timeout = read;
    }
    if let Some(read) = reader.count(&fields, "lock_attempts") {
        settings.lock_attempts = read;
    }
    if let Some(read) = reader.count(&fields, "workers") {
        settings.workers = read;
    }
    if let Some(read) = reader.duration(&fields, "batch_time") {
        settings.batch_time = read;
    }
    if let Some(read) = reader.duration(&fields, "answer_timeout") {
        settings.answer_timeout = read;
    }
    if let Some(read) = reader.count(&fields, "vacuum_after") {
        settings.vacuum_after = read;
    }
    if let Some(read) = reader.duration(&fields, "max_lag") {
        settings.max_lag = read;
    }
    if let Some(read) = reader.size(&fields, "max_archive_lag") {
        settings.max_archive_lag = read;
    }
    if let Some(read) = reader.count(&fields, "max_lock_waits") {
        settings.max_lock_waits = read;
    }
    settings.way_back_cancels_after = reader.duration(&fields, "way_back_cancels_after");
    settings.max_wal_rate = reader.size(&fields, "max_wal_rate");
    settings.max_retained_wal = reader.size(&fields, "max_retained_wal");
    settings.min_free_disk = reader.size(&fields, "min_free_disk");
    settings.pause_when = operation::sql_text(reader, &fields, "pause_when", source);
    settings.ignore_standbys = reader.texts(&fields, "ignore_standbys");
    settings
}

fn phase(
    reader: &mut Reader<'_>,
    node: &Node,
    schema: &Ident,
    source: &PlanSource<'_>,
) -> Option<PhaseDraft> {
    let fields = reader.fields(node, &PHASE)?;
    let id = fields.node("id").and_then(|node| phase_id(reader, node));
    let after = match fields.node("after") {
        Some(node) => phase_ids(reader, node),
        None => Vec::new(),
    };
    let (operations, keys) = match fields.node("operations") {
        Some(node) => operation::read_all(reader, node, schema, source),
        None => (None, Vec::new()),
    };
    let has_two_shapes = !matches!(operations, Some(Operations::Sql(_)));
    Some(PhaseDraft {
        id,
        after,
        operations,
        keys,
        bake: reader.duration(&fields, "bake"),
        canary: canary::read(reader, &fields, has_two_shapes),
        has_canary: fields.node("canary").is_some(),
    })
}

/// Words that `--scope` and the version schemas give a meaning to.
const RESERVED_IDS: [&str; 4] = ["current", "previous", "all", "base"];

/// Reads an id; a bad one is recorded and kept, so that `after` still finds it.
fn phase_id(reader: &mut Reader<'_>, node: &Node) -> Option<Placed<String>> {
    let (id, at) = reader.text(node, "the id of a phase")?;
    if !is_id(&id) {
        let message = format!("expected the id of a phase, but found {}", quote(&id));
        reader.error("bad-phase-id", &at, message, "not an id").help = Some(format!(
            "lower-case letters, digits, `-` and `_`, starting with a letter, at most {LONGEST_ID} of them"
        ));
    } else if RESERVED_IDS.contains(&id.as_str()) {
        let message = format!(
            "expected the id of a phase, but found {}, which has a meaning of its own",
            quote(&id)
        );
        reader.error("bad-phase-id", &at, message, "reserved").help = Some(
            "`turnback back --scope` reads current, previous and all; base names the schema of the first shape"
                .to_owned(),
        );
    }
    Some((id, at))
}

/// Lower-case letters, digits, `-` and `_`, starting with a letter, and not too many.
pub(super) fn is_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.len() <= LONGEST_ID
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
}

/// Reads a list of phase ids, each once; whether there are such phases is not asked here.
pub(super) fn phase_ids(reader: &mut Reader<'_>, node: &Node) -> Vec<Placed<String>> {
    let items = match &node.kind {
        // No phase before this one: the same as leaving the key out.
        Kind::List(items) => items,
        Kind::Text(id) => {
            let message = format!(
                "expected a list of phase ids, but found the text {}",
                quote(id)
            );
            reader
                .error("wrong-type", &node.at, message, "expected a list")
                .help = Some(format!("write [{}]", quote(id).trim_matches('`')));
            return Vec::new();
        }
        _ => {
            reader.list(node, "phase id");
            return Vec::new();
        }
    };
    let mut after: Vec<Placed<String>> = Vec::new();
    for item in items {
        let Some((id, at)) = reader.text(item, "the id of a phase") else {
            continue;
        };
        if after.iter().any(|(other, _)| *other == id) {
            let message = format!("expected every phase once, but found {} again", quote(&id));
            reader.error("repeated-after", &at, message, "named again");
        } else {
            after.push((id, at));
        }
    }
    after
}

/// Puts the drafts in order. `None` when a part of one is missing, which has been recorded.
fn finish(
    reader: &Reader<'_>,
    drafts: Vec<PhaseDraft>,
    order: &[usize],
) -> Option<(Vec<Phase>, Spans)> {
    let mut drafts: Vec<Option<PhaseDraft>> = drafts.into_iter().map(Some).collect();
    let mut phases = Vec::new();
    let mut spans = Spans::default();
    for index in order {
        let draft = drafts.get_mut(*index)?.take()?;
        let (id, at): (String, Range<usize>) = draft.id?;
        spans.phases.insert(
            id.clone(),
            PhaseSpans {
                id: reader.span(&at),
                keys: draft.keys,
            },
        );
        phases.push(Phase {
            id,
            after: draft.after.into_iter().map(|(id, _)| id).collect(),
            operations: draft.operations?,
            bake: draft.bake,
            canary: draft.canary.map(|drafted| drafted.canary),
        });
    }
    Some((phases, spans))
}
