//! A database, a plan beside it, and the real program to run on them.

use std::path::PathBuf;
use std::process::Command;

use turnback_testkit::{Cluster, Database};

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
    /// All that it printed, on both streams.
    pub said: String,
}

impl World {
    /// A database of this schema, and a plan of these phases (YAML, the list alone).
    pub fn new(name: &str, schema: &str, phases: &str) -> Self {
        let world = Self {
            db: Cluster::shared().database(name),
            directory: tempfile::tempdir().expect("a temporary directory can be made"),
        };
        world.db.execute(schema);
        world.write_plan(phases);
        world
    }

    /// Writes the plan anew.
    pub fn write_plan(&self, phases: &str) {
        let text = format!(
            "version: 1\nname: test\ntarget: postgres://127.0.0.1/nowhere\nphases:\n{phases}\n"
        );
        std::fs::write(self.plan_file(), text).expect("the plan can be written");
    }

    /// Where the plan is.
    pub fn plan_file(&self) -> PathBuf {
        self.directory.path().join("turnback.yaml")
    }

    /// Runs a command on the plan.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = program();
        command
            .args(arguments)
            .arg("--plan")
            .arg(self.plan_file())
            .args(["--target", self.db.url()])
            .arg("--store")
            .arg(self.directory.path().join("journal.db"));
        ran(command)
    }

    /// Runs a command that must end with this exit code; gives what it said.
    pub fn must(&self, arguments: &[&str], code: i32) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "turnback {arguments:?} said:\n{}", ran.said);
        ran.said
    }

    /// Goes forward with all phases.
    pub fn up(&self) {
        self.must(&["up"], 0);
    }

    /// Goes forward until both shapes of this phase are live.
    pub fn expand(&self, phase: &str) {
        self.must(&["up", "--to", phase, "--expand-only"], 0);
    }

    /// Turns back everything.
    pub fn back(&self) {
        self.must(&["back", "--scope", "all", "--yes"], 5);
    }

    /// Gives up the old shape of everything.
    pub fn contract(&self) {
        self.must(&["contract", "--yes"], 0);
    }

    /// Runs SQL as a client of `public`.
    pub fn sql(&self, sql: &str) -> String {
        self.db.execute(sql)
    }

    /// A client of a shape.
    pub fn through(&self, path: &str) -> Client<'_> {
        Client {
            world: self,
            path: path.to_owned(),
        }
    }
}

/// A client that sees one shape, by its `search_path`.
pub struct Client<'a> {
    world: &'a World,
    path: String,
}

impl Client<'_> {
    /// Runs SQL, one or more statements in one transaction; gives the rows.
    pub fn run(&self, sql: &str) -> String {
        self.world
            .db
            .execute(&format!("SET search_path = {}; {sql}", self.path))
    }

    /// Runs SQL, which must give these rows.
    pub fn gives(&self, sql: &str, rows: &str) {
        assert_eq!(self.run(sql), rows, "{sql}\nthrough {}", self.path);
    }

    /// Runs SQL and gives the SQLSTATE with the message; `00000` when it went well. Deferred
    /// constraints are checked too.
    pub fn state(&self, sql: &str) -> String {
        self.world.db.execute(&format!(
            "SET search_path = {}; \
             CREATE FUNCTION pg_temp.state(query text) RETURNS text LANGUAGE plpgsql AS $state$ \
             BEGIN EXECUTE query; SET CONSTRAINTS ALL IMMEDIATE; RETURN '00000'; \
             EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM; END $state$; \
             SELECT pg_temp.state($query${sql}$query$)",
            self.path
        ))
    }

    /// Runs SQL that must fail with this SQLSTATE.
    pub fn refuses(&self, sql: &str, state: &str) {
        let answer = self.state(sql);
        // From 18 on PostgreSQL tells RESTRICT from NO ACTION.
        let state = match state {
            "23503" if answer.starts_with("23001") => "23001",
            _ => state,
        };
        assert!(
            answer.starts_with(state),
            "expected {state}, but found {answer}\n{sql}\nthrough {}",
            self.path
        );
    }
}

/// The program itself, with nothing from the environment that would change what it does.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_turnback"));
    command
        .env_remove("TURNBACK_TARGET")
        .env_remove("DATABASE_URL")
        .env("NO_COLOR", "1");
    command
}

/// Runs it.
pub fn ran(mut command: Command) -> Ran {
    let output = command.output().expect("the program can be run");
    Ran {
        code: output.status.code().unwrap_or(-1),
        said: format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}
