//! What reports say, and that nothing in them means anything but itself.

use turnback_core::guard::Reading;
use turnback_core::hook::{HookMoment, HookOutcome, OnFailure};
use turnback_core::incident::report::{Facts, html, markdown};
use turnback_core::incident::{Incident, Times, incidents, measure};
use turnback_core::journal::JournalEvent;
use turnback_core::recovery::Part;
use turnback_core::state::PhaseState;
use turnback_core::watch::Answer;

use crate::night::Night;

/// The reports of the last incident: Markdown and HTML.
fn reports(night: &Night) -> [String; 2] {
    let mut found = incidents(night.entries.clone());
    let incident: Incident = found.pop().expect("there is one");
    let measured = incident.terms().map(|terms| {
        let baseline = night.baseline.guards.get(&terms.guard);
        measure(&incident, terms, &night.samples, baseline)
    });
    let times = Times::of(&incident, measured.as_ref());
    let facts = Facts {
        incident: &incident,
        measured: measured.as_ref(),
        times: &times,
        head: format!("57:{}", "0a".repeat(32)).parse().ok(),
        written: night.now,
        version: "1.2.3",
    };
    // Slashes are escaped, too, and mean the same.
    [markdown(&facts), html(&facts).replace("&#x2f;", "/")]
}

fn says(report: &str, words: &[&str]) {
    for words in words {
        assert!(report.contains(words), "{words}\n{report}");
    }
}

fn turned_back() -> Night {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    for value in [20.0, 20.0, 700.0, 900.0] {
        night.measures("latency", value);
    }
    night.write(JournalEvent::RecoveryBegun {
        phases: vec!["users".to_owned()],
        because: "latency said critical".to_owned(),
    });
    night.turns_back("users");
    night
}

#[test]
fn a_report_has_the_fields_of_a_post_mortem() {
    let mut night = turned_back();
    night.ends("turned back", 5);
    for report in reports(&night) {
        says(
            &report,
            &[
                "Incident 1",
                "Summary",
                "Impact",
                "Detection",
                "Response",
                "Recovery",
                "What it cost",
                "Timeline",
                "Root cause",
                "Lessons",
                "Follow-ups",
                "postgres://db.example/shop",
                "phase users",
                "900 ms at worst",
                "20000 rows",
                "Row 1 of the decisions (line 15)",
                "The old shape was back after 100 ms",
                &format!("57:{}", "0a".repeat(32)),
                "turnback 1.2.3",
            ],
        );
        assert!(!report.contains("secret"), "{report}");
    }
}

#[test]
fn people_have_boxes_to_tick_and_lines_to_fill() {
    let mut night = turned_back();
    night.ends("turned back", 5);
    let [markdown, html] = reports(&night);
    assert!(markdown.matches("\n- [ ] ").count() > 3, "{markdown}");
    assert!(html.matches("type=\"checkbox\"").count() > 3);
    assert!(markdown.matches("\n____").count() >= 6, "{markdown}");
    assert!(html.matches("contenteditable").count() >= 5);
}

#[test]
fn parts_are_shown_against_their_objectives_and_failures_with_what_is_to_be_done() {
    let mut night = turned_back();
    for (part, millis) in [(Part::Database, 100), (Part::Validate, 9_000)] {
        night.write(JournalEvent::RecoveryPart {
            part,
            millis,
            objective_millis: Some(5_000),
            failure: None,
        });
    }
    night.write(JournalEvent::Validated {
        promise: "no orphans".to_owned(),
        holds: None,
        evidence: "the table is too large to look at in time".to_owned(),
    });
    night.ends("turned back", 5);
    let [markdown, html] = reports(&night);
    says(
        &markdown,
        &[
            "| database back | 100 ms | 5 s | met |",
            "| validate | 9 s | 5 s | missed |",
            "objectives met: **1 of 2**",
            "| not found out | no orphans |",
            "- [ ] validate took 9 s and may take 5 s",
            "- [ ] Find out whether this holds: no orphans",
        ],
    );
    says(
        &html,
        &[
            "<td class=\"bad\">missed</td>",
            "<td class=\"good\">met</td>",
        ],
    );
}

#[test]
fn the_chart_shows_values_thresholds_the_baseline_and_what_was_done_when() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    let quiet = |n: i32| 20.0 + f64::from(n % 7) / 10.0;
    night.baseline_of("slower", (0..40).map(quiet));
    night.cuts_over("users");
    for n in 0..5 {
        night.measures("slower", 60.0 + f64::from(n));
    }
    night.turns_back("users");
    night.ends("turned back", 5);
    let [markdown, html] = reports(&night);
    says(
        &html,
        &[
            "<title id=\"chart-title\">slower over time</title>",
            "<desc id=\"chart-desc\">45 samples, 5 of them bad",
            "role=\"img\" aria-labelledby=\"chart-title chart-desc\"",
            "class=\"band\"",
            "class=\"critical\"",
            "class=\"values\"",
            ">decided</text>",
            ">recovered</text>",
        ],
    );
    assert_eq!(html.matches("<circle class=\"bad\"").count(), 5);
    says(&markdown, &["█", "!!!!!"]);
}

