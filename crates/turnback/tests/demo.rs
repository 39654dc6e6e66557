//! `turnback demo`, the real program: the first thing that anybody sees of turnback.

use std::process::{Command, Output, Stdio};

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_turnback"))
        .arg("demo")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the program runs")
}

#[test]
fn the_story_ends_with_nothing_lost_and_what_to_type_next() {
    let output = demo(&["--rows", "20000", "--seconds", "1", "--seed", "7"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}\n{errors}");
    assert_eq!(errors, "", "{text}");
    assert!(
        text.contains("writes acknowledged: 0 lost, 0 invented, 0 wrong, 0 client errors"),
        "{text}"
    );
    assert!(text.contains("(seed 7)"), "{text}");
    let (_, report) = text.split_once("The report of it: ").expect("there is one");
    let report = report.lines().next().unwrap_or_default();
    let page = std::fs::read_to_string(report).expect("it outlives the demo");
    assert!(page.contains("broken_keys"), "{page}");
    std::fs::remove_file(report).expect("it is the test's own");
    // Piped, it is plain text: no colours, no bars, a line for each thing done.
    assert!(!text.contains(['\u{1b}', '\r']), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
    // It tells of every act, in order.
    let acts = [
        "1  A database",
        "2  Clients",
        "3  turnback init",
        "4  turnback up",
        "5  Old and new",
        "6  turnback up: cut over",
        "7  turnback back",
        "8  Again, with guards",
        "9  turnback up: forward again, watched",
        "10  A bad release",
        "guard broken_keys: critical",
        "turning back all-keys",
        "11  The verdict",
        "On your own database",
    ];
    let places: Vec<_> = acts.iter().map(|act| text.find(act)).collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?} in {text}"
    );
    let last = text.lines().last().unwrap_or_default();
    assert!(last.trim().starts_with("turnback back"), "{text}");
}

#[test]
fn nonsense_is_refused_before_anything_starts() {
    for arguments in [["--pace", "0"], ["--writers", "0"], ["--seconds", "-1"]] {
        let [name, value] = arguments;
        let output = demo(&[&format!("{name}={value}")]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(name), "{errors}");
        assert!(output.stdout.is_empty());
    }
}
