//! Lists of `alerts` with `name`, `query`, `threshold` and `severity`, and
//! `metric: { warning: …, critical: … }`.

use super::draft::{Draft, DraftProbe, Found};
use super::known::built_in;
use super::rules::last;
use super::walk::{first, left, lines, one_line, text};
use super::{promql, walk};
use crate::guard::{Belief, Threshold};
use crate::plan::parse_duration;
use crate::plan::yaml::{Kind, Node};

const NAME: [&str; 4] = ["name", "alert", "title", "id"];
const QUERY: [&str; 6] = ["query", "expr", "expression", "sql", "promql", "prometheus"];
const METRIC: [&str; 1] = ["metric"];
const THRESHOLD: [&str; 4] = ["threshold", "condition", "limit", "value"];
const OPERATOR: [&str; 3] = ["operator", "comparison", "op"];
const SEVERITY: [&str; 3] = ["severity", "level", "priority"];
const LASTING: [&str; 2] = ["for", "duration"];
const INTERVAL: [&str; 2] = ["interval", "check_interval"];
const IN_A_ROW: [&str; 3] = [
    "consecutive",
    "consecutive_failures",
    "consecutive_breaches",
];
const LEVELS: [&str; 2] = ["warning", "critical"];

/// Whether an item of a list may be an alert.
pub(super) fn is_alert(node: &Node) -> bool {
    let has = |keys: &[&str]| first(node, keys).is_some();
    (has(&NAME) || has(&METRIC)) && (has(&QUERY) || has(&METRIC) || has(&THRESHOLD) || has(&LEVELS))
}

/// Reads a list of alerts.
pub(super) fn list(items: &[Node], found: &mut Found) {
    for item in items {
        if is_alert(item) {
            let title = first(item, &NAME).or_else(|| first(item, &METRIC));
            let title = title.and_then(text).unwrap_or_default();
            entry(&title, item, found);
        } else {
            left("alerts", item, found);
        }
    }
}

/// Reads one alert, or what stands under the name of a metric.
pub(super) fn entry(title: &str, node: &Node, found: &mut Found) {
    let title = one_line(title);
    let query = first(node, &QUERY).and_then(text);
    let mut given = match thresholds(node) {
        Ok(given) => given,
        Err(why) => {
            found.left(format!("{title}: {why}"), lines("", node));
            return;
        }
    };
    let mut comments = vec![title.clone()];
    let probe = match &query {
        Some(query) if is_sql(query) => Some(DraftProbe::Sql(query.trim().to_owned())),
        Some(query) => Some(match (promql::compared(query), given.is_empty()) {
            (Some((inner, threshold)), true) => {
                given.push((None, threshold));
                DraftProbe::Prometheus(inner)
            }
            (Some((inner, own)), false) => {
                comments.push(format!(
                    "the query's own comparison, `{own}`, gives way to the threshold"
                ));
                DraftProbe::Prometheus(inner)
            }
            (None, true) => {
                let (counted, threshold) = promql::split(query);
                given.push((None, threshold));
                DraftProbe::Prometheus(counted)
            }
            (None, false) => DraftProbe::Prometheus(query.trim().to_owned()),
        }),
        None => {
            let metric = first(node, &METRIC).and_then(text);
            built_in(metric.as_deref().unwrap_or(&title)).map(DraftProbe::BuiltIn)
        }
    };
    let severity = first(node, &SEVERITY).and_then(text);
    let mut draft = Draft::new(
        &title,
        probe.clone().unwrap_or(DraftProbe::Sql(String::new())),
    );
    draft.comments = comments;
    for (level, threshold) in given {
        set(&mut draft, level.or(severity.as_deref()), threshold);
    }
    let fits = match &probe {
        Some(DraftProbe::BuiltIn(known)) => draft.fits(*known),
        Some(_) => true,
        None => false,
    };
    if !fits {
        let why = if probe.is_some() {
            "its threshold does not fit the built-in probe of that name"
        } else {
            "there is no query, and no built-in probe of that name"
        };
        let why = format!("{title}: {why}; give it a probe: `sql:`, `prometheus:`, `http:`, …");
        found.left(why, lines(&title, node));
        return;
    }
    if draft.warning.is_none() && draft.critical.is_none() {
        let why = format!("{title}: there is no threshold; write `warning` or `critical`");
        found.left(why, lines(&title, node));
        return;
    }
    if let Some(DraftProbe::BuiltIn(known)) = &probe {
        let note = format!("check `probe`: taken for turnback's own {}", known.as_str());
        draft.comments.push(note.clone());
        found.notes.push(format!("{title}: {note}"));
    }
    timing(&mut draft, node);
    others(&mut draft, node);
    found.notes.extend(draft.guess_unit());
    if let (Some(warning), Some(critical)) = (draft.warning, draft.critical)
        && critical.is_as_far_as(&warning) != Some(true)
        && (critical.is_as_far_as(&warning).is_some() || critical.is_above() != warning.is_above())
    {
        let why = format!(
            "{title}: `critical` ({critical}) does not go further than `warning` ({warning}), which is left out"
        );
        draft.comments.push(why.clone());
        found.notes.push(why);
        draft.warning = None;
    }
    found.guard(draft);
}

/// Thresholds, each with its level where that is said beside it.
fn thresholds(node: &Node) -> Result<Vec<(Option<&'static str>, Threshold)>, String> {
    let operator = first(node, &OPERATOR).and_then(text);
    let mut found = Vec::new();
    for (level, value) in LEVELS.map(|level| (level, walk::get(node, level))) {
        if let Some(written) = value.and_then(text) {
            found.push((Some(level), lenient(&written, operator.as_deref())?));
        }
    }
    match first(node, &THRESHOLD) {
        Some(both) if matches!(both.kind, Kind::Map(_)) => {
            for level in LEVELS {
                if let Some(written) = walk::get(both, level).and_then(text) {
                    found.push((Some(level), lenient(&written, operator.as_deref())?));
                }
            }
        }
        Some(one) => {
            if let Some(written) = text(one) {
                found.push((None, lenient(&written, operator.as_deref())?));
            }
        }
        None => {}
    }
    Ok(found)
}

