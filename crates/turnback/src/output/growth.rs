//! How much larger tables are than before a change, and what takes it back.

use turnback_core::growth::{Growth, growth};
use turnback_engine::edges::Target;
use turnback_postgres::PostgresTarget;

use super::table;
use crate::failure::Failure;

/// Tables of these phases that have grown. A look that fails shows none, and so does a target
/// that is not to be reached: the change is done, whether or not its sizes can be told.
pub(crate) async fn grown(
    target: Result<PostgresTarget, Failure>,
    plan: &str,
    phases: &[&str],
) -> Vec<Growth> {
    let Ok(target) = target else {
        return vec![];
    };
    let (Ok(records), Ok(now)) = (target.phases(plan).await, target.snapshot().await) else {
        return vec![];
    };
    let before = records
        .iter()
        .filter(|record| phases.contains(&record.phase.as_str()))
        .flat_map(|record| {
            let tables = record.program.columns.iter().map(|(table, _)| table);
            tables.map(|table| (table, &record.before))
        });
    growth(before, &now)
}

/// Shows them. `both` shapes are still there, so a part of the growth is the second one.
pub(crate) fn show(grown: &[Growth], both: bool) {
    let Some(first) = grown.first() else {
        return;
    };
    let mut shown = table(["table", "before", "now"]);
    for growth in grown {
        let [before, after] = growth.sizes();
        shown.add_row([growth.table.to_string(), before, after]);
    }
    anstream::println!("{shown}");
    let part = if both {
        "A part of that is the second shape, until contract. "
    } else {
        ""
    };
    anstream::println!(
        "{part}Space that vacuum freed stays with each table, for later rows. To give it back to the disk: \
         `{}` holds up its readers and writers for as long as it takes; `{}` does so for a moment \
         at its beginning and its end.",
        first.rewrite(),
        first.repack()
    );
}
