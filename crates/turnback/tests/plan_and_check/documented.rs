//! The reference of commands: nothing that one can type is missing from it.

use clap::CommandFactory;
use turnback::cli::Cli;
use turnback_core::exit::ExitCode;

const REFERENCE: &str = include_str!("../../../../docs/commands.md");

#[test]
fn every_command_and_every_option_is_in_the_reference() {
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(
            REFERENCE.contains(&format!("\n## {name}\n")),
            "no section for {name}"
        );
        for option in command.get_arguments().filter_map(|arg| arg.get_long()) {
            let named = [" ", "`"].map(|end| format!("`--{option}{end}"));
            assert!(
                option == "help"
                    || option == "version"
                    || named.iter().any(|named| REFERENCE.contains(named)),
                "{name} --{option} is not in the reference"
            );
        }
    }
}

#[test]
fn every_exit_code_is_in_the_reference() {
    for code in ExitCode::ALL {
        let row = format!("\n| {} | {}", code as u8, code.meaning());
        assert!(REFERENCE.contains(&row), "{row} is not in the reference");
    }
}
