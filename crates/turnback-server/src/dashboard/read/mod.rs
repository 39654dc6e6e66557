//! From what edges answer to what pages show.

pub(super) mod audit;
pub(super) mod backups;
pub(super) mod canary;
pub(super) mod decisions;
pub(super) mod flags;
pub(super) mod guards;
pub(super) mod incidents;
pub(super) mod lead;
pub(super) mod overview;
pub(super) mod risks;
pub(super) mod way_back;

use turnback_core::guard::{Level, Moment};

use super::view::{Badge, Broken, Mark, Part, Since, Verdicts};

/// A level as the model writes it, as people see it.
fn level(word: &str) -> Badge {
    Level::ALL
        .into_iter()
        .find(|level| level.as_str() == word)
        .map_or_else(|| Badge::new(Mark::Unknown, "not heard yet"), Badge::from)
}

fn since(from: u64, now: Moment) -> Since {
    Since {
        from: Moment(from),
        now,
    }
}

/// The same, made of what is there.
pub(super) fn map<T, R>(part: Part<T>, make: impl FnOnce(T) -> R) -> Part<R> {
    match part {
        Part::Loading => Part::Loading,
        Part::Broken(broken) => Part::Broken(broken),
        Part::Ready(known) => Part::Ready(make(known)),
    }
}

/// What a guard says.
fn verdict_of(guard: &str, guards: &Part<Verdicts>) -> Badge {
    let found = match guards {
        Part::Ready(verdicts) => verdicts.of.get(guard).cloned(),
        Part::Loading | Part::Broken(_) => None,
    };
    found.unwrap_or_else(|| Badge::new(Mark::Unknown, "unknown"))
}

/// There is no such thing.
pub(super) fn missing(what: &str) -> Broken {
    Broken {
        what: what.to_owned(),
        safe: "Nothing was done.".to_owned(),
        next: "The list has all there is.".to_owned(),
    }
}

/// How many of the same badge there are, worst first.
fn counted(badges: impl Iterator<Item = Badge>) -> Vec<(Badge, usize)> {
    let mut counts: Vec<(Badge, usize)> = vec![];
    for badge in badges {
        match counts.iter_mut().find(|(known, _)| *known == badge) {
            Some((_, count)) => *count += 1,
            None => counts.push((badge, 1)),
        }
    }
    counts.sort_by_key(|(badge, _)| weight(badge.mark));
    counts
}

/// The worst first.
fn weight(mark: Mark) -> u8 {
    match mark {
        Mark::Critical => 0,
        Mark::Asks => 1,
        Mark::Warning => 2,
        Mark::Unknown => 3,
        Mark::Busy => 4,
        Mark::Good => 5,
        Mark::Idle => 6,
    }
}
