//! The triggers that keep both shapes alive: whichever side the client wrote decides the
//! other.
//!
//! PostgreSQL fires triggers of one event in the order of their names, so the names place
//! them around the table's own: `!…` before, `~…` after.
//!
//! - *fill* (keys): gives a row that the backfill has not reached its key when a client updates
//!   it, for the update may move it behind the backfill's back. It goes once the key is NOT NULL.
//! - *keep* (keys): redeems a promise, below. Normally not even entered: its `WHEN` is false.
//! - *sync* (references): fills the side that the client did not write.
//! - *settle* (references, only where the table has BEFORE triggers of its own): those may
//!   have changed the side they know, the one under the plain name; the other follows.
//!
//! **Promises.** A reference may be written before the row it points at: deferrable foreign
//! keys, a row that names another of the same statement, data-modifying WITH. Then the key on
//! the other side is not known yet, so the trigger makes one up and remembers it; the row,
//! when it comes, takes the promised key. A row that never comes fails its foreign key as it
//! always did, and the promise is rolled back with it.
//!
//! All functions are SECURITY DEFINER, as PostgreSQL's own foreign-key checks run with the
//! rights of the table's owner: a client may write a reference without being allowed to read
//! the table it points at. They pin `search_path`, whatever the client's is.

mod bodies;

use self::bodies::{Pair, keep, settle, sync};
use super::columns::fresh_key;
use super::passes::Pass;
use super::touched::TouchedColumn;
use super::{Era, Room, Shape};
use crate::name::{Ident, TableName, list, literal};

/// The GUC that our own backfill sets, so that its updates do not enter the triggers.
pub const FILL_SETTING: &str = "turnback.fill";
/// The GUC that says, within a transaction, that a promise was made.
pub const PROMISED_SETTING: &str = "turnback.promised";

/// One of our triggers.
pub(super) struct SyncTrigger<'a> {
    room: &'a Room<'a>,
    table: TableName,
    columns: Vec<TouchedColumn>,
    role: Role,
    name: Ident,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Fill,
    Keep,
    Sync,
    Settle,
}

impl Role {
    fn trigger(self, phase: &str) -> Ident {
        Ident::new(match self {
            Self::Fill => "!turnback_0_fill",
            Self::Keep => "!turnback_1_keep",
            Self::Sync => "!turnback_2_sync",
            Self::Settle => "~turnback_3_settle",
        })
        .with_suffix(&format!("_{phase}"))
    }

    fn function(self, phase: &str, table: &TableName) -> TableName {
        let role = match self {
            Self::Fill => "fill",
            Self::Keep => "keep",
            Self::Sync => "sync",
            Self::Settle => "settle",
        };
        let name = Ident::new(format!("{role}_{}", super::one_word(table)));
        TableName::new("turnback", name.with_suffix(&format!("__{phase}")))
    }
}

/// The triggers that arrive with a pass.
pub(super) fn triggers<'a>(room: &'a Room<'a>, pass: &Pass) -> Vec<SyncTrigger<'a>> {
    of(room, &pass.table, &pass.columns)
}

/// All triggers of a touched table.
pub(super) fn all<'a>(room: &'a Room<'a>, table: &TableName) -> Vec<SyncTrigger<'a>> {
    of(room, table, &room.conversion.tables[table])
}

/// Names of the triggers that a touched table gets.
pub(super) fn trigger_names(room: &Room<'_>, table: &TableName) -> Vec<Ident> {
    all(room, table)
        .iter()
        .flat_map(SyncTrigger::names)
        .collect()
}

