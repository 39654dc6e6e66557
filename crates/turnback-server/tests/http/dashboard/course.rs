//! A night at the dashboard, in a real browser: a phase goes forward, a guard breaches, a person
//! approves, another turns back, and the report is read.

use turnback_server::events::Event;
use turnback_server::model::*;
use turnback_server::{Shared, app};
use turnback_testkit::Browser;

use super::site::Site;
use crate::fake::Fake;

fn phase(id: &str, state: &str, words: &str, can: &[&str]) -> Phase {
    let deed = |command: &&str| Deed {
        command: (*command).to_owned(),
        comes_to: String::new(),
    };
    Phase {
        id: id.to_owned(),
        state: state.to_owned(),
        state_words: words.to_owned(),
        can: can.iter().map(deed).collect(),
        ..Phase::default()
    }
}

fn filling(pages: u64) -> Option<Progress> {
    Some(Progress {
        run: Some(1),
        phase: Some("users".to_owned()),
        stage: Some("expand".to_owned()),
        doing: Some("fill users".to_owned()),
        filling: Some(Filling {
            table: "public.users".to_owned(),
            pages,
            of_pages: 1_000,
            rows: pages * 40,
            rows_per_second: Some(12_000.0),
            left_millis: Some(80_000),
            ..Filling::default()
        }),
        ..Progress::default()
    })
}

fn guard(level: &str, value: f64) -> Guard {
    Guard {
        terms: Terms {
            guard: "latency".to_owned(),
            measures: "the slowest statement of users".to_owned(),
            unit: "milliseconds".to_owned(),
            critical: Some("> 300".to_owned()),
            times: 3,
            of: 5,
            interval_millis: 10_000,
            ..Terms::default()
        },
        says: vec![Said {
            phase: "users".to_owned(),
            level: level.to_owned(),
            value: Some(value),
            because: format!("{:.0} ms were measured", value * 1_000.0),
            ..Said::default()
        }],
    }
}

fn question() -> Question {
    Question {
        number: 12,
        phase: "users".to_owned(),
        phases: vec!["users".to_owned()],
        because: "latency says critical".to_owned(),
        guards: vec!["latency".to_owned()],
        asked_at: 1_795_292_045_000,
        // A deadline that no run of this test sees pass.
        until: Some(4_000_000_000_000),
        otherwise: Some("turn back".to_owned()),
        ..Question::default()
    }
}

/// A change of the world, told to all who listen.
pub fn happens(fake: &Fake, server: &Shared, change: impl FnOnce(&mut crate::fake::World)) {
    change(&mut fake.world());
    server.events.tell(Event {
        id: None,
        name: "progress",
        data: "{}".to_owned(),
    });
}

