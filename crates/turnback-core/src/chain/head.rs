//! The end of the chain, for keeping elsewhere.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::Hash;

/// The last entry that there was: its number, which is how many there were, and its sum. Shown,
/// and read, as `57:9f86d0…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the entry.
    pub number: i64,
    /// Its sum.
    pub hash: Hash,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

/// A text that is no head.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number, a colon and 64 hexadecimal digits, as reports show the head")]
pub struct BadHead;

impl FromStr for Head {
    type Err = BadHead;

    fn from_str(text: &str) -> Result<Self, BadHead> {
        let (number, hash) = text.trim().split_once(':').ok_or(BadHead)?;
        Ok(Self {
            number: number
                .parse()
                .ok()
                .filter(|number| *number > 0)
                .ok_or(BadHead)?,
            hash: hash.parse().map_err(|()| BadHead)?,
        })
    }
}

impl Serialize for Head {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_they_are_shown() {
        let shown = format!("57:{}", "0a".repeat(32));
        let head: Head = shown.parse().unwrap();
        assert_eq!(head.to_string(), shown);
        for bad in [
            "",
            "57",
            "57:",
            "x:00",
            "0:",
            &format!("0:{}", "0a".repeat(32)),
        ] {
            assert_eq!(bad.parse::<Head>(), Err(BadHead), "{bad}");
        }
    }
}
