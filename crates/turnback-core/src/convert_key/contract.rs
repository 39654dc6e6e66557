//! Contract: old and new keys go to the archive first, online; then the old shape is dropped
//! in one transaction.

use super::constraints::{touched_checks, touched_foreign_keys};
use super::parts::drop_everywhere;
use super::touched::Key;
use super::{Room, not_null, sync, transaction};
use crate::backfill::{Backfill, BackfillKind};
use crate::fact::Fact;
use crate::name::{Ident, TableName, literal};
use crate::program::Program;
use crate::step::{Check, LockMode, Step, TableLock, Work};

/// The table in the ledger that keeps old and new keys of a converted table.
pub(super) fn archive_table(room: &Room<'_>, key: &Key) -> TableName {
    let name = Ident::new(format!("keys_{}", super::one_word(&key.table)));
    let name = if key_is_only(room, key) {
        name
    } else {
        name.with_suffix(&format!("_{}", key.column.as_str()))
    };
    TableName::new("turnback", name.with_suffix(&format!("__{}", room.phase())))
}

/// The step that opens the archive of a key.
fn opening(table: &TableName, key: &Ident) -> String {
    format!("archive.{table}.{key}")
}

/// The archive that the contract of a program keeps for a key; nothing where it keeps none.
pub fn archive_of(program: &Program, table: &TableName, key: &Ident) -> Option<TableName> {
    let id = opening(table, key);
    let step = program.contract.iter().find(|step| step.id == id)?;
    step.done_when.iter().find_map(|fact| match fact {
        Fact::Relation(archive) => Some(archive.clone()),
        _ => None,
    })
}

fn key_is_only(room: &Room<'_>, key: &Key) -> bool {
    let touched = &room.conversion.tables[&key.table];
    touched.iter().filter(|column| column.is_key).count() == 1
}

pub(super) fn steps(room: &Room<'_>, give_up_old: Vec<String>) -> Vec<Step> {
    let mut steps = Vec::new();
    for key in &room.conversion.keys {
        steps.extend(archive(room, key));
    }
    steps.push(give_up(room, give_up_old));
    steps
}

/// Copies (old key, new key), while a trigger takes down what is written meanwhile.
fn archive(room: &Room<'_>, key: &Key) -> Vec<Step> {
    let (table, old, new) = (&key.table, key.column.old_shape(), &key.column);
    let into = archive_table(room, key);
    let (trigger, function) = capture(room, key);
    let open = transaction(
        opening(table, new),
        format!("open the key archive of {table}"),
        vec![room.writers(table)],
        vec![
            format!(
                "CREATE TABLE {into} (old_key bigint NOT NULL, new_key uuid NOT NULL, PRIMARY KEY (old_key, new_key), UNIQUE (new_key, old_key))"
            ),
            format!(
                "COMMENT ON TABLE {into} IS {}",
                literal(&format!(
                    "Keys of {table} before and after their conversion"
                ))
            ),
            format!(
                "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER \
                 SET search_path = pg_catalog, pg_temp AS $turnback$\nBEGIN\n  \
                 INSERT INTO {into} (old_key, new_key) VALUES (NEW.{old}, NEW.{new}) ON CONFLICT DO NOTHING;\n  \
                 RETURN NULL;\nEND\n$turnback$"
            ),
            // Any update, for it may move a row that is not copied yet behind the copy's back.
            format!(
                "CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION {function}()"
            ),
            format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"),
        ],
        vec![
            Fact::Relation(into.clone()),
            Fact::Trigger(table.clone(), trigger),
        ],
    );
    let copy = room.leaves(table).into_iter().map(|leaf| Step {
        id: format!("archive_keys.{leaf}.{new}"),
        title: format!("copy old and new keys of {leaf} to the archive"),
        work: Work::Backfill(Backfill {
            table: leaf.clone(),
            kind: BackfillKind::Archive {
                into: into.clone(),
                columns: vec![old.clone(), new.clone()],
            },
            quiet: false,
            complete: true,
            looked_up: false,
        }),
        done_when: vec![],
    });
    let complete = Step {
        id: format!("archive_verify.{table}.{new}"),
        title: format!("check that the key archive of {table} is complete"),
        work: Work::Verify {
            checks: vec![Check {
                promise: format!("every key of {table} is in the archive"),
                sql: format!(
                    "SELECT count(*) FROM {table} t LEFT JOIN {into} a ON a.old_key = t.{old} AND a.new_key = t.{new} \
                     WHERE a.new_key IS NULL"
                ),
            }],
        },
        done_when: vec![],
    };
    std::iter::once(open)
        .chain(copy)
        .chain(archive_newcomers(room, key, &into))
        .chain(std::iter::once(complete))
        .collect()
}

