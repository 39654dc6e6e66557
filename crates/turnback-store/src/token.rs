//! Tokens and sessions: who may come in. Secrets are kept as fingerprints.

use turnback_core::guard::Moment;
use turnback_engine::error::JournalError;

use crate::ControlStore;
use crate::database::{Row, sql};
use crate::journal::failed;
use crate::moment::{millis, moment};

/// A token that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// The SHA-256 of its secret, in hex.
    pub fingerprint: String,
    /// When it is made.
    pub made_at: Moment,
    /// When it expires.
    pub expires_at: Option<Moment>,
}

/// A token, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptToken {
    /// Its number.
    pub number: i64,
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// When it was made.
    pub made_at: Moment,
    /// When it expires.
    pub expires_at: Option<Moment>,
    /// When it was last used, to the minute.
    pub used_at: Option<Moment>,
    /// When it was revoked.
    pub revoked_at: Option<Moment>,
}

impl ControlStore {
    /// Makes a token.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn make_token(&self, token: &NewToken) -> Result<KeptToken, JournalError> {
        let made = sql(
            "INSERT INTO token (name, role, fingerprint, made_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5) RETURNING *",
        )
        .bind(&token.name)
        .bind(&token.role)
        .bind(&token.fingerprint)
        .bind(millis(token.made_at))
        .bind(token.expires_at.map(millis));
        let mut transaction = self.writing().await.map_err(failed)?;
        let row = transaction.one(made).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        kept(&row)
    }

    /// Every token, good or not, of every plan in the store.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn tokens(&self) -> Result<Vec<KeptToken>, JournalError> {
        let rows = self
            .database
            .all(sql("SELECT * FROM token ORDER BY number"));
        rows.await.map_err(failed)?.iter().map(kept).collect()
    }

    /// The token of a fingerprint, where it is good at that moment.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn token_of(
        &self,
        fingerprint: &str,
        at: Moment,
    ) -> Result<Option<KeptToken>, JournalError> {
        let token = sql(
            "SELECT * FROM token WHERE fingerprint = $1 AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $2)",
        );
        let token = token.bind(fingerprint).bind(millis(at));
        let row = self.database.optional(token).await.map_err(failed)?;
        row.as_ref().map(kept).transpose()
    }

    /// Takes down that a token was used.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn token_used(&self, number: i64, at: Moment) -> Result<(), JournalError> {
        let used = sql("UPDATE token SET used_at = $2 WHERE number = $1");
        self.write(used.bind(number).bind(millis(at)))
            .await
            .map(drop)
    }

    /// Revokes a token, and ends its sessions. False where no good one has that number.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn revoke_token(&self, number: i64, at: Moment) -> Result<bool, JournalError> {
        let mut transaction = self.writing().await.map_err(failed)?;
        let revoked =
            sql("UPDATE token SET revoked_at = $2 WHERE number = $1 AND revoked_at IS NULL");
        let revoked = revoked.bind(number).bind(millis(at));
        let rows = transaction.run(revoked).await.map_err(failed)?;
        let ended = sql("DELETE FROM session WHERE token = $1").bind(number);
        transaction.run(ended).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(rows > 0)
    }

    /// Opens a session for a token, and clears those away that are over.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn open_session(
        &self,
        fingerprint: &str,
        token: i64,
        at: Moment,
        until: Moment,
    ) -> Result<(), JournalError> {
        let mut transaction = self.writing().await.map_err(failed)?;
        let over = sql("DELETE FROM session WHERE expires_at <= $1").bind(millis(at));
        transaction.run(over).await.map_err(failed)?;
        let opened =
            sql("INSERT INTO session (fingerprint, token, expires_at) VALUES ($1, $2, $3)");
        let opened = opened.bind(fingerprint).bind(token).bind(millis(until));
        transaction.run(opened).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    /// The token of a session, where both are good at that moment.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn session_token(
        &self,
        fingerprint: &str,
        at: Moment,
    ) -> Result<Option<KeptToken>, JournalError> {
        let token = sql(
            "SELECT token.* FROM session JOIN token ON token.number = session.token \
             WHERE session.fingerprint = $1 AND session.expires_at > $2 \
             AND token.revoked_at IS NULL \
             AND (token.expires_at IS NULL OR token.expires_at > $2)",
        );
        let token = token.bind(fingerprint).bind(millis(at));
        let row = self.database.optional(token).await.map_err(failed)?;
        row.as_ref().map(kept).transpose()
    }

    /// Ends a session.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn close_session(&self, fingerprint: &str) -> Result<(), JournalError> {
        let closed = sql("DELETE FROM session WHERE fingerprint = $1");
        self.write(closed.bind(fingerprint)).await.map(drop)
    }
}

fn kept(row: &Row) -> Result<KeptToken, JournalError> {
    let at = |column| Ok(row.get::<Option<i64>>(column).map_err(failed)?.map(moment));
    Ok(KeptToken {
        number: row.get("number").map_err(failed)?,
        name: row.get("name").map_err(failed)?,
        role: row.get("role").map_err(failed)?,
        made_at: moment(row.get("made_at").map_err(failed)?),
        expires_at: at("expires_at")?,
        used_at: at("used_at")?,
        revoked_at: at("revoked_at")?,
    })
}
