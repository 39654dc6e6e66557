//! From what is stored to what is wrong with it.

use serde::Serialize;

use super::{Entry, Finding, Hash, Head, Written, sum};

/// The link of an entry, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The sum.
    pub hash: Hash,
    /// When the entry became a part of the chain.
    pub written: Written,
}

/// What the file keeps beside the entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The end of the chain.
    pub head: Option<Head>,
    /// The highest number that was ever given to an entry.
    pub highest: i64,
    /// Triggers that should keep entries from being edited, and are not there.
    pub missing_triggers: Vec<String>,
}

/// What came of verifying a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// How many entries there are.
    pub entries: u64,
    /// The last entry that was there before there was a chain: what stands up to it was chained
    /// as it was found, so that edits from before that cannot be seen.
    pub found_until: Option<i64>,
    /// The end of the chain.
    pub head: Option<Head>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Verifies a journal, entry by entry: each against the stored sum before it, so that one edit is
/// one finding.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// A head that was kept elsewhere, until it is found.
    elsewhere: Option<Head>,
    entries: u64,
    last: i64,
    /// The stored sum before the next entry; none where that is gone.
    before: Option<Hash>,
    /// No entry was chained as it was written so far.
    at_the_beginning: bool,
    found_until: Option<i64>,
    head: Option<Head>,
    findings: Vec<Finding>,
}

impl Verifier {
    /// Begins. A head that was kept elsewhere must be found again.
    pub fn new(elsewhere: Option<Head>) -> Self {
        Self {
            elsewhere,
            entries: 0,
            last: 0,
            before: Some(Hash::START),
            at_the_beginning: true,
            found_until: None,
            head: None,
            findings: vec![],
        }
    }

    /// Takes what is stored under the next number: an entry, its link, or both.
    pub fn take(&mut self, number: i64, entry: Option<&Entry<'_>>, link: Option<Link>) {
        if number > self.last + 1 {
            self.find(self.last + 1, number - 1, |from, to| Finding::Missing {
                from,
                to,
            });
            self.before = None;
        }
        self.last = number;
        match (entry, link) {
            (Some(entry), Some(link)) => self.compare(entry, link),
            (Some(_), None) => {
                self.find(number, number, |from, to| Finding::Unchained { from, to });
            }
            (None, _) => self.find(number, number, |from, to| Finding::Missing { from, to }),
        }
        self.entries += u64::from(entry.is_some());
        self.before = link.map(|link| link.hash);
        if let Some(Link { hash, .. }) = link {
            let head = Head { number, hash };
            self.head = Some(head);
            if self.elsewhere == Some(head) {
                self.elsewhere = None;
            }
        }
    }

    fn compare(&mut self, entry: &Entry<'_>, link: Link) {
        let number = entry.number;
        match link.written {
            Written::Chained => self.at_the_beginning = false,
            Written::Found if self.at_the_beginning => self.found_until = Some(number),
            Written::Found => {
                self.find(number, number, |from, to| Finding::Unchained { from, to });
            }
        }
        // Where what stands before is gone there is nothing to compare with, and a finding.
        if let Some(before) = self.before
            && sum(&before, entry, link.written) != link.hash
        {
            self.find(number, number, |from, to| Finding::Changed { from, to });
        }
    }

    /// Notes a finding; joins it to the one before where it goes on from there.
    fn find(&mut self, from: i64, to: i64, finding: impl Fn(i64, i64) -> Finding) {
        let earlier = self.findings.iter_mut().rev().find_map(|known| {
            let (Finding::Changed {
                from: first,
                to: end,
            }
            | Finding::Missing {
                from: first,
                to: end,
            }
            | Finding::Unchained {
                from: first,
                to: end,
            }) = known
            else {
                return None;
            };
            let (first, end) = (*first, *end);
            (end + 1 == from && *known == finding(first, end)).then_some((known, first))
        });
        match earlier {
            Some((known, first)) => *known = finding(first, to),
            None => self.findings.push(finding(from, to)),
        }
    }

    /// What came of it, with what the file keeps beside the entries.
    pub fn finish(mut self, kept: Kept) -> Verification {
        let highest = kept.highest.max(kept.head.map_or(0, |head| head.number));
        if highest > self.last {
            self.find(self.last + 1, highest, |from, to| Finding::Missing {
                from,
                to,
            });
        }
        if kept.head != self.head {
            self.findings.push(Finding::NotTheHead {
                kept: kept.head,
                found: self.head,
            });
        }
        if let Some(kept) = self.elsewhere {
            self.findings.push(Finding::NotAsKept { kept });
        }
        if !kept.missing_triggers.is_empty() {
            self.findings.push(Finding::Unguarded {
                triggers: kept.missing_triggers,
            });
        }
        Verification {
            entries: self.entries,
            found_until: self.found_until,
            head: self.head,
            findings: self.findings,
        }
    }
}
