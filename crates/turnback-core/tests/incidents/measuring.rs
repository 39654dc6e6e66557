//! What a guard measured around an incident, and the times that follow from it.

use turnback_core::guard::{Moment, Reading};
use turnback_core::incident::{Incident, Measured, Times, incidents, means, measure};

use crate::night::Night;

fn measured(night: &Night) -> (Incident, Measured) {
    let mut found = incidents(night.entries.clone());
    let incident = found.pop().expect("there is one");
    let terms = incident.terms().expect("the journal tells them").clone();
    let baseline = night.baseline.guards.get(&terms.guard);
    let measured = measure(&incident, &terms, &night.samples, baseline);
    (incident, measured)
}

fn turned_back(before: usize) -> Night {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    for _ in 0..before {
        night.measures("latency", 20.0);
    }
    night.measures("latency", 700.0);
    night.measures("latency", 900.0);
    night.turns_back("users");
    night.ends("turned back", 5);
    night
}

#[test]
fn the_time_to_detect_is_from_the_first_bad_sample_to_the_word_of_the_guard() {
    let night = turned_back(4);
    let (incident, measured) = measured(&night);
    let times = Times::of(&incident, Some(&measured));
    assert_eq!(measured.began, Some(night.samples[4].at));
    assert_eq!(times.to_detect, Some(10_000));
    assert_eq!(times.to_decide, Some(0));
    assert_eq!(times.to_recover, Some(100));
    assert_eq!(times.in_all, Some(10_100));
}

#[test]
fn no_part_is_shorter_than_nothing_or_endless_where_the_clock_was_set() {
    const HOUR: u64 = 3_600_000;
    // Set forward before the last sample, this night's watch would be over: its bake is shorter.
    for (forward, at) in [(true, 1), (false, 0), (false, 1)] {
        let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
        let set = |night: &mut Night, when| {
            let now = night.now.0;
            let moved = if forward { now + HOUR } else { now - HOUR };
            night.now = Moment(if when == at { moved } else { now });
        };
        night.cuts_over("users");
        for value in [20.0, 20.0, 700.0] {
            night.measures("latency", value);
        }
        set(&mut night, 0);
        night.measures("latency", 900.0);
        set(&mut night, 1);
        night.turns_back("users");
        night.ends("turned back", 5);
        let (incident, measured) = measured(&night);
        let times = Times::of(&incident, Some(&measured));
        let parts = [
            times.to_detect,
            times.to_decide,
            times.to_recover,
            times.in_all,
        ];
        for part in parts {
            let part = part.expect("each is known");
            assert!(part <= HOUR + 60_000, "{forward} {at}: {times:?}");
        }
        assert!(measured.beyond_millis <= HOUR + 60_000, "{measured:?}");
    }
}

#[test]
fn a_bad_sample_long_before_is_not_where_it_began() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    for value in [900.0, 20.0, 20.0, 20.0, 700.0, 20.0, 700.0] {
        night.measures("latency", value);
    }
    night.turns_back("users");
    let (_, measured) = measured(&night);
    // Two of three made it so: the first of these three.
    assert_eq!(measured.began, Some(night.samples[4].at));
}

#[test]
fn the_impact_is_how_long_samples_were_beyond_the_threshold_and_how_bad() {
    let (_, measured) = measured(&turned_back(2));
    assert_eq!(measured.worst, Some(0.9));
    assert_eq!(
        (measured.warning, measured.critical),
        (Some(0.1), Some(0.5))
    );
    // From the first bad sample to the second, and from there until it was back.
    assert_eq!(measured.beyond_millis, 10_100);
    assert!(measured.above);
    let bad: Vec<bool> = measured.points.iter().map(|point| point.bad).collect();
    assert_eq!(bad, [false, false, true, true]);
}

#[test]
fn a_relative_threshold_is_drawn_from_the_baseline() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    let quiet = |n: i32| 20.0 + f64::from(n % 7) / 10.0;
    night.baseline_of("slower", (0..40).map(quiet));
    night.cuts_over("users");
    for n in 0..6 {
        night.measures("slower", quiet(n));
    }
    for n in 0..6 {
        night.measures("slower", 60.0 + f64::from(n));
    }
    let (incident, measured) = measured(&night);
    assert_eq!(incident.guard(), Some("slower"));
    let normal = measured.normal.expect("there is a baseline");
    assert!((normal.median - 0.0203).abs() < 1e-6, "{normal:?}");
    let critical = measured.critical.expect("it follows from the baseline");
    assert!((critical - normal.median * 1.5).abs() < 1e-9, "{critical}");
    assert_eq!(measured.began, Some(night.samples[46].at));
}

#[test]
fn what_cannot_be_measured_is_bad_where_that_is_what_it_is_about() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    night.measures("latency", 20.0);
    for _ in 0..3 {
        night.reads("latency", Reading::Failed("connection refused".to_owned()));
    }
    let (_, measured) = measured(&night);
    assert_eq!(measured.began, Some(night.samples[1].at));
    let unknown: Vec<bool> = measured.points.iter().map(|point| point.unknown).collect();
    assert_eq!(unknown, [false, true, true, true]);
    assert_eq!(measured.points[1].value, None);
}

#[test]
fn means_are_over_those_that_they_can_be_said_of() {
    let mut all = Vec::new();
    let (incident, measured) = measured(&turned_back(3));
    let times = Times::of(&incident, Some(&measured));
    all.push((incident, times));
    // By hand: nothing was detected, and it took 100 ms.
    let mut night = Night::deciding("- { when: { level: critical }, do: hold }");
    night.begins("back");
    night.turns_back("users");
    night.ends("turned back", 5);
    let by_hand = incidents(night.entries.clone()).remove(0);
    let times = Times::of(&by_hand, None);
    all.push((by_hand, times));
    // Held, and went on: nothing was recovered.
    let mut night = Night::deciding("- { when: { level: critical }, do: hold }");
    night.cuts_over("users");
    night.measures("latency", 700.0);
    night.measures("latency", 700.0);
    let held = incidents(night.entries.clone()).remove(0);
    let times = Times::of(&held, None);
    all.push((held, times));
    let of = means(all.iter().map(|(incident, times)| (incident, times)));
    assert_eq!(of.to_detect, Some(5_000));
    assert_eq!(of.to_recover, Some(5_100));
    let of_none = means(std::iter::empty());
    assert_eq!((of_none.to_detect, of_none.to_recover), (None, None));
}
