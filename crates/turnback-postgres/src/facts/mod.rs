//! Facts about the server for preflight: its state, the role's rights, what others are doing.
//!
//! Five queries at most, each in a `.sql` file of its own, answer with the model's own JSON,
//! as those of the catalog do. None needs more rights than a role has that may connect:
//! what it may not know comes back as unknown.

use serde::Deserialize;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};
use turnback_core::preflight::{
    Archiver, Connections, EventTrigger, Lease, Ledger, PreparedTransaction, Role,
    SequencePosition, ServerFacts, ServerState, Session, Slot, Standby,
};

/// Names resolve to PostgreSQL's own objects, and a sequence that somebody holds exclusively
/// is not waited for long.
const SETTINGS: &str =
    "SET LOCAL search_path = pg_catalog; SET LOCAL lock_timeout = '10s'; SET LOCAL jit = off";

/// The SQLSTATE of a missing right (`insufficient_privilege`).
const NO_RIGHT: &str = "42501";

/// Sessions that there may be, and are; what a run needs is not the server's to say.
#[derive(Deserialize)]
struct Counted {
    most: i64,
    used: u64,
}

/// Looks at the server, in one short transaction that writes nothing.
///
/// Whether the role may set `session_replication_role` is found out by trying, as services
/// that hand out some of a superuser's rights each do it in their own way; the try is
/// rolled back. `free_bytes` stays unknown, and the sessions a run needs are those of the
/// default number of workers: the caller may know better.
///
/// # Errors
///
/// When a query fails, or when the connection is inside a transaction already.
pub async fn server_facts(connection: &mut PgConnection) -> Result<ServerFacts, sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN READ ONLY").await?;
    sqlx::raw_sql(SETTINGS).execute(&mut *transaction).await?;
    let mut facts = read(&mut transaction).await?;
    facts.role.may_silence_triggers = may_silence_triggers(&mut transaction).await?;
    transaction.rollback().await?;
    Ok(facts)
}

async fn read(connection: &mut PgConnection) -> Result<ServerFacts, sqlx::Error> {
    type StateRow = (Json<ServerState>, Json<Role>, Option<Json<Ledger>>, bool);
    let (Json(state), Json(role), ledger, may_read_lease): StateRow =
        sqlx::query_as(include_str!("state.sql"))
            // A look is seldom: its statements need not stay prepared on the session.
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;
    let mut ledger = ledger.map(|Json(ledger)| ledger);
    if let Some(ledger) = &mut ledger
        && may_read_lease
    {
        let lease: Option<(Json<Lease>,)> = sqlx::query_as(include_str!("lease.sql"))
            .persistent(false)
            .fetch_optional(&mut *connection)
            .await?;
        ledger.lease = lease.map(|(Json(lease),)| lease);
    }

    type ActivityRow = (
        Json<Counted>,
        Json<Vec<Session>>,
        i64,
        Json<Vec<PreparedTransaction>>,
    );
    let (Json(counted), Json(sessions), hidden, Json(prepared)): ActivityRow =
        sqlx::query_as(include_str!("activity.sql"))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;

    type ReplicationRow = (Json<Vec<Slot>>, Json<Vec<Standby>>, Option<Json<Archiver>>);
    let (Json(slots), Json(standbys), archiver): ReplicationRow =
        sqlx::query_as(include_str!("replication.sql"))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;

    let (Json(sequences), Json(event_triggers)): (
        Json<Vec<SequencePosition>>,
        Json<Vec<EventTrigger>>,
    ) = sqlx::query_as(include_str!("objects.sql"))
        .persistent(false)
        .fetch_one(&mut *connection)
        .await?;

    Ok(ServerFacts {
        state,
        role,
        connections: Connections {
            most: u64::try_from(counted.most).unwrap_or(0),
            used: counted.used,
            ..Connections::default()
        },
        sessions,
        hidden_sessions: hidden.unsigned_abs(),
        prepared,
        slots,
        standbys,
        archiver: archiver.map(|Json(archiver)| archiver),
        sequences,
        ledger,
        event_triggers,
    })
}

/// Tries it; a refusal ends the transaction's usefulness, so this comes last.
async fn may_silence_triggers(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let tried = sqlx::query("SELECT set_config('session_replication_role', 'replica', true)")
        .persistent(false)
        .execute(connection)
        .await;
    match tried {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NO_RIGHT) => Ok(false),
        Err(error) => Err(error),
    }
}
