//! Two controllers on one target: one stands still at any point, the other overtakes it.

use turnback_core::exit::ExitCode;
use turnback_core::scope::BackRefused;
use turnback_engine::error::EngineError;

use crate::programs::{Piece, sql, two_shapes};
use crate::world::{Command, Ended, World};

#[test]
fn whoever_stood_still_at_any_point_changes_nothing_after_another_has_taken_over() {
    let first = two_shapes("first", &[Piece::Fill(100), Piece::Build, Piece::Verify]);
    let start = World::new(&[first], &[sql("second")]);
    let mut cut_over = start.clone();
    cut_over.must(Command::Up);
    let pairs = [
        (&start, Command::Up, Command::Up),
        (&start, Command::Up, Command::Back),
        (&cut_over, Command::Back, Command::Back),
        (&cut_over, Command::Contract, Command::Contract),
        (&cut_over, Command::Contract, Command::Back),
    ];
    for (start, late, overtaking) in pairs {
        let points = start.clone().must(late);
        for at in 1..=points {
            let mut world = start.clone();
            if overtaking == Command::Back && contracted_by(start, late, at) {
                continue;
            }
            let (ended, overtook, left) = world.overtaken(late, at, overtaking);
            let what = format!("{late:?} stood still at {at}, {overtaking:?} overtook it");
            // Where nothing had been begun yet, or all was over, nothing is to be turned back.
            let nothing = matches!(
                overtook,
                Ended::Failed(EngineError::Back(BackRefused::NothingDone))
            );
            assert!(
                nothing || matches!(overtook, Ended::Done),
                "{what}: {overtook:?}"
            );
            match ended {
                // It had nothing more to change, or had not begun: it came second then.
                Ended::Done => {}
                Ended::Failed(error) => {
                    assert!(
                        matches!(error.exit_code(), ExitCode::Stopped | ExitCode::Usage),
                        "{what}: {error}"
                    );
                    assert_eq!(world.database(), left, "{what}, and left a trace");
                }
                Ended::Killed => unreachable!("nobody kills it"),
            }
        }
    }
}

/// Whether a command that is stopped at a point has contracted by then.
fn contracted_by(start: &World, command: Command, at: usize) -> bool {
    let mut world = start.clone();
    let kill = crate::fault::Fault {
        at,
        kind: crate::fault::Kind::Kill,
    };
    world.run(command, &[kill]);
    world.is_contracted()
}
