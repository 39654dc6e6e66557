//! One thing goes wrong at every point there is, and two things at every pair of points.

use std::time::Duration;

use turnback_core::program::Program;

use crate::fault::{Fault, Kind};
use crate::programs::{Piece, sql, two_shapes};
use crate::world::{Command, Ended, World};

/// Every kind of step, in two phases of two shapes and one of SQL.
fn wide() -> World {
    use Piece::{Add, Build, Fill, Verify};
    let first = two_shapes("first", &[Add, Fill(128), Build, Verify]);
    let second = two_shapes("second", &[Build, Fill(10)]);
    World::new(&[first, second], &[sql("third")])
}

/// Small enough for pairs.
fn narrow() -> World {
    let first: Program = two_shapes("first", &[Piece::Fill(100), Piece::Build]);
    World::new(&[first], &[])
}

/// Where a command starts from, and what it is.
fn journeys(start: &World) -> Vec<(World, Command)> {
    let mut cut_over = start.clone();
    cut_over.must(Command::Up);
    vec![
        (start.clone(), Command::Up),
        (cut_over.clone(), Command::Back),
        (cut_over, Command::Contract),
    ]
}

fn goes_on(disturbed: &World, undisturbed: &World, command: Command, faults: &[Fault]) {
    let mut world = disturbed.clone();
    world.again(command);
    assert_eq!(
        world.database(),
        undisturbed.database(),
        "{command:?} was disturbed by {faults:?} and started again"
    );
}

fn turns_back(disturbed: &World) {
    if !disturbed.is_contracted() {
        let mut world = disturbed.clone();
        world.again(Command::Back);
        world.must_be_as_before();
    }
}

#[test]
fn undisturbed_no_step_waits_for_the_clock() {
    for (mut world, command) in journeys(&wide()) {
        // The clock of the simulation jumps only when there is nothing else to do.
        let (ended, _) = world.run_for(command, Duration::from_millis(1));
        assert!(matches!(ended, Ended::Done), "{command:?}: {ended:?}");
    }
}

#[test]
fn whatever_goes_wrong_at_any_point_the_same_command_ends_where_an_undisturbed_one_does() {
    for (start, command) in journeys(&wide()) {
        let mut undisturbed = start.clone();
        let points = undisturbed.must(command);
        assert!(points > 50, "{points}");
        for kind in Kind::ALL {
            for at in 1..=points {
                let fault = Fault { at, kind };
                let mut world = start.clone();
                world.disturbed(command, &[fault]);
                goes_on(&world, &undisturbed, command, &[fault]);
            }
        }
    }
}

#[test]
fn whatever_goes_wrong_at_any_point_turning_back_ends_where_all_began() {
    for (start, command) in journeys(&wide()) {
        let points = start.clone().must(command);
        for kind in Kind::ALL {
            for at in 1..=points {
                let mut world = start.clone();
                world.disturbed(command, &[Fault { at, kind }]);
                turns_back(&world);
            }
        }
    }
}

#[test]
fn turning_back_one_phase_turns_back_no_other_when_it_is_started_again() {
    let mut start = wide();
    start.must(Command::Up);
    let phases = start.forward();
    let mut undisturbed = start.clone();
    let points = undisturbed.must(Command::BackOne);
    assert_eq!(undisturbed.forward(), phases - 1);
    for kind in Kind::ALL {
        for at in 1..=points {
            let fault = Fault { at, kind };
            let mut world = start.clone();
            world.disturbed(Command::BackOne, &[fault]);
            // What was told is over: the same again would be another wish.
            if world.is_untold() || world.forward() == phases {
                goes_on(&world, &undisturbed, Command::BackOne, &[fault]);
            }
            assert_eq!(world.forward().max(phases - 1), world.forward());
        }
    }
}

#[test]
fn killed_twice_at_any_two_points_it_still_goes_on_and_still_turns_back() {
    for (start, command) in journeys(&narrow()) {
        let mut undisturbed = start.clone();
        let points = undisturbed.must(command);
        for first in 1..=points {
            let mut once = start.clone();
            let kill = |at| Fault {
                at,
                kind: Kind::Kill,
            };
            once.disturbed(command, &[kill(first)]);
            let rest = points_left(&once, command);
            for second in 1..=rest {
                let mut twice = once.clone();
                twice.disturbed(command, &[kill(second)]);
                goes_on(&twice, &undisturbed, command, &[kill(first), kill(second)]);
                turns_back(&twice);
            }
        }
    }
}

#[test]
fn killed_going_forward_and_killed_turning_back_it_still_turns_back() {
    let start = narrow();
    let points = start.clone().must(Command::Up);
    for first in 1..=points {
        let mut once = start.clone();
        once.disturbed(
            Command::Up,
            &[Fault {
                at: first,
                kind: Kind::Kill,
            }],
        );
        for second in 1..=points_left(&once, Command::Back) {
            for kind in [Kind::Kill, Kind::Crash] {
                let mut twice = once.clone();
                twice.disturbed(Command::Back, &[Fault { at: second, kind }]);
                turns_back(&twice);
            }
        }
    }
}

#[test]
fn a_connection_lost_twice_in_one_run_is_no_reason_to_stop() {
    for (start, command) in journeys(&narrow()) {
        let mut undisturbed = start.clone();
        let points = undisturbed.must(command);
        for first in 1..=points {
            for second in first + 1..=points {
                for kind in [Kind::Lost, Kind::Crash] {
                    let faults = [first, second].map(|at| Fault { at, kind });
                    let mut world = start.clone();
                    world.disturbed(command, &faults);
                    goes_on(&world, &undisturbed, command, &faults);
                }
            }
        }
    }
}

/// How many points a command passes from here.
fn points_left(world: &World, command: Command) -> usize {
    world.clone().run(command, &[]).1
}
