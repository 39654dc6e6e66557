//! The audit log: who did what, why, when, and what came of it. Append-only.

use turnback_core::guard::Moment;
use turnback_engine::error::JournalError;

use crate::ControlStore;
use crate::database::{Row, sql};
use crate::journal::failed;
use crate::moment::{millis, moment};

/// An action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// When.
    pub at: Moment,
    /// Who.
    pub who: String,
    /// By what they came in.
    pub came_by: String,
    /// What they may do.
    pub role: String,
    /// What was done.
    pub action: String,
    /// What with.
    pub object: Option<String>,
    /// Why, as they said.
    pub why: Option<String>,
    /// What was asked for, in JSON.
    pub detail: String,
    /// What came of it: a word.
    pub outcome: String,
    /// Why it was refused or failed.
    pub because: Option<String>,
}

/// An action, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAction {
    /// Its place: grows.
    pub number: i64,
    /// The action.
    pub action: Action,
}

impl ControlStore {
    /// Takes an action down.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn take_down(&self, action: &Action) -> Result<(), JournalError> {
        let taken = sql(
            "INSERT INTO audit (plan, at, who, came_by, role, action, object, why, detail, \
             outcome, because) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(&self.plan)
        .bind(millis(action.at))
        .bind(&action.who)
        .bind(&action.came_by)
        .bind(&action.role)
        .bind(&action.action)
        .bind(action.object.as_deref())
        .bind(action.why.as_deref())
        .bind(&action.detail)
        .bind(&action.outcome)
        .bind(action.because.as_deref());
        self.write(taken).await.map(drop)
    }

    /// Actions on this plan, and those on the store as a whole (tokens), before a number (all where none is given), the last first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn actions(
        &self,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<KeptAction>, JournalError> {
        let actions = sql(
            "SELECT * FROM audit WHERE plan IN ($1, '') AND number < $2 \
             ORDER BY number DESC LIMIT $3",
        )
        .bind(&self.plan)
        .bind(before.unwrap_or(i64::MAX))
        .bind(most);
        let rows = self.database.all(actions).await.map_err(failed)?;
        rows.iter().map(kept).collect()
    }
}

fn kept(row: &Row) -> Result<KeptAction, JournalError> {
    let text = |column| row.get::<String>(column).map_err(failed);
    let maybe = |column| row.get::<Option<String>>(column).map_err(failed);
    Ok(KeptAction {
        number: row.get("number").map_err(failed)?,
        action: Action {
            at: moment(row.get("at").map_err(failed)?),
            who: text("who")?,
            came_by: text("came_by")?,
            role: text("role")?,
            action: text("action")?,
            object: maybe("object")?,
            why: maybe("why")?,
            detail: text("detail")?,
            outcome: text("outcome")?,
            because: maybe("because")?,
        },
    })
}
