//! Dependent views and materialized views: the old object stays, and a new one stands beside
//! it from expand on.
//!
//! A view follows its tables by identity and its columns by number, not by name. So the old
//! view goes on showing the old shape whatever its columns are called, and a view that shall
//! show the new shape has to be made where the new columns bear the plain names. Expand does
//! that in one short transaction: it swaps the names of the touched columns, makes each view
//! from its own text, and swaps the names back; no SQL is parsed. The new view waits in the
//! version schema of the phase. The cut-over and the way back only move views from schema to
//! schema: the object that comes back is the very one that was there, with all its grants.
//!
//! So each version that differs has its own view, and the one that `public` shows is found
//! there: a client whose `search_path` is `public_<version>, public` sees its shape always.

use super::columns::{column_grant, to};
use super::family::when;
use super::versions::{LiveVersion, version_schema};
use super::{Room, transaction};
use crate::fact::Fact;
use crate::name::{Ident, TableName, dollar_quoted, list, literal};
use crate::schema::View;
use crate::script;
use crate::step::{LockMode, Step, TableLock, Work};

/// A view that changes with the phase.
pub(crate) struct Carried<'a> {
    pub(crate) name: &'a TableName,
    pub(crate) view: &'a View,
    /// The SQL that makes it anew, where the plan gives it.
    pub(crate) sql: Option<&'a str>,
}

impl Carried<'_> {
    /// The keyword of its kind.
    pub(super) fn kind(&self) -> &'static str {
        if self.view.materialized {
            "MATERIALIZED VIEW"
        } else {
            "VIEW"
        }
    }

    fn home(&self, tag: &str) -> TableName {
        TableName::new(
            version_schema(&self.name.schema, tag),
            self.name.name.clone(),
        )
    }

    fn move_to(&self, from: &TableName, schema: &Ident) -> String {
        format!("ALTER {} {from} SET SCHEMA {schema}", self.kind())
    }

    /// Where the new view waits, and whence it comes.
    fn new_home(&self, room: &Room<'_>) -> TableName {
        self.home(room.phase())
    }

    /// Where the old view stands while `public` shows the new one.
    fn old_home(&self, room: &Room<'_>) -> TableName {
        self.home(&room.old_tag)
    }
}

/// Expand: makes every view anew, bound to the new columns. Early, long before the backfill is
/// through, so that a view which does not fit stops the run while nothing is lost.
pub(super) fn build(room: &Room<'_>) -> Option<Step> {
    if room.views.is_empty() {
        return None;
    }
    let mut statements: Vec<String> = Vec::new();
    for schema in super::versions::schemas(room) {
        for tag in [room.old_tag.as_str(), room.phase()] {
            let version = version_schema(schema, tag);
            statements.push(format!("CREATE SCHEMA IF NOT EXISTS {version}"));
        }
    }
    for (table, column) in swapped_columns(room) {
        statements.push(rename(table, column, &column.old_shape()));
        statements.push(rename(table, &column.new_shape(), column));
    }
    for carried in &room.views {
        statements.push(carried.move_to(carried.name, &carried.old_home(room).schema));
    }
    for carried in &room.views {
        statements.extend(create(carried));
    }
    for carried in &room.views {
        statements.push(carried.move_to(carried.name, &carried.new_home(room).schema));
        statements.push(carried.move_to(&carried.old_home(room), &carried.name.schema));
    }
    for (table, column) in swapped_columns(room) {
        statements.push(rename(table, column, &column.new_shape()));
        statements.push(rename(table, &column.old_shape(), column));
    }
    statements.extend(drop_empty(room));
    let mut locks = old_views(room);
    let mut tables: Vec<&TableName> = swapped_columns(room).map(|(table, _)| table).collect();
    tables.dedup();
    locks.extend(tables.into_iter().map(TableLock::exclusive));
    Some(transaction(
        "views".to_owned(),
        format!(
            "make {} for the new shape",
            list(room.views.iter().map(|carried| carried.new_home(room)))
        ),
        locks,
        statements,
        room.views
            .iter()
            .map(|carried| Fact::Relation(carried.new_home(room)))
            .collect(),
    ))
}

