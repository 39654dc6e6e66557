//! A command: its exit code, or the number that it prints.

use std::collections::BTreeMap;
use std::time::Duration;

use turnback_core::diagnostic::mask_secrets;
use turnback_core::guard::Reading;

use crate::command::{self, Ended, Ran};

/// As much of what a command says as stands in a sentence, in characters.
const MOST: usize = 200;

pub(super) async fn read(program: &[String], number: bool, timeout: Duration) -> Reading {
    let name = program.first().map(String::as_str).unwrap_or_default();
    let ran = match command::run(program, &BTreeMap::new(), timeout).await {
        Ok(ran) => ran,
        Err(reason) => return Reading::Failed(reason),
    };
    match ran.ended {
        Ended::TimedOut => Reading::Failed(format!(
            "{name} did not end within {} s, and was ended",
            timeout.as_secs_f64()
        )),
        Ended::Signal(signal) => {
            Reading::Failed(format!("{name} was ended by signal {signal}{}", said(&ran)))
        }
        Ended::Code(code) if !number => Reading::single(f64::from(code)),
        Ended::Code(0) if ran.stdout.is_empty() => Reading::NoData,
        Ended::Code(0) => match ran.stdout.parse() {
            Ok(value) => Reading::single(value),
            Err(_) => Reading::Failed(format!(
                "{name} did not print a number, but `{}`",
                shown(&ran.stdout)
            )),
        },
        Ended::Code(code) => {
            Reading::Failed(format!("{name} ended with exit code {code}{}", said(&ran)))
        }
    }
}

/// The last line that it complained with, where there is one.
fn said(ran: &Ran) -> String {
    match ran.stderr.lines().last() {
        Some(line) => format!(": {}", shown(line)),
        None => String::new(),
    }
}

/// On one line, short, and without what looks like a secret.
fn shown(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(MOST).collect();
    mask_secrets(&short)
}
