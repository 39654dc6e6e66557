//! `turnback import guards`, as people call it.

use std::process::{Command, Output};

fn turnback(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_turnback"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program was built")
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn alert_files_become_plan_text_and_what_to_look_at_goes_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yml");
    std::fs::write(
        &rules,
        "groups:\n  - name: api\n    rules:\n      - { alert: Slow, expr: latency > 0.5, labels: { severity: page } }\n      - { record: x, expr: y }\n",
    )
    .unwrap();
    let rules = rules.display().to_string();
    let done = turnback(&["import", "guards", &rules]);
    let (text, notes) = (shown(&done.stdout), shown(&done.stderr));
    assert_eq!(done.status.code(), Some(0), "{notes}");
    assert!(
        text.starts_with("guards:\n") && text.contains("critical: '> 0.5'"),
        "{text}"
    );
    assert!(
        !text.contains("1 guard.") && notes.contains("1 guard."),
        "{notes}"
    );
    assert!(notes.contains("`x` is a recording rule"), "{notes}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none.yml").display().to_string();
    let done = turnback(&["import", "guards", &none]);
    assert_eq!(done.status.code(), Some(2));
    assert!(shown(&done.stderr).contains("none.yml cannot be read"));
    let broken = folder.path().join("broken.yml");
    std::fs::write(&broken, "alerts: [\n").unwrap();
    let done = turnback(&["import", "guards", &broken.display().to_string()]);
    assert_eq!(done.status.code(), Some(2));
    let said = shown(&done.stderr);
    assert!(
        said.contains("error[syntax]") && said.contains("broken.yml:"),
        "{said}"
    );
}
