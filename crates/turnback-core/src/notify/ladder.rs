//! Ladders: who is told as well while nobody acknowledges an issue.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Message;
use crate::guard::Moment;

/// One rung of a ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// How long after the issue began.
    pub after: Duration,
    /// By which channels.
    pub to: Vec<String>,
}

/// That somebody has taken an issue on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
}

/// An issue on its way up a ladder.
///
/// Each rung is told once, when its time has come, until somebody acknowledges or the issue is
/// over. Time only moves on here: a clock that is set back tells nobody twice, and one that jumps
/// forward tells each rung that is due once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Escalation {
    /// The message that began it.
    pub message: Message,
    /// Its rungs, in the order of their times.
    pub rungs: Vec<Rung>,
    /// How many have been told.
    pub climbed: usize,
    /// Who took it on.
    pub acknowledged: Option<Acknowledgement>,
    /// Whether the issue is over.
    pub over: bool,
}

impl Escalation {
    /// Begins at the foot of the ladder.
    pub fn new(message: Message, mut rungs: Vec<Rung>) -> Self {
        rungs.sort_by_key(|rung| rung.after);
        Self {
            message,
            rungs,
            climbed: 0,
            acknowledged: None,
            over: false,
        }
    }

    /// Whether anybody may still be told.
    pub fn is_open(&self) -> bool {
        self.acknowledged.is_none() && !self.over && self.climbed < self.rungs.len()
    }

    /// When the next rung is told, if nobody acknowledges before.
    pub fn next_at(&self) -> Option<Moment> {
        let rung = self.rungs.get(self.climbed).filter(|_| self.is_open())?;
        Some(self.message.at + rung.after)
    }

    /// Climbs as far as it is time to: what is told, and by which channels.
    pub fn climb(&mut self, now: Moment) -> Vec<(Message, Vec<String>)> {
        let mut told = Vec::new();
        while self.next_at().is_some_and(|at| at <= now) {
            let rung = &self.rungs[self.climbed];
            self.climbed += 1;
            told.push((self.message.escalated(self.climbed, now), rung.to.clone()));
        }
        told
    }

    /// Takes it on; nobody else is told. Answers whether it was open to that: the first counts.
    pub fn acknowledge(&mut self, by: &str, at: Moment) -> bool {
        let first = self.acknowledged.is_none() && !self.over;
        if first {
            let by = by.to_owned();
            self.acknowledged = Some(Acknowledgement { by, at });
        }
        first
    }

    /// What is known of the same issue here and there: of each whatever is further. The first
    /// acknowledgement counts, and what began it stays as it was.
    #[must_use]
    pub fn joined(mut self, other: &Self) -> Self {
        self.climbed = self.climbed.max(other.climbed).min(self.rungs.len());
        self.acknowledged = self.acknowledged.or_else(|| other.acknowledged.clone());
        self.over |= other.over;
        self
    }

    /// The issue is over; nobody else is told.
    pub fn resolve(&mut self) {
        self.over = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn escalation() -> Escalation {
        let rung = |minutes: u64, to: &str| Rung {
            after: Duration::from_millis(minutes * MINUTE),
            to: vec![to.to_owned()],
        };
        let begun = Moment(100 * MINUTE);
        let message = Message::test("shop", "postgres://db/shop", "oncall", begun);
        Escalation::new(message, vec![rung(30, "management"), rung(10, "lead")])
    }

    fn told(escalation: &mut Escalation, minute: u64) -> Vec<String> {
        let climbed = escalation.climb(Moment(minute * MINUTE));
        climbed.into_iter().flat_map(|(_, to)| to).collect()
    }

    #[test]
    fn each_rung_is_told_once_when_its_time_has_come() {
        let mut escalation = escalation();
        assert_eq!(escalation.next_at(), Some(Moment(110 * MINUTE)));
        assert!(told(&mut escalation, 109).is_empty());
        assert_eq!(told(&mut escalation, 110), ["lead"]);
        assert!(told(&mut escalation, 129).is_empty());
        assert_eq!(told(&mut escalation, 131), ["management"]);
        assert!(told(&mut escalation, 10_000).is_empty());
        assert_eq!(escalation.next_at(), None);
    }

    #[test]
    fn an_acknowledgement_stops_the_climb_and_the_first_one_counts() {
        let mut escalation = escalation();
        assert_eq!(told(&mut escalation, 110), ["lead"]);
        assert!(escalation.acknowledge("on-call", Moment(111 * MINUTE)));
        assert!(!escalation.acknowledge("team-lead", Moment(112 * MINUTE)));
        assert!(told(&mut escalation, 10_000).is_empty());
        assert_eq!(
            escalation.acknowledged.map(|by| by.by).as_deref(),
            Some("on-call")
        );
    }

    #[test]
    fn an_issue_that_is_over_climbs_no_further() {
        let mut escalation = escalation();
        escalation.resolve();
        assert!(told(&mut escalation, 10_000).is_empty());
        assert!(!escalation.acknowledge("on-call", Moment(0)));
    }

    #[test]
    fn a_clock_that_jumps_tells_nobody_twice() {
        let mut escalation = escalation();
        assert_eq!(told(&mut escalation, 10_000), ["lead", "management"]);
        assert!(told(&mut escalation, 0).is_empty());
        assert!(told(&mut escalation, 110).is_empty());
    }

    #[test]
    fn what_is_told_on_each_rung_is_known_by_an_id_of_its_own() {
        let mut escalation = escalation();
        let ids: Vec<_> = escalation
            .climb(Moment(10_000 * MINUTE))
            .into_iter()
            .map(|(message, _)| message.id)
            .collect();
        assert_eq!(ids.len(), 2);
        assert_ne!(ids[0], ids[1]);
        assert!(ids.iter().all(|id| id.starts_with(&escalation.message.id)));
    }

    #[test]
    fn of_what_two_processes_know_of_an_issue_the_further_counts() {
        let begun = escalation();
        let mut climbed = begun.clone();
        told(&mut climbed, 110);
        let mut taken_on = begun.clone();
        taken_on.acknowledge("on-call", Moment(0));
        let joined = climbed.clone().joined(&taken_on);
        assert_eq!((joined.climbed, joined.acknowledged.is_some()), (1, true));
        assert_eq!(taken_on.joined(&climbed), joined);
        assert_eq!(joined.clone().joined(&begun), joined);
    }

    #[test]
    fn it_survives_being_kept_and_read_again() {
        let mut escalation = escalation();
        told(&mut escalation, 110);
        let kept = serde_json::to_string(&escalation).unwrap();
        let mut read: Escalation = serde_json::from_str(&kept).unwrap();
        assert_eq!(read, escalation);
        assert_eq!(told(&mut read, 131), ["management"]);
    }
}
