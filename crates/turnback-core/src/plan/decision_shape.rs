//! The keys of `decisions`.

use super::shape::{Shape, Value, key};

pub(super) static DECISION: Shape = Shape {
    what: "a decision",
    about: "A row of the decisions: when it fits, and what is done then.",
    keys: &[
        key(
            "when",
            false,
            Value::Map(&WHEN),
            "When the row fits: all of it must be so. Without it: whenever a guard says warning or critical.",
        ),
        key(
            "do",
            true,
            Value::Choice {
                words: &[
                    "rollback",
                    "ask",
                    "hold",
                    "notify",
                    "fix_forward",
                    "continue",
                ],
                default: None,
            },
            "What is done: rollback turns back, ask asks a person whether to, hold goes no further, notify goes on and tells, fix_forward goes on and tells that a fix is due, continue goes on.",
        ),
        key(
            "scope",
            false,
            Value::Scope,
            "How far to turn back: current (default), previous, all, or a phase: it and all after it. With rollback and ask.",
        ),
        key(
            "deadline",
            false,
            Value::Duration {
                least: "1s",
                most: "30d",
                default: None,
            },
            "How long a question waits for its answer. With ask, which needs it.",
        ),
        key(
            "otherwise",
            false,
            Value::Choice {
                words: &["rollback", "hold", "notify", "fix_forward", "continue"],
                default: None,
            },
            "What is done where nobody has answered by the deadline. With ask, which needs it.",
        ),
        key(
            "who",
            false,
            Value::Texts,
            "Who may answer; anybody where nobody is named. With ask.",
        ),
        key(
            "disable_flags",
            false,
            Value::Flag { default: false },
            "Disable every flag, too, so that everybody gets the default variant. With anything but continue.",
        ),
    ],
};

pub(super) static WHEN: Shape = Shape {
    what: "a condition",
    about: "When a row of the decisions fits: all of these must be so.",
    keys: &[
        key(
            "guard",
            false,
            Value::Names,
            "The guard, or a list of guards of which it is one. Any without it.",
        ),
        key(
            "of",
            false,
            Value::Choice {
                words: &["canary"],
                default: None,
            },
            "Any guard of this group: those with `of: canary`. In place of `guard`.",
        ),
        key(
            "level",
            false,
            Value::Words(&["pass", "warning", "critical", "no_data", "error"]),
            "What the guard says, or a list. Without it warning and critical: nothing else is a breach.",
        ),
        key(
            "lasting",
            false,
            Value::Duration {
                least: "1s",
                most: "30d",
                default: None,
            },
            "How long it must have said so without a break.",
        ),
        key(
            "at_once",
            false,
            Value::Count {
                least: 1,
                most: 1000,
                default: 1,
            },
            "How many guards must fit the rest of the condition at the same moment.",
        ),
        key(
            "phase",
            false,
            Value::Names,
            "The phase that is being watched, or a list. Any without it.",
        ),
        key(
            "state",
            false,
            Value::Words(&[
                "pending",
                "expanding",
                "expanded",
                "cut_over",
                "withdrawing",
                "contracting",
                "contracted",
            ]),
            "The state that the phase is in, or a list. Any without it.",
        ),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Level;
    use crate::state::PhaseState;

    #[test]
    fn the_words_are_those_of_levels_and_states() {
        let words = |name| match WHEN.key(name).map(|key| &key.value) {
            Some(Value::Words(words)) => words.to_vec(),
            _ => panic!("{name} has no words"),
        };
        assert_eq!(words("level"), Level::ALL.map(Level::as_str));
        assert_eq!(words("state"), PhaseState::ALL.map(PhaseState::as_str));
    }
}