/// A threshold as people write it: with the operator beside it, with words for units.
fn lenient(written: &str, operator: Option<&str>) -> Result<Threshold, String> {
    const WORDS: [(&str, &str); 14] = [
        ("milliseconds", "ms"),
        ("millisecond", "ms"),
        ("seconds", "s"),
        ("second", "s"),
        ("secs", "s"),
        ("sec", "s"),
        ("minutes", "m"),
        ("minute", "m"),
        ("mins", "m"),
        ("min", "m"),
        ("hours", "h"),
        ("hour", "h"),
        ("percent", "%"),
        ("KB", "kB"),
    ];
    let mut written = written.trim().to_owned();
    for (word, unit) in WORDS {
        let bare = written.strip_suffix(word);
        // After a slash or `per`, the word is that of a rate.
        if let Some(rest) = bare.map(str::trim_end)
            && rest.ends_with(|c: char| c.is_ascii_digit())
        {
            written = format!("{rest}{unit}");
            break;
        }
    }
    let sign = match operator.map(str::trim) {
        Some(">" | "gt" | "greater_than" | "above") => Some(">"),
        Some(">=" | "gte" | "ge" | "greater_than_or_equal") => Some(">="),
        Some("<" | "lt" | "less_than" | "below") => Some("<"),
        Some("<=" | "lte" | "le" | "less_than_or_equal") => Some("<="),
        Some(other) => {
            return Err(format!(
                "the comparison `{}` is no threshold's",
                one_line(other)
            ));
        }
        None => None,
    };
    let text = match sign {
        Some(sign) if written.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{sign} {written}")
        }
        _ => written,
    };
    Threshold::parse(&text).map_err(|wrong| {
        format!(
            "its threshold `{}` cannot be read: {wrong}",
            one_line(&text)
        )
    })
}

/// Puts a threshold where its severity belongs.
pub(super) fn set(draft: &mut Draft, severity: Option<&str>, threshold: Threshold) {
    let word = severity.map(|severity| severity.trim().to_ascii_lowercase());
    let critical = match word.as_deref() {
        Some(
            "critical" | "crit" | "page" | "error" | "fatal" | "emergency" | "high" | "disaster"
            | "p0" | "p1" | "sev0" | "sev1",
        ) => true,
        Some("warning" | "warn" | "medium" | "p2" | "sev2") => false,
        Some(other) => {
            draft.comments.push(format!(
                "its severity was `{}`: it becomes a warning",
                one_line(other)
            ));
            false
        }
        None => {
            draft
                .comments
                .push("it had no severity: it becomes a warning".to_owned());
            false
        }
    };
    let place = if critical {
        &mut draft.critical
    } else {
        &mut draft.warning
    };
    if let Some(other) = place.replace(threshold) {
        draft.comments.push(format!(
            "it had another threshold of the same level: {other}"
        ));
    }
}

fn is_sql(query: &str) -> bool {
    let word = query.split_whitespace().next().unwrap_or("");
    ["select", "with"]
        .iter()
        .any(|start| word.eq_ignore_ascii_case(start))
}

/// How long, and how often.
fn timing(draft: &mut Draft, node: &Node) {
    let interval = first(node, &INTERVAL).and_then(text);
    let interval = interval.as_deref().and_then(parse_duration);
    let lasting = first(node, &LASTING).and_then(text);
    let in_a_row = first(node, &IN_A_ROW).and_then(text);
    let in_a_row = in_a_row.and_then(|count| count.parse::<u32>().ok());
    if let Some(count) = in_a_row.filter(|count| (1..=Belief::MOST).contains(count)) {
        draft.belief = Some(Belief {
            beyond: count,
            of: count,
        });
        draft.interval = interval;
    } else if let Some(belief) = lasting.as_deref().and_then(Belief::parse) {
        draft.belief = Some(belief);
        draft.interval = interval;
    } else if let Some(lasting) = lasting.as_deref().and_then(parse_duration) {
        last(draft, lasting, interval);
    } else {
        draft.interval = interval;
        for key in LASTING {
            if let Some(value) = walk::get(node, key) {
                draft
                    .comments
                    .extend(lines(&format!("not carried: {key}"), value));
            }
        }
    }
    let relative = [draft.warning, draft.critical]
        .iter()
        .flatten()
        .any(Threshold::is_relative);
    if relative
        && draft
            .belief
            .is_some_and(|belief| belief.of < Belief::LEAST_RELATIVE)
    {
        draft.comments.push(
            "`for` is longer than it was: fewer samples cannot be compared with a baseline"
                .to_owned(),
        );
        draft.belief = None;
    }
}

/// All other keys, as comments.
fn others(draft: &mut Draft, node: &Node) {
    let read: Vec<&str> = [
        NAME.as_slice(),
        &QUERY,
        &METRIC,
        &THRESHOLD,
        &OPERATOR,
        &SEVERITY,
        &LASTING,
        &INTERVAL,
        &IN_A_ROW,
        &LEVELS,
    ]
    .concat();
    let Kind::Map(entries) = &node.kind else {
        return;
    };
    for (key, value) in entries {
        let key = text(key).unwrap_or_default();
        let is_read = read.contains(&key.as_str()) && text(value).is_some();
        let both = THRESHOLD.contains(&key.as_str());
        if !is_read && !both {
            draft.comments.extend(lines(&key, value));
        }
    }
}