#[test]
fn what_was_not_measured_is_a_gap_and_not_a_line() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    night.measures("latency", 20.0);
    for _ in 0..3 {
        night.reads("latency", Reading::Failed("connection refused".to_owned()));
    }
    let [markdown, html] = reports(&night);
    assert_eq!(html.matches("class=\"unknown\"").count(), 3);
    says(&markdown, &["???", "not over", "write this report anew"]);
    says(&html, &["class=\"status open\""]);
}

#[test]
fn the_file_needs_nothing_beside_it_and_runs_nothing() {
    let mut night = turned_back();
    night.ends("turned back", 5);
    let [_, html] = reports(&night);
    for foreign in [
        "<script", "<link", "<img", "src=", "url(", "@import", "http:", "https:", "onclick",
    ] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    says(
        &html,
        &[
            "prefers-color-scheme: dark",
            "@media print",
            "width=device-width",
        ],
    );
}

#[test]
fn what_comes_from_outside_is_text_and_nothing_else() {
    let mut night = turned_back();
    let nasty = "</b><script>alert(1)</script> [x](javascript:y) | `z` \"q\"";
    night.write(JournalEvent::HookRan {
        phase: nasty.to_owned(),
        on_failure: OnFailure::Stop,
        outcome: HookOutcome {
            hook: nasty.to_owned(),
            when: HookMoment::Validate,
            millis: 7,
            failure: Some(nasty.to_owned()),
            output: nasty.to_owned(),
        },
    });
    night.write(JournalEvent::Validated {
        promise: nasty.to_owned(),
        holds: Some(false),
        evidence: nasty.to_owned(),
    });
    night.becomes(nasty, PhaseState::Withdrawing);
    night.ends(nasty, 6);
    let [markdown, html] = reports(&night);
    for (report, name) in [(&markdown, "Markdown"), (&html, "HTML")] {
        assert!(!report.contains("<script"), "{name}: {report}");
        assert!(report.contains("&lt;script"), "{name}: {report}");
    }
    assert!(!markdown.contains("[x](javascript"), "{markdown}");
    let rows = markdown.lines().filter(|line| line.contains("alert(1)"));
    for row in rows.filter(|line| line.starts_with('|')) {
        let bare = row.replace("\\|", "");
        assert!(!bare.contains("`z`"), "{row}");
    }
}

#[test]
fn every_kind_of_incident_has_a_report() {
    let by_hand = |night: &mut Night| {
        night.begins("back");
        night.turns_back("users");
        night.ends("turned back", 5);
    };
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    by_hand(&mut night);
    let [markdown, html] = reports(&night);
    says(
        &markdown,
        &["A person turned back phase users", "No samples say"],
    );
    says(&html, &["Write a guard that would have seen"]);
    assert!(!html.contains("<svg"), "there is nothing to draw");

    let mut night = Night::deciding("- { when: { level: critical }, do: hold }");
    night.cuts_over("users");
    for value in [700.0, 700.0, 20.0, 20.0, 20.0] {
        night.measures("latency", value);
    }
    says(
        &reports(&night)[0],
        &["The run went on", "Nothing was turned back"],
    );

    let mut night = Night::deciding(
        "- { when: { level: critical }, do: ask, deadline: 15m, otherwise: hold, who: [on-call] }",
    );
    night.cuts_over("users");
    night.measures("latency", 700.0);
    night.measures("latency", 700.0);
    says(&reports(&night)[0], &["question 1 to on-call. It is open."]);
    night.answers("on-call", Answer::GoOn);
    says(&reports(&night)[0], &["on-call answered: go on."]);

    let mut night = turned_back();
    night.ends("validation failed", 6);
    says(
        &reports(&night)[0],
        &["exit code 6: validation failed", "turnback repair"],
    );
}

#[test]
fn many_samples_are_thinned_and_none_that_is_bad_is_lost_to_it() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    for _ in 0..2_000 {
        night.measures("latency", 20.0);
    }
    night.measures("latency", 700.0);
    night.measures("latency", 900.0);
    night.turns_back("users");
    night.ends("turned back", 5);
    let [markdown, html] = reports(&night);
    says(&markdown, &["2002 samples", "| 900 ms | beyond |"]);
    assert!(markdown.len() < 20_000 && html.len() < 60_000);
}
