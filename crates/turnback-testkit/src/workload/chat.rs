//! The chat service's schema and its bulk of rows.

use sqlx::{AssertSqlSafe, PgConnection};

use super::error::WorkloadError;

/// Tables of a chat service: serial and identity keys, a composite key made of foreign keys,
/// a self-reference, `CASCADE` and `SET NULL`.
pub const CHAT_SCHEMA: &str = include_str!("chat.sql");

/// What many a service has besides, for the tables of [`CHAT_SCHEMA`]: triggers of its own that
/// change rows, count and write an audit log, and keys that may change, with their references.
pub const CHAT_HABITS: &str = include_str!("habits.sql");

/// Partitioned tables in the place of two of [`CHAT_SCHEMA`] and of the histories' schema: the
/// audit log by a list on two levels, whose rows move, with a table that refers to it by its
/// whole key; notes by hash. Takes rows along; needs [`CHAT_HABITS`] and both schemas.
pub const CHAT_PARTS: &str = include_str!("parts.sql");

/// Rows in every hundred: users, conversations, participants, messages, audit log.
const SHARE: [u64; 5] = [5, 4, 16, 60, 15];

/// Fills the chat tables with about `rows` rows, in seconds for a million, and analyses them.
///
/// Needs a superuser: the rows are made so that every reference is right, and checking
/// millions of references one by one would take most of the time.
///
/// # Errors
///
/// When a statement fails, for example because the tables are not there.
pub async fn fill(connection: &mut PgConnection, rows: u64) -> Result<(), WorkloadError> {
    let [users, conversations, participants, messages, audits] =
        SHARE.map(|share| (rows * share / 100).max(4));
    let (members, per_conversation) = (participants / conversations, messages / conversations + 1);
    let sql = format!(
        r"
BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO users (email, name, created_at)
    SELECT 'user' || i || '@bulk.example', 'User ' || i, timestamptz '2024-01-01' + i * interval '1 minute'
    FROM generate_series(1::bigint, {users}) i;
INSERT INTO conversations (title, owner_id)
    SELECT 'Conversation ' || i, u.first + i * 7919 % {users}
    FROM generate_series(1::bigint, {conversations}) i, (SELECT min(id) AS first FROM users) u;
INSERT INTO participants (conversation_id, user_id, role, joined_at)
    SELECT c.first + i / {members}, u.first + (i / {members} * 31 + i % {members} * 7) % {users},
        CASE WHEN i % {members} = 0 THEN 'owner' ELSE 'member' END,
        timestamptz '2024-02-01' + i * interval '1 second'
    FROM generate_series(0::bigint, {members} * {conversations} - 1) i,
        (SELECT min(id) AS first FROM users) u, (SELECT min(id) AS first FROM conversations) c
    ON CONFLICT DO NOTHING;
INSERT INTO messages (conversation_id, sender_id, reply_to, body, created_at)
    SELECT c.first + i / {per_conversation},
        CASE WHEN i % 50 > 0 THEN u.first + i * 104729 % {users} END,
        CASE WHEN i % 4 = 0 AND i > 0 THEN m.next + i - 1 END,
        'bulk.' || i || ' ' || repeat('lorem ipsum ', (i % 5)::int), timestamptz '2024-03-01' + i * interval '1 second'
    FROM generate_series(0::bigint, {messages} - 1) i,
        (SELECT min(id) AS first FROM users) u, (SELECT min(id) AS first FROM conversations) c,
        (SELECT nextval(pg_get_serial_sequence('messages', 'id')) + 1 AS next) m;
INSERT INTO audit_logs (actor_id, action, detail, at)
    SELECT CASE WHEN i % 20 > 0 THEN u.first + i * 15485863 % {users} END,
        (ARRAY['login', 'post', 'edit', 'delete'])[(1 + i % 4)::int], 'bulk.' || i || ' done',
        timestamptz '2024-04-01' + i * interval '1 second'
    FROM generate_series(1::bigint, {audits}) i, (SELECT min(id) AS first FROM users) u;
COMMIT;"
    );
    let filling = WorkloadError::while_doing("fill the chat tables");
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut *connection)
        .await
        .map_err(filling)?;
    sqlx::raw_sql("ANALYZE users, conversations, participants, messages, audit_logs")
        .execute(connection)
        .await
        .map_err(WorkloadError::while_doing("analyse the chat tables"))?;
    Ok(())
}
