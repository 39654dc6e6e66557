//! A restore that takes a database's place: where it stands, told by which databases there are,
//! and what comes next.

use serde::{Deserialize, Serialize};

use crate::name::Ident;

/// How far the database beside has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapStage {
    /// It is being filled.
    Filling,
    /// It is filled and was compared with its backup.
    Ready,
    /// This is the database whose place was taken.
    Replaced,
}

/// What stands in the comment of a database of a restore: the server itself tells where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapMark {
    /// How far it is.
    pub turnback_restore: SwapStage,
    /// The backup, or the path of the dump.
    pub backup: String,
    /// What the replaced database is called, or is going to be.
    pub failed: String,
    /// The transaction that swapped the names, once it has: rows of the restored database that
    /// are younger were written since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swapped_by: Option<u64>,
}

impl SwapMark {
    /// As a comment.
    pub fn comment(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers always become JSON")
    }

    /// Reads a comment; none where it is not one of ours.
    pub fn read(comment: &str) -> Option<Self> {
        serde_json::from_str(comment).ok()
    }
}

/// The database beside: the one that is going to take the place.
pub fn beside(database: &str) -> Ident {
    Ident::new(database).with_suffix("_turnback_restore")
}

/// What the replaced database is called, a name that needs no quotes. The time is the server's: `20261121t140000z`.
pub fn failed(database: &str, time: &str) -> Ident {
    Ident::new(database).with_suffix(&format!("_failed_{time}"))
}

/// Which databases there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Databases {
    /// Whether the database itself is there.
    pub live: bool,
    /// The one beside, with its mark where it has one.
    pub beside: Option<Option<SwapMark>>,
    /// Those whose place was taken, with their marks.
    pub replaced: Vec<(String, SwapMark)>,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwapStep {
    /// Create the one beside and fill it.
    Fill,
    /// The remains of an earlier try: drop it, create it and fill it.
    FillAnew,
    /// Swap the names.
    Swap(SwapMark),
    /// The database itself is gone: give its name to the one beside.
    Adopt(SwapMark),
    /// This backup has taken the place already; the one before it is called so.
    Done(String),
    /// The one beside is filled from another backup.
    Other(SwapMark),
}

/// Decides what comes next in restoring this backup. `again` restores one that has taken the
/// place already once more.
pub fn next(databases: &Databases, backup: &str, again: bool) -> SwapStep {
    match &databases.beside {
        Some(Some(mark)) if mark.turnback_restore == SwapStage::Ready => {
            if mark.backup != backup {
                SwapStep::Other(mark.clone())
            } else if databases.live {
                SwapStep::Swap(mark.clone())
            } else {
                SwapStep::Adopt(mark.clone())
            }
        }
        Some(_) => SwapStep::FillAnew,
        None => {
            let done = databases
                .replaced
                .iter()
                .rev()
                .find(|(_, mark)| mark.backup == backup);
            match done {
                Some((name, _)) if databases.live && !again => SwapStep::Done(name.clone()),
                _ => SwapStep::Fill,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(stage: SwapStage, backup: &str) -> SwapMark {
        SwapMark {
            turnback_restore: stage,
            backup: backup.to_owned(),
            failed: "shop_failed_1".to_owned(),
            swapped_by: None,
        }
    }

    fn with_beside(live: bool, beside: Option<SwapMark>) -> Databases {
        Databases {
            live,
            beside: Some(beside),
            replaced: vec![],
        }
    }

    #[test]
    fn whatever_was_half_done_the_same_command_goes_on() {
        let ready = mark(SwapStage::Ready, "b");
        let alone = Databases {
            live: true,
            ..Databases::default()
        };
        assert_eq!(next(&alone, "b", false), SwapStep::Fill);
        // Killed before its mark was written, and while it was filled.
        assert_eq!(
            next(&with_beside(true, None), "b", false),
            SwapStep::FillAnew
        );
        let filling = with_beside(true, Some(mark(SwapStage::Filling, "b")));
        assert_eq!(next(&filling, "b", false), SwapStep::FillAnew);
        let filled = with_beside(true, Some(ready.clone()));
        assert_eq!(next(&filled, "b", false), SwapStep::Swap(ready.clone()));
        let gone = with_beside(false, Some(ready.clone()));
        assert_eq!(next(&gone, "b", false), SwapStep::Adopt(ready));
    }

    #[test]
    fn a_backup_does_not_take_the_place_twice_unless_asked_to() {
        let done = Databases {
            live: true,
            beside: None,
            replaced: vec![("shop_failed_1".to_owned(), mark(SwapStage::Replaced, "b"))],
        };
        assert_eq!(
            next(&done, "b", false),
            SwapStep::Done("shop_failed_1".to_owned())
        );
        assert_eq!(next(&done, "b", true), SwapStep::Fill);
        assert_eq!(next(&done, "another", false), SwapStep::Fill);
    }

    #[test]
    fn what_is_ready_of_another_backup_is_not_taken_for_this_one() {
        let other = mark(SwapStage::Ready, "other");
        let databases = with_beside(true, Some(other.clone()));
        assert_eq!(next(&databases, "b", false), SwapStep::Other(other));
    }

    #[test]
    fn marks_survive_the_comment_and_other_comments_are_none() {
        let mark = mark(SwapStage::Filling, "it's \"one\"");
        assert_eq!(SwapMark::read(&mark.comment()), Some(mark));
        assert_eq!(SwapMark::read("default administrative database"), None);
        assert_eq!(SwapMark::read("{}"), None);
    }

    #[test]
    fn names_fit_and_stay_apart() {
        let long = "x".repeat(63);
        let names = [beside(&long), failed(&long, "20261121t140000z")];
        assert!(names.iter().all(|name| name.as_str().len() <= 63));
        assert_ne!(names[0], names[1]);
        assert_eq!(
            failed("shop", "20261121t140000z").as_str(),
            "shop_failed_20261121t140000z"
        );
    }
}
