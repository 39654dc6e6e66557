//! Which keys can be converted, which follow by themselves, which stay, and why.

use std::collections::BTreeSet;

use super::graph::{Graph, Place};
use super::write;
use super::{InitError, Request, Skipped, TableProblem, Tables};
use crate::convert_key::{allocate, mentions};
use crate::name::{Ident, TableName};
use crate::schema::TableKind;

/// The schema in the target that is turnback's own.
const LEDGER_SCHEMA: &str = "turnback";

/// What can be done about one table's key.
enum Verdict {
    /// An integer key of its own.
    Convert(Place),
    /// Made of foreign keys: follows these keys, which point no further.
    Follows(BTreeSet<Place>),
    /// Stays, and the user should know why.
    Stays(String),
    /// Stays; worth a word only when it was asked for by name.
    Quiet(String),
}

/// Keys to convert, in the order of their tables' names, and what is left out.
pub(super) fn choose(
    graph: &Graph<'_>,
    request: &Request,
    database: &str,
) -> Result<(Vec<Place>, Vec<Skipped>), InitError> {
    if graph.len() == 0 {
        return Err(InitError::NoTables {
            database: database.to_owned(),
        });
    }
    let (asked, by_name) = match &request.tables {
        Tables::All => ((0..graph.len()).collect(), false),
        Tables::Only(names) => (find(graph, names)?, true),
    };
    let heirs = parents_of_others(graph);
    let (mut keys, mut follow, mut stay) = (Vec::new(), Vec::new(), Vec::new());
    for table in asked {
        match judge(graph, &heirs, table) {
            Verdict::Convert(key) => keys.push(key),
            Verdict::Follows(origins) => follow.push((table, origins)),
            Verdict::Stays(reason) => stay.push((table, reason)),
            Verdict::Quiet(reason) if by_name => stay.push((table, reason)),
            Verdict::Quiet(_) => {}
        }
    }
    let mut skipped = Vec::new();
    for (table, origins) in follow {
        let missing: Vec<Place> = origins
            .iter()
            .copied()
            .filter(|origin| !keys.contains(origin))
            .collect();
        let names = |places: &[Place]| list_tables(graph, places);
        if origins.is_empty() {
            stay.push((
                table,
                "its key points at itself through a circle of foreign keys".to_owned(),
            ));
        } else if missing.is_empty() {
            let origins: Vec<_> = origins.into_iter().collect();
            skipped.push(Skipped {
                table: graph.name(table).clone(),
                reason: format!(
                    "its key is a foreign key: it follows {} by itself",
                    names(&origins)
                ),
            });
        } else if by_name {
            stay.push((
                table,
                format!(
                    "its key is a foreign key and has nothing of its own to convert; convert {} \
                     instead, and it follows",
                    names(&missing)
                ),
            ));
        } else {
            stay.push((
                table,
                format!(
                    "its key is a foreign key to {}, which stays as it is",
                    names(&missing)
                ),
            ));
        }
    }
    let problems = stay.into_iter().map(|(table, reason)| Skipped {
        table: graph.name(table).clone(),
        reason,
    });
    if by_name {
        let problems: Vec<_> = problems
            .map(|Skipped { table, reason }| TableProblem::Unfit { table, reason })
            .collect();
        if !problems.is_empty() {
            return Err(InitError::Tables(problems));
        }
    } else {
        skipped.extend(problems);
    }
    skipped.sort_by(|a, b| a.table.cmp(&b.table));
    if keys.is_empty() {
        return Err(InitError::NothingToConvert {
            database: database.to_owned(),
            skipped,
        });
    }
    Ok((keys, skipped))
}

