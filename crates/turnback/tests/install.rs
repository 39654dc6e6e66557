//! What an installation consists of, as it is shipped: completions, manual, service.

use std::path::Path;
use std::process::{Command, Output};

use clap::{CommandFactory, Parser};
use turnback::cli::Cli;

fn turnback(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_turnback"))
        .args(arguments)
        .output()
        .expect("the program was built")
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn packaging(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging");
    std::fs::read_to_string(path.join(file)).expect("it is shipped")
}

#[test]
fn bash_completes_commands_and_options() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("turnback.bash");
    std::fs::write(&script, turnback(&["completions", "bash"]).stdout).unwrap();
    let script = script.display();
    let typed = |words: &str, last: &str| {
        let line = format!(
            "source '{script}'; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _turnback turnback '{last}' x; echo \"${{COMPREPLY[@]}}\""
        );
        let done = Command::new("bash").args(["-c", &line]).output().unwrap();
        assert!(done.status.success(), "{}", shown(&done.stderr));
        shown(&done.stdout).trim().to_owned()
    };
    assert_eq!(typed("turnback resto", "resto"), "restore");
    assert_eq!(typed("turnback up --exp", "--exp"), "--expand-only");
    assert_eq!(typed("turnback backup ver", "ver"), "verify");
}

#[test]
fn every_command_has_a_page_with_its_examples() {
    let folder = tempfile::tempdir().unwrap();
    let done = turnback(&["man", &folder.path().display().to_string()]);
    assert!(done.status.success(), "{}", shown(&done.stderr));
    let page = |name: &str| {
        std::fs::read_to_string(folder.path().join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    assert!(page("turnback.1").contains(".SH EXIT STATUS"));
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut waiting: Vec<&clap::Command> = command.get_subcommands().collect();
    while let Some(command) = waiting.pop() {
        let page = page(&format!("{}.1", command.get_display_name().unwrap()));
        assert!(!page.contains(".SH EXTRA"), "{page}");
        let has_examples = command
            .get_after_help()
            .is_some_and(|help| help.to_string().starts_with("Example"));
        assert_eq!(page.contains(".SH EXAMPLES"), has_examples, "{page}");
        waiting.extend(command.get_subcommands());
    }
}

#[test]
fn what_the_service_starts_is_a_command_of_this_turnback() {
    let unit = packaging("turnback.service");
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="))
        .unwrap();
    Cli::try_parse_from(start.split_whitespace()).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn systemd_has_nothing_to_say_against_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("turnback.service");
    let program = env!("CARGO_BIN_EXE_turnback");
    let text = packaging("turnback.service").replace("/usr/local/bin/turnback", program);
    std::fs::write(&unit, text).unwrap();
    let Ok(said) = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&unit)
        .output()
    else {
        eprintln!("skipped: there is no systemd on this machine");
        return;
    };
    assert!(said.status.success(), "{}", shown(&said.stderr));
    assert_eq!(shown(&said.stderr), "");
}

#[test]
fn the_image_is_built_with_a_rust_that_will_do() {
    let file = packaging("Dockerfile");
    let image = file
        .lines()
        .find_map(|line| line.strip_prefix("FROM rust:"))
        .and_then(|rest| rest.split_once('-'))
        .unwrap();
    assert_eq!(image.0, env!("CARGO_PKG_RUST_VERSION"));
}
