//! Reads `notify:`: channels, and who hears what when.

mod channel;
pub(super) mod shape;

use std::time::Duration;

pub(super) use self::channel::KINDS;
use self::shape::{NOTIFY, RULE, RUNG};
use super::hint;
use super::outward::KnownPhases;
use super::reader::{Fields, Reader, quote};
use super::source::PlanSource;
use super::yaml::Node;
use crate::notify::{Notify, Occasion, Rule, Rung, Severity};

/// Between two messages about progress where the rule says nothing.
const EVERY: Duration = Duration::from_secs(600);

/// Reads the section; what cannot be read is recorded and left out.
pub(super) fn read(
    reader: &mut Reader<'_>,
    plan: &Fields<'_>,
    known: &KnownPhases<'_>,
    source: &PlanSource<'_>,
) -> Notify {
    let mut notify = Notify::default();
    let Some(fields) = plan
        .node("notify")
        .and_then(|node| reader.fields(node, &NOTIFY))
    else {
        return notify;
    };
    let mut names: Vec<String> = Vec::new();
    if let Some(node) = fields.node("channels") {
        for ((name, at), node) in reader.named(node, "a mapping of channels by their names") {
            if reader.is_named_well(&name, &at) {
                notify
                    .channels
                    .extend(channel::read(reader, &name, node, source));
            }
            names.push(name);
        }
    }
    let rules = fields
        .node("rules")
        .and_then(|node| reader.list(node, "rule"));
    for node in rules.unwrap_or_default() {
        notify.rules.extend(rule(reader, node, &names, known));
    }
    notify
}

fn rule(
    reader: &mut Reader<'_>,
    node: &Node,
    channels: &[String],
    known: &KnownPhases<'_>,
) -> Option<Rule> {
    let fields = reader.fields(node, &RULE)?;
    let when = reader.choices(&fields, "when");
    let to = known_channels(reader, &fields, channels);
    let phases = reader.known_phases(&fields, "phases", known);
    let at_least = reader.choice(&fields, "at_least");
    let every = reader.duration(&fields, "every");
    let mut escalate = Vec::new();
    if let Some(node) = fields.node("escalate") {
        for item in reader.list(node, "rung").unwrap_or_default() {
            escalate.extend(rung(reader, item, channels));
        }
    }
    let when: Vec<Occasion> = when?
        .iter()
        .filter_map(|word| Occasion::read(word))
        .collect();
    let needless = [("every", Occasion::During), ("escalate", Occasion::Issue)];
    for (key, occasion) in needless {
        if fields.node(key).is_some() && !when.contains(&occasion) {
            let word = occasion.as_str();
            let message =
                format!("expected `{key}` only in a rule for `{word}`, but found it in another");
            reader
                .error(
                    "needless-key",
                    &fields.key_at(key),
                    message,
                    "has no effect",
                )
                .help = Some(format!("add `{word}` to `when`, or leave `{key}` out"));
        }
    }
    Some(Rule {
        when,
        phases,
        at_least: at_least
            .and_then(|(word, _)| Severity::read(word))
            .unwrap_or(Severity::Info),
        to: to?,
        every: every.unwrap_or(EVERY),
        escalate,
    })
}

fn rung(reader: &mut Reader<'_>, node: &Node, channels: &[String]) -> Option<Rung> {
    let fields = reader.fields(node, &RUNG)?;
    let after = reader.duration(&fields, "after");
    let to = known_channels(reader, &fields, channels);
    Some(Rung {
        after: after?,
        to: to?,
    })
}

/// Reads names of channels that there are.
fn known_channels(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    channels: &[String],
) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for (name, at) in reader.some_texts(fields, "to", "channel")? {
        if channels.contains(&name) {
            names.push(name);
            continue;
        }
        let message = format!(
            "expected the name of a channel, but there is no channel {}",
            quote(&name)
        );
        let near = hint::nearest(&name, channels.iter().map(String::as_str));
        let help = near.map(|near| format!("did you mean `{near}`?"));
        reader
            .error("unknown-channel", &at, message, "no such channel")
            .help = help;
    }
    Some(names)
}
