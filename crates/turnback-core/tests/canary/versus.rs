//! The comparison of the canary's clients with the rest.

use std::time::Duration;

use turnback_core::canary::Side;
use turnback_core::guard::{
    AnyJudge, Belief, Guard, Level, Moment, Of, Probe, Reading, Sample, Threshold, Unit, Verdict,
    Versus,
};

fn guard(critical: &str) -> Guard {
    Guard {
        name: "latency".to_owned(),
        probe: Probe::Sql("SELECT ms FROM now WHERE app = {group}".to_owned()),
        unit: Unit::Milliseconds,
        warning: None,
        critical: Threshold::parse(critical).ok(),
        belief: Belief { beyond: 3, of: 5 },
        interval: Duration::from_secs(10),
        initial_delay: Duration::ZERO,
        timeout: Duration::from_secs(5),
        baseline: Duration::from_secs(900),
        phases: None,
        of: Of::Canary,
    }
}

fn sample(side: Side, at: u64, reading: Reading) -> Sample {
    Sample {
        guard: side.sampled_as("latency"),
        at: Moment(at * 10_000),
        reading,
    }
}

/// A comparison, fed one sample of each group every ten seconds.
struct Scene {
    judge: AnyJudge,
    at: u64,
}

impl Scene {
    fn new(critical: &str) -> Self {
        Self {
            judge: AnyJudge::new(guard(critical), None, Moment(0)),
            at: 0,
        }
    }

    fn both(&mut self, rest: Reading, canary: Reading) -> Option<Verdict> {
        self.at += 1;
        self.judge.take(&sample(Side::Rest, self.at, rest));
        self.judge.take(&sample(Side::Canary, self.at, canary))
    }

    /// Values that scatter a little, the same way every time.
    fn values(&mut self, count: u64, rest: f64, canary: f64) -> Option<Verdict> {
        let mut said = None;
        for _ in 0..count {
            let scatter = |of: f64, seed: u64| of * (1.0 + (seed * 7 % 11) as f64 / 100.0);
            let (a, b) = (scatter(rest, self.at), scatter(canary, self.at + 3));
            said = self.both(Reading::single(a), Reading::single(b));
        }
        said
    }

    fn level(&mut self, count: u64, rest: f64, canary: f64) -> Option<Level> {
        self.values(count, rest, canary)
            .map(|verdict| verdict.level)
    }
}

#[test]
fn a_canary_like_the_rest_passes_and_a_slower_one_does_not() {
    let mut scene = Scene::new("+50%");
    assert_eq!(scene.level(30, 20.0, 20.0), Some(Level::Pass));
    let said = scene.values(5, 20.0, 60.0).expect("it is judged");
    assert_eq!(said.level, Level::Critical);
    assert!(said.because.contains("from the rest's"), "{}", said.because);
}

#[test]
fn nothing_is_said_before_there_is_enough_of_the_rest_to_compare_with() {
    let mut scene = Scene::new("+50%");
    assert_eq!(scene.level(10, 20.0, 20.0), None);
    assert_eq!(scene.level(10, 20.0, 20.0), Some(Level::Pass));
}

#[test]
fn what_slows_down_both_alike_does_not_count_against_the_canary() {
    let mut scene = Scene::new("+50%");
    scene.level(60, 20.0, 20.0);
    for _ in 0..30 {
        let level = scene.level(1, 80.0, 80.0);
        assert_eq!(level, Some(Level::Pass), "sample {}", scene.at);
    }
    assert_eq!(scene.level(5, 80.0, 240.0), Some(Level::Critical));
}

#[test]
fn errors_where_the_rest_has_none_are_more() {
    let mut scene = Scene::new("x2");
    scene.level(30, 0.0, 0.0);
    assert_eq!(scene.level(5, 0.0, 0.0), Some(Level::Pass));
    assert_eq!(scene.level(5, 0.0, 3.0), Some(Level::Critical));
    assert_eq!(Scene::new("x2").level(30, 0.0, 0.0), Some(Level::Pass));
}

