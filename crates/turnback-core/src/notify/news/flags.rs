//! What is told of flags that were disabled by a row of the decisions.

use super::{Message, News, Occasion, Severity};
use crate::guard::Moment;

impl News {
    /// Every flag is disabled, or could not be.
    pub(super) fn flags_disabled(
        &mut self,
        flags: &[String],
        failure: Option<&str>,
        at: Moment,
    ) -> Message {
        let message = self.next_message("flags-disabled", Occasion::During, Severity::Critical, at);
        if let Some(failure) = failure {
            return Message {
                title: "Flags could not be disabled".to_owned(),
                happened: format!(
                    "A row of the decisions disables every flag, and that could not be done: {failure}."
                ),
                safe: "The database: no row that was written is lost, through whichever shape."
                    .to_owned(),
                next: "`turnback flag disable-all --reason TEXT` does it by hand.".to_owned(),
                ..message
            };
        }
        let happened = match flags {
            [] => "A row of the decisions disables every flag; none was enabled.".to_owned(),
            flags => format!(
                "A row of the decisions has disabled {}: everybody gets the default variant.",
                flags.join(", ")
            ),
        };
        Message {
            title: "Every flag is disabled".to_owned(),
            happened,
            safe: "The database: no row that was written is lost, through whichever shape."
                .to_owned(),
            next: "They stay so. `turnback flag history` says what each was; `turnback flag enable KEY` enables one again."
                .to_owned(),
            ..message
        }
    }
}
