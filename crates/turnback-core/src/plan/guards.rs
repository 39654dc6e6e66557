//! Reads guards: `guards:` of the plan.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::document::{LONGEST_ID, PhaseDraft, is_id, phase_ids};
use super::guard_shape::{ALERTMANAGER, COMMAND, GUARD, HTTP, PROMETHEUS};
use super::reader::{Fields, Placed, Reader, code_list, quote};
use super::source::PlanSource;
use super::yaml::{Kind, Node};
use super::{canary, duration, environment, hint, operation, thresholds};
use crate::guard::{Belief, BuiltIn, Expected, Guard, HttpProbe, Of, Probe, Unit};
use crate::secret::{Address, Secret};

/// The keys that say what is measured: a guard has one of them.
pub(super) const PROBES: [&str; 6] = [
    "probe",
    "sql",
    "prometheus",
    "http",
    "command",
    "alertmanager",
];

const INTERVAL: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(5);
/// A baseline of fewer samples errs noticeably more often (see `docs/guards.md`).
const BASELINE: (Duration, u32) = (Duration::from_secs(900), 90);

/// Reads all guards, each with the place of its name; those that could not be read are left out,
/// and recorded.
pub(super) fn read(
    reader: &mut Reader<'_>,
    node: &Node,
    source: &PlanSource<'_>,
    phases: &[PhaseDraft],
) -> Vec<Placed<Guard>> {
    let mut guards = Vec::new();
    for ((name, at), node) in reader.named(node, "guards, each under its name (a mapping)") {
        if !is_id(&name) {
            let message = format!("expected the name of a guard, but found {}", quote(&name));
            reader
                .error("bad-guard-name", &at, message, "not a name")
                .help = Some(format!(
                "lower-case letters, digits, `-` and `_`, starting with a letter, at most {LONGEST_ID} of them"
            ));
        }
        if let Some(guard) = guard(reader, name, &at, node, source, phases) {
            guards.push((guard, at));
        }
    }
    guards
}

/// The names of all guards, also of those that cannot be read; none where that cannot be known.
pub(super) fn names(node: Option<&Node>) -> Option<Vec<String>> {
    let Some(node) = node else {
        return Some(Vec::new());
    };
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    let name = |(key, _): &(Node, Node)| match &key.kind {
        Kind::Text(name) => Some(name.clone()),
        _ => None,
    };
    entries.iter().map(name).collect()
}

fn guard(
    reader: &mut Reader<'_>,
    name: String,
    at: &Range<usize>,
    node: &Node,
    source: &PlanSource<'_>,
    phases: &[PhaseDraft],
) -> Option<Guard> {
    let fields = reader.fields(node, &GUARD)?;
    let probe = probe(reader, &fields, at, source);
    let unit = unit(reader, &fields, probe.as_ref());
    let thresholds = thresholds::read(reader, &fields, at, probe.as_ref().zip(unit));
    let belief = belief(reader, &fields);
    let interval = match fields.node("interval") {
        Some(_) => reader.duration(&fields, "interval"),
        None => Some(INTERVAL),
    };
    let timeout = timeout(reader, &fields, interval);
    let initial_delay = reader.duration(&fields, "initial_delay");
    let baseline = reader.duration(&fields, "baseline");
    let phases = known_phases(reader, &fields, phases);
    let (probe, interval) = (probe?, interval?);
    let (least, samples) = BASELINE;
    let guard = Guard {
        name,
        unit: unit?,
        belief: belief?.unwrap_or_else(|| Belief::default_of(&probe)),
        warning: thresholds.warning,
        critical: thresholds.critical,
        interval,
        initial_delay: initial_delay.unwrap_or_default(),
        timeout: timeout?,
        baseline: baseline.unwrap_or_else(|| least.max(interval.saturating_mul(samples))),
        phases,
        of: match reader.choice(&fields, "of") {
            Some(("canary", _)) => Of::Canary,
            _ => Of::Everybody,
        },
        probe,
    };
    canary::check_guard(reader, &fields, &guard);
    if guard.is_relative() && guard.belief.of < Belief::LEAST_RELATIVE {
        let message = format!(
            "expected at least {} samples to compare with the baseline, but found `for: {}`",
            Belief::LEAST_RELATIVE,
            guard.belief
        );
        let at = fields.key_at("for");
        reader
            .error("too-few-samples", &at, message, "too few")
            .help =
            Some("fewer cannot tell a change from chance: write `for: 3 of 5`, or more".to_owned());
        return None;
    }
    Some(guard)
}

