//! A database with rows of many kinds, a plan beside it, and the real program.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use turnback_testkit::{Cluster, Database};

/// Tables whose rows are awkward to compare: times, fractions, bytes, names that need quotes,
/// partitions, inheritance, a table without columns, generated columns, large objects.
pub const SCHEMA: &str = r#"
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id int REFERENCES users,
                     total numeric, part float8, note bytea, long interval,
                     twice numeric GENERATED ALWAYS AS (total * 2) STORED);
CREATE TABLE "Odd ""Name" ("x" int, "the row" text);
CREATE TABLE nothing ();
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE event (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE event_rest PARTITION OF event DEFAULT;
CREATE VIEW totals AS SELECT user_id, sum(total) FROM orders GROUP BY 1;
INSERT INTO users (email) SELECT 'u' || n FROM generate_series(1, 500) n;
INSERT INTO orders (user_id, total, part, note, long)
    SELECT n % 500 + 1, n / 7.0, n / 3.0, decode(md5(n::text), 'hex'), n * interval '1 hour' FROM generate_series(1, 3000) n;
INSERT INTO "Odd ""Name" VALUES (1, 'a'), (1, 'a'), (NULL, NULL);
INSERT INTO nothing DEFAULT VALUES;
INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2);
INSERT INTO event SELECT n, date '2026-01-01' + n FROM generate_series(0, 600) n;
SELECT lo_from_bytea(0, 'large');
"#;

/// Two phases that need no second shape.
pub const PHASES: &str = "phases:
  - id: one
    operations:
      - sql: { up: ALTER TABLE users ADD COLUMN one int, down: ALTER TABLE users DROP COLUMN one }
  - id: two
    operations:
      - sql: { up: ALTER TABLE users ADD COLUMN two int, down: ALTER TABLE users DROP COLUMN two }
";

/// One database with a plan of its own.
pub struct World {
    pub db: Database,
    pub directory: tempfile::TempDir,
    /// A directory of programs that are found before the installed ones, where there are any.
    programs: Option<PathBuf>,
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl World {
    /// A database, with this in the plan beside the phases. None where no pg_dump knows the
    /// server: then the program says so, and there is nothing else to test.
    pub fn new(name: &str, plan: &str) -> Option<Self> {
        Self::on(Cluster::shared(), name, plan)
    }

    /// The same on a cluster.
    pub fn on(cluster: &Cluster, name: &str, plan: &str) -> Option<Self> {
        let world = Self {
            db: cluster.database(name),
            directory: tempfile::tempdir().expect("a temporary directory can be made"),
            programs: None,
        };
        world.db.execute(SCHEMA);
        // A plan that leaves backups to pg_dump, whatever the test's own leaves them to.
        world.write_plan("");
        if let Err(error) = turnback_postgres::backup::client("pg_dump", world.major()) {
            let said = world.run(&["backup", "create"]);
            assert_eq!(said.code, 2, "{said:#?}");
            assert!(said.err.contains(&error.to_string()), "{said:#?}");
            println!("skipped: {error}");
            return None;
        }
        world.write_plan(plan);
        Some(world)
    }

    /// The server's major version.
    fn major(&self) -> u32 {
        let version: u32 = self
            .db
            .execute("SHOW server_version_num")
            .parse()
            .expect("a number");
        version / 10_000
    }

    /// A client program that knows the server.
    pub fn client(&self, tool: &'static str) -> PathBuf {
        turnback_postgres::backup::client(tool, self.major()).expect("it is there")
    }

    /// Writes the plan anew: what stands before the phases.
    pub fn write_plan(&self, plan: &str) {
        let text = format!("version: 1\nname: shop\n{plan}\n{PHASES}");
        std::fs::write(self.path("turnback.yaml"), text).expect("the plan can be written");
    }

    /// A path beside the plan.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Puts a script in the place of one of PostgreSQL's programs: it gets the real one's path
    /// as `$REAL`, and must pass `--version` on by itself.
    pub fn stand_in(&mut self, program: &'static str, script: &str) {
        let version: u32 = self
            .db
            .execute("SHOW server_version_num")
            .parse()
            .expect("a number");
        let real =
            turnback_postgres::backup::client(program, version / 10_000).expect("it is there");
        let directory = self.path("programs");
        std::fs::create_dir_all(&directory).expect("it can be made");
        let text = format!(
            "#!/bin/sh\nREAL='{}'\n[ \"$1\" = --version ] && exec \"$REAL\" --version\n{script}\n",
            real.display()
        );
        executable(&directory.join(program), &text);
        self.programs = Some(directory);
    }

    /// Makes ready to run a command on the plan and the database.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_turnback"));
        command
            .current_dir(self.directory.path())
            .env_remove("TURNBACK_TARGET")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .args(arguments)
            .args(["--target", self.db.url()]);
        if let Some(programs) = &self.programs {
            let mut path = programs.clone().into_os_string();
            if let Some(more) = std::env::var_os("TURNBACK_PG_BIN").filter(|more| !more.is_empty())
            {
                path.push(":");
                path.push(more);
            }
            command.env("TURNBACK_PG_BIN", path);
        }
        command
    }

    /// Runs a command.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments))
    }

    /// Runs a command that must end with this exit code; gives what it said on both streams.
    pub fn must(&self, arguments: &[&str], code: i32) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "turnback {arguments:?}: {ran:#?}");
        ran.out + &ran.err
    }

    /// Makes a backup that must come to its end; gives its id.
    pub fn backup(&self, more: &[&str]) -> String {
        let mut arguments = vec!["backup", "create", "--json"];
        arguments.extend(more);
        let ran = self.run(&arguments);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let made: Value = serde_json::from_str(&ran.out).expect("--json prints JSON");
        made["id"].as_str().expect("it has an id").to_owned()
    }

    /// What `backup list` says, newest first.
    pub fn list(&self) -> Vec<Value> {
        let ran = self.run(&["backup", "list", "--json"]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let listed: Value = serde_json::from_str(&ran.out).expect("--json prints JSON");
        listed["backups"].as_array().expect("a list").clone()
    }

    /// Databases of the server that begin so.
    pub fn databases(&self, beginning: &str) -> String {
        self.db.execute(&format!(
            "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE starts_with(datname, '{beginning}')"
        ))
    }
}

/// Runs a command.
pub fn ran(mut command: Command) -> Ran {
    let output = command.output().expect("the program can be run");
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Writes a program.
pub fn executable(path: &Path, text: &str) {
    std::fs::write(path, text).expect("it can be written");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("it is ours");
}
