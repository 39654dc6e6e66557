//! What `plan --sql` prints is what the server is asked to do: a server that logs every
//! statement is the witness.

use serde_json::Value;
use turnback_testkit::{Cluster, ClusterOptions};

use crate::world::World;

const PHASES: &str = "
  - id: keys
    operations:
      - convert_key: { table: users, to: uuid }
      - convert_key: { table: conversations, to: uuid, generate: v7 }
      - convert_key: { table: messages, to: uuid, generate: v7, v7_from: created_at }
  - id: retention
    operations:
      - sql:
          up: |
            ALTER TABLE messages ADD COLUMN expires_at timestamptz;
            COMMENT ON COLUMN messages.expires_at IS 'never; mostly' -- why
          down: ALTER TABLE messages DROP COLUMN expires_at
          verify: SELECT count(*) = 0 FROM messages WHERE expires_at < created_at
";

const ROWS: &str = "
    INSERT INTO users (email, name) VALUES ('a@example.org', 'a'), ('b@example.org', 'b');
    INSERT INTO conversations (title, owner_id) VALUES ('one', 1);
    INSERT INTO participants (conversation_id, user_id) VALUES (1, 1), (1, 2);
    INSERT INTO messages (conversation_id, sender_id, reply_to, body) VALUES (1, 1, NULL, 'x'), (1, 2, 1, 'y');
    INSERT INTO audit_logs (actor_id, action, detail) VALUES (1, 'login', 'z');
";

#[test]
fn the_server_runs_what_the_plan_prints_and_nothing_else() {
    let cluster = Cluster::start(ClusterOptions {
        settings: vec![
            ("log_statement".to_owned(), "all".to_owned()),
            ("log_line_prefix".to_owned(), "<%a> ".to_owned()),
        ],
        ..ClusterOptions::default()
    })
    .expect("a cluster can be started");
    let world = World::on(&cluster, "executed", PHASES);
    world.db.execute(ROWS);
    let mut witness = Witness {
        cluster: &cluster,
        seen: 0,
    };

    let plan = world.json("plan", 0);
    let printed = world.must(&["plan", "--sql"], 0);
    prints_all(&printed, &plan);
    let there = ["expand", "cut_over", "settle"];
    let forward = [("keys", &there[..]), ("retention", &there)];

    witness.news();
    world.must(&["up"], 0);
    witness.ran(&planned(&plan, &forward));

    world.must(&["back", "--scope", "all", "--yes"], 5);
    witness.ran(&planned(
        &plan,
        &[
            ("retention", &["withdraw"][..]),
            ("keys", &["swap_back", "withdraw"]),
        ],
    ));

    world.must(&["up"], 0);
    witness.ran(&planned(&plan, &forward));

    world.must(&["contract", "--yes"], 0);
    witness.ran(&planned(&plan, &[("keys", &["contract", "retire"][..])]));
}

/// Every statement stands in the text, in order, ended by a semicolon, with nothing between
/// them but comments.
fn prints_all(printed: &str, plan: &Value) {
    let mut rest = printed;
    let phases = plan["phases"].as_array().into_iter().flatten();
    for step in phases.flat_map(|phase| phase["steps"].as_array().into_iter().flatten()) {
        for statement in step["statements"].as_array().into_iter().flatten() {
            let statement = statement.as_str().expect("a statement is text").trim_end();
            let at = rest
                .find(statement)
                .unwrap_or_else(|| panic!("not printed, or not in order: {statement}"));
            only_comments(&rest[..at]);
            rest = rest[at + statement.len()..]
                .trim_start()
                .strip_prefix(';')
                .unwrap_or_else(|| panic!("not ended: {statement}"));
        }
    }
    only_comments(rest);
}

fn only_comments(text: &str) {
    for line in text.lines().map(str::trim) {
        assert!(
            line.is_empty() || line.starts_with("-- "),
            "neither a comment nor a statement: {line}"
        );
    }
}

