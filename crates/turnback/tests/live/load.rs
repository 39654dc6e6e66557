//! The whole journey while clients of every shape write.

use turnback_testkit::{Cluster, Shape};

use crate::traffic::Traffic;
use crate::world::World;

const ROWS: u64 = 40_000;

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_and_there_again_under_load_loses_no_write_and_fails_no_client() {
    let world = World::chat(Cluster::shared(), "load", ROWS).await;
    let (old, new) = (Shape::Old, World::new_shape("keys"));
    let mut traffic = Traffic::start(&world, &[(old.clone(), 3)]).await;

    traffic
        .through(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    traffic.join(&new, 3);
    traffic.work(200).await;
    traffic
        .verdict(&[&old, &new], &[(old.clone(), 3), (new.clone(), 3)])
        .await;

    traffic.through(&["up"], 0).await;
    traffic.work(200).await;
    traffic
        .verdict(
            &[&old, &new, &Shape::Public],
            &[(old.clone(), 3), (new.clone(), 3)],
        )
        .await;

    traffic
        .through(&["back", "--keep-new-shape", "--yes"], 5)
        .await;
    traffic.work(200).await;
    traffic.switch(&new, &old).await;
    traffic.through(&["back", "--yes"], 5).await;
    traffic.work(100).await;
    world.must_be_as_before();
    traffic.verdict(&[&old], &[(old.clone(), 4)]).await;

    traffic.through(&["up"], 0).await;
    traffic.join(&new, 2);
    traffic.work(200).await;
    traffic.switch(&old, &new).await;
    traffic.through(&["contract", "--yes"], 0).await;
    traffic.work(100).await;
    traffic.finish(&[&new, &Shape::Public]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_phase_after_another_under_load_and_all_of_them_back() {
    let world = World::chat(Cluster::shared(), "steps", ROWS / 2).await;
    world
        .must(
            &[
                "init",
                "--target",
                world.db.url(),
                "--convert-keys",
                "uuid",
                "--all",
                "--group",
                "steps",
                "--force",
            ],
            0,
        )
        .await;
    let (old, public) = (Shape::Old, Shape::Public);
    let writers = [(old.clone(), 2), (public.clone(), 1)];
    let mut traffic = Traffic::start(&world, &writers).await;
    traffic.through(&["up"], 0).await;
    let phases = world
        .db
        .execute("SELECT phase FROM turnback.phase ORDER BY ordinal");
    let shapes: Vec<Shape> = phases.lines().map(World::new_shape).collect();
    assert!(shapes.len() > 1, "{phases}");
    for shape in &shapes {
        traffic.join(shape, 1);
    }
    traffic.work(200).await;
    let all: Vec<&Shape> = [&old, &public].into_iter().chain(&shapes).collect();
    traffic.verdict(&all, &writers).await;

    traffic
        .through(&["back", "--scope", "all", "--yes"], 5)
        .await;
    traffic.work(100).await;
    world.must_be_as_before();
    traffic.verdict(&[&old, &public], &writers).await;

    traffic.through(&["up"], 0).await;
    traffic.switch(&old, &public).await;
    traffic.through(&["contract", "--yes"], 0).await;
    traffic.work(100).await;
    traffic.finish(&[&public]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_without_a_search_path_notice_only_that_their_keys_changed() {
    let world = World::chat(Cluster::shared(), "public", ROWS / 4).await;
    let public = Shape::Public;
    let mut traffic = Traffic::start(&world, &[(public.clone(), 4)]).await;
    let up = traffic.through(&["up"], 0).await;
    assert!(up.shape_changes > 0, "{up}");
    traffic.work(100).await;
    traffic
        .verdict(
            &[&public, &Shape::Old, &World::new_shape("keys")],
            &[(public.clone(), 4)],
        )
        .await;
    traffic.through(&["back", "--yes"], 5).await;
    traffic.work(100).await;
    world.must_be_as_before();
    traffic.verdict(&[&public], &[(public.clone(), 4)]).await;
    traffic.through(&["up"], 0).await;
    traffic.through(&["contract", "--yes"], 0).await;
    traffic.work(100).await;
    traffic.finish(&[&public]).await;
}
