//! Publications of a touched table.

use crate::convert_key::touched::Conversion;
use crate::name::{Ident, TableName, list};
use crate::preflight::Finding;
use crate::schema::{Publication, Snapshot};

pub(super) fn publications(
    snapshot: &Snapshot,
    conversion: &Conversion,
    findings: &mut Vec<Finding>,
) {
    for publication in &snapshot.publications {
        for table in conversion.relations() {
            by_column(publication, conversion, table, findings);
        }
        let whole: Vec<&TableName> = conversion
            .relations()
            .filter(|table| {
                publication.all_tables
                    || publication.tables.get(*table).is_some_and(Option::is_none)
            })
            .collect();
        if !whole.is_empty() {
            findings.push(Finding::warning(
                "publication",
                format!("publication {}", publication.name),
                format!(
                    "it publishes {} whole: a PostgreSQL subscriber stops at the first change after expand, and after the cut-over, until it has the same columns under the same names, and WAL is kept for it meanwhile",
                    list(&whole)
                ),
                format!(
                    "Before expand, for each column that becomes a uuid: ALTER TABLE … ADD COLUMN <column>_turnback_new uuid on the subscriber, and rename its columns when the cut-over has. Or here: {}",
                    if publication.all_tables {
                        format!("DROP PUBLICATION {} for the time of the change", publication.name)
                    } else {
                        format!("ALTER PUBLICATION {} DROP TABLE {}", publication.name, list(&whole))
                    }
                ),
            ));
        }
    }
}

/// A column list or row filter is bound to the old column. After the cut-over that is no
/// longer part of the replica identity, and PostgreSQL would refuse the clients' own updates
/// and deletes (manual, 31.3 and 31.4).
fn by_column(
    publication: &Publication,
    conversion: &Conversion,
    table: &TableName,
    findings: &mut Vec<Finding>,
) {
    let touched = |column: &&Ident| conversion.column(table, column).is_some();
    let listed = publication.tables.get(table).and_then(Option::as_ref);
    let listed: Vec<&Ident> = listed.into_iter().flatten().filter(touched).collect();
    let filter = publication.filters.get(table);
    let filtered: Vec<&Ident> = filter.into_iter().flatten().filter(touched).collect();
    let (what, columns) = match (listed.is_empty(), filtered.is_empty()) {
        (false, _) => ("column list", listed),
        (true, false) => ("row filter", filtered),
        (true, true) => return,
    };
    findings.push(Finding::no_go(
        "publication-columns",
        format!("publication {}", publication.name),
        format!(
            "its {what} for {table} names {}, and after the cut-over PostgreSQL would refuse the clients' updates and deletes for it",
            list(columns)
        ),
        format!(
            "ALTER PUBLICATION {} DROP TABLE {table}, and add the table again after contract",
            publication.name
        ),
    ));
}
