//! Where a rehearsal takes place: a throw-away cluster that nobody else can reach, or an empty
//! database that the user names.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use turnback_core::exit::ExitCode;
use turnback_core::plan::{Settings, Target as Url};
use turnback_testkit::{Binaries, Cluster, ClusterOptions};

use super::failed;
use crate::context::connect;
use crate::failure::Failure;

/// The database of the copy in a cluster of our own.
const DATABASE: &str = "rehearsal";

/// Schemas that are PostgreSQL's.
const OURS_NOT: &str = "nspname !~ '^pg_' AND nspname <> 'information_schema'";

/// A place, once there is one.
#[derive(Default)]
pub(super) struct Place {
    kind: Option<Kind>,
}

enum Kind {
    /// A cluster of our own.
    Cluster(Cluster, Url),
    /// A database of the user's, which was empty.
    Given(Url),
}

impl Place {
    /// Makes the place; gives the copy's URL.
    pub(super) async fn make(
        &mut self,
        on: Option<&str>,
        major: u32,
        settings: &Settings,
    ) -> Result<Url, Failure> {
        let (kind, url) = match on {
            Some(url) => {
                let url = Url::new(url);
                must_be_empty(&url, settings).await?;
                (Kind::Given(url.clone()), url)
            }
            None => {
                let started = tokio::task::spawn_blocking(move || start(major)).await;
                let cluster =
                    started.map_err(|error| failed("starting a throw-away cluster", error))??;
                let url = Url::new(with_database(cluster.url(), DATABASE));
                let kind = Kind::Cluster(cluster, url.clone());
                (kind, url)
            }
        };
        self.kind = Some(kind);
        if let Some(Kind::Cluster(cluster, _)) = &self.kind {
            let doing = |error| failed("making the copy's database", error);
            let mut session = PgConnection::connect(cluster.url()).await.map_err(doing)?;
            let sql = format!("CREATE DATABASE {DATABASE} TEMPLATE template0");
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut session)
                .await
                .map_err(doing)?;
        }
        Ok(url)
    }

    /// Whether it is a cluster of our own.
    pub(super) fn is_own(&self) -> bool {
        matches!(self.kind, Some(Kind::Cluster(..)))
    }

    /// Removes all there is of the copy, or keeps it; says what became of it.
    pub(super) async fn leave(self, keep: bool) -> String {
        match (self.kind, keep) {
            (None, _) => String::new(),
            (Some(Kind::Cluster(cluster, _)), false) => {
                drop(cluster);
                "The throw-away cluster is stopped and its directory removed.".to_owned()
            }
            (Some(Kind::Cluster(cluster, url)), true) => match cluster.keep() {
                Ok(directory) => kept(&directory, &url),
                Err(error) => format!("The copy could not be kept: {error}"),
            },
            (Some(Kind::Given(url)), true) => {
                format!(
                    "The copy is left in {}; drop it when you are done.",
                    url.redacted()
                )
            }
            (Some(Kind::Given(url)), false) => match empty(&url).await {
                Ok(()) => format!("{} is empty again.", url.redacted()),
                Err(error) => format!(
                    "{} could not be emptied ({error}); it holds nothing but the copy: drop it.",
                    url.redacted()
                ),
            },
        }
    }
}

fn start(major: u32) -> Result<Cluster, Failure> {
    let start = || {
        let binaries = Binaries::closest_to(major)?;
        Cluster::start(ClusterOptions {
            // Honest times take flushed commits.
            fsync: true,
            // The rows may be somebody's.
            private: true,
            binaries: Some(binaries),
            settings: vec![("max_locks_per_transaction".to_owned(), "512".to_owned())],
        })
    };
    start().map_err(|error| Failure::new(ExitCode::Failed, error.to_string()))
}

fn kept(directory: &Path, url: &Url) -> String {
    let directory = directory.display();
    // Whoever started the server may end it so, root too; `pg_ctl` would refuse root.
    format!(
        "The copy is kept, for you alone. Look at it with\n  psql '{}'\nand be rid of it with\n  kill -QUIT $(head -n 1 {directory}/data/postmaster.pid) && sleep 1 && rm -rf {directory}",
        // A socket: there is no password in it.
        url.expose_secret()
    )
}

/// The same cluster, another database.
fn with_database(url: &str, name: &str) -> String {
    match url.rsplit_once('/') {
        Some((cluster, _)) => format!("{cluster}/{name}"),
        None => url.to_owned(),
    }
}

async fn must_be_empty(url: &Url, settings: &Settings) -> Result<(), Failure> {
    let mut session = connect(url, settings).await?.session().await?;
    let row = sqlx::raw_sql(AssertSqlSafe(format!(
        "SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE {OURS_NOT} \
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))::text AS objects, \
         (SELECT count(*) FROM pg_namespace WHERE {OURS_NOT} AND nspname <> 'public')::text AS schemas"
    )))
    .fetch_one(&mut session)
    .await
    .map_err(|error| failed("looking at the database for the copy", error))?;
    let number = |name| row.try_get_unchecked::<String, _>(name).unwrap_or_default();
    if number("objects") == "0" && number("schemas") == "0" {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} is not empty: `--on` takes a database with nothing in it, for everything in it is dropped at the end",
        url.redacted()
    ))
    .next("Nothing was touched. `CREATE DATABASE rehearsal TEMPLATE template0` makes one."))
}

/// Drops everything: it was empty when we came.
async fn empty(url: &Url) -> Result<(), sqlx::Error> {
    let target = turnback_postgres::PostgresTarget::new(url, 1)
        .map_err(|error| sqlx::Error::Protocol(error.to_string()))?;
    let mut session = target
        .session()
        .await
        .map_err(|error| sqlx::Error::Protocol(error.to_string()))?;
    let sql = format!(
        "SET lock_timeout = '30s'; DO $$ DECLARE o record; BEGIN \
         FOR o IN SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
             AND application_name LIKE 'turnback%' LOOP PERFORM pg_terminate_backend(o.pid); END LOOP; \
         FOR o IN SELECT evtname FROM pg_event_trigger LOOP EXECUTE format('DROP EVENT TRIGGER %I CASCADE', o.evtname); END LOOP; \
         FOR o IN SELECT pubname FROM pg_publication LOOP EXECUTE format('DROP PUBLICATION %I', o.pubname); END LOOP; \
         FOR o IN SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' LOOP EXECUTE format('DROP EXTENSION IF EXISTS %I CASCADE', o.extname); END LOOP; \
         FOR o IN SELECT nspname FROM pg_namespace WHERE {OURS_NOT} AND nspname <> 'public' LOOP EXECUTE format('DROP SCHEMA %I CASCADE', o.nspname); END LOOP; \
         FOR o IN SELECT DISTINCT i.type, i.identity FROM pg_depend d, pg_identify_object(d.classid, d.objid, 0) i \
             WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace('public') AND d.deptype = 'n' LOOP \
             EXECUTE format('DROP %s IF EXISTS %s CASCADE', CASE o.type WHEN 'composite type' THEN 'type' ELSE o.type END, o.identity); END LOOP; \
         END $$"
    );
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut session)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_a_database_of_its_own_beside_the_maintenance_one() {
        let url = with_database("postgres://postgres@%2Ftmp%2Fx:5433/postgres", "copy");
        assert_eq!(url, "postgres://postgres@%2Ftmp%2Fx:5433/copy");
    }
}
