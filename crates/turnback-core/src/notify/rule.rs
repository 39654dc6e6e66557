//! Who hears what when.

use std::time::Duration;

use super::ladder::Rung;
use super::{Message, Occasion, Severity};
use crate::guard::Moment;

/// Who hears what when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// On which occasions; at least one.
    pub when: Vec<Occasion>,
    /// About which phases; all, and what is about none, where there are none.
    pub phases: Vec<String>,
    /// How bad it must be at least.
    pub at_least: Severity,
    /// By which channels; at least one.
    pub to: Vec<String>,
    /// Between two messages about progress. Default 10 min.
    pub every: Duration,
    /// Who is told as well while nobody acknowledges, the first to be told first.
    pub escalate: Vec<Rung>,
}

impl Rule {
    /// Whether it is about this message.
    pub fn matches(&self, message: &Message) -> bool {
        let phase_fits = self.phases.is_empty()
            || message
                .phase
                .as_ref()
                .is_some_and(|phase| self.phases.contains(phase));
        self.when.contains(&message.occasion) && message.severity >= self.at_least && phase_fits
    }
}

/// By which channels a message goes, each once, in the order of the rules.
pub fn recipients<'a>(rules: &'a [Rule], message: &Message) -> Vec<&'a str> {
    let mut channels: Vec<&str> = Vec::new();
    for channel in rules
        .iter()
        .filter(|rule| rule.matches(message))
        .flat_map(|rule| &rule.to)
    {
        if !channels.contains(&channel.as_str()) {
            channels.push(channel);
        }
    }
    channels
}

/// Who is told while nobody acknowledges an issue: the rungs of every rule about it, in the order
/// of their times.
pub fn ladder(rules: &[Rule], message: &Message) -> Vec<Rung> {
    if message.occasion != Occasion::Issue || message.resolved {
        return Vec::new();
    }
    let mut rungs: Vec<Rung> = rules
        .iter()
        .filter(|rule| rule.matches(message))
        .flat_map(|rule| rule.escalate.clone())
        .collect();
    rungs.sort_by_key(|rung| rung.after);
    rungs
}

/// Says when word of progress is due, rule by rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cadence {
    /// When each rule's channels were told last, by the rule's place.
    told: Vec<Option<Moment>>,
    begun: Option<Moment>,
}

impl Cadence {
    /// By which channels word of progress goes now. The first is due one interval after the first
    /// look; a clock that was set back puts the next one off by no more than an interval.
    pub fn due<'a>(&mut self, rules: &'a [Rule], message: &Message, now: Moment) -> Vec<&'a str> {
        self.told.resize(rules.len(), None);
        let begun = *self.begun.get_or_insert(now);
        let mut channels: Vec<&str> = Vec::new();
        for (rule, told) in rules.iter().zip(&mut self.told) {
            let last = told.get_or_insert(begun);
            if now < *last {
                *last = now;
            }
            if !rule.matches(message) || now.since(*last) < rule.every {
                continue;
            }
            *last = now;
            for channel in &rule.to {
                if !channels.contains(&channel.as_str()) {
                    channels.push(channel);
                }
            }
        }
        channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(when: &[Occasion], at_least: Severity, to: &[&str]) -> Rule {
        Rule {
            when: when.to_vec(),
            phases: vec![],
            at_least,
            to: to.iter().map(|name| (*name).to_owned()).collect(),
            every: Duration::from_secs(600),
            escalate: vec![],
        }
    }

    fn message(occasion: Occasion, severity: Severity) -> Message {
        Message {
            occasion,
            severity,
            phase: Some("users".to_owned()),
            ..Message::test("shop", "postgres://db/shop", "x", Moment(0))
        }
    }

    #[test]
    fn a_channel_hears_what_its_rules_say_and_once() {
        let rules = [
            rule(
                &[Occasion::Before, Occasion::After],
                Severity::Info,
                &["team"],
            ),
            rule(&[Occasion::Issue], Severity::Warning, &["team", "lead"]),
            rule(&[Occasion::Issue], Severity::Critical, &["oncall", "lead"]),
        ];
        let heard = |occasion, severity| recipients(&rules, &message(occasion, severity));
        assert_eq!(heard(Occasion::Before, Severity::Info), ["team"]);
        assert_eq!(heard(Occasion::Issue, Severity::Warning), ["team", "lead"]);
        assert_eq!(
            heard(Occasion::Issue, Severity::Critical),
            ["team", "lead", "oncall"]
        );
        assert!(heard(Occasion::During, Severity::Critical).is_empty());
    }

    #[test]
    fn a_rule_for_some_phases_is_silent_about_the_others() {
        let rules = [Rule {
            phases: vec!["orders".to_owned()],
            ..rule(&[Occasion::After], Severity::Info, &["team"])
        }];
        let about = |phase: Option<&str>| {
            let phase = phase.map(str::to_owned);
            let message = Message {
                phase,
                ..message(Occasion::After, Severity::Info)
            };
            recipients(&rules, &message).len()
        };
        assert_eq!(
            [about(Some("orders")), about(Some("users")), about(None)],
            [1, 0, 0]
        );
    }

    #[test]
    fn word_of_progress_comes_at_its_interval_whatever_the_clock_does() {
        let rules = [rule(&[Occasion::During], Severity::Info, &["team"])];
        let progress = message(Occasion::During, Severity::Info);
        let mut cadence = Cadence::default();
        let mut told = |minute: u64| {
            let due = cadence.due(&rules, &progress, Moment(minute * 60_000));
            !due.is_empty()
        };
        assert_eq!(
            [100, 105, 110, 111, 120].map(&mut told),
            [false, false, true, false, true]
        );
        // Set back by an hour: one interval later word comes again, not an hour later.
        assert_eq!([60, 69, 70].map(&mut told), [false, false, true]);
    }
}