/// The one probe of a guard.
fn probe(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    at: &Range<usize>,
    source: &PlanSource<'_>,
) -> Option<Probe> {
    let given: Vec<_> = fields
        .names()
        .filter(|name| PROBES.contains(name))
        .collect();
    let name = match given.as_slice() {
        [name] => *name,
        [] => {
            let message = "expected what the guard measures, but found none".to_owned();
            reader
                .error("missing-probe", at, message, "measures nothing")
                .help = Some(format!("add one of {}", code_list(&PROBES)));
            return None;
        }
        several => {
            let message = format!(
                "expected one probe in a guard, but found {}",
                code_list(several)
            );
            reader
                .error("several-probes", at, message, "more than one")
                .help = Some("give each a guard of its own".to_owned());
            return None;
        }
    };
    let node = fields.node(name)?;
    match name {
        "probe" => built_in(reader, fields).map(Probe::BuiltIn),
        "sql" => operation::sql_text(reader, fields, "sql", source).map(Probe::Sql),
        "prometheus" => {
            let fields = reader.fields(node, &PROMETHEUS)?;
            let url = url(reader, &fields, source);
            let query = reader.not_blank(&fields, "query");
            Some(Probe::Prometheus {
                url: url?,
                query: query?,
            })
        }
        "http" => http(reader, node, source).map(Probe::Http),
        "command" => command(reader, node),
        _ => {
            let fields = reader.fields(node, &ALERTMANAGER)?;
            let url = url(reader, &fields, source);
            let labels = match fields.node("labels") {
                Some(node) => texts(reader, node, "labels"),
                None => Vec::new(),
            };
            Some(Probe::Alertmanager {
                url: url?,
                labels: labels
                    .into_iter()
                    .map(|(name, (value, _))| (name, value))
                    .collect(),
            })
        }
    }
}

/// A probe by its name, with the nearest one where there is none such.
fn built_in(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<BuiltIn> {
    let node = fields.node("probe")?;
    let (name, at) = reader.text(node, "the name of a probe")?;
    if let Some(probe) = BuiltIn::named(&name) {
        return Some(probe);
    }
    let message = format!("expected the name of a probe, but found {}", quote(&name));
    let help = match hint::nearest(&name, BuiltIn::NAMES) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", code_list(&BuiltIn::NAMES)),
    };
    reader
        .error("bad-choice", &at, message, "no such probe")
        .help = Some(help);
    None
}

fn http(reader: &mut Reader<'_>, node: &Node, source: &PlanSource<'_>) -> Option<HttpProbe> {
    let fields = reader.fields(node, &HTTP)?;
    let url = url(reader, &fields, source);
    let mut headers = BTreeMap::new();
    let given = match fields.node("headers") {
        Some(node) => texts(reader, node, "headers"),
        None => Vec::new(),
    };
    let mut whole = true;
    for (name, (value, at)) in given {
        match environment::expand(reader, &value, &at, source.env, &set_it) {
            Some(value) => drop(headers.insert(name, Secret::new(value))),
            None => whole = false,
        }
    }
    let measure = reader.choice(&fields, "measure");
    let json = fields.node("json").map(|node| pointer(reader, node));
    if json.is_some() && fields.node("measure").is_some() {
        let message = "expected either `measure` or `json`, but found both".to_owned();
        reader
            .error(
                "measure-and-json",
                &fields.key_at("json"),
                message,
                "and this",
            )
            .help = Some("`json` measures the number at a place of the answer".to_owned());
    }
    let expected = match json {
        Some(pointer) => Expected::Json(pointer?),
        None if matches!(measure, Some(("latency", _))) => Expected::Latency,
        None => Expected::Failure,
    };
    whole.then_some(HttpProbe {
        url: url?,
        headers,
        expected,
    })
}

/// A JSON pointer (RFC 6901, 3): empty, or names that each begin with `/`.
fn pointer(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let (pointer, at) = reader.text(node, "a JSON pointer such as `/queue/length`")?;
    if pointer.is_empty() || pointer.starts_with('/') {
        return Some(pointer);
    }
    let message = format!(
        "expected a JSON pointer such as `/queue/length`, but found {}",
        quote(&pointer)
    );
    reader
        .error("bad-pointer", &at, message, "begins with `/`")
        .help = Some(format!("write `/{}`", pointer.replace('.', "/")));
    None
}

fn command(reader: &mut Reader<'_>, node: &Node) -> Option<Probe> {
    let fields = reader.fields(node, &COMMAND)?;
    let run = reader.texts(&fields, "run");
    let measure = reader.choice(&fields, "measure");
    if let Some(node) = fields.node("run")
        && matches!(&node.kind, Kind::List(items) if items.is_empty())
    {
        let message = "expected a program and its arguments, but found an empty list";
        reader.error("empty-list", &node.at, message, "empty");
    }
    (!run.is_empty()).then_some(Probe::Command {
        run,
        number: matches!(measure, Some(("number", _))),
    })
}

