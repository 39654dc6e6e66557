//! How far a canary has come, as the ledger keeps it.

use super::Share;

/// What the ledger holds of one step of a canary: it goes with the phase when that is turned back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The flag.
    pub flag: String,
    /// The share that the step sets.
    pub share: Share,
    /// Whether it is known to be set; until then it is about to be.
    pub is_set: bool,
}

const ABOUT_TO: &str = "canary.begun.";
const IS_SET: &str = "canary.set.";

impl Noted {
    /// The name under which the ledger keeps it, among the steps of the phase.
    pub fn step(&self) -> String {
        let what = if self.is_set { IS_SET } else { ABOUT_TO };
        format!("{what}{}.{}", self.share.in_tenths(), self.flag)
    }

    /// Reads what [`Noted::step`] wrote; nothing where a step is something else.
    pub fn read(step: &str) -> Option<Self> {
        let (is_set, rest) = match step.strip_prefix(IS_SET) {
            Some(rest) => (true, rest),
            None => (false, step.strip_prefix(ABOUT_TO)?),
        };
        let (tenths, flag) = rest.split_once('.')?;
        Some(Self {
            flag: flag.to_owned(),
            share: Share::tenths(tenths.parse().ok()?)?,
            is_set,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_again_and_nothing_else() {
        for (flag, tenths, is_set) in [("users-uuid", 10, false), ("a.b", 1_000, true)] {
            let noted = Noted {
                flag: flag.to_owned(),
                share: Share::tenths(tenths).unwrap(),
                is_set,
            };
            assert_eq!(Noted::read(&noted.step()), Some(noted));
        }
        for other in [
            "hook.x",
            "canary.set.1001.f",
            "canary.set.",
            "canary.begun.x.f",
        ] {
            assert_eq!(Noted::read(other), None, "{other}");
        }
    }
}
