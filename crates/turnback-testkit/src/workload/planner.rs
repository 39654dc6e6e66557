//! Chooses what a writer does next: a seeded draw over everything a chat service does.

use super::bulk::Bulk;
use super::long::Gate;
use super::model::{Change, Model};
use super::operation::{End, Operation, Statement};
use super::shape::Shape;
use super::sql::{
    INSERT_MESSAGE, delete, insert_conversation, insert_user, message_values, update,
    upsert_participant,
};
use super::table::{Content, RowName, Table, bulk_conversation, bulk_user, field};

/// Above so many rows a writer deletes more than it inserts, so that runs of any length stay small.
const MANY_ROWS: usize = 2_000;

/// Draws one writer's operations.
#[derive(Debug)]
pub(super) struct Planner {
    pub(super) rng: fastrand::Rng,
    /// Beginning of this writer's markers.
    prefix: String,
    counter: u64,
    bulk_users: u64,
    bulk_conversations: u64,
    /// The tables have the triggers and cascades of [`CHAT_HABITS`](super::CHAT_HABITS).
    pub(super) habits: bool,
    /// When this writer, of all, may begin a long transaction.
    pub(super) gate: Gate,
}

impl Planner {
    pub(super) fn new(prefix: String, seed: u64, bulk: &Bulk, gate: Gate) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            prefix,
            counter: 0,
            bulk_users: bulk.users,
            bulk_conversations: bulk.conversations,
            habits: bulk.habits,
            gate,
        }
    }

    /// The next operation through a shape. A draw that finds nothing to work on becomes an
    /// insert.
    pub(super) fn next(&mut self, model: &Model, shape: &Shape) -> Operation {
        // Elsewhere there are views, which take no COPY.
        let tables = *shape == Shape::Public;
        let crowded = model.len() > MANY_ROWS;
        let draw = if crowded && self.rng.bool() {
            self.rng.u32(74..90)
        } else {
            self.rng.u32(0..134)
        };
        let drawn = match draw {
            0..8 => None,
            8..13 => Some(self.insert_conversation(model)),
            13..29 => self.insert_messages(model, 1),
            29..34 => self.insert_messages(model, 4),
            34..39 => Some(self.insert_audit(model)),
            39..49 => self.upsert_participant(model),
            49..54 => self.upsert_user(model),
            54..57 => self.rename_user(model),
            57..60 => self.move_conversation(model),
            60..65 => self.edit_message(model),
            65..70 => self.move_message(model),
            70..74 => self.reply(model),
            74..80 => self.delete_any(model, Table::Messages),
            80..82 => self.delete_any(model, Table::AuditLogs),
            82..84 => self.delete_participant(model),
            84..87 => self.delete_user(model),
            87..90 => self.delete_any(model, Table::Conversations),
            90..96 => Some(self.family(model)),
            96..98 => self.duplicate_email(model),
            98..100 => self.delete_owner(model),
            100..104 => Some(self.partly(model)),
            104..108 => self.lock_first(model),
            108..116 => self.prepared(model),
            116..120 if tables => self.copy(model),
            120..122 if tables => Some(self.copy_whole_row(model)),
            122..125 if self.habits => self.renumber(model, shape),
            125..128 if self.habits => self.for_the_owner(model),
            128..132 if self.habits => self.file_audit(model),
            _ => self.long(model),
        };
        drawn.unwrap_or_else(|| self.insert_user())
    }

    /// A word that was never used before.
    pub(super) fn fresh(&mut self) -> String {
        self.counter += 1;
        format!("{}{}", self.prefix, self.counter)
    }

    pub(super) fn fresh_user(&mut self) -> RowName {
        Table::Users.row(format!("{}@live.example", self.fresh()))
    }

    /// A user of this writer's or a shared one.
    pub(super) fn some_user(&mut self, model: &Model) -> Option<RowName> {
        let own = self.rng.bool() || self.bulk_users == 0;
        match model.any(Table::Users, &mut self.rng) {
            Some((marker, _)) if own => Some(Table::Users.row(marker.as_str())),
            _ => self.shared_user(),
        }
    }

    pub(super) fn shared_user(&mut self) -> Option<RowName> {
        (self.bulk_users > 0)
            .then(|| Table::Users.row(bulk_user(self.rng.u64(1..=self.bulk_users))))
    }

    /// A user, or sometimes nobody.
    pub(super) fn user_or_nobody(&mut self, model: &Model) -> Option<RowName> {
        (self.rng.u8(0..8) > 0)
            .then(|| self.some_user(model))
            .flatten()
    }

    /// A conversation of this writer's or a shared one.
    pub(super) fn some_conversation(&mut self, model: &Model) -> Option<RowName> {
        let own = self.rng.bool() || self.bulk_conversations == 0;
        match model.any(Table::Conversations, &mut self.rng) {
            Some((marker, _)) if own => Some(Table::Conversations.row(marker.as_str())),
            _ if self.bulk_conversations > 0 => {
                let number = self.rng.u64(1..=self.bulk_conversations);
                Some(Table::Conversations.row(bulk_conversation(number)))
            }
            _ => None,
        }
    }

    fn insert_user(&mut self) -> Operation {
        let user = self.fresh_user();
        let name = self.fresh();
        let statement = insert_user(&user, &name, "");
        Operation::one("insert user", statement, user, vec![Some(name)])
    }

    /// Inserts a new user or renames one, by the same statement.
    fn upsert_user(&mut self, model: &Model) -> Option<Operation> {
        let user = if self.rng.bool() {
            self.own(model, Table::Users)?.0
        } else {
            self.fresh_user()
        };
        let name = self.fresh();
        let conflict = " ON CONFLICT (email) DO UPDATE SET name = excluded.name";
        let statement = insert_user(&user, &name, conflict);
        let noted = self.noted_rename(model, &user, &name);
        let mut operation = Operation::one("upsert user", statement, user, vec![Some(name)]);
        operation.changes.extend(noted);
        Some(operation)
    }

    fn rename_user(&mut self, model: &Model) -> Option<Operation> {
        let (user, _) = self.own(model, Table::Users)?;
        let name = self.fresh();
        let statement = update(&user, "name", Statement::default().value(&name));
        let noted = self.noted_rename(model, &user, &name);
        let mut operation = Operation::one("rename user", statement, user, vec![Some(name)]);
        operation.changes.extend(noted);
        Some(operation)
    }

    fn insert_conversation(&mut self, model: &Model) -> Operation {
        let owner = self.user_or_nobody(model);
        let conversation = Table::Conversations.row(self.fresh());
        let statement = insert_conversation(&conversation, owner.clone());
        let content = vec![marker(owner)];
        Operation::one("insert conversation", statement, conversation, content)
    }

    fn move_conversation(&mut self, model: &Model) -> Option<Operation> {
        let (conversation, content) = self.own(model, Table::Conversations)?;
        let owner = self.user_or_nobody(model);
        if marker(owner.clone()) == content[field::OWNER] {
            return None;
        }
        let to = Statement::default().key_or_null(owner.clone());
        let statement = update(&conversation, "owner_id", to);
        let content = vec![marker(owner)];
        Some(Operation::one(
            "change owner",
            statement,
            conversation,
            content,
        ))
    }

    fn insert_messages(&mut self, model: &Model, count: usize) -> Option<Operation> {
        let mut statement = Statement::sql(INSERT_MESSAGE);
        let mut changes = Vec::new();
        for number in 0..count {
            let conversation = self.some_conversation(model)?;
            let sender = self.user_or_nobody(model);
            let reply = self.reply_target(model);
            let row = Table::Messages.row(self.fresh());
            let body = format!("{} hello", row.marker);
            if number > 0 {
                statement = statement.text("), (");
            }
            statement = message_values(
                statement,
                &conversation,
                sender.clone(),
                reply.clone(),
                &body,
            );
            let after = vec![
                Some(body),
                Some(conversation.marker),
                marker(sender),
                marker(reply),
            ];
            changes.push(Change {
                row,
                after: Some(after),
            });
        }
        let rows = changes.iter().map(|change| change.row.clone()).collect();
        Some(Operation {
            name: if count == 1 {
                "insert message"
            } else {
                "insert messages"
            },
            statements: vec![statement.text(")").returning(rows)],
            end: End::Autocommit,
            fresh_rows: false,
            needs_key: false,
            changes,
        })
    }

    /// A message to answer, or none.
    pub(super) fn reply_target(&mut self, model: &Model) -> Option<RowName> {
        self.rng
            .bool()
            .then(|| self.own(model, Table::Messages))?
            .map(|(row, _)| row)
    }

    fn edit_message(&mut self, model: &Model) -> Option<Operation> {
        let (message, mut content) = self.own(model, Table::Messages)?;
        let body = format!("{} edited {}", message.marker, self.fresh());
        let statement = update(&message, "body", Statement::default().value(&body));
        content[field::BODY] = Some(body);
        Some(Operation::one("edit message", statement, message, content))
    }

    /// To another conversation, to another sender, or both at once.
    fn move_message(&mut self, model: &Model) -> Option<Operation> {
        let (message, mut content) = self.own(model, Table::Messages)?;
        let before = content.clone();
        let what = self.rng.u8(0..3);
        let mut set = Statement::sql("UPDATE messages SET ");
        if what != 1 {
            let conversation = self.some_conversation(model)?;
            set = set.text("conversation_id = ").key(conversation.clone());
            content[field::CONVERSATION] = Some(conversation.marker);
        }
        if what != 0 {
            let sender = self.user_or_nobody(model);
            set = set.text(if what == 2 {
                ", sender_id = "
            } else {
                "sender_id = "
            });
            set = set.key_or_null(sender.clone());
            content[field::SENDER] = marker(sender);
        }
        if content == before {
            return None;
        }
        let statement = set.text(" WHERE id = ").key(message.clone()).touching_one();
        Some(Operation::one("move message", statement, message, content))
    }

    /// Sets, moves or clears what a message answers; it may answer itself.
    fn reply(&mut self, model: &Model) -> Option<Operation> {
        let (message, mut content) = self.own(model, Table::Messages)?;
        let reply = self.reply_target(model);
        if marker(reply.clone()) == content[field::REPLY_TO] {
            return None;
        }
        let to = Statement::default().key_or_null(reply.clone());
        let statement = update(&message, "reply_to", to);
        content[field::REPLY_TO] = marker(reply);
        Some(Operation::one("change reply", statement, message, content))
    }

    fn insert_audit(&mut self, model: &Model) -> Operation {
        let actor = self.user_or_nobody(model);
        let row = Table::AuditLogs.row(self.fresh());
        let detail = format!("{} done", row.marker);
        let statement =
            Statement::sql("INSERT INTO audit_logs (actor_id, action, detail) VALUES (")
                .key_or_null(actor.clone())
                .text(", 'post', ")
                .value(&detail)
                .text(")")
                .returning(vec![row.clone()]);
        let content = vec![Some(detail), Some("post".to_owned()), marker(actor)];
        Operation::one("insert audit", statement, row, content)
    }

    /// Adds a member or gives one another role, by the same statement. One side of the pair is
    /// this writer's own, so that no two writers ever mean the same row.
    fn upsert_participant(&mut self, model: &Model) -> Option<Operation> {
        let existing = (self.rng.u8(0..3) == 0)
            .then(|| self.own(model, Table::Participants))
            .flatten();
        let (conversation, user) = match existing {
            Some((_, content)) => pair(&content)?,
            None if self.rng.bool() => (
                self.some_conversation(model)?,
                self.own(model, Table::Users)?.0,
            ),
            None => (
                self.own(model, Table::Conversations)?.0,
                self.some_user(model)?,
            ),
        };
        let role = self.fresh();
        let statement = upsert_participant(&conversation, &user, &role);
        let (row, content) = participant(&conversation, &user, role);
        Some(Operation::one(
            "upsert participant",
            statement,
            row,
            content,
        ))
    }

    fn delete_participant(&mut self, model: &Model) -> Option<Operation> {
        let (row, content) = self.own(model, Table::Participants)?;
        let (conversation, user) = pair(&content)?;
        let statement = Statement::sql("DELETE FROM participants WHERE conversation_id = ")
            .key(conversation)
            .text(" AND user_id = ")
            .key(user)
            .touching_one();
        Some(Operation::deletion(
            "delete participant",
            statement,
            model,
            &row,
        ))
    }

    fn delete_any(&mut self, model: &Model, table: Table) -> Option<Operation> {
        let (row, _) = self.own(model, table)?;
        let name = match table {
            Table::Messages => "delete message",
            Table::AuditLogs => "delete audit",
            _ => "delete conversation",
        };
        Some(Operation::deletion(name, delete(&row), model, &row))
    }

    /// Of a user to whom nothing refers that would forbid it.
    fn delete_user(&mut self, model: &Model) -> Option<Operation> {
        let (user, _) = self.own(model, Table::Users)?;
        (!forbids_deletion(model, &user))
            .then(|| Operation::deletion("delete user", delete(&user), model, &user))
    }

    /// Of a user who owns a conversation or appears in the audit log: must be refused (23503).
    fn delete_owner(&mut self, model: &Model) -> Option<Operation> {
        let (user, _) = self.own(model, Table::Users)?;
        forbids_deletion(model, &user).then(|| Operation {
            name: "delete owner",
            statements: vec![delete(&user)],
            end: End::Refused("23503"),
            fresh_rows: false,
            needs_key: false,
            changes: Vec::new(),
        })
    }

    /// A second user of the same address: must be refused (23505).
    fn duplicate_email(&mut self, model: &Model) -> Option<Operation> {
        let (user, _) = self.own(model, Table::Users)?;
        let mut statement = insert_user(&user, "impostor", "");
        statement.returns.clear();
        Some(Operation {
            name: "duplicate email",
            statements: vec![statement],
            end: End::Refused("23505"),
            fresh_rows: false,
            needs_key: false,
            changes: Vec::new(),
        })
    }

    /// Parents and children in one transaction, three times out of four committed.
    pub(super) fn family(&mut self, model: &Model) -> Operation {
        let end = if self.rng.u8(0..4) == 0 {
            End::Rollback
        } else {
            End::Commit
        };
        let (user, name) = (self.fresh_user(), self.fresh());
        let conversation = Table::Conversations.row(self.fresh());
        let first = Table::Messages.row(self.fresh());
        let second = Table::Messages.row(self.fresh());
        let bodies = [&first, &second].map(|row| format!("{} hi", row.marker));
        let role = "owner".to_owned();
        let guest = self.shared_user().or_else(|| self.some_user(model));
        let message = |reply: Option<RowName>, body: &str, row: &RowName| {
            let start = Statement::sql(INSERT_MESSAGE);
            message_values(start, &conversation, Some(user.clone()), reply, body)
                .text(")")
                .returning(vec![row.clone()])
        };
        let mut statements = vec![
            insert_user(&user, &name, ""),
            insert_conversation(&conversation, Some(user.clone())),
            upsert_participant(&conversation, &user, &role),
            message(None, &bodies[0], &first),
            message(Some(first.clone()), &bodies[1], &second),
        ];
        let [body, answer] = bodies.map(Some);
        let whose = || (Some(conversation.marker.clone()), Some(user.marker.clone()));
        let mut rows = vec![
            (user.clone(), vec![Some(name)]),
            (conversation.clone(), vec![Some(user.marker.clone())]),
            participant(&conversation, &user, role),
            (first.clone(), vec![body, whose().0, whose().1, None]),
            (
                second,
                vec![answer, whose().0, whose().1, Some(first.marker)],
            ),
        ];
        if let Some(guest) = guest {
            statements.push(upsert_participant(&conversation, &guest, "guest"));
            rows.push(participant(&conversation, &guest, "guest".to_owned()));
        }
        let changes = match end {
            End::Rollback => Vec::new(),
            _ => rows
                .into_iter()
                .map(|(row, content)| Change {
                    row,
                    after: Some(content),
                })
                .collect(),
        };
        Operation {
            name: "family",
            statements,
            end,
            fresh_rows: true,
            needs_key: false,
            changes,
        }
    }

    /// One of this writer's rows.
    pub(super) fn own(&mut self, model: &Model, table: Table) -> Option<(RowName, Content)> {
        let (marker, content) = model.any(table, &mut self.rng)?;
        Some((table.row(marker.as_str()), content.clone()))
    }
}

pub(super) fn marker(row: Option<RowName>) -> Option<String> {
    row.map(|row| row.marker)
}

/// Both sides of a participant.
pub(super) fn pair(content: &Content) -> Option<(RowName, RowName)> {
    Some((
        Table::Conversations.row(content[field::MEMBER_OF].as_deref()?),
        Table::Users.row(content[field::MEMBER].as_deref()?),
    ))
}

pub(super) fn participant(
    conversation: &RowName,
    user: &RowName,
    role: String,
) -> (RowName, Content) {
    let row = Table::Participants.row(format!("{}|{}", conversation.marker, user.marker));
    let sides = [conversation, user].map(|side| Some(side.marker.clone()));
    (row, [Some(role)].into_iter().chain(sides).collect())
}

/// Whether the user owns a conversation or appears in the audit log (`NO ACTION`).
fn forbids_deletion(model: &Model, user: &RowName) -> bool {
    let conversations = model.referring(Table::Conversations, field::OWNER, user);
    !conversations.is_empty()
        || !model
            .referring(Table::AuditLogs, field::ACTOR, user)
            .is_empty()
}