/// A URL for requests. No message quotes it: it may hold a secret.
fn url(reader: &mut Reader<'_>, fields: &Fields<'_>, source: &PlanSource<'_>) -> Option<Address> {
    let node = fields.node("url")?;
    let Kind::Text(text) = &node.kind else {
        if !matches!(node.kind, Kind::Unreadable) {
            let message = "expected a URL (`http://…` or `https://…`), but found something else";
            reader.error("wrong-type", &node.at, message, "expected a URL");
        }
        return None;
    };
    let url = environment::expand(reader, text, &node.at, source.env, &set_it)?;
    let url = url.trim();
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    if rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) {
        return Some(Address::new(url));
    }
    let message =
        "expected a URL that starts with `http://` or `https://` and a host, but this one does not";
    reader.error("bad-url", &node.at, message, "no URL");
    None
}

fn set_it(name: &str) -> String {
    format!("set `{name}` where turnback runs")
}

/// Texts under names that are free. No message quotes one: it may be a secret.
fn texts(reader: &mut Reader<'_>, node: &Node, what: &str) -> Vec<(String, Placed<String>)> {
    let mut texts = Vec::new();
    for ((name, _), node) in reader.named(node, &format!("{what} (a mapping of texts)")) {
        match &node.kind {
            Kind::Text(text) => texts.push((name, (text.clone(), node.at.clone()))),
            Kind::Unreadable => {}
            _ => {
                let message = format!(
                    "expected a text for {}, but found something else",
                    quote(&name)
                );
                reader
                    .error("wrong-type", &node.at, message, "expected a text")
                    .help = Some("put it in quotes".to_owned());
            }
        }
    }
    texts
}

/// What the numbers are: fixed by the probe, or given by the user.
fn unit(reader: &mut Reader<'_>, fields: &Fields<'_>, probe: Option<&Probe>) -> Option<Unit> {
    let given = reader.choice(fields, "unit");
    let fixed = probe?.fixed_unit();
    match (fixed, given) {
        (None, Some((word, _))) => Unit::named(word),
        (None, None) if fields.node("unit").is_none() => Some(Unit::Number),
        (Some(fixed), _) if fields.node("unit").is_none() => Some(fixed),
        (Some(fixed), _) => {
            let message = format!("expected no `unit`, but found one: this probe measures {fixed}");
            reader
                .error("needless-unit", &fields.key_at("unit"), message, "needless")
                .help = Some("leave it out".to_owned());
            Some(fixed)
        }
        (None, None) => None,
    }
}

/// `Some(None)` where nothing is said.
fn belief(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Option<Belief>> {
    let Some(node) = fields.node("for") else {
        return Some(None);
    };
    let expected = "so many samples of the last so many, such as `3 of 5`";
    let text = match &node.kind {
        Kind::Text(text) => text,
        Kind::Number(number) => {
            let help = format!("write `{number} of {number}`");
            reader.wrong_type(node, expected, Some(help));
            return None;
        }
        _ => {
            reader.wrong_type(node, expected, None);
            return None;
        }
    };
    if let Some(belief) = Belief::parse(text) {
        return Some(Some(belief));
    }
    let message = format!("expected {expected}, but found {}", quote(text));
    let help = match duration::parse(text) {
        Some(_) => "samples count here, not time: with `interval: 10s`, `for: 6 of 6` is a minute"
            .to_owned(),
        None => format!(
            "at least one, no more than there are, and {} at most",
            Belief::MOST
        ),
    };
    reader.error("bad-for", &node.at, message, "how many?").help = Some(help);
    None
}

/// How long the probe may take: probes of one guard never overlap.
fn timeout(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    interval: Option<Duration>,
) -> Option<Duration> {
    let interval = interval.unwrap_or(Duration::MAX);
    if fields.node("timeout").is_none() {
        return Some(TIMEOUT.min(interval));
    }
    let timeout = reader.duration(fields, "timeout")?;
    if timeout > interval {
        let message = format!(
            "expected a timeout within the interval of {}, but found `{}`",
            duration::show(interval),
            duration::show(timeout)
        );
        reader
            .error(
                "timeout-beyond-interval",
                &fields.key_at("timeout"),
                message,
                "longer than the interval",
            )
            .help = Some("shorten it, or make `interval` longer".to_owned());
    }
    Some(timeout)
}

fn known_phases(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    drafts: &[PhaseDraft],
) -> Option<Vec<String>> {
    let node = fields.node("phases")?;
    if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
        let message = "expected at least one phase, but found an empty list";
        reader.error("empty-list", &node.at, message, "empty").help =
            Some("leave `phases` out to watch all of them".to_owned());
    }
    let ids: Vec<&str> = drafts
        .iter()
        .filter_map(|draft| draft.id.as_ref().map(|(id, _)| id.as_str()))
        .collect();
    let mut phases = Vec::new();
    for (id, at) in phase_ids(reader, node) {
        if !ids.contains(&id.as_str()) {
            let message = format!(
                "expected the id of a phase, but there is no phase {}",
                quote(&id)
            );
            reader
                .error("unknown-phase", &at, message, "no such phase")
                .help = hint::nearest(&id, ids.iter().copied())
                .map(|near| format!("did you mean `{near}`?"));
        }
        phases.push(id);
    }
    Some(phases)
}
