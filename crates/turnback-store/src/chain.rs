//! The hash chain of the journal: how entries come into it, and how it is verified.

use turnback_core::chain::{Entry, Hash, Head, Kept, Link, Verification, Verifier, Written, sum};
use turnback_engine::error::JournalError;

use crate::ControlStore;
use crate::database::{Dialect, Row, Transaction, sql};
use crate::journal::failed;

/// Triggers without which entries could be edited by a slip.
const TRIGGERS: [&str; 4] = ["chain_kept", "chain_stays", "journal_kept", "journal_stays"];
/// And where a table can be emptied as a whole.
const AGAINST_TRUNCATE: [&str; 2] = ["chain_not_emptied", "journal_not_emptied"];

impl ControlStore {
    /// Verifies the journal of the whole store, of every plan: whether its entries are as they were
    /// written. A head that was kept elsewhere must be found again.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn verify(&self, elsewhere: Option<Head>) -> Result<Verification, JournalError> {
        self.verified(elsewhere).await.map_err(failed)
    }

    async fn verified(&self, elsewhere: Option<Head>) -> Result<Verification, sqlx::Error> {
        // One look: others append meanwhile.
        let mut look = self.database.look().await?;
        let mut verifier = Verifier::new(elsewhere);
        let entries = sql(
            "SELECT number, j.at, j.plan, j.event, j.number IS NOT NULL AS there, c.hash, c.found \
             FROM journal j FULL JOIN chain c USING (number) ORDER BY number",
        );
        look.each(entries, |row| {
            let number = row.get("number")?;
            let texts = texts(&row)?;
            let entry = texts.as_ref().map(|[at, plan, event]| Entry {
                number,
                at,
                plan,
                event,
            });
            verifier.take(number, entry.as_ref(), link(&row)?);
            Ok(())
        })
        .await?;
        let dialect = self.database.dialect();
        let kept = Kept {
            head: head(&mut look).await?,
            highest: highest(&mut look, dialect).await?,
            missing_triggers: missing_triggers(&mut look, dialect).await?,
        };
        Ok(verifier.finish(kept))
    }

    /// The end of the chain; nothing where nothing was written yet.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn head(&self) -> Result<Option<Head>, JournalError> {
        let row = self.database.optional(sql(HEAD)).await.map_err(failed)?;
        row.as_ref().map(read_head).transpose().map_err(failed)
    }
}

/// Time, plan and event of an entry that is there. Text of any kind is looked at as it is: what
/// was edited need not be what this program would have written.
fn texts(row: &Row) -> Result<Option<[String; 3]>, sqlx::Error> {
    if !row.get::<bool>("there")? {
        return Ok(None);
    }
    let text = |column| Ok::<_, sqlx::Error>(row.found(column)?.unwrap_or_default());
    Ok(Some([text("at")?, text("plan")?, text("event")?]))
}

/// The link of an entry.
fn link(row: &Row) -> Result<Option<Link>, sqlx::Error> {
    let found: Option<bool> = row.get("found")?;
    Ok(row.found("hash")?.map(|hash| Link {
        hash: read(&hash),
        written: match found {
            Some(true) => Written::Found,
            Some(false) | None => Written::Chained,
        },
    }))
}

/// The highest number that an entry ever had.
pub(crate) async fn highest(look: &mut Transaction, dialect: Dialect) -> Result<i64, sqlx::Error> {
    let row = look
        .optional(sql(match dialect {
            Dialect::Sqlite => "SELECT seq AS number FROM sqlite_sequence WHERE name = 'journal'",
            Dialect::Postgres => "SELECT number FROM journal_highest",
        }))
        .await?;
    row.map_or(Ok(0), |row| row.get("number"))
}

async fn missing_triggers(
    look: &mut Transaction,
    dialect: Dialect,
) -> Result<Vec<String>, sqlx::Error> {
    let (names, truncate) = match dialect {
        Dialect::Sqlite => (
            "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
            None,
        ),
        // One that is there and does not fire is none.
        Dialect::Postgres => (
            "SELECT tgname::text AS name FROM pg_trigger WHERE tgenabled IN ('O', 'A') \
             AND tgrelid IN ('journal'::regclass, 'chain'::regclass)",
            Some(AGAINST_TRUNCATE),
        ),
    };
    let rows = look.all(sql(names)).await?;
    let there: Vec<String> = rows
        .iter()
        .map(|row| row.get("name"))
        .collect::<Result<_, _>>()?;
    let needed = TRIGGERS.into_iter().chain(truncate.into_iter().flatten());
    let gone = needed.filter(|name| !there.iter().any(|known| known == name));
    Ok(gone.map(str::to_owned).collect())
}

const HEAD: &str = "SELECT number, hash FROM chain_head";

async fn head(transaction: &mut Transaction) -> Result<Option<Head>, sqlx::Error> {
    let row = transaction.optional(sql(HEAD)).await?;
    row.as_ref().map(read_head).transpose()
}

fn read_head(row: &Row) -> Result<Head, sqlx::Error> {
    let hash: String = row.get("hash")?;
    Ok(Head {
        number: row.get("number")?,
        hash: read(&hash),
    })
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
    transaction: &mut Transaction,
    own: Option<i64>,
) -> Result<(), sqlx::Error> {
    let unchained = sql("SELECT number, at, plan, event FROM journal \
         WHERE number > (SELECT coalesce(max(number), 0) FROM chain) ORDER BY number");
    let rows = transaction.all(unchained).await?;
    let mut before = head(transaction).await?.map(|head| head.hash);
    for row in rows {
        let number: i64 = row.get("number")?;
        let [at, plan, event]: [String; 3] = [row.get("at")?, row.get("plan")?, row.get("event")?];
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
        let link = sql("INSERT INTO chain (number, hash, found) VALUES ($1, $2, $3)")
            .bind(number)
            .bind(hash.to_string())
            .bind(written == Written::Found);
        transaction.run(link).await?;
        let end = sql(
            "INSERT INTO chain_head (one, number, hash) VALUES (1, $1, $2) \
             ON CONFLICT (one) DO UPDATE SET number = excluded.number, hash = excluded.hash",
        );
        transaction
            .run(end.bind(number).bind(hash.to_string()))
            .await?;
        before = Some(hash);
    }
    Ok(())
}
