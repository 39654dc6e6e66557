//! Version schemas: one view per changed table, so that a client whose `search_path` is
//! `public_<phase>, public` sees the new shape, and one with `public_base, public` the old
//! one, whatever `public` itself shows.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::columns::{grantee, to};
use super::views::StandIn;
use super::{Era, Room, Shape, transaction, views};
use crate::fact::Fact;
use crate::name::{Ident, TableName, list, literal};
use crate::schema::{Grant, Snapshot, Table};
use crate::step::Step;

/// The tag of the version schemas that show the database as it was before the plan began.
pub const BASE: &str = "base";

/// The version schemas of one shape that are still kept. Clones share the names: every phase
/// keeps those of all before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveVersion {
    /// [`BASE`], or the phase whose new shape they show.
    pub tag: String,
    /// Tables that changed when it came: it has views of these, and of those that changed
    /// with every version after it.
    #[serde(with = "shared")]
    pub tables: Arc<BTreeSet<TableName>>,
    /// Views that changed when it came.
    #[serde(default, with = "shared")]
    pub views: Arc<BTreeSet<TableName>>,
}

/// Names that are shared in memory are written as if they were not.
mod shared {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::name::TableName;

    pub(super) fn serialize<S: Serializer>(
        names: &Arc<BTreeSet<TableName>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        names.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<BTreeSet<TableName>>, D::Error> {
        BTreeSet::deserialize(deserializer).map(Arc::new)
    }
}

impl LiveVersion {
    /// The shape before any phase.
    pub(crate) fn base() -> Self {
        Self {
            tag: BASE.to_owned(),
            tables: Arc::default(),
            views: Arc::default(),
        }
    }
}

/// What the version schemas of a phase take, in every direction.
pub(super) struct VersionSteps<'a> {
    pub(super) stand_ins: Vec<StandIn<'a>>,
    pub(super) create: Step,
    pub(super) withdraw: Step,
    /// Statements that remove the old shape's schemas, for contract.
    pub(super) give_up_old: Vec<String>,
    pub(super) retire: Step,
    pub(super) schemas: Vec<Ident>,
    /// What is kept once the phase is expanded, oldest shape first.
    pub(super) kept: Vec<LiveVersion>,
    /// Every view that is made, quoted for SQL.
    pub(super) names: Vec<String>,
}

/// Name of the version schema of a tag, for tables of a schema.
pub(crate) fn version_schema(schema: &Ident, tag: &str) -> Ident {
    schema.with_suffix(&format!("_{}", tag.replace('-', "_")))
}

/// Every version schema that there may be.
pub(super) fn live_schemas(snapshot: &Snapshot, live: &[LiveVersion]) -> BTreeSet<Ident> {
    let tags = live.iter().map(|version| version.tag.as_str());
    tags.flat_map(|tag| {
        snapshot
            .schemas
            .keys()
            .map(move |schema| version_schema(schema, tag))
    })
    .collect()
}

pub(super) fn plan<'a>(room: &'a Room<'_>, live: &[LiveVersion]) -> VersionSteps<'a> {
    let base = [LiveVersion::base()];
    let older = if live.is_empty() { &base[..] } else { live };
    let schemas = schemas(room);

    let mut made = Made::default();
    let tables: Vec<Shown<'_>> = room
        .conversion
        .tables
        .keys()
        .map(|table| Shown::new(room, &schemas, older, table))
        .collect();
    let opened: Vec<(&Ident, Vec<String>)> = schemas
        .iter()
        .map(|schema| (*schema, usage_of(room, schema)))
        .collect();
    for (number, old) in older.iter().enumerate() {
        made.version(&opened, &tables, number, &old.tag, Shape::Old);
    }
    made.version(&opened, &tables, older.len(), room.phase(), Shape::New);
    let Made {
        mut statements,
        mut names,
        mut quoted,
        schemas: made_schemas,
        quoted_schemas,
    } = made;
    let stand_ins = views::stand_ins(room, older);

    let mut drops: Vec<String> = stand_ins.iter().rev().map(StandIn::drop).collect();
    // All in one: there may be thousands.
    drops.push(["DROP VIEW IF EXISTS ", &quoted.join(", ")].concat());
    let new_homes = views::new_homes(room);
    drops.extend(views::drop_new(room));
    drops.extend(
        made_schemas
            .iter()
            .rev()
            .map(|s| format!("SELECT turnback.drop_empty_schema({})", literal(s.as_str()))),
    );
    let drop_versions = |tags: &[&str]| -> Vec<String> {
        let names = tags.iter().flat_map(|tag| {
            schemas
                .iter()
                .map(|schema| literal(version_schema(schema, tag).as_str()))
        });
        vec![format!(
            "SELECT turnback.drop_version_schemas(ARRAY[{}])",
            list(names)
        )]
    };
    // A stand-in's place may be another view's by the time the phase is withdrawn.
    let gone = names.iter().chain(&new_homes).cloned();
    let gone = gone.map(|name| Fact::Relation(name).negated()).collect();
    for stand_in in &stand_ins {
        statements.extend(stand_in.create.iter().cloned());
        names.push(stand_in.name.clone());
        quoted.push(stand_in.name.to_string());
    }
    VersionSteps {
        stand_ins,
        create: transaction(
            "versions".to_owned(),
            format!("open version schemas {}", quoted_schemas.join(", ")),
            vec![],
            statements,
            names.into_iter().map(Fact::Relation).collect(),
        ),
        withdraw: transaction(
            "drop_versions".to_owned(),
            "close the new shape's version schemas".to_owned(),
            vec![],
            drops,
            gone,
        ),
        // The latest of them is what clients still use; those before it went with the phases
        // they belong to, except where only this phase reaches a schema.
        give_up_old: drop_versions(
            &older
                .iter()
                .map(|version| version.tag.as_str())
                .collect::<Vec<_>>(),
        ),
        retire: transaction(
            "retire".to_owned(),
            "close the new shape's version schemas: public shows the same".to_owned(),
            vec![],
            drop_versions(&[room.phase()]),
            vec![],
        ),
        schemas: made_schemas,
        kept: kept(room, older),
        names: quoted,
    }
}