#[test]
fn a_night_is_watched_decided_turned_back_and_read_about_without_loading_a_page_anew() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let fake = Fake::default();
    {
        let mut world = fake.world();
        world.plan.name = "chat-uuid".to_owned();
        world.plan.target = "postgres://localhost/chat".to_owned();
        world.phases = vec![phase("users", "pending", "pending", &["up"])];
        world.guards = vec![guard("pass", 0.12)];
    }
    let server = fake.server();
    let site = Site::of(app(server.clone()));

    // Somebody starts it, with a reason.
    browser.open(&format!("{}/", site.address));
    browser.until_says("Nothing is at work");
    browser.click("#can-1");
    browser.until_says("Go forward");
    browser.write("#reason", "staging was fine");
    browser.click("form.decide button");
    browser.until_says("Asked for. This page follows it.");
    {
        let world = fake.world();
        assert_eq!(world.runs[0].why.as_deref(), Some("staging was fine"));
        assert!(matches!(world.runs[0].order, Order::Up { .. }));
        assert_eq!(world.audit[0].action, "run.start");
    }

    // It goes forward, and the page with it: the same page all the while.
    browser.run("window.kept = true");
    happens(&fake, &server, |world| {
        world.phases = vec![phase("users", "expanding", "expanding", &["back"])];
        world.progress = filling(250);
    });
    browser.until_says("25.0%");
    browser.until_says("12,000 rows/s");
    happens(&fake, &server, |world| world.progress = filling(750));
    browser.until("document.querySelector('progress').value === 750");
    happens(&fake, &server, |world| {
        world.phases = vec![phase(
            "users",
            "cut_over",
            "cut over",
            &["back", "contract"],
        )];
        world.progress = Some(Progress {
            run: Some(1),
            phase: Some("users".to_owned()),
            bake_left_millis: Some(600_000),
            ..Progress::default()
        });
    });
    browser.until_says("Watching phase users");
    browser.until("document.querySelector('.rail .here').innerText.includes('cut over')");
    // Who listens rather than looks is told.
    browser
        .until("document.getElementById('aloud').textContent.includes('Phase users is cut over')");

    // A guard breaches, and somebody is asked.
    happens(&fake, &server, |world| {
        world.guards = vec![guard("critical", 0.412)];
        world.questions = vec![question()];
    });
    browser.until_says("A decision waits: Latency says critical.");
    assert!(
        browser
            .run("return document.title")
            .as_str()
            .is_some_and(|title| title.starts_with("(1) "))
    );
    assert_eq!(
        browser.run("return window.kept"),
        true,
        "the page was loaded anew"
    );
    browser.click("#go-guards");
    browser.until_says("412 ms were measured");
    browser.click("#strip-decide");
    browser.click("#answer-12");
    browser.until_says("Turn back phase users, or go on?");
    // Without a reason nothing is sent.
    browser.click("button[value=go_on]");
    assert_eq!(fake.world().questions[0].answer, None);
    browser.write("#reason", "the nightly export, as ever");
    browser.click("button[value=go_on]");
    browser.until_says("Your answer is taken down");
    {
        let mut world = fake.world();
        assert_eq!(world.questions[0].answer.as_deref(), Some("go_on"));
        let taken = world.audit.last().expect("it is taken down");
        assert_eq!(taken.action, "question.answer");
        assert_eq!(taken.why.as_deref(), Some("the nightly export, as ever"));
        world.questions[0].closed = Some("Somebody answered: go on.".to_owned());
    }

    // Somebody turns back all the same: what it means stands before the button.
    fake.world().runs.clear();
    happens(&fake, &server, |world| world.progress = None);
    browser.click("#strip-back");
    browser.until_says("What that means");
    browser.until_says("Consequence");
    browser.write("#reason", "users complain");
    browser.click("button.grave.big");
    browser.until_says("this page follows it");
    {
        let world = fake.world();
        assert!(
            matches!(&world.runs[0].order, Order::Back { scope, keep_new_shape: false, .. } if scope == "current")
        );
    }
    happens(&fake, &server, |world| {
        world.phases = vec![phase("users", "withdrawing", "withdrawing", &["back"])];
        world.progress = Some(Progress {
            run: Some(1),
            phase: Some("users".to_owned()),
            doing: Some("drop the new shape".to_owned()),
            ..Progress::default()
        });
    });
    browser.until_says("Phase users is being turned back");
    happens(&fake, &server, |world| {
        world.phases = vec![phase("users", "pending", "pending", &["up"])];
        world.progress = None;
        world.runs.clear();
        world.incidents = vec![Incident {
            number: 1,
            title: "way back of phase users: a person turned back".to_owned(),
            ended: Some(2),
            outcome: "turned back".to_owned(),
            to_old_shape_millis: Some(420),
            ..Incident::default()
        }];
        world.report =
            "<!doctype html><title>Incident 1</title><h1>Users turned back</h1>".to_owned();
    });
    browser.until_says("Nothing is at work");

    // The report is read.
    browser.click("#go-incidents");
    browser.until_says("old shape back 420 ms after the decision");
    browser.click("#incident-1");
    browser.click("#report");
    browser.until_says("Users turned back");
}

#[test]
fn without_script_forms_are_sent_and_pages_look_again_by_themselves() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let fake = Fake::default();
    fake.world().phases = vec![phase("users", "cut_over", "cut over", &["back"])];
    fake.world().questions = vec![question()];
    let site = Site::of(app(fake.server()));
    browser.scripts(false);
    browser.open(&format!("{}/decisions/12", site.address));
    browser.write("#reason", "no script here");
    browser.click("button[value=turn_back]");
    browser.until("document.querySelector('noscript meta, meta[http-equiv=refresh]')");
    let world = fake.world();
    assert_eq!(world.questions[0].answer.as_deref(), Some("turn_back"));
}

#[test]
fn a_page_whose_process_is_gone_says_that_it_is_old() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let fake = Fake::default();
    fake.world().phases = vec![phase("users", "cut_over", "cut over", &["back"])];
    let server = fake.server();
    let site = Site::of(app(server.clone()));
    browser.open(&format!("{}/", site.address));
    browser.until_says("Phase users is cut over");
    drop(site);
    browser.until_says("This page is not up to date");
}
