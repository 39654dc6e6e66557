//! The control store: a database with what it is asked about.

use turnback_core::plan::Target as Url;
use turnback_engine::error::JournalError;

use crate::StorePlace;
use crate::database::{Database, Transaction, sql};
use crate::leadership::Heard;
use crate::schema;

/// A control store, in a SQLite file or in a PostgreSQL database. Clones share their sessions.
#[derive(Clone)]
pub struct ControlStore {
    pub(crate) database: Database,
    /// Which plan is asked about, by its name.
    pub(crate) plan: String,
    /// The lead that is written under, where it is one.
    pub(crate) epoch: Option<i64>,
    /// How long the lead of another has looked the same.
    pub(crate) heard: Heard,
}

impl ControlStore {
    /// Opens it for a plan, and makes it where it is not there: the file with its directories, or
    /// the schema `turnback_control` of the database.
    ///
    /// # Errors
    ///
    /// When it cannot be read or written, or a later turnback wrote it; the message names the place,
    /// and never a password.
    pub async fn open(place: &StorePlace, plan: &str) -> Result<Self, JournalError> {
        let failed = |error: &dyn std::fmt::Display| JournalError(format!("{place}: {error}"));
        let database = match place {
            StorePlace::File(path) => Database::file(path).await,
            StorePlace::Postgres(url) => Database::postgres(url).await,
            StorePlace::Other(_) => {
                Err("expected a file, or a database as postgres://USER@HOST/DATABASE".to_owned())
            }
        }
        .map_err(|error| failed(&error))?;
        schema::upgrade(&database)
            .await
            .map_err(|error| failed(&error))?;
        Ok(Self {
            database,
            plan: plan.to_owned(),
            epoch: None,
            heard: Heard::default(),
        })
    }

    /// Opens it where it is there already; looking makes none.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn open_existing(
        place: &StorePlace,
        plan: &str,
    ) -> Result<Option<Self>, JournalError> {
        let there = match place {
            StorePlace::File(path) => !matches!(path.try_exists(), Ok(false)),
            StorePlace::Other(_) => true,
            StorePlace::Postgres(url) => made_in(url)
                .await
                .map_err(|error| JournalError(format!("{place}: {error}")))?,
        };
        if there {
            Self::open(place, plan).await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// The same store, asked about another plan.
    pub fn about(&self, plan: &str) -> Self {
        Self {
            plan: plan.to_owned(),
            epoch: None,
            heard: Heard::default(),
            ..self.clone()
        }
    }

    /// Sessions that are open, and how many of them are at work.
    pub fn sessions(&self) -> (u32, u32) {
        self.database.sessions()
    }

    /// Whether it can be written: it is tried, and nothing is left of it.
    ///
    /// # Errors
    ///
    /// When it cannot.
    pub async fn prove_writable(&self) -> Result<(), JournalError> {
        self.write(sql("UPDATE token SET used_at = used_at WHERE number < 0"))
            .await
            .map(drop)
    }

    /// A transaction that writes, one at a time among all processes; refused where it is to be
    /// under a lead that has passed to another. For leads are taken in such a transaction, too, it
    /// stays the last one until this commits.
    pub(crate) async fn writing(&self) -> Result<Transaction, sqlx::Error> {
        let mut transaction = self.database.writing().await?;
        if let Some(epoch) = self.epoch {
            self.must_lead(epoch, &mut transaction).await?;
        }
        Ok(transaction)
    }
}

/// Whether a database has a control store.
async fn made_in(url: &Url) -> Result<bool, String> {
    let database = Database::postgres(url).await?;
    schema::is_there(&database)
        .await
        .map_err(|error| error.to_string())
}
