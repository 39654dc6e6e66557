//! The rows that were there before the writers came, and that none of them changes.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::error::WorkloadError;
use super::session::text_rows;
use super::table::{ANY_RUN, Table};

/// How many rows of a table there are, and a sum over the hashes of their contents, references
/// resolved to markers: the same through every shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) rows: u64,
    pub(super) sum: String,
}

/// The shared rows of all tables.
#[derive(Clone, Debug)]
pub(super) struct Bulk {
    pub(super) tables: BTreeMap<Table, Fingerprint>,
    /// Users that writers may refer to, numbered from 1.
    pub(super) users: u64,
    /// Conversations that writers may refer to, numbered from 1.
    pub(super) conversations: u64,
    /// The tables have the triggers and cascades of [`CHAT_HABITS`](super::CHAT_HABITS).
    pub(super) habits: bool,
}

impl Bulk {
    /// Takes the fingerprints of all rows that no writer made.
    pub(super) async fn look(connection: &mut PgConnection) -> Result<Self, WorkloadError> {
        let mut tables = BTreeMap::new();
        for table in Table::ALL {
            let sql = format!(
                "SELECT count(*), coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) \
                 FROM ({}) r WHERE marker NOT LIKE '{ANY_RUN}'{}",
                table.select(),
                if table == Table::Participants {
                    // Where only the user is a writer's own, the marker begins otherwise.
                    format!(" AND email NOT LIKE '{ANY_RUN}'")
                } else {
                    String::new()
                }
            );
            let [rows, sum] = pair(connection, &sql).await?;
            let rows = rows.parse().unwrap_or_default();
            tables.insert(table, Fingerprint { rows, sum });
        }
        let shared = "SELECT (SELECT count(*) FROM users WHERE email LIKE 'user%@bulk.example'), \
                      (SELECT count(*) FROM conversations WHERE title LIKE 'Conversation %')";
        let [users, conversations] = pair(connection, shared).await?;
        let habits = "SELECT count(*), 0 FROM pg_trigger WHERE tgname = 'note_rename'";
        let [habits, _] = pair(connection, habits).await?;
        Ok(Self {
            tables,
            users: users.parse().unwrap_or_default(),
            conversations: conversations.parse().unwrap_or_default(),
            habits: habits != "0",
        })
    }
}

/// Both columns of the only row.
async fn pair(connection: &mut PgConnection, sql: &str) -> Result<[String; 2], WorkloadError> {
    let rows = text_rows(connection, sql)
        .await
        .map_err(WorkloadError::while_doing(
            "look at the rows that are there",
        ))?;
    let columns: Vec<String> = rows.into_iter().flatten().flatten().collect();
    Ok(<[String; 2]>::try_from(columns).expect("an aggregate query gives one row of two columns"))
}
