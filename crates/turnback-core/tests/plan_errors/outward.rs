//! What can be wrong with `notify` and `hooks`.

use super::shown;

const PLAN: &str = "version: 1\nname: chat\ntarget: ${DB}\nphases:\n  - id: keys\n    operations:\n      - sql: { up: a, down: b }\n";

fn with(rest: &str) -> String {
    shown(&format!("{PLAN}{rest}"))
}

const CHANNELS: &str = "notify:\n  channels:\n    team: { slack: { url: https://h/x } }\n";

#[test]
fn a_broken_template_is_named_with_its_line() {
    let found = with(
        "notify:\n  channels:\n    team:\n      slack: { url: https://h/x }\n      text: |\n        fine\n        {{ titel }}\n  rules: [{ when: [after], to: [team] }]\n",
    );
    assert!(
        found.starts_with("14:9 bad-template <{{ titel }}>"),
        "{found}"
    );
    assert!(
        found.contains("line 2") && found.contains("undefined"),
        "{found}"
    );
}

#[test]
fn a_body_that_is_not_json_is_found_before_it_is_sent() {
    let found = with(
        "notify:\n  channels:\n    own: { webhook: { url: https://h/x, body: '{\"text\": {{ title }}}' } }\n  rules: [{ when: [after], to: [own] }]\n",
    );
    assert!(
        found.contains("bad-template") && found.contains("tojson"),
        "{found}"
    );
}

#[test]
fn rules_name_channels_phases_and_occasions_that_there_are() {
    let found = with(&format!(
        "{CHANNELS}  rules:\n    - {{ when: [afterwards], to: [teem], phases: [kays], every: 1m }}\n"
    ));
    for part in [
        "bad-choice <afterwards>",
        "unknown-channel <teem> expected the name of a channel, but there is no channel `teem` | did you mean `team`?",
        "unknown-phase <kays>",
        "needless-key <every>",
    ] {
        assert!(found.contains(part), "{part}\n{found}");
    }
}

#[test]
fn a_channel_leads_to_one_counterpart() {
    let none = with(
        "notify:\n  channels:\n    team: { text: x }\n  rules: [{ when: [after], to: [team] }]\n",
    );
    assert!(
        none.contains("which-one") && none.contains("found none"),
        "{none}"
    );
    let two = with(
        "notify:\n  channels:\n    team: { slack: { url: https://h/x }, webhook: { url: https://h/x } }\n  rules: [{ when: [after], to: [team] }]\n",
    );
    assert!(two.contains("which-one <webhook>"), "{two}");
}

#[test]
fn a_password_does_not_travel_in_the_clear() {
    let mail = |host: &str| {
        format!(
            "{PLAN}notify:\n  channels:\n    m: {{ mail: {{ host: {host}, tls: none, user: a, password: hunter2, from: a@b, to: [c@d] }} }}\n  rules: [{{ when: [after], to: [m] }}]\n"
        )
    };
    let found = shown(&mail("mail.example.org"));
    assert!(
        found.contains("password-in-the-clear") && !found.contains("hunter2"),
        "{found}"
    );
    let source = turnback_core::plan::PlanSource {
        file_name: "turnback.yaml",
        text: &mail("localhost"),
        env: &|_| Some("postgres://db/chat".to_owned()),
        read_file: &|_| Err(String::new()),
        target_override: None,
    };
    let parsed = turnback_core::plan::parse(&source);
    assert!(parsed.is_ok(), "{parsed:?}");
    assert!(!format!("{parsed:?}").contains("hunter2"), "{parsed:?}");
}

#[test]
fn a_variable_without_a_value_is_taken_down_and_stops_nobody() {
    let text = format!(
        "{PLAN}notify:\n  channels:\n    team: {{ slack: {{ url: \"${{SLACK}}\" }} }}\n  rules: [{{ when: [after], to: [team] }}]\nhooks:\n  - {{ name: x, when: validate, run: [a], env: {{ KEY: \"${{KEY}}\" }} }}\n"
    );
    let source = turnback_core::plan::PlanSource {
        file_name: "turnback.yaml",
        text: &text,
        env: &|name| (name == "DB").then(|| "postgres://db/chat".to_owned()),
        read_file: &|_| Err(String::new()),
        target_override: None,
    };
    let plan = turnback_core::plan::parse(&source)
        .expect("it is a plan")
        .plan;
    assert!(plan.notify.channels[0].missing.contains("SLACK"));
    assert!(plan.hooks[0].missing.contains("KEY"));
}

#[test]
fn hooks_have_one_action_a_moment_and_a_name_of_their_own() {
    let found = with(
        "hooks:\n  - { name: a, when: later, run: [x] }\n  - { name: b, when: validate }\n  - { name: c, when: validate, run: [x] }\n  - { name: c, when: validate, http: { url: ftp://x } }\n  - { name: d, when: validate, run: [x], timeout: 2d }\n",
    );
    for part in [
        "bad-choice <later>",
        "which-one",
        "bad-address",
        "out-of-range",
    ] {
        assert!(found.contains(part), "{part}\n{found}");
    }
    let found = with(
        "hooks:\n  - { name: c, when: validate, run: [x] }\n  - { name: c, when: validate, run: [y] }\n",
    );
    assert!(found.contains("repeated-hook <c>"), "{found}");
}
