//! Rows of the target, sampled table by table and streamed into the copy.

use futures_util::StreamExt;
use sqlx::PgConnection;
use turnback_core::name::list;

use super::{Amount, Copied, Schema, Table, none};
use crate::commands::rehearse::failed;
use crate::commands::rehearse::screen::Screen;
use crate::commands::rehearse::source::{Source, reading};
use crate::failure::Failure;
use crate::output::text::count;

/// More pages than needed are looked at, for some hold fewer rows than others.
const MARGIN: f64 = 1.3;
/// A sample of fewer pages than this is of whatever they happen to hold.
const FEW_PAGES: f64 = 20.0;
/// Rows of a page, about.
const ROWS_OF_A_PAGE: f64 = 50.0;

/// Samples every table; whole where it is small.
pub(super) async fn copy(
    source: &mut Source,
    schema: &Schema,
    to: &mut PgConnection,
    amount: Amount,
    screen: &Screen,
) -> Result<Vec<Copied>, Failure> {
    let mut copied = Vec::new();
    for table in &schema.tables {
        screen.doing(&format!("copying rows of {}", table.name));
        let (sampling, how) = sampling(table, amount);
        let mut rows = stream(source, to, table, &select(table, &sampling)).await?;
        let limit = limit(amount);
        if rows == 0 && how == "sampled" && !limit.is_empty() {
            // The pages that were drawn held nothing; the first rows there are will do.
            rows = stream(source, to, table, &select(table, &limit)).await?;
        }
        let whole = how == "whole" && limit_of(amount).is_none_or(|most| rows < most);
        copied.push(Copied {
            rows,
            how: if whole { "whole" } else { "sampled" },
            ..none(table)
        });
    }
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    screen.doing(&format!("{} rows copied", count(rows)));
    Ok(copied)
}

/// `FROM …` without the table's name: how its rows are drawn.
fn sampling(table: &Table, amount: Amount) -> (String, &'static str) {
    match amount {
        Amount::Percent(percent) if percent < 100.0 => (
            format!(" TABLESAMPLE BERNOULLI ({percent}) REPEATABLE (1)"),
            "sampled",
        ),
        Amount::Rows(most) => match table.rows {
            // Whole pages, evenly drawn: reads no more of a large table than it gives.
            Some(rows) if rows > most => {
                let share = (most as f64 * MARGIN).max(FEW_PAGES * ROWS_OF_A_PAGE) / rows as f64;
                let percent = (share * 100.0).min(100.0);
                (
                    format!(" TABLESAMPLE SYSTEM ({percent:.9}) REPEATABLE (1) LIMIT {most}"),
                    "sampled",
                )
            }
            _ => (format!(" LIMIT {most}"), "whole"),
        },
        _ => (String::new(), "whole"),
    }
}

fn limit_of(amount: Amount) -> Option<u64> {
    match amount {
        Amount::Rows(most) => Some(most),
        _ => None,
    }
}

fn limit(amount: Amount) -> String {
    limit_of(amount).map_or(String::new(), |most| format!(" LIMIT {most}"))
}

fn select(table: &Table, sampling: &str) -> String {
    // A partitioned table holds nothing itself; heirs of another are tables of their own.
    let only = if table.partitioned { "" } else { "ONLY " };
    format!(
        "SELECT {} FROM {only}{}{sampling}",
        list(&table.columns),
        table.name
    )
}

/// Streams what a query gives into the copy's table of that name; gives the number of rows.
pub(super) async fn stream(
    source: &mut Source,
    to: &mut PgConnection,
    table: &Table,
    query: &str,
) -> Result<u64, Failure> {
    if table.columns.is_empty() {
        return Ok(0);
    }
    let url = source.url.clone();
    let copying = |error| failed(&format!("copying rows of {}", table.name), error);
    let mut rows = source
        .session
        .copy_out_raw(&format!("COPY ({query}) TO STDOUT"))
        .await
        .map_err(|error| reading(&url, error))?;
    let into = format!("COPY {} ({}) FROM STDIN", table.name, list(&table.columns));
    let mut sink = to.copy_in_raw(&into).await.map_err(copying)?;
    while let Some(chunk) = rows.next().await {
        let chunk = chunk.map_err(|error| reading(&url, error))?;
        sink.send(chunk).await.map_err(copying)?;
    }
    sink.finish().await.map_err(copying)
}

#[cfg(test)]
mod tests {
    use turnback_core::name::TableName;

    use super::*;

    fn table(rows: Option<u64>) -> Table {
        Table {
            name: TableName::new("public", "t"),
            partitioned: false,
            rows,
            columns: vec!["a".into()],
        }
    }

    #[test]
    fn small_tables_come_whole_and_large_ones_by_their_pages() {
        assert_eq!(
            sampling(&table(Some(100)), Amount::Rows(1_000)),
            (" LIMIT 1000".into(), "whole")
        );
        assert_eq!(sampling(&table(None), Amount::Rows(1_000)).0, " LIMIT 1000");
        let (sql, how) = sampling(&table(Some(1_000_000)), Amount::Rows(1_000));
        assert_eq!(how, "sampled");
        assert_eq!(
            sql,
            " TABLESAMPLE SYSTEM (0.130000000) REPEATABLE (1) LIMIT 1000"
        );
        assert_eq!(
            sampling(&table(Some(9)), Amount::Percent(100.0)),
            (String::new(), "whole")
        );
    }
}
