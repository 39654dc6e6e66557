//! The chat tables as the checker sees them: rows named by markers instead of keys.

/// A table of the chat service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Table {
    Users,
    Conversations,
    Participants,
    Messages,
    AuditLogs,
}

/// What a row holds apart from keys and times, in the order of [`Table::fields`]; references
/// are the markers of the rows referred to.
pub(super) type Content = Vec<Option<String>>;

/// Names one row, whatever its key is: keys differ from shape to shape, markers do not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RowName {
    pub(super) table: Table,
    pub(super) marker: String,
}

/// Positions in a row's [`Content`].
pub(super) mod field {
    pub(crate) const OWNER: usize = 0;
    pub(crate) const MEMBER_OF: usize = 1;
    pub(crate) const MEMBER: usize = 2;
    pub(crate) const BODY: usize = 0;
    pub(crate) const CONVERSATION: usize = 1;
    pub(crate) const SENDER: usize = 2;
    pub(crate) const REPLY_TO: usize = 3;
    pub(crate) const ACTION: usize = 1;
    pub(crate) const ACTOR: usize = 2;
}

impl Table {
    /// All of them, parents first.
    pub(super) const ALL: [Self; 5] = [
        Self::Users,
        Self::Conversations,
        Self::Participants,
        Self::Messages,
        Self::AuditLogs,
    ];

    /// Its name in the database.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Conversations => "conversations",
            Self::Participants => "participants",
            Self::Messages => "messages",
            Self::AuditLogs => "audit_logs",
        }
    }

    /// What [`Content`] holds.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Users => &["name"],
            Self::Conversations => &["owner"],
            Self::Participants => &["role", "conversation", "user"],
            Self::Messages => &["body", "conversation", "sender", "reply_to"],
            Self::AuditLogs => &["detail", "action", "actor"],
        }
    }

    /// Selects every row as marker and content. A key that leads nowhere shows as itself,
    /// so that it equals no marker; a missing one as null.
    pub(super) fn select(self) -> &'static str {
        match self {
            Self::Users => "SELECT u.email AS marker, u.name FROM users u",
            Self::Conversations => {
                "SELECT c.title AS marker, coalesce(o.email, 'dangling ' || c.owner_id::text) \
                 FROM conversations c LEFT JOIN users o ON o.id = c.owner_id"
            }
            Self::Participants => {
                "SELECT coalesce(c.title, 'dangling ' || p.conversation_id::text) || '|' \
                     || coalesce(u.email, 'dangling ' || p.user_id::text) AS marker, \
                     p.role, c.title AS conversation, u.email \
                 FROM participants p LEFT JOIN conversations c ON c.id = p.conversation_id \
                 LEFT JOIN users u ON u.id = p.user_id"
            }
            Self::Messages => {
                "SELECT split_part(m.body, ' ', 1) AS marker, m.body, \
                     coalesce(c.title, 'dangling ' || m.conversation_id::text) AS conversation, \
                     coalesce(s.email, 'dangling ' || m.sender_id::text) AS sender, \
                     coalesce(split_part(r.body, ' ', 1), 'dangling ' || m.reply_to::text) \
                 FROM messages m LEFT JOIN conversations c ON c.id = m.conversation_id \
                 LEFT JOIN users s ON s.id = m.sender_id \
                 LEFT JOIN messages r ON r.id = m.reply_to"
            }
            Self::AuditLogs => {
                "SELECT split_part(l.detail, ' ', 1) AS marker, l.detail, l.action, \
                     coalesce(a.email, 'dangling ' || l.actor_id::text) \
                 FROM audit_logs l LEFT JOIN users a ON a.id = l.actor_id"
            }
        }
    }

    /// The row with this marker.
    pub(super) fn row(self, marker: impl Into<String>) -> RowName {
        RowName {
            table: self,
            marker: marker.into(),
        }
    }
}

impl std::fmt::Display for RowName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.table.name(), self.marker)
    }
}

/// Beginning of every marker that a run's writers make.
pub(super) fn run_prefix(run: u32) -> String {
    format!("w{:06x}.", run & 0x00ff_ffff)
}

/// `LIKE` pattern of what [`run_prefix`] gives, for any run.
pub(super) const ANY_RUN: &str = "w______.%";

/// Marker of a bulk user.
pub(super) fn bulk_user(number: u64) -> String {
    format!("user{number}@bulk.example")
}

/// Marker of a bulk conversation.
pub(super) fn bulk_conversation(number: u64) -> String {
    format!("Conversation {number}")
}