/// The keys of partitions that came after the phase began, a few pages at a time.
fn archive_newcomers(room: &Room<'_>, key: &Key, into: &TableName) -> Option<Step> {
    let (table, old, new) = (&key.table, key.column.old_shape(), &key.column);
    let known = crate::name::list(
        room.members(table)
            .into_iter()
            .map(|m| literal(&m.to_string())),
    );
    room.is_partitioned(table).then(|| Step {
        id: format!("archive_newcomers.{table}.{new}"),
        title: format!(
            "copy old and new keys of partitions of {table} that came meanwhile to the archive"
        ),
        work: Work::Online {
            lock: TableLock {
                mode: LockMode::AccessShare,
                ..TableLock::online(table)
            },
            statement: format!(
                "CALL turnback.archive_newcomers({}, ARRAY[{known}], {}, {}, {})",
                literal(&table.to_string()),
                literal(&into.to_string()),
                literal(old.as_str()),
                literal(new.as_str())
            ),
            clean: None,
        },
        done_when: vec![],
    })
}

/// Removes what an unfinished contract left: its archives and the triggers that feed them.
pub(super) fn abandon(room: &Room<'_>) -> Vec<String> {
    room.conversion
        .keys
        .iter()
        .flat_map(|key| {
            let (trigger, function) = capture(room, key);
            [
                format!("DROP TRIGGER IF EXISTS {trigger} ON {}", key.table),
                format!("DROP FUNCTION IF EXISTS {function}()"),
                format!("DROP TABLE IF EXISTS {}", archive_table(room, key)),
            ]
        })
        .collect()
}

fn capture(room: &Room<'_>, key: &Key) -> (Ident, TableName) {
    let trigger = Ident::new(format!("~turnback_4_archive_{}", key.column.as_str()))
        .with_suffix(&format!("_{}", room.phase()));
    let archive = archive_table(room, key);
    let function = TableName::new(
        "turnback",
        Ident::new(format!("archive_{}", archive.name.as_str())).with_suffix(""),
    );
    (trigger, function)
}

/// Drops triggers, old foreign keys, old version schemas and old columns, in one transaction.
fn give_up(room: &Room<'_>, give_up_old: Vec<String>) -> Step {
    let phase = room.phase();
    let mut statements = give_up_old;
    for table in room.conversion.tables.keys() {
        for trigger in sync::all(room, table) {
            statements.extend(trigger.drop());
            statements.push(trigger.drop_function());
        }
    }
    for key in &room.conversion.keys {
        let (trigger, function) = capture(room, key);
        statements.push(format!("DROP TRIGGER IF EXISTS {trigger} ON {}", key.table));
        statements.push(format!("DROP FUNCTION IF EXISTS {function}()"));
    }
    for (table, constraint, _) in touched_foreign_keys(room) {
        statements.extend(drop_everywhere(room, table, constraint, &|name| {
            name.old_shape_of(phase)
        }));
    }
    for table in room.conversion.tables.keys() {
        for member in room.members(table) {
            for (check, _) in touched_checks(room, member) {
                let name = check.name.old_shape_of(phase);
                let drop = format!("ALTER TABLE {member} DROP CONSTRAINT IF EXISTS {name}");
                statements.push(room.if_partition(member, &drop));
            }
        }
        let drops = room.conversion.tables[table]
            .iter()
            .map(|column| format!("DROP COLUMN {}", column.name.old_shape()));
        statements.push(format!("ALTER TABLE {table} {}", crate::name::list(drops)));
        statements.extend(not_null::take_names(room, table));
        // Index columns keep the names of when they were made.
        statements.push(if room.is_partitioned(table) {
            format!(
                "SELECT turnback.tidy_names(p.relid) FROM pg_catalog.pg_partition_tree({}) p ORDER BY p.level",
                literal(&table.to_string())
            )
        } else {
            format!(
                "SELECT turnback.tidy_names({})",
                literal(&table.to_string())
            )
        });
    }
    transaction(
        "give_up_old".to_owned(),
        "give up the old shape: drop its columns, triggers and version schemas".to_owned(),
        room.lock_all(),
        statements,
        room.conversion
            .columns()
            .map(|(table, column)| Fact::Column(table.clone(), column.name.old_shape()).negated())
            .collect(),
    )
}
