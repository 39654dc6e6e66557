//! The canary's panel: its clients beside the rest, and the time that its step holds yet.

use turnback_server::app;
use turnback_server::model::*;
use turnback_testkit::Browser;

use super::course::happens;
use super::site::Site;
use crate::fake::{Fake, app_of, request, send};

fn canary() -> Canary {
    Canary {
        phase: "users".to_owned(),
        flag: "users-uuid".to_owned(),
        step: 2,
        of: 3,
        share: "10%".to_owned(),
        since: Some(0),
        hold_millis: Some(600_000),
        left_millis: Some(340_000),
        compare: "role v2 with role v1".to_owned(),
        compared: vec![Compared {
            guard: "slow".to_owned(),
            unit: "milliseconds".to_owned(),
            critical: Some("+50%".to_owned()),
            is_relative: true,
            canary: Some(0.095),
            canary_samples: 5,
            rest: Some(0.020),
            rest_samples: 90,
            change: Some(3.75),
            level: Some("critical".to_owned()),
            because: Some("95 ms is beyond +50% from the rest's 20 ms".to_owned()),
            ..Compared::default()
        }],
        ..Canary::default()
    }
}

/// A phase whose canary is at its second step.
fn world() -> Fake {
    let fake = Fake::default();
    {
        let mut world = fake.world();
        world.plan.phases = vec![PlannedPhase {
            id: "users".to_owned(),
            canary: Some(PlannedCanary {
                flag: "users-uuid".to_owned(),
                steps: vec!["1%".to_owned(), "10%".to_owned(), "100%".to_owned()],
            }),
            ..PlannedPhase::default()
        }];
        world.phases = vec![Phase {
            id: "users".to_owned(),
            state: "expanded".to_owned(),
            ..Phase::default()
        }];
        world.canaries = vec![canary()];
    }
    fake
}

/// Samples of a guard, ten seconds apart until now.
fn samples(guard: &str, values: &[f64]) -> Samples {
    let now = std::time::SystemTime::now();
    let now = now
        .duration_since(std::time::UNIX_EPOCH)
        .expect("it is later");
    let now = now.as_millis() as u64;
    let reading = |(back, value): (usize, &f64)| Reading {
        at: now - back as u64 * 10_000,
        values: vec![*value],
        failure: None,
    };
    let mut samples: Vec<Reading> = values.iter().rev().enumerate().map(reading).collect();
    samples.reverse();
    Samples {
        guard: guard.to_owned(),
        samples,
    }
}

#[tokio::test]
async fn the_canary_stands_beside_the_rest_with_figures_verdict_and_both_lines() {
    let fake = world();
    fake.world().samples = vec![
        samples("slow", &[20.0, 95.0, 96.0]),
        samples("slow@rest", &[20.0, 21.0, 20.0]),
    ];
    let page = send(&app_of(&fake), request("GET /flags", None, None)).await;
    for words in [
        "95 ms (of 5)",
        "20 ms (of 90)",
        "+375%",
        "95 ms is beyond +50% from the rest",
        "Told apart by role v2 with role v1",
        "left of this step",
        "class=\"beside\"",
        "class=\"values\"",
        "critical 30 ms",
    ] {
        assert!(page.body.contains(words), "{words} in:\n{}", page.body);
    }
    let got = send(&app_of(&fake), request("GET /api/v1/canaries", None, None)).await;
    assert_eq!(got.json()[0]["compared"][0]["change"], 3.75);
}

#[tokio::test]
async fn a_guard_of_milliseconds_is_drawn_in_milliseconds() {
    let fake = world();
    fake.world().guards = vec![Guard {
        terms: Terms {
            guard: "slow".to_owned(),
            unit: "milliseconds".to_owned(),
            critical: Some("> 90ms".to_owned()),
            ..Terms::default()
        },
        says: vec![],
    }];
    fake.world().samples = vec![samples("slow", &[20.0, 95.0])];
    let page = send(&app_of(&fake), request("GET /guards", None, None)).await;
    let row = "<td class=\"n\">95 ms</td><td>beyond</td>";
    assert!(page.body.contains(row), "{}", page.body);
}

#[test]
fn a_canary_that_waits_says_why_and_its_time_stands_still() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let fake = world();
    let server = fake.server();
    let site = Site::of(app(server.clone()));
    browser.open(&format!("{}/flags", site.address));
    browser.until_says("left of this step");
    // It is counted down in the browser.
    let first = browser.text("#canary time.left");
    browser.until(&format!(
        "document.querySelector('#canary time.left').textContent !== '{first}'"
    ));
    happens(&fake, &server, |world| {
        world.canaries[0].waits = Some("guard slow says no data".to_owned());
    });
    browser.until_says("The time of this step does not count: Guard slow says no data.");
    browser.until_says("Then 5 min 40 s are left.");
    browser.until("document.querySelector('#canary time.left') === null");
    happens(&fake, &server, |world| {
        world.canaries[0].waits = None;
        world.canaries[0].is_through = true;
    });
    browser.until_says("Every step is over: the cut-over follows.");
}
