//! Turning back as a whole: hooks around the database, stopped at every point.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use turnback_core::hook::{Hook, HookAction, HookMoment, HookOutcome, OnFailure};
use turnback_engine::edges::{Asks, Boxed, Helpers, Hooks};

use crate::fault::{Fault, Kind};
use crate::programs::{Piece, sql, two_shapes};
use crate::target::Wire;
use crate::world::{Command, World};

/// Hooks that say that they ran, one for each moment of turning back.
pub fn helpers(wire: &Wire) -> Helpers {
    let hooks = HookMoment::ALL[4..].iter().map(|when| Hook {
        name: when.as_str().to_owned(),
        when: *when,
        phases: vec![],
        does: HookAction::Run {
            program: vec![],
            env: BTreeMap::new(),
        },
        timeout: Duration::from_secs(1),
        on_failure: OnFailure::Stop,
        missing: BTreeSet::new(),
    });
    Helpers {
        plan: hooks.collect(),
        hooks: Arc::new(Outside(wire.clone())),
        asks: Arc::new(Nobody),
    }
}

struct Outside(Wire);

impl Hooks for Outside {
    fn run<'a>(
        &'a self,
        hook: &'a Hook,
        _variables: &'a BTreeMap<String, String>,
    ) -> Boxed<'a, HookOutcome> {
        Box::pin(async move {
            // No matter of the server's: only the process itself can end here.
            let _ = self.0.point().await;
            self.0.note_hook(&hook.name);
            let _ = self.0.point().await;
            HookOutcome {
                hook: hook.name.clone(),
                when: hook.when,
                millis: 0,
                failure: None,
                output: String::new(),
            }
        })
    }
}

struct Nobody;

impl Asks for Nobody {
    fn goes_on_without<'a>(
        &'a self,
        _hook: &'a Hook,
        _outcome: &'a HookOutcome,
    ) -> Boxed<'a, Option<bool>> {
        Box::pin(std::future::ready(None))
    }
}

/// Hooks in the order in which each ran first.
fn first_runs(world: &World) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let ran = world.hooks().iter();
    ran.filter(|hook| seen.insert((*hook).clone()))
        .cloned()
        .collect()
}

#[test]
fn whatever_goes_wrong_at_any_point_of_a_way_back_every_hook_runs_in_its_order() {
    let order: Vec<String> = HookMoment::ALL[4..]
        .iter()
        .map(|when| when.as_str().to_owned())
        .collect();
    let first = two_shapes("first", &[Piece::Fill(10), Piece::Verify]);
    let mut start = World::new(&[first], &[sql("second")]);
    start.must(Command::Up);
    let points = {
        let mut undisturbed = start.clone();
        let points = undisturbed.must(Command::Recover);
        assert_eq!(*undisturbed.hooks(), order);
        undisturbed.must_be_as_before();
        points
    };
    for kind in Kind::ALL {
        for at in 1..=points {
            let fault = Fault { at, kind };
            let mut world = start.clone();
            world.disturbed(Command::Recover, &[fault]);
            world.again(Command::Recover);
            world.must_be_as_before();
            assert_eq!(first_runs(&world), order, "{fault:?}");
            let twice = world.hooks().len() - order.len();
            if kind == Kind::Kill {
                // The one at work, and whether all is well.
                assert!(twice <= 2, "{fault:?}: {:?}", world.hooks());
            }
        }
    }
}
