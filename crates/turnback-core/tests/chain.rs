//! The hash chain of the journal: what was done to entries, and that it is seen.

use turnback_core::chain::{Entry, Finding, Hash, Head, Kept, Link, Verification, Verifier};
use turnback_core::chain::{Written, sum};

#[derive(Clone, Debug)]
struct Stored {
    number: i64,
    event: Option<String>,
    link: Option<Link>,
}

/// A journal with its chain, in which things can be done that only a stranger does.
#[derive(Clone, Debug)]
struct Journal {
    stored: Vec<Stored>,
    kept: Kept,
}

fn link(before: &Hash, number: i64, event: &str, written: Written) -> Link {
    let entry = Entry {
        number,
        at: "2026-11-21T13:25:34.567Z",
        plan: "shop",
        event,
    };
    Link {
        hash: sum(before, &entry, written),
        written,
    }
}

impl Journal {
    /// So many entries, of which the first were found when the chain began.
    fn of(entries: i64, found: i64) -> Self {
        let mut journal = Self {
            stored: vec![],
            kept: Kept::default(),
        };
        for number in 1..=entries {
            let written = if number <= found {
                Written::Found
            } else {
                Written::Chained
            };
            journal.append(written);
        }
        journal
    }

    fn append(&mut self, written: Written) {
        let number = self.kept.highest + 1;
        let event = format!("event {number}");
        let before = self.kept.head.map_or(Hash::START, |head| head.hash);
        let link = link(&before, number, &event, written);
        self.kept.highest = number;
        self.kept.head = Some(Head {
            number,
            hash: link.hash,
        });
        self.stored.push(Stored {
            number,
            event: Some(event),
            link: Some(link),
        });
    }

    fn at(&mut self, number: i64) -> &mut Stored {
        let stored = self.stored.iter_mut();
        let mut found = stored.filter(|stored| stored.number == number);
        found.next().expect("it is there")
    }

    fn verify(&self, elsewhere: Option<Head>) -> Verification {
        let mut verifier = Verifier::new(elsewhere);
        for Stored {
            number,
            event,
            link,
        } in &self.stored
        {
            let entry = event.as_ref().map(|event| Entry {
                number: *number,
                at: "2026-11-21T13:25:34.567Z",
                plan: "shop",
                event,
            });
            verifier.take(*number, entry.as_ref(), *link);
        }
        verifier.finish(self.kept.clone())
    }

    fn findings(&self) -> Vec<Finding> {
        self.verify(None).findings
    }
}

#[test]
fn a_journal_that_nobody_touched_is_whole() {
    for entries in [0, 1, 2, 50] {
        let journal = Journal::of(entries, 0);
        let verified = journal.verify(None);
        assert!(verified.is_whole(), "{verified:?}");
        assert_eq!(verified.entries, entries as u64);
        assert_eq!(verified.head, journal.kept.head);
        assert_eq!(verified.found_until, None);
    }
}

#[test]
fn entries_from_before_there_was_a_chain_are_told_from_those_after() {
    let mut journal = Journal::of(9, 4);
    let verified = journal.verify(None);
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!(verified.found_until, Some(4));
    journal.at(2).event = Some("edited since".to_owned());
    let changed = Finding::Changed { from: 2, to: 2 };
    assert_eq!(journal.findings(), [changed]);
}

#[test]
fn an_edited_entry_is_the_one_finding() {
    for number in [1, 5, 9] {
        let mut journal = Journal::of(9, 0);
        journal.at(number).event = Some("nothing happened".to_owned());
        let (from, to) = (number, number);
        assert_eq!(journal.findings(), [Finding::Changed { from, to }]);
    }
}

#[test]
fn an_edited_entry_with_a_sum_that_fits_gives_itself_away_by_the_next() {
    let mut journal = Journal::of(9, 0);
    let before = journal.at(4).link.expect("it has one").hash;
    journal.at(5).event = Some("nothing happened".to_owned());
    journal.at(5).link = Some(link(&before, 5, "nothing happened", Written::Chained));
    assert_eq!(journal.findings(), [Finding::Changed { from: 6, to: 6 }]);
}

#[test]
fn an_entry_that_is_gone_is_missing_with_its_sum_and_without() {
    let mut journal = Journal::of(9, 0);
    journal.at(5).event = None;
    assert_eq!(journal.findings(), [Finding::Missing { from: 5, to: 5 }]);
    journal
        .stored
        .retain(|stored| !(4..=6).contains(&stored.number));
    assert_eq!(journal.findings(), [Finding::Missing { from: 4, to: 6 }]);
    journal.stored.retain(|stored| stored.number > 6);
    assert_eq!(journal.findings(), [Finding::Missing { from: 1, to: 6 }]);
}

