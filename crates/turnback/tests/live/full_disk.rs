//! The disk under the tables is full.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use turnback_testkit::{Cluster, ClusterOptions, Outcome, Shape, Workload, WorkloadOptions, check};

use crate::world::World;

/// Room for the tables and all that a change adds to them.
const SIZE: &str = "size=96m,mode=700";
/// PostgreSQL's word for a full disk.
const DISK_FULL: &str = "53100";

/// A small file system of its own, in memory, for a tablespace; unmounted and removed with the
/// value.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// None where this process may not mount anything; says so.
    fn mount(cluster: &Cluster) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "tmpfs"])
            .arg(directory.path())
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            println!(
                "skipped: no small disk can be made here; it takes the right to mount a tmpfs \
                 (root, with CAP_SYS_ADMIN)"
            );
            return None;
        }
        let disk = Self(directory);
        let place = disk.0.path().join("tablespace");
        std::fs::create_dir(&place).expect("there is room");
        let server = std::fs::metadata(cluster.directory().expect("it is our own"));
        let server = server.expect("it is there");
        for path in [disk.0.path(), &place] {
            chown(path, Some(server.uid()), Some(server.gid())).expect("whoever mounts may");
        }
        Some(disk)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills it, but for so many kilobytes.
    fn fill_but(&self, left: u64) {
        let free = Command::new("df")
            .args(["--output=avail", "-k"])
            .arg(self.path())
            .output()
            .expect("df runs");
        let free = String::from_utf8_lossy(&free.stdout);
        let free: u64 = free
            .lines()
            .last()
            .and_then(|free| free.trim().parse().ok())
            .expect("df says how much is free");
        let ballast = vec![1; (free.saturating_sub(left) * 1024) as usize];
        std::fs::write(self.path().join("ballast"), ballast).expect("there is room");
    }

    fn make_room(&self) {
        std::fs::remove_file(self.path().join("ballast")).expect("it is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server may have files open there still.
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

/// Writers through a shape. They may meet the full disk, as any client, and nothing else.
struct Writers<'a> {
    world: &'a World,
    seed: u64,
    past: Option<Outcome>,
    turns: u64,
}

impl Writers<'_> {
    async fn start(&self) -> Workload {
        let options = WorkloadOptions {
            seed: self.seed.wrapping_add(self.turns),
            pace: Some(60.0),
            ..WorkloadOptions::default()
        };
        Workload::start(self.world.db.url(), &[(Shape::Old, 2)], options)
            .await
            .expect("the tables are there")
    }

    async fn stop(&mut self, workload: Workload, shapes: &[&Shape]) {
        let outcome = workload.stop().await;
        println!("{}", outcome.stats);
        for (state, error) in &outcome.stats.errors {
            assert_eq!(state, DISK_FULL, "{}", error.example);
        }
        let past = outcome.after(self.past.take());
        for shape in shapes {
            let verdict = check(self.world.db.url(), &past, shape)
                .await
                .expect("the tables are there");
            assert!(verdict.is_clean(), "{verdict}");
        }
        self.past = Some(past);
        self.turns += 1;
    }
}

/// The command stops, safe, and says what to type.
async fn must_stop(world: &World, arguments: &[&str]) {
    let said = world.must(arguments, 4).await;
    for words in [
        "No space left on device",
        "Make room on the server's disk",
        "The same command goes on from here",
    ] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_run_and_with_room_it_goes_on_or_turns_back() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("a cluster starts");
    let Some(disk) = SmallDisk::mount(&cluster) else {
        return;
    };
    let of_cluster = cluster.database("tablespace");
    of_cluster.execute(&format!(
        "CREATE TABLESPACE small LOCATION '{}'",
        disk.path().join("tablespace").display()
    ));
    // The ledger will be there, too.
    of_cluster.execute("ALTER ROLE postgres SET default_tablespace = small");
    let settings = "settings: { workers: 1, batch_time: 10ms }";
    let world = World::with_settings(&cluster, "disk", 30_000, settings).await;
    let new = World::new_shape("keys");
    let seed = turnback_testkit::seed();
    println!("TURNBACK_SEED={seed}");
    let mut writers = Writers {
        world: &world,
        seed,
        past: None,
        turns: 0,
    };

    // Room for a part of the backfill.
    let workload = writers.start().await;
    disk.fill_but(4 * 1024);
    must_stop(&world, &["up"]).await;
    assert_eq!(world.states(), "expanding");
    assert!(world.must(&["status"], 0).await.contains("expanding"));
    writers.stop(workload, &[&Shape::Old]).await;
    disk.make_room();
    let workload = writers.start().await;
    world.must(&["up"], 0).await;
    writers
        .stop(workload, &[&Shape::Old, &Shape::Public, &new])
        .await;
    world.must(&["back", "--yes"], 5).await;
    world.must_be_as_before();
    writers.stop(writers.start().await, &[&Shape::Old]).await;

    // Stopped there, and back.
    let workload = writers.start().await;
    disk.fill_but(2 * 1024);
    must_stop(&world, &["up"]).await;
    let turned = world.run(&["back", "--yes"]).await;
    writers.stop(workload, &[&Shape::Old]).await;
    disk.make_room();
    if turned.code == 4 {
        assert!(turned.said.contains("Make room"), "{}", turned.said);
        world.must(&["back", "--yes"], 5).await;
    } else {
        assert_eq!(turned.code, 5, "{}", turned.said);
    }
    world.must_be_as_before();
    writers.stop(writers.start().await, &[&Shape::Old]).await;
}
