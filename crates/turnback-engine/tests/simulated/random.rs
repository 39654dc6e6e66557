//! Random programs, random commands, random things that go wrong.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::fault::{Fault, Kind};
use crate::programs::{Piece, sql, two_shapes};
use crate::world::{Command, Ended, World};

/// How many lives are led.
const CASES: u32 = 200;

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        Just(Piece::Add),
        Just(Piece::Build),
        (1_i64..=128).prop_map(Piece::Fill),
        Just(Piece::Verify),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => Just(Command::Up),
        2 => Just(Command::Back),
        1 => Just(Command::BackOne),
        1 => Just(Command::Contract),
    ]
}

/// A command with what goes wrong in it, and perhaps another that overtakes it.
#[derive(Clone, Debug)]
struct Event {
    command: Command,
    faults: Vec<Fault>,
    overtaken: Option<(usize, Command)>,
}

fn event() -> impl Strategy<Value = Event> {
    let fault = (1_usize..150, proptest::sample::select(Kind::ALL.to_vec()));
    let fault = fault.prop_map(|(at, kind)| Fault { at, kind });
    (
        command(),
        proptest::collection::vec(fault, 0..4),
        proptest::option::weighted(0.2, (1_usize..100, command())),
    )
        .prop_map(|(command, faults, overtaken)| Event {
            command,
            faults,
            overtaken,
        })
}

/// One that the engine may answer to a command that is not next in the life of the phases.
fn is_fair(ended: &Ended) -> bool {
    use turnback_core::exit::ExitCode::{NeedsPerson, Stopped, Usage};
    match ended {
        Ended::Done | Ended::Killed => true,
        Ended::Failed(error) => match error.exit_code() {
            Stopped | Usage => true,
            // What is contracted cannot be turned back.
            NeedsPerson => matches!(error, turnback_engine::error::EngineError::Back(_)),
            _ => false,
        },
    }
}

/// Everybody leads the same lives, unless `TURNBACK_SEED` says otherwise, as `make crash-test`
/// does.
fn seed() -> u64 {
    std::env::var("TURNBACK_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1)
}

#[test]
fn any_life_with_any_disturbances_can_be_led_to_its_end() {
    let seed = seed();
    println!("TURNBACK_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let lives = (
        proptest::collection::vec(proptest::collection::vec(piece(), 1..5), 1..3),
        proptest::collection::vec(event(), 1..6),
    );
    let outcome = runner.run(&lives, |(phases, events)| {
        let programs: Vec<_> = (0..)
            .zip(&phases)
            .map(|(number, pieces)| two_shapes(&format!("p{number}"), pieces))
            .collect();
        let mut world = World::new(&programs, &[sql("sql")]);
        for event in events {
            let ended = match event.overtaken {
                Some((at, second)) => {
                    let (late, early, _) = world.overtaken(event.command, at, second);
                    vec![late, early]
                }
                None => vec![world.run(event.command, &event.faults).0],
            };
            prop_assert!(ended.iter().all(is_fair), "{event:?}: {ended:?}");
        }
        lead_to_its_end(world)
    });
    assert!(outcome.is_ok(), "TURNBACK_SEED={seed}: {outcome:?}");
}

/// From wherever it stands, everything is contracted, or turned back.
fn lead_to_its_end(mut world: World) -> Result<(), TestCaseError> {
    if world.is_contracted() {
        world.must(Command::Contract);
        return Ok(());
    }
    world.again(Command::Back);
    world.must_be_as_before();
    Ok(())
}
