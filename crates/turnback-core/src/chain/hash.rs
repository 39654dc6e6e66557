//! The sum of one entry.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// What is summed first, so that a sum of another purpose, or of another version of this, is none
/// of these.
const DOMAIN: &[u8] = b"turnback journal 1\n";

/// A SHA-256 sum. Shown, and read, as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What stands before the first entry: no sum of anything.
    pub const START: Self = Self([0; 32]);
}

/// One entry of the journal, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its place, from 1.
    pub number: i64,
    /// When it was written, as it is stored.
    pub at: &'a str,
    /// The plan that it is about.
    pub plan: &'a str,
    /// The event, as it is stored.
    pub event: &'a str,
}

/// When an entry became a part of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// In the transaction that wrote it.
    Chained,
    /// It was there already: it is chained as it was found.
    Found,
}

/// The sum of an entry and of all that stands before it.
///
/// Every part goes in with its length before it, so that no two entries are summed alike: an
/// entry cannot take a sign from its time and add it to its plan.
pub fn sum(before: &Hash, entry: &Entry<'_>, written: Written) -> Hash {
    let mut sum = Sha256::new();
    sum.update(DOMAIN);
    sum.update(before.0);
    sum.update(entry.number.to_be_bytes());
    sum.update([match written {
        Written::Chained => 0,
        Written::Found => 1,
    }]);
    for part in [entry.at, entry.plan, entry.event] {
        sum.update((part.len() as u64).to_be_bytes());
        sum.update(part.as_bytes());
    }
    Hash(sum.finalize().into())
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Hash {
    type Err = ();

    /// Reads 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| ())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: Entry<'_> = Entry {
        number: 1,
        at: "2026-11-21T13:25:34.567Z",
        plan: "shop",
        event: "{}",
    };

    #[test]
    fn sums_are_what_another_program_makes_of_the_documented_bytes() {
        // Python: sha256(b"turnback journal 1\n" + before + pack(">q", number) + bytes([written])
        // + for each part: pack(">Q", len(part)) + part).
        let first = sum(&Hash::START, &ENTRY, Written::Chained);
        assert_eq!(
            first.to_string(),
            "601e167e6f931aba9959061c1ca6202cbc5b92f66822de5ddff0c98b214ed86a"
        );
        let entry = Entry {
            number: 2,
            at: "2026-11-21T13:25:35.000Z",
            plan: "Läden",
            event: r#"{"event":"run_ended"}"#,
        };
        assert_eq!(
            sum(&first, &entry, Written::Found).to_string(),
            "37588dfa8e6cea339791be0c0abdba9625ae9495faf6d849d2aa90e718a4be4c"
        );
    }

    #[test]
    fn no_part_of_an_entry_can_change_or_move_without_another_sum() {
        let of = |entry: &Entry<'_>| sum(&Hash::START, entry, Written::Chained);
        let moved = Entry {
            at: "2026-11-21T13:25:34.567Zs",
            plan: "hop",
            ..ENTRY
        };
        for other in [
            moved,
            Entry { number: 2, ..ENTRY },
            Entry { at: "", ..ENTRY },
            Entry {
                plan: "shops",
                ..ENTRY
            },
            Entry {
                event: "{ }",
                ..ENTRY
            },
        ] {
            assert_ne!(of(&other), of(&ENTRY), "{other:?}");
        }
        assert_ne!(sum(&of(&ENTRY), &ENTRY, Written::Chained), of(&ENTRY));
        assert_ne!(sum(&Hash::START, &ENTRY, Written::Found), of(&ENTRY));
    }

    #[test]
    fn sums_are_read_as_they_are_shown() {
        let shown = sum(&Hash::START, &ENTRY, Written::Chained).to_string();
        assert_eq!(
            shown.parse::<Hash>().map(|hash| hash.to_string()),
            Ok(shown)
        );
        for bad in ["", "abc", &"g".repeat(64), &"a".repeat(65), &"é".repeat(32)] {
            assert!(bad.parse::<Hash>().is_err(), "{bad}");
        }
    }
}
