//! What people see: progress while something runs, tables when it is done.

pub(crate) mod findings;
pub(crate) mod growth;
pub(crate) mod paragraph;
mod progress;
mod screen;
mod table;
pub(crate) mod text;
pub(crate) mod watch;

use std::io::IsTerminal;

pub(crate) use self::progress::Terminal;
pub(crate) use self::screen::Screen;
pub(crate) use self::table::table;

/// Whether standard error takes colour.
pub(crate) fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Asks a yes-or-no question on the terminal; without one the answer is no.
pub(crate) fn ask(question: &str) -> bool {
    answered(question).unwrap_or(false)
}

/// Asks a yes-or-no question on the terminal; nothing without one, or without an answer.
pub(crate) fn answered(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    anstream::eprint!("{question} [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer).ok()?;
    (read > 0).then(|| matches!(answer.trim(), "y" | "Y" | "yes"))
}