/// The tag of the version that shows the phase's old shape.
pub(super) fn old_tag(live: &[LiveVersion]) -> &str {
    live.last().map_or(BASE, |version| &version.tag)
}

/// Schemas that need a version schema: those of the touched tables and of the views on them.
pub(super) fn schemas<'a>(room: &'a Room<'_>) -> BTreeSet<&'a Ident> {
    let tables = room.conversion.tables.keys();
    let views = room.views.iter().map(|carried| carried.name);
    tables.chain(views).map(|name| &name.schema).collect()
}

/// The older versions and the phase's own.
fn kept(room: &Room<'_>, older: &[LiveVersion]) -> Vec<LiveVersion> {
    let mut kept = older.to_vec();
    kept.push(LiveVersion {
        tag: room.phase().to_owned(),
        tables: Arc::new(room.conversion.tables.keys().cloned().collect()),
        views: Arc::new(room.views.iter().map(|view| view.name.clone()).collect()),
    });
    kept
}

/// Columns as a client sees them, in the table's order, each with the name it has underneath.
///
/// Columns that an earlier phase keeps aside are left out; where one stands, the column that
/// took its name takes its place in the order too.
fn visible(room: &Room<'_>, table: &TableName, shape: Shape) -> Vec<(Ident, Ident)> {
    let entry = room.table(table);
    let asides: BTreeSet<Ident> = entry
        .columns
        .iter()
        .filter(|column| column.name.is_aside())
        .map(|column| column.name.clone())
        .collect();
    let mut seen: BTreeSet<&Ident> = BTreeSet::new();
    let mut columns = Vec::new();
    for column in &entry.columns {
        let shown = if column.name.is_aside() {
            entry
                .columns
                .iter()
                .find(|other| !other.name.is_aside() && other.name.old_shape() == column.name)
        } else if asides.contains(&column.name.old_shape()) {
            None
        } else {
            Some(column)
        };
        if let Some(shown) = shown
            && seen.insert(&shown.name)
        {
            let under = if room.is_touched(table, &shown.name) {
                Era::BeforeCutOver.name(&shown.name, shape)
            } else {
                shown.name.clone()
            };
            columns.push((under, shown.name.clone()));
        }
    }
    columns
}

/// A touched table, as version schemas show it.
struct Shown<'a> {
    /// Which of the phase's schemas it is in.
    schema: usize,
    name: &'a Ident,
    /// How many of the older versions, counted from the first, have a view of it already.
    has_view: usize,
    /// Its view in either shape, from behind the name on.
    old: String,
    new: String,
    /// Grants on the view: what stands before its name, and what after it.
    grants: Vec<(String, String)>,
}

impl<'a> Shown<'a> {
    fn new(
        room: &'a Room<'_>,
        schemas: &BTreeSet<&Ident>,
        older: &[LiveVersion],
        table: &'a TableName,
    ) -> Self {
        let mut of = schemas.iter();
        Self {
            schema: of
                .position(|schema| **schema == table.schema)
                .expect("the schemas are those of the touched tables, and of views"),
            name: &table.name,
            has_view: older
                .iter()
                .rposition(|version| version.tables.contains(table))
                .map_or(0, |latest| latest + 1),
            old: view_of(room, table, Shape::Old),
            new: view_of(room, table, Shape::New),
            grants: view_grants(room.table(table)),
        }
    }
}

