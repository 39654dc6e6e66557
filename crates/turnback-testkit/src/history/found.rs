//! What the database holds of histories: its own record of every version, and its tables
//! through one shape.

use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::workload::{Shape, WorkloadError};

/// Rows as the database gives them, references resolved to names.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The database's own record, in the order of its making.
    pub(super) history: Vec<Recorded>,
    /// Name, version, word and shelf of each document.
    pub(super) documents: Vec<(String, i32, String, Option<String>)>,
    /// Name of each shelf, how many documents it says it has, and how many it has.
    pub(super) shelves: Vec<(String, i64, i64)>,
    /// Word of each note, and its document.
    pub(super) notes: Vec<(String, Option<String>)>,
}

/// One version, as the table's own trigger recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) event: String,
    pub(super) document: String,
    pub(super) version: i32,
    pub(super) word: String,
    pub(super) after: String,
    pub(super) shelf: String,
}

impl Found {
    /// Looks through one shape; leaves the connection's transaction, if any, open.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked; for example because a table is not there.
    pub async fn through(
        connection: &mut PgConnection,
        shape: &Shape,
    ) -> Result<Self, WorkloadError> {
        let read = async {
            let path = format!("SET search_path = {}", shape.search_path());
            sqlx::raw_sql(AssertSqlSafe(path))
                .execute(&mut *connection)
                .await?;
            Self::read(connection).await
        };
        read.await
            .map_err(WorkloadError::while_doing("read histories"))
    }

    async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        // One statement is one snapshot; the tables are read while nobody writes.
        let query = |sql: &'static str| sqlx::query(sql).persistent(false);
        let mut found = Self::default();
        let history =
            "SELECT event, document, version, word, after, shelf FROM history ORDER BY seq";
        for row in query(history).fetch_all(&mut *connection).await? {
            found.history.push(Recorded {
                event: row.try_get(0)?,
                document: row.try_get(1)?,
                version: row.try_get(2)?,
                word: row.try_get(3)?,
                after: row.try_get(4)?,
                shelf: row.try_get(5)?,
            });
        }
        let documents = "SELECT d.name, d.version, d.word, s.name FROM documents d \
            LEFT JOIN shelves s ON s.id = d.shelf_id";
        for row in query(documents).fetch_all(&mut *connection).await? {
            let document = (
                row.try_get(0)?,
                row.try_get(1)?,
                row.try_get(2)?,
                row.try_get(3)?,
            );
            found.documents.push(document);
        }
        let shelves = "SELECT s.name, s.documents::bigint, \
            (SELECT count(*) FROM documents d WHERE d.shelf_id = s.id) FROM shelves s";
        for row in query(shelves).fetch_all(&mut *connection).await? {
            found
                .shelves
                .push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        }
        let notes =
            "SELECT n.word, d.name FROM notes n LEFT JOIN documents d ON d.id = n.document_id";
        for row in query(notes).fetch_all(&mut *connection).await? {
            found.notes.push((row.try_get(0)?, row.try_get(1)?));
        }
        Ok(found)
    }
}
