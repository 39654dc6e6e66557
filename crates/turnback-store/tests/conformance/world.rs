//! A place for a control store that goes away with the test, and hands that get past it.

use std::path::PathBuf;

use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use turnback_core::plan::Target as Url;
use turnback_store::{ControlStore, StorePlace};
use turnback_testkit::{Cluster, Database};

/// A place for a control store.
pub(crate) struct World {
    pub(crate) place: StorePlace,
    kept: Kept,
}

enum Kept {
    File {
        #[expect(dead_code, reason = "removed when it is dropped")]
        directory: tempfile::TempDir,
        path: PathBuf,
    },
    Database(Database),
}

impl World {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("deep").join("turnback.db");
        Self {
            place: StorePlace::File(path.clone()),
            kept: Kept::File { directory, path },
        }
    }

    pub(crate) fn postgres() -> Self {
        let database = Cluster::shared().database("control");
        Self {
            place: StorePlace::Postgres(Url::new(database.url())),
            kept: Kept::Database(database),
        }
    }

    /// The store, by connections of its own, as another process has.
    pub(crate) async fn open(&self, plan: &str) -> ControlStore {
        let opened = ControlStore::open(&self.place, plan).await;
        opened.expect("the store opens")
    }

    /// Why it does not open.
    pub(crate) async fn refused(&self) -> String {
        let opened = ControlStore::open(&self.place, "shop").await;
        opened.err().expect("it cannot be used").to_string()
    }

    /// Statements of somebody who has the database, in the words of each.
    pub(crate) async fn by_hand(&self, sqlite: &str, postgres: &str) -> Result<(), sqlx::Error> {
        match &self.kept {
            Kept::File { path, .. } => {
                let url = format!("sqlite://{}", path.display());
                let pool = SqlitePool::connect(&url).await?;
                let script = sqlx::raw_sql(AssertSqlSafe(sqlite.to_owned()));
                let done = script.execute(&pool).await;
                pool.close().await;
                done.map(drop)
            }
            Kept::Database(database) => {
                let pool = PgPool::connect(database.url()).await?;
                let script = format!("SET search_path = turnback_control; {postgres}");
                let done = sqlx::raw_sql(AssertSqlSafe(script)).execute(&pool).await;
                pool.close().await;
                done.map(drop)
            }
        }
    }

    /// Makes the file by hand.
    pub(crate) async fn make(&self, script: &str) {
        let Kept::File { path, .. } = &self.kept else {
            panic!("this is no file");
        };
        let parent = path.parent().expect("it is in a directory");
        std::fs::create_dir_all(parent).expect("it can be made");
        std::fs::write(path, "").expect("it can be made");
        self.hand(script).await.expect("it is made");
    }

    /// What both understand.
    pub(crate) async fn hand(&self, script: &str) -> Result<(), sqlx::Error> {
        self.by_hand(script, script).await
    }

    /// What somebody does who knows of the triggers.
    pub(crate) async fn edit(&self, script: &str) {
        self.edit_each(script, script).await;
    }

    /// The same, in the words of each.
    pub(crate) async fn edit_each(&self, sqlite: &str, postgres: &str) {
        let dropped = "DROP TRIGGER journal_kept; DROP TRIGGER journal_stays; \
             DROP TRIGGER chain_kept; DROP TRIGGER chain_stays;";
        let disabled = "ALTER TABLE journal DISABLE TRIGGER USER; \
             ALTER TABLE chain DISABLE TRIGGER USER;";
        let done = self
            .by_hand(
                &format!("{dropped} {sqlite}"),
                &format!("{disabled} {postgres}"),
            )
            .await;
        done.expect("edited");
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.kept, Kept::Database(_))
    }
}