/// The schema that lent its name for the swap is made for good with the other version schemas.
fn drop_empty(room: &Room<'_>) -> Vec<String> {
    super::versions::schemas(room)
        .into_iter()
        .map(|schema| {
            let version = version_schema(schema, &room.old_tag);
            format!(
                "SELECT turnback.drop_empty_schema({})",
                literal(version.as_str())
            )
        })
        .collect()
}

/// Touched columns of the tables that a carried view reads.
fn swapped_columns<'a>(room: &'a Room<'_>) -> impl Iterator<Item = (&'a TableName, &'a Ident)> {
    room.conversion
        .columns()
        .filter(|(table, _)| {
            let mut views = room.views.iter();
            views.any(|carried| carried.sql.is_some() || carried.view.reads.contains_key(*table))
        })
        .map(|(table, column)| (table, &column.name))
}

fn rename(table: &TableName, from: &Ident, to: &Ident) -> String {
    format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}")
}

/// The view under its own name, with all that hangs on the old one.
fn create(carried: &Carried<'_>) -> Vec<String> {
    let (name, view) = (carried.name, carried.view);
    let mut statements = match carried.sql {
        Some(sql) => given(name, sql),
        None => vec![from_text(name, view)],
    };
    let kind = carried.kind();
    let owner = Ident::new(view.owner.as_str());
    statements.push(format!("ALTER {kind} {name} OWNER TO {owner}"));
    statements.push(format!(
        "SELECT turnback.clear_grants({})",
        literal(&name.to_string())
    ));
    statements.extend(grants(name, view));
    statements.extend(comment(&format!("{kind} {name}"), view.comment.as_ref()));
    for column in &view.columns {
        if let Some(default) = &column.default {
            statements.push(format!(
                "ALTER VIEW {name} ALTER COLUMN {} SET DEFAULT {default}",
                column.name
            ));
        }
        let what = format!("COLUMN {name}.{}", column.name);
        statements.extend(comment(&what, column.comment.as_ref()));
    }
    for trigger in &view.triggers {
        statements.push(trigger.definition.clone());
        let what = format!("TRIGGER {} ON {name}", trigger.name);
        statements.extend(comment(&what, trigger.comment.as_ref()));
    }
    statements
}

/// `CREATE VIEW` from the definition in the catalog.
fn from_text(name: &TableName, view: &View) -> String {
    format!(
        "CREATE VIEW {name}{} AS {}",
        options(&view.options),
        view.definition.trim().trim_end_matches(';')
    )
}

fn options(options: &[String]) -> String {
    if options.is_empty() {
        String::new()
    } else {
        format!(" WITH ({})", list(options))
    }
}

/// The statements of the plan, the first of them without the data: filling takes its time,
/// and is done online.
fn given(name: &TableName, sql: &str) -> Vec<String> {
    let mut statements = vec![format!("SET LOCAL search_path = {}, pg_temp", name.schema)];
    for (number, statement) in script::statements(sql).into_iter().enumerate() {
        let statement = if number == 0 {
            format!("{}\nWITH NO DATA", without_data(statement))
        } else {
            statement.to_owned()
        };
        // In a block, where it can end no transaction: names are swapped at this moment.
        let block = format!("BEGIN\n  EXECUTE {};\nEND", dollar_quoted(&statement));
        statements.push(format!("DO {}", dollar_quoted(&block)));
    }
    statements.push("SET LOCAL search_path = pg_catalog, pg_temp".to_owned());
    statements
}

