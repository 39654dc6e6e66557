//! A defect reaches the user as a sentence, never as a stack trace.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use turnback_core::exit::ExitCode;

/// Runs `work`; a panic in it becomes a sentence and [`ExitCode::Failed`].
///
/// Output that nobody reads any more (`turnback plan --sql | head`) is no defect: it ends the
/// command quietly.
pub(crate) fn guarded(work: impl FnOnce() -> ExitCode) -> ExitCode {
    set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        if !is_broken_pipe(message) {
            let at = panic
                .location()
                .map(|at| format!(" ({}:{})", at.file(), at.line()))
                .unwrap_or_default();
            anstream::eprintln!(
                "turnback came upon a defect of its own: {message}{at}\n\
                 What was committed is in the ledger, and the database is safe: `turnback status` shows where it stands.\n\
                 Please report it with the command you typed."
            );
        }
    }));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .unwrap_or_default();
        if is_broken_pipe(message) {
            ExitCode::Done
        } else {
            ExitCode::Failed
        }
    })
}

fn is_broken_pipe(message: &str) -> bool {
    message.starts_with("failed printing to") && message.contains("Broken pipe")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_with_the_exit_code_of_a_defect() {
        assert_eq!(
            guarded(|| panic!("an invariant did not hold")),
            ExitCode::Failed
        );
        assert_eq!(
            guarded(|| panic!("{}", "failed printing to stdout: Broken pipe (os error 32)")),
            ExitCode::Done
        );
        let _ = std::panic::take_hook();
    }
}
