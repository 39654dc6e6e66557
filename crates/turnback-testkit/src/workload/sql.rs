//! The statements that writers use, unqualified so that the `search_path` decides the shape.

use super::operation::Statement;
use super::table::RowName;

/// Begins an insert that [`message_values`] continues.
pub(super) const INSERT_MESSAGE: &str =
    "INSERT INTO messages (conversation_id, sender_id, reply_to, body) VALUES (";

pub(super) fn insert_user(user: &RowName, name: &str, conflict: &str) -> Statement {
    Statement::sql("INSERT INTO users (email, name) VALUES (")
        .value(&user.marker)
        .text(", ")
        .value(name)
        .text(")")
        .text(conflict)
        .returning(vec![user.clone()])
}

pub(super) fn insert_conversation(conversation: &RowName, owner: Option<RowName>) -> Statement {
    Statement::sql("INSERT INTO conversations (title, owner_id) VALUES (")
        .value(&conversation.marker)
        .text(", ")
        .key_or_null(owner)
        .text(")")
        .returning(vec![conversation.clone()])
}

pub(super) fn upsert_participant(conversation: &RowName, user: &RowName, role: &str) -> Statement {
    Statement::sql("INSERT INTO participants (conversation_id, user_id, role) VALUES (")
        .key(conversation.clone())
        .text(", ")
        .key(user.clone())
        .text(", ")
        .value(role)
        .text(") ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = excluded.role")
        .touching_one()
}

pub(super) fn message_values(
    start: Statement,
    conversation: &RowName,
    sender: Option<RowName>,
    reply: Option<RowName>,
    body: &str,
) -> Statement {
    start
        .key(conversation.clone())
        .text(", ")
        .key_or_null(sender)
        .text(", ")
        .key_or_null(reply)
        .text(", ")
        .value(body)
}

pub(super) fn update(row: &RowName, column: &str, to: Statement) -> Statement {
    Statement::sql(&format!("UPDATE {} SET {column} = ", row.table.name()))
        .then(to)
        .text(" WHERE id = ")
        .key(row.clone())
        .touching_one()
}

pub(super) fn delete(row: &RowName) -> Statement {
    Statement::sql(&format!("DELETE FROM {} WHERE id = ", row.table.name()))
        .key(row.clone())
        .touching_one()
}
