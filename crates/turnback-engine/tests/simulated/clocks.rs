//! A wall clock that is set by an hour, forward or back, at any moment of a watch: it ends no bake
//! and no step of a canary early, answers no question, and keeps none of them from ending.

use std::time::Duration;

use turnback_core::decision::{Action, Ask, Otherwise};
use turnback_core::guard::{Guard, Of, Reading, Threshold};
use turnback_core::scope::Scope;
use turnback_core::state::PhaseState;

use crate::canary::{guard, rolls_back, slow_from, state, world};
use crate::clock::while_set;
use crate::programs::{Piece, two_shapes};
use crate::world::{Command, Ended, World};

const HOUR: i64 = 3_600_000;
/// How long each of them is to last, in seconds.
const LENGTH: u64 = 120;
/// What setting the clock once may add: what was not watched does not count, and guards are to be
/// heard anew.
const MORE: u64 = 60;

/// Clocks that are set: when, in seconds, and by how many milliseconds.
const CLOCKS: [&[(u64, i64)]; 6] = [
    &[],
    &[(30, HOUR)],
    &[(30, -HOUR)],
    &[(30, -HOUR), (31, HOUR)],
    &[(LENGTH - 3, HOUR)],
    &[(30, HOUR), (50, -HOUR), (70, -HOUR), (90, HOUR)],
];

/// Once a second: what is measured is always the same.
fn every_second(world: &mut World) {
    for guard in &mut world.plan().guards {
        guard.interval = Duration::from_secs(1);
    }
}

/// Runs what lasts so many seconds under each clock, to shortly before that, and to its end.
fn under_each_clock(
    start: &World,
    seconds: u64,
    before: impl Fn(&World),
    afterwards: impl Fn(&World),
) {
    for clock in CLOCKS {
        let run = |seconds| {
            let mut world = start.clone();
            let time = Duration::from_secs(seconds);
            let (ended, _) = while_set(clock, || world.run_for(Command::Watched, time));
            (world, ended)
        };
        let (world, ended) = run(seconds - 2);
        assert!(matches!(ended, Ended::Killed), "{clock:?}: {ended:?}");
        before(&world);
        let (world, ended) = run(seconds + MORE * (clock.len() as u64 + 1));
        assert!(matches!(ended, Ended::Done), "{clock:?}: {ended:?}");
        afterwards(&world);
    }
}

#[test]
fn no_bake_ends_early_or_never() {
    let mut start = World::new(&[two_shapes("first", &[Piece::Add])], &[]);
    let guards = vec![Guard {
        critical: Threshold::parse("> 50ms").ok(),
        of: Of::Everybody,
        ..guard()
    }];
    let plan = start.plan();
    plan.phases[0].bake = Some(Duration::from_secs(LENGTH));
    plan.decisions = rolls_back(&guards);
    plan.guards = guards;
    every_second(&mut start);
    let is_cut_over = |world: &World| assert_eq!(state(world), PhaseState::CutOver);
    under_each_clock(&start, LENGTH, is_cut_over, is_cut_over);
}

#[test]
fn no_step_of_a_canary_ends_early_or_never() {
    let mut start = world(&[1, 100], false);
    every_second(&mut start);
    let canary = start.plan().phases[0].canary.as_mut();
    canary.expect("it has one").steps[0].hold = Duration::from_secs(LENGTH);
    under_each_clock(
        &start,
        LENGTH,
        |world| assert_eq!(*world.hooks(), ["1%"]),
        |world| assert_eq!(*world.hooks(), ["1%", "100%"]),
    );
}

#[test]
fn no_question_is_answered_by_the_clock() {
    let mut start = slow_from(10);
    every_second(&mut start);
    start.plan().decisions.rows[0].action = Action::Ask(Ask {
        scope: Scope::Current,
        deadline: Duration::from_secs(LENGTH),
        otherwise: Otherwise::Rollback,
        who: vec![],
    });
    under_each_clock(
        &start,
        LENGTH,
        |world| assert_eq!(*world.hooks(), ["1%", "10%"]),
        |world| {
            assert_eq!(*world.hooks(), ["1%", "10%", "0%"]);
            world.must_be_as_before();
        },
    );
}

#[test]
fn nobody_is_turned_back_because_a_clock_was_set() {
    // What is measured is one value throughout: only the clock moves.
    let mut start = world(&[10, 100], false);
    start.outside().canary = Reading::single(20.0);
    for clock in CLOCKS {
        let mut world = start.clone();
        let time = Duration::from_secs(LENGTH);
        let sets: Vec<(u64, i64)> = clock.iter().map(|(after, by)| (after / 10, *by)).collect();
        let (ended, _) = while_set(&sets, || world.run_for(Command::Watched, time));
        assert!(matches!(ended, Ended::Done), "{clock:?}: {ended:?}");
        assert_eq!(*world.hooks(), ["10%", "100%"], "{clock:?}");
        assert_eq!(state(&world), PhaseState::CutOver, "{clock:?}");
    }
}
