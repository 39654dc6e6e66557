//! A database, a plan beside it, and the real program to run on them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use turnback_testkit::{CHAT_SCHEMA, Cluster, Database};

/// Converts the keys of two tables, one phase each.
pub const TWO_PHASES: &str = "
  - id: logs
    operations:
      - convert_key: { table: audit_logs, to: uuid }
  - id: users
    after: [logs]
    operations:
      - convert_key: { table: users, to: uuid }
";

/// One database with a plan of its own.
pub struct World {
    /// The database.
    pub db: Database,
    directory: tempfile::TempDir,
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl World {
    /// The chat schema on the shared cluster, with a plan of these phases.
    pub fn chat(name: &str, phases: &str) -> Self {
        Self::on(Cluster::shared(), name, phases)
    }

    /// The chat schema on a cluster, with a plan of these phases.
    pub fn on(cluster: &Cluster, name: &str, phases: &str) -> Self {
        let world = Self {
            db: cluster.database(name),
            directory: tempfile::tempdir().expect("a temporary directory can be made"),
        };
        world.db.execute(CHAT_SCHEMA);
        world.write_plan(&format!(
            "version: 1\nname: test\ntarget: postgres://127.0.0.1/nowhere\nphases:{phases}"
        ));
        world
    }

    /// Writes the plan file anew.
    pub fn write_plan(&self, text: &str) {
        std::fs::write(self.plan_file(), text).expect("the plan can be written");
    }

    /// Where the plan is.
    pub fn plan_file(&self) -> PathBuf {
        self.directory.path().join("turnback.yaml")
    }

    /// Runs a command on the plan and the database.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_on(self.db.url(), arguments)
    }

    /// Runs a command on the plan and whatever this URL leads to.
    pub fn run_on(&self, url: &str, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_turnback"))
            .env_remove("TURNBACK_TARGET")
            .env_remove("DATABASE_URL")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .args(arguments)
            .arg("--plan")
            .arg(self.plan_file())
            .args(["--target", url])
            .arg("--store")
            .arg(self.directory.path().join("journal.db"))
            .output()
            .expect("the program can be run");
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs a command that must end with this exit code; gives what it printed.
    pub fn must(&self, arguments: &[&str], code: i32) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "turnback {arguments:?}: {ran:#?}");
        ran.out
    }

    /// Runs a command with `--json`; it must end with this exit code.
    pub fn json(&self, command: &str, code: i32) -> Value {
        let printed = self.must(&[command, "--json"], code);
        serde_json::from_str(&printed).expect("--json prints JSON")
    }
}
