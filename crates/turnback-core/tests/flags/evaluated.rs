//! Who gets what.

use serde_json::{Map, Value, json};
use turnback_core::flag::{Context, ErrorCode, FlagSet, Reason};

fn context(value: &Value) -> Context {
    Context::new(value.as_object().cloned().unwrap()).unwrap()
}

fn set(flags: Value) -> FlagSet {
    FlagSet::read(&json!({ "flags": flags })).unwrap()
}

/// A flag with the variants yes, no and default, and this targeting.
fn asked(targeting: Value, about: Value) -> String {
    let set = set(json!({ "asked": {
        "state": "ENABLED",
        "variants": { "true": 1, "false": 2, "default": 3 },
        "defaultVariant": "default",
        "targeting": targeting,
    }}));
    match set.evaluate("asked", &context(&about), 1_700_000_000) {
        Ok(answer) => answer.variant,
        Err(refusal) => refusal.code.word().to_owned(),
    }
}

#[test]
fn people_get_what_other_implementations_of_flagd_give_them() {
    let recorded: Value = serde_json::from_str(include_str!("flagd.json")).unwrap();
    let set = FlagSet::read(&recorded["definitions"]).unwrap();
    let cases = recorded["cases"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let about = context(&case["context"]);
        for (key, expected) in case["gives"].as_object().unwrap() {
            let place = format!("{key} for {}", case["context"]);
            let answer = set.evaluate(key, &about, 0);
            match (answer, expected.as_str().unwrap()) {
                (Ok(answer), expected) => {
                    let got = format!("{} {}", answer.variant, answer.reason.word());
                    assert_eq!(got, expected, "{place}");
                    assert_eq!(answer.metadata["set"], "golden");
                }
                (Err(refusal), "error") => assert_eq!(refusal.code, ErrorCode::General, "{place}"),
                // The one difference: where the key is missing that people are split by, flagd
                // gives the default, and we say so.
                (Err(refusal), expected) => {
                    assert_eq!(refusal.code, ErrorCode::TargetingKeyMissing, "{place}");
                    assert!(expected.ends_with(" DEFAULT"), "{place}");
                    assert_eq!(case["context"].get("targetingKey"), None);
                }
            }
        }
    }
}

#[test]
fn a_flag_without_targeting_is_static_and_a_disabled_one_gives_its_default() {
    let definition = |state: &str| {
        json!({
            "state": state,
            "variants": { "on": true, "off": false },
            "defaultVariant": "off",
            "metadata": { "owner": "web" },
        })
    };
    let mut rule = definition("DISABLED");
    rule["targeting"] = json!({ "if": [true, "on"] });
    let set = set(json!({ "plain": definition("ENABLED"), "asleep": rule }));
    let answer = set.evaluate("plain", &Context::default(), 0).unwrap();
    assert_eq!(
        (answer.value, answer.reason, answer.metadata),
        (
            json!(false),
            Reason::Static,
            Map::from_iter([("owner".to_owned(), json!("web"))])
        )
    );
    let answer = set.evaluate("asleep", &Context::of("user-1"), 0).unwrap();
    assert_eq!(
        (answer.value, answer.reason),
        (json!(false), Reason::Disabled)
    );
}

#[test]
fn an_unknown_flag_is_said_to_be_unknown() {
    let refusal = set(json!({}))
        .evaluate("users", &Context::default(), 0)
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::FlagNotFound);
    assert_eq!(refusal.details, "there is no flag \"users\"");
}

#[test]
fn whoever_is_split_by_a_key_must_have_one() {
    let split = json!({ "fractional": [["true", 1], ["false", 1]] });
    assert_eq!(asked(split.clone(), json!({})), "TARGETING_KEY_MISSING");
    let empty = json!({ "targetingKey": "" });
    assert_eq!(asked(split.clone(), empty), "TARGETING_KEY_MISSING");
    // A rule that knows what to do without a key is left to it.
    let or = json!({ "if": [{ "var": "targetingKey" }, split, "false"] });
    assert_eq!(asked(or, json!({})), "false");
    let number = Context::new(json!({ "targetingKey": 7 }).as_object().cloned().unwrap());
    assert!(number.unwrap_err().contains("targetingKey"));
}