/// A `CREATE MATERIALIZED VIEW` without its `WITH DATA` or `WITH NO DATA`.
fn without_data(statement: &str) -> &str {
    let mut rest = statement.trim_end();
    for (number, word) in ["data", "no", "with"].into_iter().enumerate() {
        match rest
            .len()
            .checked_sub(word.len())
            .and_then(|at| rest.get(at..))
        {
            Some(end) if end.eq_ignore_ascii_case(word) => {
                rest = rest[..rest.len() - word.len()].trim_end();
            }
            _ if number == 1 => {}
            _ => return statement,
        }
    }
    rest
}

/// Whether SQL begins as that of a materialized view must.
pub(super) fn makes_materialized_view(sql: &str) -> bool {
    let first = script::statements(sql).into_iter().next().unwrap_or("");
    let code = script::without_leading_comments(first);
    let words: Vec<String> = code
        .split_whitespace()
        .take(3)
        .map(str::to_lowercase)
        .collect();
    words == ["create", "materialized", "view"]
}

fn comment(what: &str, text: Option<&String>) -> Option<String> {
    text.map(|text| format!("COMMENT ON {what} IS {}", literal(text)))
}

/// The grants of the old view, on its double.
fn grants(name: &TableName, view: &View) -> Vec<String> {
    let mut statements = Vec::new();
    // Where anything was ever granted or revoked, the owner's own rights are in the list too.
    if !view.grants.is_empty() {
        let owner = Ident::new(view.owner.as_str());
        statements.push(format!("REVOKE ALL ON {name} FROM {owner}"));
    }
    statements.extend(
        view.grants
            .iter()
            .map(|grant| format!("GRANT {} ON {name}{}", grant.privilege, to(grant))),
    );
    for column in &view.columns {
        let grants = column.grants.iter();
        statements.extend(grants.map(|grant| column_grant(grant, &column.name, name)));
    }
    statements
}

/// Expand, towards its end: fills the materialized views while nobody reads them.
pub(super) fn fill(room: &Room<'_>) -> Vec<Step> {
    room.views
        .iter()
        .filter(|carried| carried.view.materialized)
        .map(|carried| {
            let new = carried.new_home(room);
            Step {
                id: format!("fill_view.{}", carried.name),
                title: format!("fill materialized view {new}"),
                work: Work::Online {
                    lock: TableLock {
                        table: new.clone(),
                        mode: LockMode::AccessShare,
                        partitions: false,
                        view: true,
                    },
                    statement: format!("REFRESH MATERIALIZED VIEW {new}"),
                    clean: None,
                },
                done_when: vec![Fact::Filled(new)],
            }
        })
        .collect()
}

/// A view of an older version that stands on an old view for as long as that one stands aside.
pub(super) struct StandIn<'a> {
    pub(super) name: TableName,
    /// The view that it reads.
    of: &'a TableName,
    pub(super) create: Vec<String>,
}

/// Versions older than the one that takes the old view in have no view of their own yet, if
/// no phase has changed it since: they get one that stands on the old view, and goes with it.
pub(super) fn stand_ins<'a>(room: &'a Room<'_>, older: &[LiveVersion]) -> Vec<StandIn<'a>> {
    let mut stand_ins = Vec::new();
    for carried in &room.views {
        let latest = older.iter().rposition(|v| v.views.contains(carried.name));
        let last = older.len() - 1;
        for version in &older[latest.unwrap_or(0)..last] {
            stand_ins.push(stand_in(room, carried, &version.tag));
        }
    }
    stand_ins
}

fn stand_in<'a>(room: &Room<'_>, carried: &Carried<'a>, tag: &str) -> StandIn<'a> {
    let name = carried.home(tag);
    let view = carried.view;
    let options = if room.snapshot.server_version >= 150_000 {
        " WITH (security_invoker = true)"
    } else {
        ""
    };
    let owner = Ident::new(view.owner.as_str());
    let mut create = vec![
        format!(
            "CREATE VIEW {name}{options} AS SELECT {} FROM {}",
            list(view.columns.iter().map(|column| &column.name)),
            carried.name
        ),
        format!("ALTER VIEW {name} OWNER TO {owner}"),
    ];
    create.extend(grants(&name, view));
    StandIn {
        name,
        of: carried.name,
        create,
    }
}