/// Looks the tables up that were asked for; names every one that is not there.
fn find(graph: &Graph<'_>, names: &[TableName]) -> Result<BTreeSet<usize>, InitError> {
    let mut problems = Vec::new();
    let mut found = BTreeSet::new();
    for name in names {
        match graph.number(name) {
            Some(number) => {
                found.insert(number);
            }
            None => problems.push(TableProblem::Missing {
                table: name.clone(),
                similar: similar(graph, name),
            }),
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(InitError::Tables(problems))
    }
}

fn judge(graph: &Graph<'_>, heirs: &BTreeSet<&TableName>, number: usize) -> Verdict {
    let (name, table) = (graph.name(number), graph.table(number));
    if name.name.is_aside() || name.schema.as_str() == LEDGER_SCHEMA {
        return Verdict::Quiet("it is turnback's own".to_owned());
    }
    if (name
        .schema
        .as_str()
        .chars()
        .chain(name.name.as_str().chars()))
    .any(char::is_control)
    {
        return Verdict::Stays(
            "its name holds a control character, which a plan cannot name".to_owned(),
        );
    }
    match table.kind {
        TableKind::Ordinary | TableKind::Partitioned => {}
        TableKind::Partition => {
            let root = graph.root(name);
            return Verdict::Quiet(format!(
                "it is a partition of {}: it follows it",
                graph.show(root)
            ));
        }
        TableKind::Foreign => {
            return Verdict::Stays("it is a foreign table: not carried yet".to_owned());
        }
    }
    if table.kind == TableKind::Ordinary && (!table.parents.is_empty() || heirs.contains(name)) {
        return Verdict::Stays("it takes part in table inheritance: not carried yet".to_owned());
    }
    let Some(primary) = table.primary_key() else {
        return Verdict::Stays("it has no primary key".to_owned());
    };
    if let Some(key) = &table.partition_key
        && let Some(own) = table.own_key()
        && mentions(key, std::slice::from_ref(own))
    {
        return Verdict::Stays(format!(
            "it is partitioned by its key {}: not carried",
            write::ident(own)
        ));
    }
    if let Some(own) = table
        .own_key()
        .and_then(|own| graph.place(name, own.as_str()))
    {
        return judge_single(graph, own);
    }
    let places: Vec<Place> = primary
        .columns
        .iter()
        .filter_map(|column| graph.place(name, column.as_str()))
        .collect();
    judge_composite(graph, &places)
}

fn judge_single(graph: &Graph<'_>, key: Place) -> Verdict {
    let column = graph.column(key);
    if column.type_name == "uuid" {
        return Verdict::Quiet("its key is uuid already".to_owned());
    }
    if !column.is_integer() {
        return Verdict::Stays(format!(
            "its key {} is {}, not an integer",
            write::ident(&column.name),
            column.type_name
        ));
    }
    if column.generated.is_some() {
        return Verdict::Stays(format!(
            "its key {} is computed from other columns: not carried yet",
            write::ident(&column.name)
        ));
    }
    if graph.points_at(key).next().is_some() {
        return Verdict::Follows(graph.origins(key));
    }
    if allocate(column).is_none() {
        return Verdict::Stays(format!(
            "its key {} takes its values from no sequence, and rows of the new shape need old \
             keys too; give it a default of nextval(…) first",
            write::ident(&column.name)
        ));
    }
    match conflict(graph, key) {
        Some(reason) => Verdict::Stays(reason),
        None => Verdict::Convert(key),
    }
}

fn judge_composite(graph: &Graph<'_>, key: &[Place]) -> Verdict {
    let names = |places: Vec<Place>| {
        let names: Vec<_> = places
            .iter()
            .map(|&place| write::ident(&graph.column(place).name))
            .collect();
        names.join(", ")
    };
    let (follow, own): (Vec<Place>, Vec<Place>) = key
        .iter()
        .copied()
        .partition(|&place| graph.points_at(place).next().is_some());
    let own_integers: Vec<Place> = own
        .into_iter()
        .filter(|&place| graph.column(place).is_integer())
        .collect();
    if !own_integers.is_empty() {
        return Verdict::Stays(format!(
            "its key ({}) has several columns, and {} is no foreign key: only keys of one \
             column are converted",
            names(key.to_vec()),
            names(own_integers)
        ));
    }
    let follow: BTreeSet<Place> = follow
        .into_iter()
        .filter(|&place| graph.column(place).is_integer())
        .flat_map(|place| graph.origins(place))
        .collect();
    if !follow.is_empty() {
        return Verdict::Follows(follow);
    }
    if key
        .iter()
        .all(|&place| graph.column(place).type_name == "uuid")
    {
        return Verdict::Quiet("its key is uuid already".to_owned());
    }
    Verdict::Stays(format!(
        "its key ({}) has no integer column to convert",
        names(key.to_vec())
    ))
}

/// Why converting this key would leave a foreign key between two types, if it would: a
/// column that follows it also points elsewhere, or is no integer.
fn conflict(graph: &Graph<'_>, key: Place) -> Option<String> {
    let touched = graph.touched(&[key]);
    for &place in &touched {
        let shown = || graph.show_place(place);
        if !graph.column(place).is_integer() {
            return Some(format!(
                "{} points at it and is {}, not an integer",
                shown(),
                graph.column(place).type_name
            ));
        }
        if let Some(elsewhere) = graph.points_at(place).find(|far| !touched.contains(far)) {
            return Some(format!(
                "{} follows it and also points at {}, which does not",
                shown(),
                graph.show_place(elsewhere)
            ));
        }
    }
    None
}

/// Tables that ordinary tables inherit from.
fn parents_of_others<'a>(graph: &Graph<'a>) -> BTreeSet<&'a TableName> {
    (0..graph.len())
        .map(|number| graph.table(number))
        .filter(|table| table.kind != TableKind::Partition)
        .flat_map(|table| &table.parents)
        .collect()
}

fn list_tables(graph: &Graph<'_>, places: &[Place]) -> String {
    let names: BTreeSet<_> = places.iter().map(|&(table, _)| graph.name(table)).collect();
    let names: Vec<_> = names.into_iter().map(|name| graph.show(name)).collect();
    super::units::and(&names, 5)
}

/// The table that was probably meant: the same name in another schema, another case, or a
/// slip or two of the keyboard away.
fn similar(graph: &Graph<'_>, wanted: &TableName) -> Option<TableName> {
    let fold = |ident: &Ident| ident.as_str().to_lowercase();
    let allowed = (wanted.name.as_str().chars().count() / 3).max(1);
    (0..graph.len())
        .map(|number| graph.name(number))
        .map(|name| {
            let slips = strsim::damerau_levenshtein(&fold(&name.name), &fold(&wanted.name));
            (slips, name.schema != wanted.schema, name)
        })
        .filter(|&(slips, _, _)| slips <= allowed)
        .min()
        .map(|(_, _, name)| name.clone())
}