#[test]
fn no_data_and_errors_of_either_group_are_never_a_pass() {
    let well = || Reading::single(20.0);
    let failed = || Reading::Failed("connection refused".to_owned());
    for (rest, canary, level, says) in [
        (well(), Reading::NoData, Level::NoData, "the probe"),
        (well(), failed(), Level::Error, "connection refused"),
        (Reading::NoData, well(), Level::NoData, "of the rest"),
        (failed(), well(), Level::Error, "of the rest"),
    ] {
        let mut scene = Scene::new("+50%");
        scene.level(30, 20.0, 20.0);
        let mut said = None;
        for _ in 0..5 {
            said = scene.both(rest.clone(), canary.clone());
        }
        let said = said.expect("it is judged");
        assert_eq!(said.level, level, "{said:?}");
        assert!(said.because.contains(says), "{}", said.because);
    }
}

#[test]
fn a_rest_that_falls_silent_is_no_rest() {
    let mut scene = Scene::new("+50%");
    scene.level(30, 20.0, 20.0);
    let mut said = None;
    for _ in 0..10 {
        scene.at += 1;
        said = scene
            .judge
            .take(&sample(Side::Canary, scene.at, Reading::single(20.0)));
    }
    let said = said.expect("it is judged");
    assert_eq!(said.level, Level::NoData);
    assert!(
        said.because.contains("of the rest, no sample came"),
        "{}",
        said.because
    );
}

#[test]
fn a_limit_of_its_own_needs_no_rest() {
    let mut scene = Scene::new("> 50ms");
    let mut said = None;
    for at in 1..=5 {
        said = scene
            .judge
            .take(&sample(Side::Canary, at, Reading::single(60.0)));
    }
    assert_eq!(said.map(|verdict| verdict.level), Some(Level::Critical));
}

#[test]
fn a_step_is_judged_by_samples_of_its_own() {
    let mut scene = Scene::new("+50%");
    scene.level(30, 20.0, 60.0);
    scene.judge.begin_step(Moment(scene.at * 10_000), false);
    assert_eq!(scene.level(2, 20.0, 20.0), None, "two samples say nothing");
    assert_eq!(scene.level(3, 20.0, 20.0), Some(Level::Pass));
}

#[test]
fn once_everybody_is_with_it_the_canary_is_compared_with_the_rest_as_it_was() {
    let mut scene = Scene::new("+50%");
    scene.level(30, 20.0, 20.0);
    let now = Moment(scene.at * 10_000);
    scene.judge.begin_step(now, true);
    let alone = |scene: &mut Scene, value: f64| {
        scene.at += 1;
        scene
            .judge
            .take(&sample(Side::Canary, scene.at, Reading::single(value)))
    };
    let said: Vec<_> = (0..30).filter_map(|_| alone(&mut scene, 20.0)).collect();
    assert!(
        said.iter().all(|verdict| verdict.level == Level::Pass),
        "{said:?}"
    );
    let said: Vec<_> = (0..5).filter_map(|_| alone(&mut scene, 60.0)).collect();
    assert_eq!(
        said.last().map(|verdict| verdict.level),
        Some(Level::Critical)
    );

    // A run that goes on after a crash has what was remembered, and nothing without it.
    let AnyJudge::Versus(before) = &scene.judge else {
        panic!("it compares");
    };
    let series = before.remembered();
    for (series, level) in [(Some(series), Level::Pass), (None, Level::NoData)] {
        let mut again = Versus::new(guard("+50%"), now);
        if let Some(series) = &series {
            again.recall(series);
        }
        again.begin_step(now, true);
        let mut said = None;
        for at in scene.at + 1..=scene.at + 5 {
            said = again.take(&sample(Side::Canary, at, Reading::single(20.0)));
        }
        assert_eq!(said.map(|verdict| verdict.level), Some(level));
    }
}
