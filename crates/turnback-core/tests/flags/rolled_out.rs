//! Rollouts: a growing share, in which whoever is in stays in.

use proptest::prelude::*;
use serde_json::json;
use turnback_core::flag::{Change, ChangeRefused, Context, FlagSet, Share};

fn rollout(key: &str, tenths: u16) -> FlagSet {
    let change = Change::Rollout {
        key: key.to_owned(),
        from: None,
        share: Share::tenths(tenths).unwrap(),
    };
    change.apply(&FlagSet::default()).unwrap()
}

fn is_in(set: &FlagSet, key: &str, who: &str) -> bool {
    let answer = set.evaluate(key, &Context::of(who), 0).unwrap();
    answer.value == json!(true)
}

proptest! {
    #[test]
    fn whoever_is_in_stays_in_while_the_share_grows(
        key in "[a-z-]{1,20}",
        who in ".{1,30}",
        mut shares in prop::collection::vec(0_u16..=1_000, 2..8),
    ) {
        shares.sort_unstable();
        let mut was_in = false;
        for tenths in shares {
            let now_in = is_in(&rollout(&key, tenths), &key, &who);
            prop_assert!(now_in || !was_in, "{who:?} fell out at {tenths}");
            was_in = now_in;
        }
        prop_assert!(is_in(&rollout(&key, 1_000), &key, &who));
        prop_assert!(!is_in(&rollout(&key, 0), &key, &who));
    }

    #[test]
    fn shares_are_shown_as_they_are_read(tenths in 0_u16..=1_000) {
        let share = Share::tenths(tenths).unwrap();
        prop_assert_eq!(share.to_string().parse::<Share>(), Ok(share));
        prop_assert_eq!(rollout("a", tenths).flag("a").unwrap().share(), Some(share));
    }
}

#[test]
fn a_share_of_people_is_about_that_many() {
    for tenths in [10, 100, 500] {
        let set = rollout("users-uuid", tenths);
        let people = (0..20_000).map(|n| format!("user-{n}"));
        let within = people.filter(|who| is_in(&set, "users-uuid", who)).count() as f64;
        let expected = f64::from(tenths) * 20.0;
        assert!(
            (within - expected).abs() < expected.sqrt() * 5.0,
            "{within} of {expected}"
        );
    }
}

#[test]
fn shares_are_spelt_one_way() {
    for (text, tenths) in [
        ("0%", 0),
        ("1%", 10),
        ("0.1%", 1),
        ("12.5%", 125),
        ("100%", 1_000),
    ] {
        assert_eq!(text.parse::<Share>().unwrap().in_tenths(), tenths);
    }
    for bad in [
        "", "%", "1", "101%", "100.1%", "-1%", "1.25%", ".5%", "1.%", "1e1%", " 1%", "٣%",
    ] {
        assert!(bad.parse::<Share>().is_err(), "{bad}");
    }
}

#[test]
fn a_share_can_be_set_where_a_rule_stands_around_it() {
    let document = json!({ "flags": { "users": {
        "state": "ENABLED",
        "variants": { "on": true, "off": false },
        "defaultVariant": "off",
        "targeting": { "if": [
            { "ends_with": [{ "var": "email" }, "@example.com"] }, "on",
            { "fractional": [{ "var": "team" }, ["off", 9], ["on", 1]] },
        ]},
    }}});
    let set = FlagSet::read(&document).unwrap();
    assert_eq!(set.flag("users").unwrap().share(), "10%".parse().ok());
    let change = Change::SetShare {
        key: "users".to_owned(),
        share: "25%".parse().unwrap(),
    };
    let set = change.apply(&set).unwrap();
    assert_eq!(set.flag("users").unwrap().share(), "25%".parse().ok());
    assert_eq!(
        set.flag("users").unwrap().targeting().unwrap()["if"][2],
        json!({ "fractional": [{ "var": "team" }, ["off", 750], ["on", 250]] })
    );
}

#[test]
fn nobody_is_told_that_a_canary_goes_on_while_its_flag_is_disabled() {
    let key = || "users".to_owned();
    let set = Change::Disable { key: key() }
        .apply(&rollout("users", 10))
        .unwrap();
    let grow = Change::Rollout {
        key: key(),
        from: None,
        share: Share::ALL,
    };
    assert!(
        grow.apply(&set)
            .unwrap_err()
            .to_string()
            .contains("is disabled")
    );
    let stop = Change::Rollout {
        key: key(),
        from: None,
        share: Share::NONE,
    };
    assert_eq!(
        stop.apply(&set).unwrap().flag("users").unwrap().share(),
        Some(Share::NONE)
    );
}

#[test]
fn a_canary_writes_over_nobody_elses_change() {
    let to = |from: Option<u16>, share: u16| Change::Rollout {
        key: "users-uuid".to_owned(),
        from: from.and_then(Share::tenths),
        share: Share::tenths(share).expect("at most everybody"),
    };
    let ten = to(None, 100)
        .apply(&FlagSet::default())
        .expect("it is made");
    let fifty = to(Some(100), 500)
        .apply(&ten)
        .expect("it is as it was left");
    let stopped = to(None, 0).apply(&fifty).expect("a person stops it");
    let refused = to(Some(500), 1_000).apply(&stopped);
    assert!(
        matches!(refused, Err(ChangeRefused::Moved(..))),
        "{refused:?}"
    );
}
