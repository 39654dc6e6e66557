//! Every transition, in every order that there is, under the whole load.

use turnback_testkit::{Cluster, Shape};

use crate::busy::{Busy, Refusals};
use crate::world::World;

/// Small: what counts is the number of moments. A longer run has more rounds.
const ROWS: u64 = 3_000;

const EXPAND: &[&str] = &["up", "--to", "keys", "--expand-only"];
const BACK: &[&str] = &["back", "--scope", "all", "--yes"];
const SWAP_BACK: &[&str] = &["back", "--keep-new-shape", "--yes"];
const CONTRACT: &[&str] = &["contract", "--yes"];

/// How often the whole story is told.
fn rounds() -> u32 {
    std::env::var("TURNBACK_LOAD_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(1)
}

/// Whether a step of this name is in the ledger.
fn done(step: &str) -> String {
    format!("SELECT EXISTS (SELECT FROM turnback.step WHERE step LIKE '{step}')")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transition_under_the_whole_load_loses_no_version_and_holds_up_nobody() {
    for _ in 0..rounds() {
        story().await;
    }
}

async fn story() {
    let world = World::busy(Cluster::shared(), "busy", ROWS).await;
    let (old, new, public) = (Shape::Old, World::new_shape("keys"), Shape::Public);
    let writers = [(old.clone(), 2), (public.clone(), 1)];
    let before = [old.clone(), public.clone()];
    let both = [old.clone(), new.clone(), public.clone()];
    let after = [new.clone(), public.clone()];
    let mut busy = Busy::start(&world, &writers, &before).await;

    // Back from expanding.
    busy.interrupted(&["up"], &done("fill.%"), Refusals::None)
        .await;
    assert_eq!(world.states(), "expanding");
    busy.transition(BACK, 5, Refusals::None).await;
    world.must_be_as_before();

    // Back from expanded, with the new shape once in use.
    busy.transition(EXPAND, 0, Refusals::None).await;
    busy.join(&new, 1, &both).await;
    busy.work(60).await;
    busy.verdict(&[&old, &new, &public], &writers, &before)
        .await;
    busy.transition(BACK, 5, Refusals::None).await;
    world.must_be_as_before();

    // Back from cut over, with both shapes in use all the time, and then without the new one.
    busy.transition(EXPAND, 0, Refusals::None).await;
    busy.join(&new, 1, &both).await;
    busy.transition(&["up"], 0, Refusals::Expected).await;
    busy.work(60).await;
    busy.transition(SWAP_BACK, 5, Refusals::Expected).await;
    busy.work(60).await;
    busy.leave(&new, &old, &before).await;
    busy.interrupted(BACK, &done("drop_%"), Refusals::None)
        .await;
    busy.transition(BACK, 5, Refusals::None).await;
    world.must_be_as_before();

    // Back from contracting, before it gives anything up.
    busy.transition(&["up"], 0, Refusals::Expected).await;
    busy.interrupted(CONTRACT, &done("archive%"), Refusals::None)
        .await;
    assert_eq!(world.states(), "contracting");
    busy.verdict(&[&old, &new, &public], &writers, &before)
        .await;
    busy.transition(BACK, 5, Refusals::Expected).await;
    world.must_be_as_before();

    // And contract.
    busy.transition(&["up"], 0, Refusals::Expected).await;
    busy.join(&new, 1, &both).await;
    busy.work(30).await;
    busy.leave(&old, &new, &after).await;
    busy.transition(CONTRACT, 0, Refusals::None).await;
    assert_eq!(world.states(), "contracted");
    busy.work(60).await;
    busy.finish(&[&new, &public]).await;
    busy.print();
}
