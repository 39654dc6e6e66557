//! Where the plan requires a backup, nothing goes on without a good one.

use crate::world::World;

#[test]
fn each_phase_waits_for_a_verified_backup_of_how_things_are() {
    let Some(world) = World::new("required", "backups: { require: phase, keep: 2 }") else {
        return;
    };
    let said = world.must(&["up"], 3);
    assert!(
        said.contains("requires a verified backup") && said.contains("there is none"),
        "{said}"
    );
    let id = world.backup(&[]);
    let said = world.must(&["up"], 3);
    assert!(said.contains("has not been verified"), "{said}");
    let said = world.must(&["check"], 3);
    assert!(
        said.contains("backup-required") || said.contains("requires a verified backup"),
        "{said}"
    );
    world.must(&["backup", "verify", &id], 0);

    // One phase goes; before the next one the backup is of how things were.
    let said = world.must(&["up"], 4);
    assert!(
        said.contains("was taken before phase one became cut over"),
        "{said}"
    );
    assert_eq!(
        world.db.execute("SELECT phase, state FROM turnback.phase"),
        "one|cut_over"
    );
    world.backup(&["--verify"]);
    world.must(&["up"], 0);
    let said = world.must(&["contract", "--yes"], 3);
    assert!(
        said.contains("was taken before phase two became cut over"),
        "{said}"
    );
    world.backup(&["--verify"]);
    world.must(&["contract", "--yes"], 0);
}

#[test]
fn a_backup_of_another_database_or_a_damaged_one_does_not_count() {
    let plan = "backups: { directory: ../DIRECTORY, require: contract }";
    let Some(world) = World::new("required_mine", "") else {
        return;
    };
    let Some(other) = World::new("required_other", "") else {
        return;
    };
    let shared = other.path("backups");
    let plan = plan.replace("../DIRECTORY", &shared.display().to_string());
    world.write_plan(&plan);
    other.backup(&["--verify"]);
    // SQL that can be turned back needs none; contract does.
    world.must(&["up"], 0);
    let said = world.must(&["contract", "--yes"], 3);
    assert!(said.contains("is of another database"), "{said}");
    let id = world.backup(&["--verify"]);
    std::fs::remove_file(shared.join(&id).join("dump/toc.dat")).expect("it is there");
    let said = world.must(&["contract", "--yes"], 3);
    assert!(said.contains("is of another database"), "{said}");
    world.backup(&["--verify"]);
    world.must(&["contract", "--yes"], 0);
}
