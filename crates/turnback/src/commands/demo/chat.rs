//! The stage: a throw-away cluster with a chat service's database.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use turnback_core::plan::Target as Url;
use turnback_testkit::{CHAT_SCHEMA, Cluster, ClusterOptions, Shape, fill};

use super::{failed, release};
use crate::failure::Failure;

/// Commits reach the disk, so that waits are honest; no checkpoint falls due in two minutes, as
/// it would not in any given two minutes of a server that is set up for its load.
const SETTINGS: [(&str, &str); 5] = [
    ("max_wal_size", "16GB"),
    ("checkpoint_timeout", "1h"),
    ("wal_level", "replica"),
    ("maintenance_work_mem", "256MB"),
    ("wal_init_zero", "off"),
];

/// The cluster and the database on it. Both go when the value is dropped.
pub(super) struct Chat {
    cluster: Cluster,
    url: String,
}

impl Chat {
    /// Starts the cluster, in a second or two, and makes an empty database.
    pub(super) async fn start() -> Result<Self, Failure> {
        let options = ClusterOptions {
            fsync: true,
            settings: SETTINGS
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            ..ClusterOptions::default()
        };
        let mut timing = options.clone();
        timing.settings.push((
            "shared_preload_libraries".to_owned(),
            "pg_stat_statements".to_owned(),
        ));
        // Where the server comes without that extension, the demo goes without it.
        let start = move || Cluster::start(timing).or_else(|_| Cluster::start(options));
        let cluster = tokio::task::spawn_blocking(start)
            .await
            .map_err(failed)?
            .map_err(failed)?;
        let mut admin = PgConnection::connect(cluster.url()).await.map_err(failed)?;
        sqlx::raw_sql("CREATE DATABASE chat")
            .execute(&mut admin)
            .await
            .map_err(failed)?;
        let server = cluster
            .url()
            .rsplit_once('/')
            .map_or("", |(server, _)| server);
        let url = format!("{server}/chat");
        Ok(Self { cluster, url })
    }

    /// Its connection string, which holds no secret: the cluster trusts whoever is here.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The same, as plans have it.
    pub(super) fn target(&self) -> Url {
        Url::new(&self.url)
    }

    /// Where the control store goes: it leaves with the cluster.
    pub(super) fn journal(&self) -> std::path::PathBuf {
        self.cluster
            .directory()
            .map(|directory| directory.join("journal.db"))
            .unwrap_or_default()
    }

    /// PostgreSQL's version, as people say it.
    pub(super) fn version(&self) -> String {
        let major = self.cluster.binaries().major_version();
        major.map_or_else(
            || "PostgreSQL".to_owned(),
            |major| format!("PostgreSQL {major}"),
        )
    }

    /// Makes the tables and their rows; gives the number of rows and the bytes they take.
    pub(super) async fn fill(&self, rows: u64) -> Result<(u64, u64), Failure> {
        let mut connection = self.connect().await?;
        for make in [CHAT_SCHEMA, release::ROLE] {
            sqlx::raw_sql(make)
                .execute(&mut connection)
                .await
                .map_err(failed)?;
        }
        fill(&mut connection, rows).await.map_err(failed)?;
        // Sets hint and visibility bits, and brings the load to disk, before anything is timed.
        for settle in ["VACUUM", "CHECKPOINT"] {
            sqlx::raw_sql(settle)
                .execute(&mut connection)
                .await
                .map_err(failed)?;
        }
        let size = "SELECT sum(reltuples)::bigint, sum(pg_total_relation_size(oid))::bigint \
                    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
        let row = sqlx::raw_sql(size)
            .fetch_one(&mut connection)
            .await
            .map_err(failed)?;
        let number = |at: usize| row.try_get::<i64, _>(at).map_err(failed);
        Ok((number(0)?.unsigned_abs(), number(1)?.unsigned_abs()))
    }

    /// Whether the server knows how long statements take; makes it show that.
    pub(super) async fn times_statements(&self) -> Result<bool, Failure> {
        let mut connection = self.connect().await?;
        let made = sqlx::raw_sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            .execute(&mut connection)
            .await;
        Ok(made.is_ok()
            && sqlx::raw_sql("SELECT FROM pg_stat_statements LIMIT 1")
                .execute(&mut connection)
                .await
                .is_ok())
    }

    /// The latest message of the writers numbered `writers`, as both shapes show it at one
    /// moment: key and sender, in the old shape and in the new.
    pub(super) async fn one_message(
        &self,
        writers: std::ops::Range<usize>,
        new: &Shape,
    ) -> Result<Option<[[String; 2]; 2]>, Failure> {
        let mut connection = self.connect().await?;
        let mut snapshot = connection
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
            .map_err(failed)?;
        let latest = format!(
            "body ~ '{}' AND sender_id IS NOT NULL ORDER BY id DESC LIMIT 1",
            written_by(&writers)
        );
        let Some([id, sender, body]) = message(&mut snapshot, &Shape::Old, &latest).await? else {
            return Ok(None);
        };
        // A writer's marker has letters, digits and dots; its message nothing else of interest.
        let same = format!("body = '{}'", body.replace('\'', "''"));
        let seen = message(&mut snapshot, new, &same).await?;
        Ok(seen.map(|[new_id, new_sender, _]| [[id, sender], [new_id, new_sender]]))
    }

    /// How many messages of the writers numbered `writers` are here, made in the last `ago`
    /// but not in the last `until`; through whatever `public` shows.
    pub(super) async fn messages_between(
        &self,
        writers: std::ops::Range<usize>,
        ago: Duration,
        until: Duration,
    ) -> Result<u64, Failure> {
        let sql = format!(
            "SELECT count(*) FROM messages WHERE body ~ '{}' \
             AND created_at BETWEEN now() - interval '{} ms' AND now() - interval '{} ms'",
            written_by(&writers),
            ago.as_millis(),
            until.as_millis()
        );
        let row = sqlx::raw_sql(AssertSqlSafe(sql))
            .fetch_one(&mut self.connect().await?)
            .await
            .map_err(failed)?;
        Ok(row.try_get::<i64, _>(0).map_err(failed)?.unsigned_abs())
    }

    async fn connect(&self) -> Result<PgConnection, Failure> {
        PgConnection::connect(&self.url).await.map_err(failed)
    }
}

/// A regular expression for what these writers write: each begins with the run and its number.
fn written_by(writers: &std::ops::Range<usize>) -> String {
    let numbers: Vec<String> = writers.clone().map(|number| number.to_string()).collect();
    format!("^w[0-9a-f]{{6}}[.]({})[.]", numbers.join("|"))
}

/// Key, sender and body of one message through a shape.
async fn message(
    connection: &mut PgConnection,
    shape: &Shape,
    condition: &str,
) -> Result<Option<[String; 3]>, Failure> {
    let path = format!("SET LOCAL search_path = {}", shape.search_path());
    sqlx::raw_sql(AssertSqlSafe(path))
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    let sql = format!("SELECT id::text, sender_id::text, body FROM messages WHERE {condition}");
    let row = sqlx::raw_sql(AssertSqlSafe(sql))
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let column = |at: usize| row.try_get::<String, _>(at).map_err(failed);
    Ok(Some([column(0)?, column(1)?, column(2)?]))
}