impl StandIn<'_> {
    /// Drops it where it is still there: by now the new view of the phase before may wait in its
    /// place.
    pub(super) fn drop(&self) -> String {
        when(
            &Fact::Reads(self.name.clone(), self.of.clone()),
            &format!("DROP VIEW {}", self.name),
        )
    }
}

/// Locks on the old views, outermost first, as those who read them take theirs.
pub(super) fn old_views(room: &Room<'_>) -> Vec<TableLock> {
    let views = room.views.iter().rev();
    views.map(|carried| TableLock::view(carried.name)).collect()
}

/// Locks for the cut-over: on views first, then on tables, in the order in which readers of
/// the views take them.
pub(super) fn locks_forward(room: &Room<'_>) -> Vec<TableLock> {
    let waiting = room.views.iter().rev();
    let waiting = waiting.map(|carried| TableLock::view(&carried.new_home(room)));
    let mut locks = old_views(room);
    locks.extend(waiting);
    locks.extend(room.lock_all());
    locks
}

/// Locks for the way back.
pub(super) fn locks_back(room: &Room<'_>) -> Vec<TableLock> {
    let aside = room.views.iter().rev();
    let aside = aside.map(|carried| TableLock::view(&carried.old_home(room)));
    let mut locks = old_views(room);
    locks.extend(aside);
    locks.extend(room.lock_all());
    locks
}

/// The cut-over's part: old views step aside, new ones take their places.
pub(super) fn swap(room: &Room<'_>) -> Vec<String> {
    room.views
        .iter()
        .flat_map(|carried| {
            [
                carried.move_to(carried.name, &carried.old_home(room).schema),
                carried.move_to(&carried.new_home(room), &carried.name.schema),
            ]
        })
        .collect()
}

/// The way back's part: the same in reverse. The places of stand-ins become free, for the way
/// back of an earlier phase may need them next; their clients find the view in `public` again.
/// Some went when an earlier phase was contracted.
pub(super) fn swap_back(room: &Room<'_>, stand_ins: &[StandIn<'_>]) -> Vec<String> {
    let stand_ins = stand_ins
        .iter()
        .map(|view| format!("DROP VIEW IF EXISTS {}", view.name));
    let swaps = room.views.iter().flat_map(|carried| {
        [
            carried.move_to(carried.name, &carried.new_home(room).schema),
            carried.move_to(&carried.old_home(room), &carried.name.schema),
        ]
    });
    stand_ins.chain(swaps).collect()
}

/// Withdraw's part: drops the new views, the outermost first.
pub(super) fn drop_new(room: &Room<'_>) -> Vec<String> {
    let views = room.views.iter().rev();
    views
        .map(|carried| {
            format!(
                "DROP {} IF EXISTS {}",
                carried.kind(),
                carried.new_home(room)
            )
        })
        .collect()
}

/// Where the new views wait, for facts and lists.
pub(super) fn new_homes(room: &Room<'_>) -> Vec<TableName> {
    let views = room.views.iter();
    views.map(|carried| carried.new_home(room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_materialized_view_is_made_without_its_data_however_it_is_written() {
        let bare = "CREATE MATERIALIZED VIEW m AS SELECT 1";
        for end in ["", " WITH DATA", " with no data", "\nWITH  NO\nDATA"] {
            assert_eq!(without_data(&format!("{bare}{end}")), bare, "{end}");
        }
        let other = "CREATE MATERIALIZED VIEW m AS SELECT data";
        assert_eq!(without_data(other), other);
    }

    #[test]
    fn sql_that_makes_something_else_is_known() {
        assert!(makes_materialized_view(
            "-- the report\n/* new */ create MATERIALIZED view a.b AS SELECT 1; CREATE INDEX ON a.b (x)"
        ));
        assert!(!makes_materialized_view("CREATE VIEW m AS SELECT 1"));
        assert!(!makes_materialized_view(""));
    }
}
