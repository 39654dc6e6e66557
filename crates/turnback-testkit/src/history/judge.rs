//! The second check: each document's versions, in order. It compares nothing that the first
//! check compares, and shares none of its code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::event::Event;
use super::found::{Found, Recorded};
use super::{Kind, Remembered};

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which promise it breaks.
    pub kind: Kind,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.what)
    }
}

/// One document's life: its versions, and whether it was deleted.
#[derive(Default)]
struct Life<'a> {
    versions: Vec<&'a Recorded>,
    deleted: bool,
}

/// Compares what clients remember with what the database holds; nothing is found where all is
/// well.
pub fn judge(remembered: &Remembered, found: &Found) -> Vec<Finding> {
    let mut court = Court::default();
    let lives = court.lives(found);
    court.acknowledged(remembered, &lives);
    court.invented(remembered, &lives);
    court.present(found, &lives);
    court.counted(found);
    court.notes(remembered, found, &lives);
    for log in &remembered.logs {
        court.reads(&log.events, &lives);
    }
    court.findings
}

#[derive(Default)]
struct Court {
    findings: Vec<Finding>,
}

type Lives<'a> = BTreeMap<&'a str, Life<'a>>;

impl Court {
    fn find(&mut self, kind: Kind, what: String) {
        self.findings.push(Finding { kind, what });
    }

