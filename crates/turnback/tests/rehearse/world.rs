//! A target that must not change, a plan beside it, and the real program.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use turnback_testkit::{Cluster, Database};

/// A target with a plan of its own.
pub struct World {
    /// The target.
    pub db: Database,
    pub directory: tempfile::TempDir,
    before: String,
}

/// What a rehearsal came to.
#[derive(Debug)]
pub struct Rehearsed {
    /// Its exit code.
    pub code: i32,
    /// What it printed for scripts or people.
    pub out: String,
    /// What it said while it ran.
    pub said: String,
}

impl Rehearsed {
    /// The report for scripts.
    pub fn report(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in {}\n{}", self.out, self.said))
    }
}

impl World {
    /// A target of this schema, and a plan of these phases (YAML, the list alone). None where no
    /// pg_dump knows the server: then the program says so, and there is nothing else to test.
    pub fn new(name: &str, schema: &str, phases: &str) -> Option<Self> {
        let world = Self::never_copied(name, schema, phases);
        let version: u32 = world
            .db
            .execute("SHOW server_version_num")
            .parse()
            .expect("a number");
        if let Err(error) = turnback_postgres::backup::client("pg_dump", version / 10_000) {
            world.write_plan(
                "  - { id: any, operations: [{ sql: { up: SELECT 1, down: SELECT 1 } }] }",
            );
            let rehearsed = world.rehearse(&[]);
            assert_eq!(rehearsed.code, 2, "{rehearsed:#?}");
            assert!(
                rehearsed.said.contains(&error.to_string()),
                "{rehearsed:#?}"
            );
            println!("skipped: {error}");
            return None;
        }
        Some(world)
    }

    /// The same for a rehearsal that does not come to a copy.
    pub fn never_copied(name: &str, schema: &str, phases: &str) -> Self {
        let db = Cluster::shared().database(name);
        db.execute(schema);
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let world = Self {
            before: db.dump(&[]),
            db,
            directory,
        };
        world.write_plan(phases);
        world
    }

    /// Writes the plan anew.
    pub fn write_plan(&self, phases: &str) {
        let text = format!(
            "version: 1\nname: shop\ntarget: postgres://127.0.0.1/nowhere\nphases:\n{phases}\n"
        );
        std::fs::write(self.plan_file(), text).expect("the plan can be written");
    }

    pub fn plan_file(&self) -> PathBuf {
        self.directory.path().join("turnback.yaml")
    }

    /// Makes ready to rehearse, with short pauses, and nothing from the environment that would
    /// change what it does.
    pub fn command(&self, target: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_turnback"));
        command
            .arg("rehearse")
            .arg("--plan")
            .arg(self.plan_file())
            .args(["--target", target])
            .args(arguments)
            .current_dir(self.directory.path())
            .env_remove("TURNBACK_TARGET")
            .env_remove("DATABASE_URL")
            .env("NO_COLOR", "1");
        if !arguments.contains(&"--seconds") {
            command.args(["--seconds", "0.4"]);
        }
        command
    }

    /// Rehearses; whatever comes of it, the target is as it was.
    pub fn rehearse(&self, arguments: &[&str]) -> Rehearsed {
        self.rehearse_as(self.db.url(), arguments)
    }

    /// The same, with a role of one's own.
    pub fn rehearse_as(&self, target: &str, arguments: &[&str]) -> Rehearsed {
        let output = self
            .command(target, arguments)
            .output()
            .expect("the program can be run");
        self.must_be_untouched();
        rehearsed(output)
    }

    /// Schema and every row are as they were, and there is no ledger.
    pub fn must_be_untouched(&self) {
        assert_eq!(self.before, self.db.dump(&[]));
    }
}

/// Reads what a run printed.
pub fn rehearsed(output: Output) -> Rehearsed {
    Rehearsed {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