#[test]
fn rules_see_the_time_and_the_flag() {
    let later = json!({ ">": [{ "var": "$flagd.timestamp" }, 1_699_999_999] });
    assert_eq!(asked(later, json!({})), "true");
    let flag = json!({ "===": [{ "var": "$flagd.flagKey" }, "asked"] });
    assert_eq!(asked(flag, json!({})), "true");
    // Nobody can slip their own in.
    let flag = json!({ "===": [{ "var": "$flagd.flagKey" }, "mine"] });
    let about = json!({ "$flagd": { "flagKey": "mine" } });
    assert_eq!(asked(flag, about), "false");
}

#[test]
fn every_operation_of_json_logic_does_as_its_page_says() {
    for (rule, about, gives) in [
        (json!({ "==": [1, "1"] }), json!({}), "true"),
        (json!({ "===": [1, "1"] }), json!({}), "false"),
        (json!({ "===": [1, 1.0] }), json!({}), "true"),
        (json!({ "!=": [1, 2] }), json!({}), "true"),
        (json!({ "!==": [1, "1"] }), json!({}), "true"),
        (json!({ "==": [null, 0] }), json!({}), "false"),
        (json!({ "==": [[], ""] }), json!({}), "true"),
        (json!({ "!": [[]] }), json!({}), "true"),
        (json!({ "!!": ["0"] }), json!({}), "true"),
        (json!({ "!!": [""] }), json!({}), "false"),
        (
            json!({ "<": [1, { "var": "n" }, 3] }),
            json!({ "n": 2 }),
            "true",
        ),
        (
            json!({ "<": [1, { "var": "n" }, 3] }),
            json!({ "n": 3 }),
            "false",
        ),
        (
            json!({ "<=": [1, { "var": "n" }, 3] }),
            json!({ "n": 3 }),
            "true",
        ),
        (json!({ ">": ["b", "a"] }), json!({}), "true"),
        (json!({ ">": ["inf", 1] }), json!({}), "false"),
        (
            json!({ "==": [{ "max": [1, 3, 2] }, 3] }),
            json!({}),
            "true",
        ),
        (
            json!({ "==": [{ "min": [1, 3, 2] }, 1] }),
            json!({}),
            "true",
        ),
        (
            json!({ "==": [{ "*": [2, 3, "4"] }, 24] }),
            json!({}),
            "true",
        ),
        (json!({ "==": [{ "/": [1, 2] }, 0.5] }), json!({}), "true"),
        (json!({ "===": [{ "/": [1, 0] }, null] }), json!({}), "true"),
        (json!({ "===": [{ "-": 2 }, -2] }), json!({}), "true"),
        (
            json!({ "in": ["Spring", "Springfield"] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "cat": ["a", 1.0, null, true] }, "a1true"] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "substr": ["jsonlogic", 4] }, "logic"] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "substr": ["jsonlogic", -5] }, "logic"] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "substr": ["jsonlogic", 1, 3] }, "son"] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "substr": ["jsonlogic", 4, -2] }, "log"] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "substr": ["höhe", 9, 9] }, ""] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "merge": [[1, 2], 3] }, [1, 2, 3]] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "missing": ["a", "b"] }, ["b"]] }),
            json!({ "a": 1 }),
            "true",
        ),
        (
            json!({ "===": [{ "missing_some": [1, ["a", "b"]] }, []] }),
            json!({ "a": 1 }),
            "true",
        ),
        (
            json!({ "===": [{ "missing_some": [2, ["a", "b"]] }, ["b"]] }),
            json!({ "a": 1 }),
            "true",
        ),
        (
            json!({ "===": [{ "map": [[1, 2], { "*": [{ "var": "" }, 2] }] }, [2, 4]] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "filter": [[1, 2, 3], { "%": [{ "var": "" }, 2] }] }, [1, 3]] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "reduce": [[1, 2, 3], { "+": [{ "var": "current" }, { "var": "accumulator" }] }, 0] }, 6] }),
            json!({}),
            "true",
        ),
        (json!({ "all": [[], true] }), json!({}), "false"),
        (
            json!({ "all": [[1, 2], { ">": [{ "var": "" }, 0] }] }),
            json!({}),
            "true",
        ),
        (
            json!({ "none": [[1, 2], { ">": [{ "var": "" }, 2] }] }),
            json!({}),
            "true",
        ),
        (
            json!({ "some": [[1, 2], { ">": [{ "var": "" }, 1] }] }),
            json!({}),
            "true",
        ),
        (
            json!({ "===": [{ "var": "a.1.b" }, 5] }),
            json!({ "a": [0, { "b": 5 }] }),
            "true",
        ),
        (
            json!({ "===": [{ "var": ["x", 9] }, 9] }),
            json!({}),
            "true",
        ),
        (json!({ "or": [false, 0, "true"] }), json!({}), "true"),
        (json!({ "and": ["x", "true"] }), json!({}), "true"),
        (
            json!({ "?:": [false, "true", "false"] }),
            json!({}),
            "false",
        ),
        (
            json!({ "if": [false, "true", true, "false", "true"] }),
            json!({}),
            "false",
        ),
        (json!({ "if": [] }), json!({}), "default"),
        (json!({ "starts_with": [7, "7"] }), json!({}), "default"),
        (
            json!({ "sem_ver": ["1.0.0-alpha.2", "<", "1.0.0-alpha.10"] }),
            json!({}),
            "true",
        ),
        (
            json!({ "sem_ver": ["1.0.0-rc", "<", "1.0.0"] }),
            json!({}),
            "true",
        ),
        (
            json!({ "sem_ver": ["1.0.0+a", "=", "1.0.0+b"] }),
            json!({}),
            "true",
        ),
        (
            json!({ "sem_ver": ["1.0.0.0", "=", "1.0.0"] }),
            json!({}),
            "default",
        ),
        (
            json!({ "sem_ver": ["1.0.0", "==", "1.0.0"] }),
            json!({}),
            "default",
        ),
        (
            json!({ "fractional": [] }),
            json!({ "targetingKey": "a" }),
            "default",
        ),
        (
            json!({ "fractional": [["true", 0.5], ["false", 1]] }),
            json!({ "targetingKey": "a" }),
            "default",
        ),
        (
            json!({ "fractional": [["true", 0]] }),
            json!({ "targetingKey": "a" }),
            "default",
        ),
        (json!({ "merge": [1] }), json!({}), "GENERAL"),
        (json!({ "cat": ["nobody"] }), json!({}), "GENERAL"),
    ] {
        assert_eq!(asked(rule.clone(), about), gives, "{rule}");
    }
}

#[test]
fn a_rule_that_would_never_end_is_given_up() {
    let mut evaluators = Map::new();
    evaluators.insert("e0".to_owned(), json!({ "!": [false] }));
    for level in 1..60 {
        let below = json!({ "$ref": format!("e{}", level - 1) });
        evaluators.insert(format!("e{level}"), json!({ "and": [below, below] }));
    }
    let document = json!({
        "flags": { "slow": {
            "state": "ENABLED",
            "variants": { "true": true },
            "defaultVariant": "true",
            "targeting": { "$ref": "e59" },
        }},
        "$evaluators": evaluators,
    });
    let set = FlagSet::read(&document).unwrap();
    let refusal = set.evaluate("slow", &Context::default(), 0).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::General);
    assert!(
        refusal.details.contains("make its rule simpler"),
        "{}",
        refusal.details
    );
}
