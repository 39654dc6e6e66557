//! `kill -9` of the program, at any moment.

use turnback_testkit::{Cluster, Shape};

use crate::moment::Moment;
use crate::traffic::Traffic;
use crate::world::{Ran, World};

/// Small: what counts here is the number of moments, not of rows.
const ROWS: u64 = 5_000;

/// How many times the program is killed by each test.
pub fn rounds() -> u32 {
    std::env::var("TURNBACK_CRASH_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(8)
}

/// Starts a command and kills it.
async fn killed(world: &World, arguments: &[&str], moment: &Moment) -> Ran {
    let mut running = world.start(arguments);
    moment.comes(world, &mut running).await;
    let ran = running.killed().await;
    println!(
        "killed {arguments:?} at {moment:?}: {}, code {}",
        world
            .db
            .try_execute("SELECT string_agg(state, ' ' ORDER BY ordinal) FROM turnback.phase")
            .unwrap_or_default(),
        ran.code
    );
    ran
}

/// Turns everything back, whether or not anything had been done.
async fn turn_back(world: &World) {
    let ran = world.run(&["back", "--scope", "all", "--yes"]).await;
    let nothing = ran.code == 2
        && (ran.said.contains("nothing to turn back") || ran.said.contains("no ledger"));
    assert!(ran.code == 5 || nothing, "{}", ran.said);
    world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_up_goes_on_or_back_turns_back_and_no_write_is_lost() {
    let world = World::chat(Cluster::shared(), "killed", ROWS).await;
    let (old, new) = (Shape::Old, World::new_shape("keys"));
    let mut traffic = Traffic::start(&world, &[(old.clone(), 3)]).await;
    let mut rng = fastrand::Rng::with_seed(traffic.seed());
    world.must(&["up"], 0).await;
    let steps = world.db.execute("SELECT count(*) FROM turnback.step");
    let steps: u32 = steps.parse().expect("a count");
    world.must(&["back", "--yes"], 5).await;
    let back = world
        .db
        .execute("SELECT jsonb_array_length(program -> 'withdraw') + 1 FROM turnback.phase");
    let back: u32 = back.parse().expect("a count");
    for round in 0..rounds() {
        while rng.u32(0..3) == 0 {
            killed(&world, &["up"], &Moment::draw(&mut rng, steps)).await;
        }
        killed(&world, &["up"], &Moment::draw(&mut rng, steps)).await;
        if round % 2 == 0 {
            world.must(&["up"], 0).await;
            traffic.join(&new, 1);
            traffic.work(50).await;
            traffic
                .verdict(&[&old, &new, &Shape::Public], &[(old.clone(), 3)])
                .await;
            let moment = Moment::draw(&mut rng, back);
            killed(&world, &["back", "--scope", "all", "--yes"], &moment).await;
        }
        turn_back(&world).await;
        traffic.work(30).await;
        traffic.verdict(&[&old], &[(old.clone(), 3)]).await;
    }
    traffic.finish(&[&old]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_contract_goes_on_or_back_turns_back() {
    let seed = turnback_testkit::seed();
    println!("TURNBACK_SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for round in 0..rounds().div_ceil(2) {
        let world = World::chat(Cluster::shared(), "contract", ROWS / 2).await;
        let (old, new) = (Shape::Old, World::new_shape("keys"));
        world.must(&["up"], 0).await;
        let mut traffic = Traffic::start(&world, &[(new.clone(), 2)]).await;
        let steps = world
            .db
            .execute("SELECT jsonb_array_length(program -> 'contract') FROM turnback.phase");
        let moment = Moment::draw(&mut rng, steps.parse().expect("a count"));
        killed(&world, &["contract", "--yes"], &moment).await;
        if round % 2 == 1 && world.states() != "contracted" {
            traffic.verdict(&[&old, &new], &[(old.clone(), 2)]).await;
            turn_back(&world).await;
            traffic.work(30).await;
            traffic.finish(&[&Shape::Public]).await;
        } else {
            world.must(&["contract", "--yes"], 0).await;
            assert_eq!(world.states(), "contracted");
            traffic.work(30).await;
            traffic.finish(&[&new, &Shape::Public]).await;
            let missing = world.db.execute(
                "SELECT count(*) FROM messages m WHERE NOT EXISTS \
                 (SELECT FROM turnback.keys_public_messages__keys k WHERE k.new_key = m.id)",
            );
            println!("{missing} messages are newer than the archive");
        }
    }
}