/// What is made. There is a view of every table for every version that is still kept, so this
/// grows with the square of the phases: each name is written once, and then copied.
#[derive(Default)]
struct Made {
    statements: Vec<String>,
    names: Vec<TableName>,
    quoted: Vec<String>,
    schemas: Vec<Ident>,
    quoted_schemas: Vec<String>,
}

impl Made {
    fn version(
        &mut self,
        schemas: &[(&Ident, Vec<String>)],
        tables: &[Shown<'_>],
        number: usize,
        tag: &str,
        shape: Shape,
    ) {
        let first = self.schemas.len();
        for (schema, grantees) in schemas {
            let name = version_schema(schema, tag);
            let quoted = name.to_string();
            self.statements
                .push(["CREATE SCHEMA IF NOT EXISTS ", &quoted].concat());
            let grantees = grantees.iter();
            self.statements.extend(
                grantees.map(|to| ["GRANT USAGE ON SCHEMA ", &quoted, " TO ", to].concat()),
            );
            self.schemas.push(name);
            self.quoted_schemas.push(quoted);
        }
        for shown in tables.iter().filter(|shown| shown.has_view <= number) {
            let schema = &self.schemas[first + shown.schema];
            let view = TableName::new(schema.clone(), shown.name.clone());
            let quoted = view.to_string();
            let definition = match shape {
                Shape::Old => &shown.old,
                Shape::New => &shown.new,
            };
            self.statements
                .push(["CREATE VIEW ", &quoted, definition].concat());
            let grants = shown.grants.iter();
            self.statements
                .extend(grants.map(|(before, after)| [before, quoted.as_str(), after].concat()));
            self.names.push(view);
            self.quoted.push(quoted);
        }
    }
}

/// A table's view in a version schema, from behind `CREATE VIEW <name>` on.
fn view_of(room: &Room<'_>, table: &TableName, shape: Shape) -> String {
    let columns = visible(room, table, shape)
        .into_iter()
        .map(|(under, name)| {
            if under == name {
                name.to_string()
            } else {
                format!("{under} AS {name}")
            }
        });
    // As if the client read the table: its rights, its row-level policies (PostgreSQL 15). But
    // then it must be allowed to read every column that the view shows; where rights are given
    // by column, the view's own grants, which are the same, have to do.
    let entry = room.table(table);
    let by_column = entry.columns.iter().any(|column| !column.grants.is_empty());
    let as_client = entry.row_security.enabled || !by_column;
    let options = if as_client && room.snapshot.server_version >= 150_000 {
        " WITH (security_invoker = true)"
    } else {
        ""
    };
    format!("{options} AS SELECT {} FROM {table}", list(columns))
}

/// Who may use a schema, and so its version schemas; quoted for SQL.
fn usage_of(room: &Room<'_>, schema: &Ident) -> Vec<String> {
    let Some(entry) = room.snapshot.schemas.get(schema) else {
        return vec![];
    };
    // The owner needs no grant on a schema of its own, but this one is ours.
    std::iter::once(Ident::new(entry.owner.as_str()).to_string())
        .chain(
            entry
                .grants
                .iter()
                .filter(|grant| grant.privilege == "USAGE" && grant.grantee != entry.owner)
                .map(grantee),
        )
        .collect()
}

/// Grants on a view of a table, each as what stands before the view's name and after it.
fn view_grants(table: &Table) -> Vec<(String, String)> {
    let fits = |grant: &&Grant| {
        matches!(
            grant.privilege.as_str(),
            "SELECT" | "INSERT" | "UPDATE" | "DELETE"
        )
    };
    let owner = (
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ".to_owned(),
        format!(" TO {}", Ident::new(table.owner.as_str())),
    );
    let whole = table
        .grants
        .iter()
        .filter(fits)
        .filter(|grant| grant.grantee != table.owner)
        .map(|grant| (format!("GRANT {} ON ", grant.privilege), to(grant)));
    let columns = table
        .columns
        .iter()
        .filter(|column| !column.name.is_aside())
        .flat_map(|column| {
            let grants = column.grants.iter().filter(fits);
            grants.map(|grant| {
                let before = format!("GRANT {} ({}) ON ", grant.privilege, column.name);
                (before, to(grant))
            })
        });
    std::iter::once(owner).chain(whole).chain(columns).collect()
}
