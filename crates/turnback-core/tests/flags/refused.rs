//! Definitions that are refused, each fault with its place.

use serde_json::{Map, Value, json};
use turnback_core::flag::FlagSet;

fn faults(document: Value) -> Vec<String> {
    match FlagSet::read(&document) {
        Ok(_) => vec![],
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn all_faults_of_a_document_come_at_once_with_their_places() {
    let found = faults(json!({
        "flags": {
            "a": { "state": "enabled", "variants": { "on": true, "off": "no" }, "defaultVariant": "of" },
            "b": { "state": "ENABLED", "variants": {}, "defaultVariant": null, "colour": 1 },
            "c": {
                "state": "ENABLED",
                "variants": { "on": true },
                "defaultVariant": "on",
                "targeting": { "if": [{ "start_with": ["a", "b"] }, { "$ref": "nobody" }, { "while": [] }] },
                "metadata": { "deep": {} },
            },
            "$d": {},
            "maintenance": {},
        },
        "flag": {},
    }));
    let expected = [
        "flag: expected `flags`, `$evaluators` or `metadata`; this key is none of them",
        "flags.$d: a flag's key cannot begin with `$`",
        "flags.maintenance: this flag is built in: `turnback maintenance on` and `off` change it",
        "flags.a.state: expected \"ENABLED\" or \"DISABLED\"",
        "flags.a.variants.on: all values of a flag are of one type: \"off\" is string, this is boolean",
        "flags.a.defaultVariant: \"of\" is not among the variants",
        "flags.b.colour: expected one of `state`, `variants`, `defaultVariant`, `targeting`, `metadata`; this key is none of them",
        "flags.b.variants: expected at least one variant",
        "flags.c.targeting.if[0].start_with: there is no operation `start_with`; did you mean `starts_with`?",
        "flags.c.targeting.if[1].$ref: there is no evaluator \"nobody\"",
        "flags.c.targeting.if[2].while: there is no operation `while`",
        "flags.c.metadata.deep: expected a boolean, a string or a number",
    ];
    for fault in expected {
        assert!(
            found.iter().any(|found| found == fault),
            "{fault}\n\n{found:#?}"
        );
    }
    assert!(
        found.iter().any(
            |fault| fault.starts_with("flags.b.defaultVariant: expected the name of a variant")
        )
    );
}

#[test]
fn evaluators_that_refer_to_themselves_are_named() {
    let found = faults(json!({
        "flags": {},
        "$evaluators": { "a": { "!": { "$ref": "b" } }, "b": { "!": { "$ref": "a" } } },
    }));
    assert_eq!(
        found,
        ["$evaluators.b.!.$ref: the evaluator \"a\" refers to itself"]
    );
}

#[test]
fn a_chain_of_evaluators_without_end_is_refused_and_not_followed() {
    let mut evaluators = Map::new();
    for level in 0..5_000 {
        evaluators.insert(
            format!("e{level:04}"),
            json!({ "!": { "$ref": format!("e{:04}", level + 1) } }),
        );
    }
    let found = faults(json!({ "flags": {}, "$evaluators": evaluators }));
    assert!(found[0].contains("rules deep"), "{}", found[0]);
}

#[test]
fn what_is_no_document_is_said_to_be_none() {
    assert_eq!(faults(json!([])).len(), 1);
    assert_eq!(faults(json!({})), ["flags: is missing"]);
    assert_eq!(
        faults(json!({ "flags": [] })),
        ["flags: expected an object of flags by key"]
    );
}
