//! Prometheus rule files
//! (<https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/>).

use std::time::Duration;

use super::draft::{Draft, DraftProbe, Found};
use super::walk::{get, left, lines, one_line, text};
use super::{alerts, promql};
use crate::guard::Belief;
use crate::plan::parse_duration;
use crate::plan::yaml::{Kind, Node};

/// Reads `groups:`.
pub(super) fn groups(groups: &[Node], found: &mut Found) {
    for group in groups {
        let Kind::Map(entries) = &group.kind else {
            left("groups", group, found);
            continue;
        };
        let name = get(group, "name").and_then(text).unwrap_or_default();
        let interval = get(group, "interval").and_then(text);
        let interval = interval.as_deref().and_then(parse_duration);
        for (key, value) in entries {
            match (text(key).as_deref(), &value.kind) {
                (Some("rules"), Kind::List(rules)) => {
                    for one in rules {
                        rule(&name, interval, one, found);
                    }
                }
                (Some("name"), _) => {}
                (Some("interval"), _) if interval.is_some() => {}
                (key, _) => left(key.unwrap_or_default(), value, found),
            }
        }
    }
}

fn rule(group: &str, interval: Option<Duration>, node: &Node, found: &mut Found) {
    if let Some(record) = get(node, "record").and_then(text) {
        let why = format!(
            "`{}` is a recording rule, not an alert: it stays in Prometheus",
            one_line(&record)
        );
        found.left(why, lines("", node));
        return;
    }
    let (Some(title), Some(expression)) = (
        get(node, "alert").and_then(text),
        get(node, "expr").and_then(text),
    ) else {
        left("rules", node, found);
        return;
    };
    let (query, threshold) = promql::split(&expression);
    let mut draft = Draft::new(&title, DraftProbe::Prometheus(query.trim().to_owned()));
    let of_group = if group.is_empty() {
        String::new()
    } else {
        format!(" of the group {}", one_line(group))
    };
    draft
        .comments
        .push(format!("{}{of_group}", one_line(&title)));
    let labels = get(node, "labels");
    let severity = labels
        .and_then(|labels| get(labels, "severity"))
        .and_then(text);
    alerts::set(&mut draft, severity.as_deref(), threshold);
    let lasting = match get(node, "for").and_then(text) {
        None => Some(Duration::ZERO),
        Some(written) => parse_duration(&written),
    };
    match lasting {
        Some(lasting) => last(&mut draft, lasting, interval),
        None => draft.comments.extend(
            get(node, "for")
                .map(|value| lines("not carried: for", value))
                .unwrap_or_default(),
        ),
    }
    if let Kind::Map(entries) = &node.kind {
        for (key, value) in entries {
            let key = text(key).unwrap_or_default();
            match (key.as_str(), &value.kind) {
                ("alert" | "expr" | "for", _) => {}
                ("labels" | "annotations", Kind::Map(entries)) => {
                    for (key, value) in entries {
                        let key = text(key).unwrap_or_default();
                        if key != "severity" {
                            draft.comments.extend(lines(&key, value));
                        }
                    }
                }
                _ => draft
                    .comments
                    .extend(lines(&format!("not carried: {key}"), value)),
            }
        }
    }
    found.guard(draft);
}

/// An alert that must hold all through a time is one of so many of so many samples; one without a
/// time fires at its first sample.
pub(super) fn last(draft: &mut Draft, lasting: Duration, interval: Option<Duration>) {
    /// How guards measure that say nothing else.
    const USUAL: Duration = Duration::from_secs(10);
    let interval = interval.filter(|interval| *interval >= Duration::from_millis(100));
    // As often as belief allows.
    let least = lasting.div_f64(f64::from(Belief::MOST));
    let least = Duration::from_secs(least.as_secs_f64().ceil() as u64);
    let every = interval.unwrap_or(USUAL).max(least);
    let samples = (lasting.as_secs_f64() / every.as_secs_f64()).ceil();
    let samples = (samples as u32).clamp(1, Belief::MOST);
    draft.belief = Some(Belief {
        beyond: samples,
        of: samples,
    });
    draft.interval = (every != USUAL).then_some(every);
}