#[test]
fn an_end_that_is_gone_is_missing_while_the_file_knows_of_it() {
    let mut journal = Journal::of(9, 0);
    journal.stored.truncate(6);
    let found = journal.findings();
    assert_eq!(found[0], Finding::Missing { from: 7, to: 9 });
    assert!(matches!(found[1], Finding::NotTheHead { .. }), "{found:?}");
    // Everything is gone.
    journal.stored.clear();
    let found = journal.findings();
    assert_eq!(found[0], Finding::Missing { from: 1, to: 9 });
}

#[test]
fn an_end_that_the_file_no_longer_knows_of_is_missed_by_who_kept_the_head() {
    let whole = Journal::of(9, 0);
    let mut cut = Journal::of(6, 0);
    assert!(cut.verify(None).is_whole());
    let kept = whole.kept.head;
    assert!(whole.verify(kept).is_whole());
    let not_as_kept = Finding::NotAsKept {
        kept: kept.expect("there is one"),
    };
    assert_eq!(
        cut.verify(kept).findings,
        std::slice::from_ref(&not_as_kept)
    );
    // What is written after that does not bring it back, for it has other sums.
    for _ in 0..5 {
        cut.append(Written::Found);
    }
    assert!(cut.verify(kept).findings.contains(&not_as_kept));
    // An earlier head is found in a journal that went on.
    assert!(whole.verify(Journal::of(6, 0).kept.head).is_whole());
}

#[test]
fn an_end_that_was_removed_shows_in_what_is_written_after() {
    let mut journal = Journal::of(9, 0);
    journal.stored.truncate(6);
    // As the store goes on: from the head that is kept, with the next number that is free.
    journal.kept.highest = 6;
    journal.append(Written::Chained);
    assert_eq!(journal.findings(), [Finding::Changed { from: 7, to: 7 }]);
}

#[test]
fn entries_that_changed_places_are_found() {
    let mut journal = Journal::of(9, 0);
    let (third, sixth) = (journal.at(3).event.clone(), journal.at(6).event.clone());
    journal.at(3).event = sixth;
    journal.at(6).event = third;
    let changed = |number| Finding::Changed {
        from: number,
        to: number,
    };
    assert_eq!(journal.findings(), [changed(3), changed(6)]);
    // With their sums, too.
    let (third, sixth) = (journal.at(3).link, journal.at(6).link);
    journal.at(3).link = sixth;
    journal.at(6).link = third;
    let found = journal.findings();
    assert!(
        found.contains(&Finding::Changed { from: 3, to: 4 }),
        "{found:?}"
    );
    assert!(
        found.contains(&Finding::Changed { from: 6, to: 7 }),
        "{found:?}"
    );
}

#[test]
fn an_entry_that_was_put_in_between_is_found_with_all_that_moved() {
    let mut journal = Journal::of(9, 0);
    for stored in &mut journal.stored {
        stored.number += i64::from(stored.number > 4);
    }
    let inserted = Stored {
        number: 5,
        event: Some("approved".to_owned()),
        link: None,
    };
    journal.stored.insert(4, inserted);
    let found = journal.findings();
    assert!(
        found.contains(&Finding::Unchained { from: 5, to: 5 }),
        "{found:?}"
    );
    assert!(
        found.contains(&Finding::Changed { from: 7, to: 10 }),
        "{found:?}"
    );
}

#[test]
fn an_entry_that_was_written_past_the_chain_is_found_before_and_after_it_is_chained() {
    let mut journal = Journal::of(9, 0);
    journal.append(Written::Found);
    let unchained = [Finding::Unchained { from: 10, to: 10 }];
    assert_eq!(journal.findings(), unchained);
    journal.append(Written::Chained);
    assert_eq!(journal.findings(), unchained);
}

#[test]
fn triggers_that_are_gone_are_named() {
    let mut journal = Journal::of(2, 0);
    journal.kept.missing_triggers = vec!["journal_kept".to_owned()];
    let found = journal.findings();
    assert!(found[0].to_string().contains("journal_kept"), "{found:?}");
}

#[test]
fn every_finding_is_a_sentence() {
    let journal = Journal::of(2, 0);
    let head = journal.kept.head;
    for (finding, words) in [
        (
            Finding::Changed { from: 2, to: 2 },
            "entry 2 is not as written",
        ),
        (
            Finding::Changed { from: 2, to: 4 },
            "entries 2 to 4 are not as written",
        ),
        (Finding::Missing { from: 2, to: 2 }, "entry 2 is missing"),
        (
            Finding::Unchained { from: 1, to: 2 },
            "entries 1 to 2 were written past",
        ),
        (
            Finding::NotTheHead {
                kept: head,
                found: None,
            },
            "ends with nothing, and",
        ),
    ] {
        let said = finding.to_string();
        assert!(said.contains(words), "{said}");
    }
}
