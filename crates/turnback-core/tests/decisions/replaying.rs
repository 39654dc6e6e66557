//! Samples from a file, through guards and decisions.

use turnback_core::plan::Plan;
use turnback_core::replay::{Replay, Script, What, replay};
use turnback_core::watch::Waiting;

use super::scene::told;
use super::world::plan;

const CALM_THEN_SLOW: &str = r#"
# a baseline, a cut-over, two good minutes, and then it gets slow
{"at": "0s", "every": "10s", "until": "5m50s", "guard": "latency", "value": 0.020}
{"at": "6m", "phase": "users", "state": "cut_over"}
{"at": "6m", "every": "10s", "until": "8m", "guard": "latency", "value": 0.021}
{"at": "8m10s", "every": "10s", "until": "40m", "guard": "latency", "value": 0.050}
{"at": "6m", "every": "10s", "until": "40m", "guard": "orphans", "values": {"messages.sender_id": 0}}
"#;

fn run(plan: &Plan, script: &str) -> Replay {
    let script = Script::parse(script).unwrap_or_else(|bad| panic!("{bad:?}"));
    replay(plan, &script)
}

/// Everything but what guards say that pass, each with its second.
fn story(replay: &Replay) -> Vec<String> {
    let mut story = Vec::new();
    for entry in &replay.entries {
        let second = entry.at.since(replay.from).as_secs();
        match &entry.what {
            What::Phase { phase, state } => story.push(format!("{second} {phase} {state}")),
            What::NotReady(finding) => story.push(format!("{second} no-go {}", finding.object)),
            What::Says(verdict) => {
                if verdict.level.as_str() != "pass" {
                    story.push(format!("{second} {} says {}", verdict.guard, verdict.level));
                }
            }
            What::Does(next) => {
                let told = told(std::slice::from_ref(&**next));
                story.push(format!("{second} {}", told.concat()));
            }
            What::Refused { by, because } => story.push(format!("{second} {by}: {because}")),
        }
    }
    story
}

#[test]
fn what_got_slow_turns_back_once_it_has_lasted() {
    let plan =
        plan("  - { when: { level: critical, lasting: 2m }, do: rollback, scope: previous }\n");
    let replay = run(&plan, CALM_THEN_SLOW);
    assert_eq!(
        story(&replay),
        [
            "360 users cut over",
            "510 latency says critical",
            "510 hold for latency",
            "630 turn back users leaf-tables",
        ]
    );
    assert_eq!(replay.turned_back, ["users", "leaf-tables"]);
    assert_eq!(replay.left_out, ["disagreement", "failed-queries", "login"]);
    assert_eq!(replay.until.since(replay.from).as_secs(), 630);
}

#[test]
fn answers_of_a_script_are_taken_and_those_that_do_not_count_are_shown() {
    let plan = plan(
        "  - { when: { level: critical }, do: ask, deadline: 5m, otherwise: rollback, who: [on-call] }\n",
    );
    let answers = r#"
{"at": "9m", "answer": "go_on", "by": "visitor"}
{"at": "10m", "answer": "go_on", "by": "on-call"}
{"at": "11m", "answer": "turn_back", "question": 1, "by": "on-call"}
"#;
    let replay = run(&plan, &format!("{CALM_THEN_SLOW}{answers}"));
    assert_eq!(
        story(&replay),
        [
            "360 users cut over",
            "510 latency says critical",
            "510 ask 1: latency",
            "540 visitor: visitor may not answer this question: the plan names on-call",
            "600 1 answered GoOn by on-call",
            "600 go on",
            "660 on-call: there is no open question 1: it was answered, its deadline has passed, or it was overtaken",
        ]
    );
    assert!(replay.turned_back.is_empty());
}

#[test]
fn a_question_is_left_open_at_the_end_with_what_it_waits_for() {
    let plan =
        plan("  - { when: { level: critical }, do: ask, deadline: 2h, otherwise: rollback }\n");
    let replay = run(&plan, CALM_THEN_SLOW);
    assert!(
        matches!(&replay.waiting[..], [Waiting::Answer { question: 1, .. }]),
        "{:?}",
        replay.waiting
    );
}

#[test]
fn without_a_baseline_it_is_no_go_and_nothing_relative_turns_back() {
    let plan = plan("  - { when: { level: critical }, do: rollback }\n");
    let script = r#"
{"at": 1700000000000, "phase": "leaf-tables", "state": "expanding"}
{"at": 1700000010000, "guard": "latency", "reading": {"measured": [{"object": null, "value": 9.0}]}}
{"at": 1700000020000, "guard": "latency", "reading": {"failed": "no answer"}}
{"at": 1700000030000, "guard": "elsewhere", "no_data": true}
"#;
    let replay = run(&plan, script);
    assert_eq!(replay.unknown["elsewhere"], 1);
    let story = story(&replay);
    assert_eq!(
        story[..2],
        ["0 leaf-tables expanding", "0 no-go guard latency"]
    );
    assert!(replay.turned_back.is_empty(), "{story:?}");
}

#[test]
fn every_line_that_cannot_be_read_is_named_with_the_reason() {
    let bad = [
        r#"{"guard": "latency", "value": 1}"#,
        r#"{"at": "soon", "guard": "latency", "value": 1}"#,
        r#"{"at": "1s", "guard": "latency"}"#,
        r#"{"at": "1s", "guard": "latency", "value": 1, "error": "x"}"#,
        r#"{"at": "1s", "guard": "latency", "value": 1, "every": "10s"}"#,
        r#"{"at": "1s", "guard": "latency", "value": 1, "every": "1ms", "until": "30d"}"#,
        r#"{"at": "1s", "phase": "users"}"#,
        r#"{"at": "1s", "phase": "users", "state": "done"}"#,
        r#"{"at": "1s", "phase": "users", "state": "expanded", "value": 1}"#,
        r#"{"at": "1s", "answer": "yes", "by": "on-call"}"#,
        r#"{"at": "1s", "answer": "hold"}"#,
        r#"{"at": "1s", "guard": "latency", "valeu": 1}"#,
        "not json",
    ];
    let found = Script::parse(&bad.join("\n")).expect_err("every line is wrong");
    let lines: Vec<usize> = found.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, (1..=bad.len()).collect::<Vec<_>>());
    assert!(found[11].message.contains("valeu"), "{}", found[11].message);
}

#[test]
fn a_replay_of_the_same_samples_is_the_same() {
    let plan = plan("  - { when: { level: critical, lasting: 2m }, do: rollback }\n");
    assert_eq!(run(&plan, CALM_THEN_SLOW), run(&plan, CALM_THEN_SLOW));
}
