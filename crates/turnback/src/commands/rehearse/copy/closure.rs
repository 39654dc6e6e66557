//! Closes a sample over its foreign keys: rows that sampled rows refer to come along, and those
//! that these refer to, in cycles too, until every reference holds.

use sqlx::{AssertSqlSafe, PgConnection, Row};
use turnback_core::name::{Ident, list, literal};

use super::rows::stream;
use super::{Copied, Reference, Schema};
use crate::commands::rehearse::failed;
use crate::commands::rehearse::screen::Screen;
use crate::commands::rehearse::source::Source;
use crate::failure::Failure;

/// Keys that are asked for at once.
const BATCH: usize = 2_000;

/// Fetches what is missing until nothing is.
pub(super) async fn close(
    source: &mut Source,
    schema: &Schema,
    to: &mut PgConnection,
    copied: &mut [Copied],
    screen: &Screen,
) -> Result<(), Failure> {
    // Without these, each look for missing rows would compare all with all.
    for (number, reference) in schema.references.iter().enumerate() {
        let sql = format!(
            "CREATE INDEX turnback_rehearsal_far_{number} ON {} ({})",
            reference.far,
            list(&reference.far_columns)
        );
        super::run(to, &sql)
            .await
            .map_err(|error| failed("preparing to follow foreign keys", error))?;
    }
    // Until a round brings nothing: a foreign key that is NOT VALID may point at nothing in the
    // target either.
    loop {
        let mut brought = 0;
        for reference in &schema.references {
            let missing = missing(to, reference).await?;
            screen.doing(&format!("rows of {} that others refer to", reference.far));
            for keys in missing.chunks(BATCH) {
                let fetched = fetch(source, schema, to, reference, keys).await?;
                brought += fetched;
                if let Some(copied) = of(copied, reference) {
                    copied.rows += fetched;
                    copied.for_references += fetched;
                }
            }
        }
        if brought == 0 {
            break;
        }
    }
    for number in 0..schema.references.len() {
        // Indexes of one name may be in several schemas; the dump has none of these names.
        let sql = format!(
            "DO $$ DECLARE i regclass; BEGIN FOR i IN SELECT oid FROM pg_catalog.pg_class \
             WHERE relname = 'turnback_rehearsal_far_{number}' LOOP EXECUTE format('DROP INDEX %s', i); END LOOP; END $$"
        );
        super::run(to, &sql)
            .await
            .map_err(|error| failed("having followed foreign keys", error))?;
    }
    Ok(())
}

fn of<'a>(copied: &'a mut [Copied], reference: &Reference) -> Option<&'a mut Copied> {
    let name = reference.far.to_string();
    copied.iter_mut().find(|copied| copied.table == name)
}

/// Keys that rows of the copy refer to and that it does not have, as text.
async fn missing(
    to: &mut PgConnection,
    reference: &Reference,
) -> Result<Vec<Vec<String>>, Failure> {
    let pairs = |between: &str, pair: &dyn Fn(&Ident, &Ident) -> String| {
        reference
            .columns
            .iter()
            .zip(&reference.far_columns)
            .map(|(near, far)| pair(near, far))
            .collect::<Vec<_>>()
            .join(between)
    };
    let sql = format!(
        "SELECT DISTINCT {} FROM {} near WHERE {} AND NOT EXISTS (SELECT FROM {} far WHERE {})",
        pairs(", ", &|near, _| format!("near.{near}::text")),
        reference.table,
        pairs(" AND ", &|near, _| format!("near.{near} IS NOT NULL")),
        reference.far,
        pairs(" AND ", &|near, far| format!("far.{far} = near.{near}")),
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(sql))
        .fetch_all(to)
        .await
        .map_err(|error| failed("following foreign keys", error))?;
    rows.iter()
        .map(|row| {
            (0..reference.columns.len())
                .map(|at| row.try_get_unchecked::<String, _>(at))
                .collect()
        })
        .collect::<Result<_, _>>()
        .map_err(|error| failed("following foreign keys", error))
}

/// Copies the rows of these keys; gives how many there were.
async fn fetch(
    source: &mut Source,
    schema: &Schema,
    to: &mut PgConnection,
    reference: &Reference,
    keys: &[Vec<String>],
) -> Result<u64, Failure> {
    let Some(table) = schema
        .tables
        .iter()
        .find(|table| table.name == reference.far)
    else {
        // A partition: its rows come through the table it belongs to, which we do not know.
        return Ok(0);
    };
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| format!("t.{column}"))
        .collect();
    let tuples: Vec<String> = keys
        .iter()
        .map(|key| {
            let values = key
                .iter()
                .zip(&reference.far_types)
                .map(|(value, of)| format!("{}::{of}", literal(value)));
            format!("({})", list(values))
        })
        .collect();
    let query = format!(
        "SELECT {} FROM {} t WHERE ({}) IN (VALUES {})",
        columns.join(", "),
        table.name,
        list(
            reference
                .far_columns
                .iter()
                .map(|column| format!("t.{column}"))
        ),
        tuples.join(", ")
    );
    stream(source, to, table, &query).await
}