fn of<'a>(
    room: &'a Room<'a>,
    table: &TableName,
    columns: &[TouchedColumn],
) -> Vec<SyncTrigger<'a>> {
    let (keys, references): (Vec<TouchedColumn>, Vec<TouchedColumn>) =
        columns.iter().cloned().partition(|column| column.is_key);
    let trigger = |role: Role, columns: &[TouchedColumn]| SyncTrigger {
        room,
        table: table.clone(),
        columns: columns.to_vec(),
        role,
        name: role.trigger(room.phase()),
    };
    let is_referenced = keys
        .iter()
        .any(|key| room.conversion.key_of(key).is_referenced);
    let own_before = room
        .members(table)
        .into_iter()
        .flat_map(|member| &room.table(member).triggers)
        .any(|t| {
            t.before_row && (t.on_insert || t.on_update) && t.enabled != "D" && !is_ours(&t.name)
        });
    let mut triggers = Vec::new();
    if !keys.is_empty() {
        triggers.push(trigger(Role::Fill, &keys));
    }
    if is_referenced {
        triggers.push(trigger(Role::Keep, &keys));
    }
    if !references.is_empty() {
        triggers.push(trigger(Role::Sync, &references));
        if own_before {
            triggers.push(trigger(Role::Settle, &references));
        }
    }
    triggers
}

/// Names of the table's own BEFORE triggers lie between these two (byte by byte, as PostgreSQL
/// sorts them).
pub(super) const FIRST: &str = "!turnback_";
/// See [`FIRST`].
pub(super) const LAST: &str = "~turnback_";

/// Whether turnback made this trigger: an earlier phase may still keep both its shapes.
pub(super) fn is_ours(trigger: &Ident) -> bool {
    trigger.as_str().starts_with(FIRST) || trigger.as_str().starts_with(LAST)
}

/// What a look-up does about a row whose key is being changed in another transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookUps {
    /// It takes the key that it finds: a foreign key of the same shape waits and decides.
    Free,
    /// It waits for the other by a lock, as the foreign key would that is not there.
    Locked,
}

