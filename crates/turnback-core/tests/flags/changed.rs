//! Changes: from one set to the next, with what differs.

use serde_json::{Value, json};
use turnback_core::flag::{Change, Context, FlagSet, FlagState, MAINTENANCE, Maintenance, Reason};
use turnback_core::guard::Moment;

fn flag(default: &str) -> Value {
    json!({
        "state": "ENABLED",
        "variants": { "on": true, "off": false },
        "defaultVariant": default,
        "targeting": { "if": [true, "on"] },
    })
}

fn two() -> FlagSet {
    FlagSet::read(&json!({ "flags": { "a": flag("off"), "b": flag("on") } })).unwrap()
}

fn key(key: &str) -> String {
    key.to_owned()
}

#[test]
fn disabling_all_gives_everybody_the_default_and_leaves_maintenance() {
    let maintenance = Maintenance {
        message: "Back soon".to_owned(),
        until: None,
    };
    let set = Change::Maintenance(Some(maintenance.clone()))
        .apply(&two())
        .unwrap();
    let after = Change::DisableAll.apply(&set).unwrap();
    let answer = after.evaluate("a", &Context::default(), 0).unwrap();
    assert_eq!(
        (answer.value, answer.reason),
        (json!(false), Reason::Disabled)
    );
    assert_eq!(after.maintenance(), Some(maintenance));
    let changed: Vec<String> = set.differences(&after).into_iter().map(|d| d.key).collect();
    assert_eq!(changed, ["a", "b"]);
    assert!(
        after
            .differences(&Change::DisableAll.apply(&after).unwrap())
            .is_empty()
    );
    let again = Change::Enable { key: key("a") }.apply(&after).unwrap();
    assert_eq!(again.flag("a").unwrap().state(), FlagState::Enabled);
}

#[test]
fn a_change_says_what_was_before_and_what_is_after() {
    let set = two();
    let after = Change::SetDefault {
        key: key("b"),
        variant: key("off"),
    }
    .apply(&set)
    .unwrap();
    let [change] = <[_; 1]>::try_from(set.differences(&after)).unwrap();
    assert_eq!(change.key, "b");
    assert_eq!(change.old.unwrap()["defaultVariant"], "on");
    assert_eq!(change.new.unwrap()["defaultVariant"], "off");
    let gone = Change::Remove { key: key("b") }.apply(&after).unwrap();
    assert_eq!(after.differences(&gone)[0].new, None);
}

#[test]
fn a_change_that_cannot_be_is_refused_in_words() {
    let refused = |change: Change| change.apply(&two()).unwrap_err().to_string();
    assert_eq!(
        refused(Change::Enable { key: key("c") }),
        "there is no flag \"c\""
    );
    assert_eq!(
        refused(Change::SetDefault {
            key: key("a"),
            variant: key("maybe")
        }),
        "the flag \"a\" has no variant \"maybe\"; it has off, on"
    );
    let share = "1%".parse().unwrap();
    assert!(
        refused(Change::SetShare {
            key: key("a"),
            share
        })
        .contains("has no share")
    );
    assert!(
        refused(Change::Set {
            key: key("a"),
            definition: json!({})
        })
        .contains("flags.a.state")
    );
    assert!(
        refused(Change::Disable {
            key: key(MAINTENANCE)
        })
        .contains("built in")
    );
    assert!(
        refused(Change::Set {
            key: key("$metadata"),
            definition: json!({})
        })
        .contains("`$`")
    );
}

#[test]
fn an_import_adds_and_replaces_and_what_is_exported_is_imported_again() {
    let document = json!({
        "flags": { "b": flag("off"), "c": { "state": "ENABLED", "variants": { "on": true }, "defaultVariant": "on", "targeting": { "$ref": "yes" } } },
        "$evaluators": { "yes": { "if": [true, "on"] } },
        "metadata": { "team": "web" },
    });
    let import = |replace| Change::Import {
        document: document.clone(),
        replace,
    };
    let keys = |set: &FlagSet| set.flags().keys().cloned().collect::<Vec<_>>();
    let added = import(false).apply(&two()).unwrap();
    assert_eq!(keys(&added), ["a", "b", "c", MAINTENANCE]);
    assert_eq!(added.flag("b").unwrap().default_variant(), "off");
    let replaced = import(true).apply(&two()).unwrap();
    assert_eq!(keys(&replaced), ["b", "c", MAINTENANCE]);
    let again = FlagSet::read(&added.document()).unwrap();
    assert!(added.differences(&again).is_empty());
    assert!(
        added
            .differences(&FlagSet::from_entries(added.entries()).unwrap())
            .is_empty()
    );
}

#[test]
fn maintenance_is_a_flag_with_its_message_and_end() {
    let until = Moment(1_795_267_534_000);
    let maintenance = Maintenance {
        message: "Back soon".to_owned(),
        until: Some(until),
    };
    let ask = |set: &FlagSet| set.evaluate(MAINTENANCE, &Context::default(), 0).unwrap();
    let off = FlagSet::default();
    assert_eq!((ask(&off).value, off.maintenance()), (json!(false), None));
    let on = Change::Maintenance(Some(maintenance.clone()))
        .apply(&off)
        .unwrap();
    let answer = ask(&on);
    assert_eq!((answer.value, answer.reason), (json!(true), Reason::Static));
    assert_eq!(answer.metadata["message"], "Back soon");
    assert_eq!(answer.metadata["until"], "2026-11-21T13:25:34.000Z");
    assert_eq!(on.maintenance(), Some(maintenance.clone()));
    let left = |now| maintenance.left(Moment(now)).map(|left| left.as_secs());
    assert_eq!(left(1_795_267_530_000), Some(4));
    assert_eq!(left(1_795_267_534_000), None);
    assert_eq!(
        Change::Maintenance(None).apply(&on).unwrap().maintenance(),
        None
    );
    // A state of today is no definition.
    assert!(on.document()["flags"].as_object().unwrap().is_empty());
}