/// The statements of these stages, as a server logs them.
fn planned(plan: &Value, stages: &[(&str, &[&str])]) -> Vec<Planned> {
    let mut statements = Vec::new();
    for (phase, stages) in stages {
        let phase = plan["phases"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|known| known["phase"] == *phase)
            .expect("the phase is in the plan");
        for stage in *stages {
            let steps = phase["steps"].as_array().into_iter().flatten();
            for step in steps.filter(|step| step["stage"] == *stage) {
                statements.extend(
                    step["statements"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .filter(|sql| *sql != "BEGIN" && *sql != "COMMIT")
                        .map(|sql| Planned {
                            sql: sql.trim_end().to_owned(),
                            unless_done: step["kind"] == "online" && *stage == "withdraw",
                        }),
                );
            }
        }
    }
    statements
}

/// A statement as a server logs it.
struct Planned {
    sql: String,
    /// The catalog is looked at before it: where nothing is left to do, it is not run.
    unless_done: bool,
}

/// Reads the server's log.
struct Witness<'a> {
    cluster: &'a Cluster,
    seen: usize,
}

impl Witness<'_> {
    /// What turnback's sessions ran since the last time, one statement each.
    fn news(&mut self) -> Vec<String> {
        let file = self.cluster.log_file().expect("the cluster is our own");
        let log = std::fs::read_to_string(file).expect("the log can be read");
        let news = log[self.seen..].to_owned();
        self.seen = log.len();
        let mut statements: Vec<String> = Vec::new();
        let mut ours = false;
        for line in news.lines() {
            if let Some(more) = line.strip_prefix('\t') {
                if ours && let Some(last) = statements.last_mut() {
                    last.push('\n');
                    last.push_str(more);
                }
                continue;
            }
            let statement = line
                .strip_prefix("<turnback> LOG:  statement: ")
                .or_else(|| {
                    let executed = line.strip_prefix("<turnback> LOG:  execute ")?;
                    executed.split_once(": ").map(|(_, sql)| sql)
                });
            ours = statement.is_some();
            statements.extend(statement.map(str::to_owned));
        }
        statements
    }

    /// The changes among the news, and the queries that the plan speaks of, must be the plan.
    fn ran(&mut self, planned: &[Planned]) {
        let is_planned = |sql: &String| planned.iter().any(|planned| planned.sql == *sql);
        let mut ran: Vec<String> = self
            .news()
            .iter()
            .map(|statement| as_planned(statement))
            .filter(|statement| is_change(statement) || is_planned(statement))
            // Beside and after a backfill, where it has something to free: said at the top.
            .filter(|statement| !statement.starts_with("VACUUM (SKIP_LOCKED, "))
            .collect();
        // A table is filled in many batches.
        ran.dedup();
        let mut ran = ran.iter().peekable();
        for planned in planned {
            if ran.peek() == Some(&&planned.sql) {
                ran.next();
            } else if !planned.unless_done {
                panic!(
                    "the server ran {:#?}, the plan says {:#?}",
                    ran.peek(),
                    planned.sql
                );
            }
        }
        assert_eq!(ran.next(), None, "the server ran what is not in the plan");
    }
}

/// Without the lock budget in front, and with the names that the plan has for page numbers.
fn as_planned(statement: &str) -> String {
    let statement = statement.trim_end();
    let statement = match statement.split_once("; LOCK TABLE ") {
        Some((budget, _)) if budget.starts_with("SET LOCAL lock_timeout = ") => {
            &statement[budget.len() + 2..]
        }
        _ => statement,
    };
    let mut parts = statement.split(",0)'::tid");
    let (Some(first), Some(second), Some(rest), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return statement.to_owned();
    };
    let page = |text: &str| {
        text.trim_end_matches(|c: char| c.is_ascii_digit())
            .to_owned()
    };
    format!(
        "{}$first,0)'::tid{}$end,0)'::tid{rest}",
        page(first),
        page(second)
    )
}

/// Whether a statement changes anything but the ledger's own rows.
fn is_change(statement: &str) -> bool {
    const CHANGES: [&str; 11] = [
        "ALTER ",
        "CREATE ",
        "DROP ",
        "GRANT ",
        "REVOKE ",
        "COMMENT ",
        "LOCK ",
        "VACUUM ",
        "UPDATE ONLY ",
        "INSERT INTO turnback.keys",
        "SELECT turnback.drop",
    ];
    CHANGES.iter().any(|change| statement.starts_with(change))
}