    /// The record of each document must be 1, 2, 3, …, each made from the one before.
    fn lives<'a>(&mut self, found: &'a Found) -> Lives<'a> {
        let mut lives = Lives::new();
        for row in &found.history {
            let life = lives.entry(row.document.as_str()).or_default();
            let (last, name) = (life.versions.last(), &row.document);
            if life.deleted {
                let what = format!("{name} has version {} after its end", row.version);
                self.find(Kind::Order, what);
            }
            if row.event == "DELETE" {
                if last.is_none_or(|last| (last.version, &last.word) != (row.version, &row.word)) {
                    let what = format!(
                        "{name} was deleted at {} of version {}, which is not its last",
                        row.word, row.version
                    );
                    self.find(Kind::Order, what);
                }
                life.deleted = true;
                continue;
            }
            let expected = last.map_or(1, |last| last.version + 1);
            if row.version != expected {
                let what = format!(
                    "{name}: expected version {expected}, but found {}",
                    row.version
                );
                self.find(Kind::Order, what);
            }
            let before = last.map_or("", |last| last.word.as_str());
            if row.after != before {
                let what = format!(
                    "{name}: version {} was made from `{}`, and the one before is `{before}`",
                    row.version, row.after
                );
                self.find(Kind::LostUpdate, what);
            }
            life.versions.push(row);
        }
        lives
    }

    /// Every acknowledged version is in the record, as acknowledged.
    fn acknowledged(&mut self, remembered: &Remembered, lives: &Lives<'_>) {
        for event in remembered.events() {
            match event {
                Event::Wrote {
                    document,
                    version,
                    word,
                    after,
                } => {
                    let same = |row: &&&Recorded| {
                        row.version == *version && row.word == *word && row.after == *after
                    };
                    let life = lives.get(document.as_str());
                    if life
                        .and_then(|life| life.versions.iter().find(same))
                        .is_none()
                    {
                        let what = format!("{document}, version {version} `{word}`");
                        self.find(Kind::Lost, what);
                    }
                }
                Event::Deleted { document } => {
                    if lives
                        .get(document.as_str())
                        .is_none_or(|life| !life.deleted)
                    {
                        self.find(Kind::Lost, format!("the deletion of {document}"));
                    }
                }
                Event::Noted { .. } | Event::Read { .. } | Event::Missed { .. } => {}
            }
        }
    }

    /// Every recorded version was acknowledged, or nobody heard.
    fn invented(&mut self, remembered: &Remembered, lives: &Lives<'_>) {
        let mut words: BTreeSet<&str> = remembered.doubtful();
        let mut deleted = BTreeSet::new();
        for event in remembered.events() {
            match event {
                Event::Wrote { word, .. } => drop(words.insert(word)),
                Event::Deleted { document } => drop(deleted.insert(document.as_str())),
                Event::Noted { .. } | Event::Read { .. } | Event::Missed { .. } => {}
            }
        }
        for (name, life) in lives {
            for row in &life.versions {
                if !words.contains(row.word.as_str()) {
                    let what = format!("{name}, version {} `{}`", row.version, row.word);
                    self.find(Kind::Invented, what);
                }
            }
            if life.deleted && !deleted.contains(name) && !remembered.is_in_doubt() {
                self.find(Kind::Invented, format!("the deletion of {name}"));
            }
        }
    }

    /// The tables show each document's last version, and no other document.
    fn present(&mut self, found: &Found, lives: &Lives<'_>) {
        let mut seen = BTreeSet::new();
        for (name, version, word, shelf) in &found.documents {
            if !seen.insert(name.as_str()) {
                self.find(Kind::Invented, format!("{name} is there twice"));
            }
            match lives.get(name.as_str()) {
                Some(life) if !life.deleted => {
                    let Some(last) = life.versions.last() else {
                        continue;
                    };
                    let now = (*version, word, shelf.as_ref());
                    let then = (last.version, &last.word, Some(&last.shelf));
                    if now != then {
                        let what = format!("{name}: expected {then:?}, but found {now:?}");
                        self.find(Kind::Reverted, what);
                    }
                }
                Some(_) => self.find(Kind::Reverted, format!("{name} was deleted and is there")),
                None => self.find(
                    Kind::Invented,
                    format!("{name}, of which there is no record"),
                ),
            }
        }
        for (name, life) in lives {
            if !life.deleted && !seen.contains(name) {
                self.find(Kind::Lost, format!("{name} is gone"));
            }
        }
    }

    /// What the tables' own trigger counts is what is there.
    fn counted(&mut self, found: &Found) {
        for (shelf, says, has) in &found.shelves {
            if says != has {
                let what = format!("{shelf} says that it has {says} documents, and has {has}");
                self.find(Kind::Count, what);
            }
        }
    }

    /// Notes are there with their document, and gone with it.
    fn notes(&mut self, remembered: &Remembered, found: &Found, lives: &Lives<'_>) {
        let mut there: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for (word, document) in &found.notes {
            there.insert(word, document.as_deref());
        }
        for event in remembered.events() {
            let Event::Noted { document, word } = event else {
                continue;
            };
            let gone = lives.get(document.as_str()).is_none_or(|life| life.deleted);
            match (there.remove(word.as_str()), gone) {
                (Some(on), false) if on == Some(document) => {}
                (None, true) => {}
                (None, false) => self.find(Kind::Lost, format!("note {word} on {document}")),
                (Some(on), _) => {
                    let what = format!("note {word} on {document} is on {on:?}");
                    self.find(Kind::Reverted, what);
                }
            }
        }
        let doubtful = remembered.doubtful();
        for word in there.keys().filter(|word| !doubtful.contains(*word)) {
            self.find(Kind::Invented, format!("note {word}"));
        }
    }

    /// One client never sees time run backwards, whichever shapes it looks through, and what it
    /// sees is in the record.
    fn reads(&mut self, events: &[Event], lives: &Lives<'_>) {
        let mut seen: BTreeMap<&str, i32> = BTreeMap::new();
        let mut gone = BTreeSet::new();
        for event in events {
            match event {
                Event::Wrote {
                    document, version, ..
                } => {
                    seen.insert(document, *version);
                }
                Event::Deleted { document } => drop(gone.insert(document.as_str())),
                Event::Noted { .. } => {}
                Event::Missed { document } => {
                    gone.insert(document);
                    if lives
                        .get(document.as_str())
                        .is_none_or(|life| !life.deleted)
                    {
                        let what = format!("{document} could not be seen, and was never deleted");
                        self.find(Kind::TimeTravel, what);
                    }
                }
                Event::Read {
                    document,
                    version,
                    word,
                } => {
                    if gone.contains(document.as_str()) {
                        let what = format!("{document} was seen after its end");
                        self.find(Kind::TimeTravel, what);
                    }
                    if let Some(before) = seen.insert(document, *version)
                        && before > *version
                    {
                        let what =
                            format!("{document} was seen at version {before}, then at {version}");
                        self.find(Kind::TimeTravel, what);
                    }
                    let same = |row: &&&Recorded| row.version == *version && row.word == *word;
                    let life = lives.get(document.as_str());
                    if life
                        .and_then(|life| life.versions.iter().find(same))
                        .is_none()
                    {
                        let what = format!("{document} was seen at version {version} `{word}`");
                        self.find(Kind::Invented, what);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::Log;
    use super::*;

    fn read(version: i32) -> Event {
        Event::Read {
            document: "d".to_owned(),
            version,
            word: format!("w{version}"),
        }
    }

    fn wrote(version: i32) -> Event {
        let before = |version: i32| format!("w{version}");
        Event::Wrote {
            document: "d".to_owned(),
            version,
            word: before(version),
            after: if version == 1 {
                String::new()
            } else {
                before(version - 1)
            },
        }
    }

    /// A database in which `d` has come to version 3, by another client.
    fn judged(mut events: Vec<Event>, deleted: bool) -> Vec<Kind> {
        let recorded = |event: &str, version: i32| Recorded {
            event: event.to_owned(),
            document: "d".to_owned(),
            version,
            word: format!("w{version}"),
            after: if version == 1 {
                String::new()
            } else {
                format!("w{}", version - 1)
            },
            shelf: "s".to_owned(),
        };
        let mut found = Found {
            history: (1..=3).map(|version| recorded("UPDATE", version)).collect(),
            ..Found::default()
        };
        let mut theirs: Vec<Event> = (1..=3).map(wrote).collect();
        if deleted {
            found.history.push(recorded("DELETE", 3));
            theirs.push(Event::Deleted {
                document: "d".to_owned(),
            });
        } else {
            let row = ("d".to_owned(), 3, "w3".to_owned(), Some("s".to_owned()));
            found.documents.push(row);
        }
        let log = |events| Log {
            events,
            doubtful: Vec::new(),
        };
        let logs = vec![log(theirs), log(std::mem::take(&mut events))];
        let findings = judge(&Remembered { logs }, &found);
        findings.into_iter().map(|finding| finding.kind).collect()
    }

    fn missed() -> Event {
        Event::Missed {
            document: "d".to_owned(),
        }
    }

    #[test]
    fn no_client_sees_time_run_backwards() {
        assert_eq!(judged(vec![read(1), read(1), read(3)], false), []);
        assert_eq!(judged(vec![read(2), read(1)], false), [Kind::TimeTravel]);
        assert_eq!(judged(vec![missed()], false), [Kind::TimeTravel]);
    }

    #[test]
    fn what_is_gone_stays_gone() {
        assert_eq!(judged(vec![read(3), missed()], true), []);
        assert_eq!(judged(vec![missed(), read(3)], true), [Kind::TimeTravel]);
    }

    #[test]
    fn what_was_seen_was_written() {
        assert_eq!(judged(vec![read(4)], false), [Kind::Invented]);
    }
}