impl SyncTrigger<'_> {
    /// The function's name.
    pub(super) fn function_name(&self) -> TableName {
        self.role.function(self.room.phase(), &self.table)
    }

    /// Names of the triggers: insert and update cannot share one, for `WHEN` may look at OLD
    /// in only one of them.
    pub(super) fn names(&self) -> Vec<Ident> {
        match self.role {
            Role::Fill | Role::Keep => vec![self.name.clone()],
            Role::Sync | Role::Settle => vec![self.name.clone(), self.update_name()],
        }
    }

    /// The mark and number stay in front, so the order by name stays.
    fn update_name(&self) -> Ident {
        self.name.with_suffix("_u")
    }

    /// `CREATE TRIGGER` as the phase begins, one or two.
    pub(super) fn create(&self) -> Vec<String> {
        let pairs: Vec<Pair<'_>> = self.pairs(Era::BeforeCutOver, LookUps::Free);
        let name = &self.name;
        let any = |test: &dyn Fn(&Pair<'_>) -> String| {
            pairs.iter().map(test).collect::<Vec<_>>().join(" OR ")
        };
        let not_ours =
            format!("pg_catalog.current_setting('{FILL_SETTING}', true) IS DISTINCT FROM 'on'");
        match self.role {
            Role::Fill => {
                let missing = any(&|p| format!("(NEW.{0} IS NULL AND OLD.{0} IS NULL)", p.new));
                let when = format!("({missing}) AND {not_ours}");
                self.fires("UPDATE", name, Some(when)).to_vec()
            }
            Role::Keep => {
                let when = format!("pg_catalog.current_setting('{PROMISED_SETTING}', true) = 'on'");
                self.fires("INSERT", name, Some(when)).to_vec()
            }
            Role::Sync | Role::Settle => {
                // PostgreSQL reads the text of a condition anew for every statement, which every
                // insert would pay for: none where it would always hold.
                let is_always_given = self.columns.iter().any(|column| column.not_null);
                let given = (!is_always_given).then(|| {
                    any(&|p| format!("NEW.{} IS NOT NULL OR NEW.{} IS NOT NULL", p.old, p.new))
                });
                let changed = any(&|p| {
                    format!(
                        "NEW.{old} IS DISTINCT FROM OLD.{old} OR NEW.{new} IS DISTINCT FROM OLD.{new} \
                         OR (NEW.{new} IS NULL AND NEW.{old} IS NOT NULL)",
                        old = p.old,
                        new = p.new
                    )
                });
                let on_update = format!("({changed}) AND {not_ours}");
                [
                    self.fires("INSERT", name, given),
                    self.fires("UPDATE", &self.update_name(), Some(on_update)),
                ]
                .concat()
            }
        }
    }

    /// `CREATE TRIGGER` by that name, enabled for replication too: what a subscription applies is
    /// written to one shape, like any client's row.
    fn fires(&self, event: &str, name: &Ident, when: Option<String>) -> [String; 2] {
        let (table, function) = (&self.table, self.function_name());
        let when = when.map_or(String::new(), |when| format!("WHEN ({when}) "));
        [
            format!(
                "CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION {function}()"
            ),
            format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"),
        ]
    }

    /// Whether it has nothing left to do once the new columns are `NOT NULL`, where the old are.
    pub(super) fn ends_with_the_backfill(&self) -> bool {
        self.role == Role::Fill && self.columns.iter().all(|column| column.not_null)
    }

    /// What makes it cheaper once every row is filled: an update that names none of the columns
    /// has nothing to follow then, and need not read a condition to find that out. Triggers of
    /// the table's own come later by their names, and *settle* looks at what they changed.
    pub(super) fn once_filled(&self) -> Vec<String> {
        if self.ends_with_the_backfill() {
            return self.drop();
        }
        if self.role != Role::Sync {
            return vec![];
        }
        let name = self.update_name();
        let columns = self.columns.iter().map(|column| &column.name);
        let both = columns.flat_map(|old| [old.clone(), old.new_shape()]);
        let event = format!("UPDATE OF {}", list(both));
        std::iter::once(format!("DROP TRIGGER IF EXISTS {name} ON {}", self.table))
            .chain(self.fires(&event, &name, None))
            .collect()
    }

    /// `DROP TRIGGER`, whether it is there or not.
    pub(super) fn drop(&self) -> Vec<String> {
        self.names()
            .iter()
            .map(|name| format!("DROP TRIGGER IF EXISTS {name} ON {}", self.table))
            .collect()
    }

    /// `DROP FUNCTION`, whether it is there or not.
    pub(super) fn drop_function(&self) -> String {
        format!("DROP FUNCTION IF EXISTS {}()", self.function_name())
    }

    /// `CREATE OR REPLACE FUNCTION`, for one era: the cut-over replaces it in the very
    /// transaction that renames the columns.
    pub(super) fn function(&self, era: Era, look_ups: LookUps) -> String {
        let pairs = self.pairs(era, look_ups);
        let body = match self.role {
            Role::Fill => self.fill(era),
            Role::Keep => keep(&pairs),
            Role::Sync => sync(&pairs, &self.table),
            Role::Settle => settle(&pairs, era),
        };
        format!(
            "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER \
             SET search_path = pg_catalog, pg_temp AS $turnback$\n{body}$turnback$",
            self.function_name()
        )
    }

    fn fill(&self, era: Era) -> String {
        let mut text = String::from("BEGIN\n");
        for column in &self.columns {
            let new = era.name(&column.name, Shape::New);
            let key = self.room.conversion.key_of(column);
            let fresh = fresh_key(self.room.snapshot.server_version, &key.generate, "NEW");
            text.push_str(&format!("  NEW.{new} := coalesce(NEW.{new}, {fresh});\n"));
        }
        text.push_str("  RETURN NEW;\nEND\n");
        text
    }

    fn pairs(&self, era: Era, look_ups: LookUps) -> Vec<Pair<'_>> {
        self.columns
            .iter()
            .map(|column| {
                let key = self.room.conversion.key_of(column);
                Pair {
                    old: era.name(&column.name, Shape::Old),
                    new: era.name(&column.name, Shape::New),
                    key_table: &key.table,
                    key_old: era.name(&key.column, Shape::Old),
                    key_new: era.name(&key.column, Shape::New),
                    promise: literal(&format!(
                        "{}:{}.{}",
                        self.room.phase(),
                        key.table,
                        key.column
                    )),
                    allocate: &key.allocate,
                    generate: super::columns::generate_default(
                        self.room.snapshot.server_version,
                        &key.generate,
                    ),
                    own: key.table == self.table,
                    beside: &column.beside,
                    look_ups,
                }
            })
            .collect()
    }
}
