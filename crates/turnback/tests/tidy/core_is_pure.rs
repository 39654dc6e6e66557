//! Rule: the core decides and the edges act, so the core does no IO, reads no clock and draws
//! no randomness, by itself or by a library. Its tests may.

use super::Breach;
use super::code::{code_without_tests, has_path};
use super::workspace::{File, Package};

/// Paths that reach out of the program; whatever is below one is meant too.
const PATHS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "std::io",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
    "Instant::now",
    "SystemTime::now",
    "tokio",
    "sqlx",
    "rand",
    "fastrand",
    "getrandom",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "Timestamp::now",
    "Zoned::now",
    "Uuid::new_v4",
    "Uuid::now_v7",
    "RandomState",
];

/// Macros that talk to the terminal or read at build time.
const MACROS: &[&str] = &[
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
    "env!",
    "option_env!",
];

/// Libraries that exist to do what the core does not.
const LIBRARIES: &[&str] = &[
    "anstream",
    "axum",
    "fastrand",
    "getrandom",
    "hyper",
    "indicatif",
    "lettre",
    "mio",
    "notify",
    "rand",
    "reqwest",
    "sqlx",
    "tempfile",
    "tokio",
    "tokio-postgres",
    "tower",
    "ureq",
    "walkdir",
];

pub fn breaches_in_source(file: &File) -> Vec<Breach> {
    let mut found = Vec::new();
    for (number, line) in code_without_tests(file) {
        let path = PATHS.iter().find(|path| has_path(&line, path));
        let word = path.or_else(|| MACROS.iter().find(|name| has_path(&line, name)));
        if let Some(word) = word {
            found.push(Breach::new(
                format!("{}:{number}", file.path),
                format!("`{word}` has no place in turnback-core, which does no IO"),
                "take the value as an argument, and let the engine or an edge fetch it",
            ));
        }
    }
    found
}

pub fn breaches_in_dependencies(packages: &[Package]) -> Vec<Breach> {
    packages
        .iter()
        .filter(|package| package.name == "turnback-core")
        .flat_map(|core| &core.dependencies)
        .filter(|used| !used.for_tests && LIBRARIES.contains(&used.name.as_str()))
        .map(|used| {
            Breach::new(
                "crates/turnback-core/Cargo.toml",
                format!("turnback-core does no IO, and {} is for that", used.name),
                "use it in the crate at the edge, and hand the core what comes of it",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::workspace::Dependency;
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let file = File {
            path: "x.rs".to_owned(),
            text: text.to_owned(),
        };
        let found = breaches_in_source(&file);
        found.into_iter().map(|breach| breach.place).collect()
    }

    #[test]
    fn reaching_out_is_found_however_it_is_written() {
        assert_eq!(lines("let a = std::fs::read(b);"), ["x.rs:1"]);
        assert_eq!(lines("\nuse std::{fmt, env};"), ["x.rs:2"]);
        let grouped = "use std::{\n    fmt,\n    time::{Duration, Instant},\n};";
        assert_eq!(lines(grouped), ["x.rs:1"]);
        assert_eq!(lines("use std::net as n;"), ["x.rs:1"]);
        assert_eq!(lines("let id = ::uuid::Uuid::new_v4();"), ["x.rs:1"]);
        assert_eq!(lines("tokio::spawn(a);"), ["x.rs:1"]);
        assert_eq!(lines("println!(\"{a}\");"), ["x.rs:1"]);
        assert_eq!(lines("pub(crate) use std::process;"), ["x.rs:1"]);
    }

    #[test]
    fn words_that_only_look_alike_are_let_through() {
        assert!(lines("//! No `std::fs` here.").is_empty());
        assert!(lines("let operand = rand_of(x); // std::env").is_empty());
        assert!(lines("let environment = my::std::environment;").is_empty());
        assert!(lines("use std::time::Duration;").is_empty());
        assert!(lines("let brand = a.rand;").is_empty());
        assert!(lines("fn to(random: u8) { process(random) }").is_empty());
        assert!(lines("let text = \"std::env\";").is_empty());
    }

    #[test]
    fn tests_of_the_core_may_do_io_but_code_after_them_may_not() {
        let text = "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert!(lines(text).is_empty());
        assert_eq!(lines(&format!("{text}use std::fs;")), ["x.rs:5"]);
    }

    #[test]
    fn libraries_that_do_io_are_for_tests_alone() {
        let core = |for_tests| Package {
            name: "turnback-core".to_owned(),
            dependencies: vec![Dependency {
                name: "tokio".to_owned(),
                for_tests,
            }],
        };
        assert_eq!(breaches_in_dependencies(&[core(false)]).len(), 1);
        assert!(breaches_in_dependencies(&[core(true)]).is_empty());
    }
}
