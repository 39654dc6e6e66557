//! The hash chain of the journal: how entries come into it, and how it is verified.

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, Row};
use turnback_core::chain::{Entry, Hash, Head, Kept, Link, Verification, Verifier, Written, sum};
use turnback_engine::error::JournalError;

use crate::SqliteStore;

/// Triggers without which entries could be edited by a slip.
const TRIGGERS: [&str; 4] = ["chain_kept", "chain_stays", "journal_kept", "journal_stays"];

impl SqliteStore {
    /// Verifies the journal of the whole file, of every plan: whether its entries are as they were
    /// written. A head that was kept elsewhere must be found again.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn verify(&self, elsewhere: Option<Head>) -> Result<Verification, JournalError> {
        self.verified(elsewhere).await.map_err(words)
    }

    async fn verified(&self, elsewhere: Option<Head>) -> Result<Verification, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        // One look: others append meanwhile.
        let mut look = connection.begin().await?;
        let mut verifier = Verifier::new(elsewhere);
        let mut rows = sqlx::query(
            "SELECT number, j.at, j.plan, j.event, j.number IS NOT NULL AS there, c.hash, c.found \
             FROM journal j FULL JOIN chain c USING (number) ORDER BY number",
        )
        .fetch(&mut *look);
        while let Some(row) = rows.try_next().await? {
            let number = row.try_get("number")?;
            let texts = texts(&row)?;
            let entry = texts.as_ref().map(|[at, plan, event]| Entry {
                number,
                at,
                plan,
                event,
            });
            verifier.take(number, entry.as_ref(), link(&row)?);
        }
        drop(rows);
        let kept = Kept {
            head: head(&mut look).await?,
            highest: sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'journal'")
                .fetch_optional(&mut *look)
                .await?
                .unwrap_or(0),
            missing_triggers: missing_triggers(&mut look).await?,
        };
        Ok(verifier.finish(kept))
    }

    /// The end of the chain; nothing where nothing was written yet.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn head(&self) -> Result<Option<Head>, JournalError> {
        let mut connection = self.pool.acquire().await.map_err(words)?;
        head(&mut connection).await.map_err(words)
    }
}

fn words(error: sqlx::Error) -> JournalError {
    JournalError(error.to_string())
}

/// Time, plan and event of an entry that is there. Text of any kind is looked at as it is: what
/// was edited need not be what this program would have written.
fn texts(row: &SqliteRow) -> Result<Option<[String; 3]>, sqlx::Error> {
    if !row.try_get::<bool, _>("there")? {
        return Ok(None);
    }
    let text = |column| {
        let bytes: Option<Vec<u8>> = row.try_get_unchecked(column)?;
        Ok::<_, sqlx::Error>(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
    };
    Ok(Some([text("at")?, text("plan")?, text("event")?]))
}

/// The link of an entry.
fn link(row: &SqliteRow) -> Result<Option<Link>, sqlx::Error> {
    let hash: Option<Vec<u8>> = row.try_get_unchecked("hash")?;
    let found: Option<bool> = row.try_get_unchecked("found")?;
    Ok(hash.map(|hash| Link {
        hash: read(&String::from_utf8_lossy(&hash)),
        written: match found {
            Some(true) => Written::Found,
            Some(false) | None => Written::Chained,
        },
    }))
}

async fn missing_triggers(connection: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let there: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            .fetch_all(connection)
            .await?;
    let gone = TRIGGERS.iter().map(|name| (*name).to_owned());
    Ok(gone.filter(|name| !there.contains(name)).collect())
}

async fn head(connection: &mut SqliteConnection) -> Result<Option<Head>, sqlx::Error> {
    let row: Option<(i64, String)> = sqlx::query_as("SELECT number, hash FROM chain_head")
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|(number, hash)| Head {
        number,
        hash: read(&hash),
    }))
}

/// A sum; what is none agrees with no entry.
fn read(hash: &str) -> Hash {
    hash.parse().unwrap_or(Hash::START)
}

/// Chains every entry that is not chained yet, inside the transaction of the caller. `own` is the
/// number of the one that this transaction wrote; the others were found.
///
/// It goes on from the head that is kept, and not from the last entry that is there: where the
/// end was removed, what follows shows it.
pub(crate) async fn chain(
    connection: &mut SqliteConnection,
    own: Option<i64>,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(
        "SELECT number, at, plan, event FROM journal \
         WHERE number > (SELECT coalesce(max(number), 0) FROM chain) ORDER BY number",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut before = head(connection).await?.map(|head| head.hash);
    for row in rows {
        let number: i64 = row.try_get("number")?;
        let [at, plan, event]: [String; 3] = [
            row.try_get("at")?,
            row.try_get("plan")?,
            row.try_get("event")?,
        ];
        let entry = Entry {
            number,
            at: &at,
            plan: &plan,
            event: &event,
        };
        let written = if own == Some(number) {
            Written::Chained
        } else {
            Written::Found
        };
        let hash = sum(&before.unwrap_or_default(), &entry, written);
        sqlx::query("INSERT INTO chain (number, hash, found) VALUES (?1, ?2, ?3)")
            .bind(number)
            .bind(hash.to_string())
            .bind(written == Written::Found)
            .execute(&mut *connection)
            .await?;
        sqlx::query(
            "INSERT INTO chain_head (one, number, hash) VALUES (1, ?1, ?2) \
             ON CONFLICT (one) DO UPDATE SET number = excluded.number, hash = excluded.hash",
        )
        .bind(number)
        .bind(hash.to_string())
        .execute(&mut *connection)
        .await?;
        before = Some(hash);
    }
    Ok(())
}
