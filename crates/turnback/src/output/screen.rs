//! Whoever a command shows itself to: somebody at a terminal, or those who listen to a serving
//! process.

use turnback_engine::edges::Observer;

use super::answered;
use super::progress::Terminal;

/// Whoever a command shows itself to.
pub(crate) trait Screen: Observer {
    /// Shows a line.
    fn line(&self, text: &str);

    /// The work is over: what follows is what came of it.
    fn finish(&self);

    /// Asks yes or no, and waits for it; nothing where nobody is there.
    fn asked(&self, question: &str) -> Option<bool>;
}

impl Screen for Terminal {
    fn line(&self, text: &str) {
        Self::line(self, text);
    }

    fn finish(&self) {
        Self::finish(self);
    }

    fn asked(&self, question: &str) -> Option<bool> {
        Self::finish(self);
        answered(question)
    }
}
