//! Reads `hooks:`.

pub(super) mod shape;

use std::time::Duration;

use self::shape::{HOOK, HOOK_REQUEST};
use super::document::LONGEST_NAME;
use super::outward::{KnownPhases, Missing};
use super::reader::{Fields, Reader, quote};
use super::source::PlanSource;
use super::yaml::Node;
use crate::hook::{Hook, HookAction, HookMoment, OnFailure};
use crate::notify::{Method, Request};
use crate::secret::Secret;

/// Keys of which a hook has exactly one.
pub(super) const ACTIONS: [&str; 2] = ["run", "http"];
/// How long a hook may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reads the list; what cannot be read is recorded and left out.
pub(super) fn read(
    reader: &mut Reader<'_>,
    plan: &Fields<'_>,
    known: &KnownPhases<'_>,
    source: &PlanSource<'_>,
) -> Vec<Hook> {
    let mut hooks: Vec<Hook> = Vec::new();
    let items = plan
        .node("hooks")
        .and_then(|node| reader.list(node, "hook"));
    for node in items.unwrap_or_default() {
        let Some(fields) = reader.fields(node, &HOOK) else {
            continue;
        };
        if let Some(hook) = hook(reader, &fields, known, source) {
            if hooks.iter().any(|other| other.name == hook.name) {
                let message = format!(
                    "expected each name once, but found {} again",
                    quote(&hook.name)
                );
                let at = fields
                    .node("name")
                    .map_or_else(|| fields.at.clone(), |node| node.at.clone());
                reader.error("repeated-hook", &at, message, "named again");
            }
            hooks.push(hook);
        }
    }
    hooks
}

fn hook(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    known: &KnownPhases<'_>,
    source: &PlanSource<'_>,
) -> Option<Hook> {
    let mut missing = Missing::default();
    let name = fields.node("name").and_then(|node| name(reader, node));
    let when = reader
        .choice(fields, "when")
        .and_then(|(word, _)| HookMoment::read(word));
    let phases = reader.known_phases(fields, "phases", known);
    let timeout = reader.duration(fields, "timeout");
    let on_failure = reader
        .choice(fields, "on_failure")
        .and_then(|(word, _)| OnFailure::read(word));
    let env = reader.secrets(fields, "env", source, &mut missing);
    if fields.node("env").is_some() && fields.node("run").is_none() {
        let message = "expected `env` only with `run`, but found it without one";
        reader.error(
            "needless-key",
            &fields.key_at("env"),
            message,
            "has no effect",
        );
    }
    let does = match reader.one_of(fields, &ACTIONS)? {
        "run" => HookAction::Run {
            program: reader
                .some_texts(fields, "run", "text")?
                .into_iter()
                .map(|(text, _)| text)
                .collect(),
            env,
        },
        _ => HookAction::Http(request(reader, fields.node("http")?, source, &mut missing)?),
    };
    Some(Hook {
        name: name?,
        when: when?,
        phases,
        does,
        timeout: timeout.unwrap_or(TIMEOUT),
        on_failure: on_failure.unwrap_or(OnFailure::Stop),
        missing: missing.0,
    })
}

fn name(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let (name, at) = reader.text(node, "the name of a hook")?;
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
    if fits && name.trim() == name && !name.contains(char::is_control) {
        return Some(name);
    }
    let message = format!(
        "expected a name of one line and 1 to {LONGEST_NAME} characters, but found {}",
        quote(&name)
    );
    reader.error("bad-hook-name", &at, message, "not a name");
    None
}

fn request(
    reader: &mut Reader<'_>,
    node: &Node,
    source: &PlanSource<'_>,
    missing: &mut Missing,
) -> Option<Request> {
    let fields = reader.fields(node, &HOOK_REQUEST)?;
    let url = reader.address(&fields, "url", source, missing);
    let method = reader
        .choice(&fields, "method")
        .and_then(|(word, _)| Method::read(word));
    let headers = reader.secrets(&fields, "headers", source, missing);
    let body = fields
        .node("body")
        .and_then(|node| reader.secret(node, source, missing));
    let expect = reader.statuses(&fields, "expect");
    Some(Request {
        url: url?,
        method: method.unwrap_or(Method::Post),
        headers,
        body: body.map(|(body, _)| Secret::new(body)),
        expect,
    })
}
