//! `turnback salvage`: what was written after a backup, found, exported and put back.

use std::fs::File;
use std::io::{BufWriter, Write};

use serde_json::json;
use turnback_core::backup::salvage::{Kind, TableShape, csv_line};
use turnback_core::exit::ExitCode;
use turnback_core::name::list;
use turnback_postgres::backup::{Change, Found, Salvage, replaced, salvage};

use super::backup::progress::Screen;
use super::backup::{server, until_interrupt};
use super::restore::named;
use crate::cli::SalvageArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::text::count;
use crate::output::{ask, table};

pub(crate) async fn run(args: SalvageArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let database = server(&loaded)?;
    let failed = match &args.failed {
        Some(failed) => failed.clone(),
        None => replaced(&database).await?.pop().ok_or_else(|| {
            Failure::usage(format!(
                "no database that {} replaced is on the server",
                database.redacted()
            ))
            .next(
                "`turnback restore --swap` keeps the one that it replaces; --failed names another.",
            )
        })?,
    };
    let only = named(&args.tables, &loaded)?;
    let mut kinds = Vec::new();
    if args.put_back {
        kinds.push(Kind::Added);
        kinds.extend(args.changed.then_some(Kind::Changed));
        kinds.extend(args.deleted.then_some(Kind::Deleted));
        let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let question = format!(
            "Put back into {} what was {} after the backup, where nothing is in the way?",
            database.redacted(),
            words.join(", ")
        );
        if !args.yes && !ask(&question) {
            return Err(Failure::usage("nobody said yes; nothing was touched")
                .next("`--yes` says it without asking."));
        }
    }
    let mut export = args.export.as_deref().map(Export::to).transpose()?;
    let screen = Screen::new();
    let tell = |doing| screen.tell(doing);
    let mut hear = |shape: &TableShape, change: &Change| match &mut export {
        Some(export) => export.write(shape, change),
        None => Ok(()),
    };
    let wanted = Salvage {
        failed: &failed,
        only: &only,
        put_back: &kinds,
    };
    let found = until_interrupt(
        async { Ok(salvage(&database, wanted, &mut hear, &tell).await?) },
        "what was put back is there, and the same command goes on",
    )
    .await;
    screen.finish();
    let found = found?;
    if let Some(export) = export {
        export.end()?;
    }
    if args.json {
        anstream::println!("{:#}", shown(&failed, &found));
    } else {
        show(&failed, &found, args.put_back);
    }
    let conflicts = found.tables.iter().any(|table| table.conflicts > 0);
    // Something is left that only a person can decide.
    Ok(if args.put_back && conflicts {
        ExitCode::NeedsPerson
    } else {
        ExitCode::Done
    })
}

fn shown(failed: &str, found: &Found) -> serde_json::Value {
    let tables: Vec<_> = found
        .tables
        .iter()
        .map(|table| {
            let [added, changed, deleted] = table.counts;
            let conflicts: Vec<_> = table
                .reasons
                .iter()
                .map(|(key, reason)| json!({ "key": key, "reason": reason }))
                .collect();
            json!({ "table": table.table.to_string(), "added": added, "changed": changed, "deleted": deleted,
                "put_back": table.put_back, "conflicts": table.conflicts, "first_conflicts": conflicts })
        })
        .collect();
    let untold: Vec<_> = found
        .untold
        .iter()
        .map(|(table, reason)| json!({ "table": table.to_string(), "reason": reason }))
        .collect();
    json!({ "failed": failed, "tables": tables, "not_compared": untold })
}

fn show(failed: &str, found: &Found, put_back: bool) {
    if found.tables.is_empty() {
        anstream::println!("Nothing differs from {failed} in the tables that can be compared.");
    } else {
        let mut rows = table([
            "table",
            "added",
            "changed",
            "deleted",
            "put back",
            "conflicts",
        ]);
        for table in &found.tables {
            let [added, changed, deleted] = table.counts.map(count);
            rows.add_row([
                table.table.to_string(),
                added,
                changed,
                deleted,
                count(table.put_back),
                count(table.conflicts),
            ]);
        }
        anstream::println!("In {failed}, after the backup:\n{rows}");
    }
    for table in &found.tables {
        for (key, reason) in &table.reasons {
            anstream::println!("{} ({}): {reason}", table.table, key.join(", "));
        }
        let more = table.conflicts.saturating_sub(table.reasons.len() as u64);
        if more > 0 {
            anstream::println!("{}: {more} more", table.table);
        }
    }
    for (table, reason) in &found.untold {
        anstream::println!("{table} was not compared: {reason}.");
    }
    if !put_back && !found.tables.is_empty() {
        anstream::println!(
            "Nothing was changed. --export FILE writes it down; --put-back puts back what was added, --changed and --deleted more."
        );
    }
}

/// A file of what was found.
struct Export {
    file: BufWriter<File>,
    path: std::path::PathBuf,
    sql: bool,
    /// Of comma-separated values, the table whose header stands above.
    header: Option<String>,
}

impl Export {
    fn to(path: &std::path::Path) -> Result<Self, Failure> {
        let file = File::create_new(path).map_err(|error| {
            Failure::usage(format!("{} cannot be written: {error}", path.display()))
                .next("Nothing was touched; name a file that is not there yet.")
        })?;
        Ok(Self {
            file: BufWriter::new(file),
            path: path.to_owned(),
            sql: path.extension().is_some_and(|end| end == "sql"),
            header: None,
        })
    }

    fn write(&mut self, shape: &TableShape, change: &Change) -> std::io::Result<()> {
        if self.sql {
            return self.file.write_all(statement(shape, change).as_bytes());
        }
        let table = shape.table.to_string();
        if self.header.as_ref() != Some(&table) {
            let columns = shape.columns.iter().map(|column| Some(column.as_str()));
            let head = csv_line(
                [Some("table"), Some("what"), Some("key")]
                    .into_iter()
                    .chain(columns),
            );
            self.file.write_all(head.as_bytes())?;
            self.header = Some(table.clone());
        }
        let key = change.key.join(", ");
        let fields = [
            Some(table.as_str()),
            Some(change.kind.as_str()),
            Some(key.as_str()),
        ];
        let values = change.values.iter().map(Option::as_deref);
        self.file
            .write_all(csv_line(fields.into_iter().chain(values)).as_bytes())
    }

    fn end(mut self) -> Result<(), Failure> {
        let written = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all());
        written.map_err(|error| {
            Failure::new(
                ExitCode::Stopped,
                format!(
                    "{} could not be written to its end: {error}",
                    self.path.display()
                ),
            )
        })?;
        anstream::eprintln!("written to {}", self.path.display());
        Ok(())
    }
}

/// What was added as a statement that puts it back; what was changed or deleted as a comment
/// with one, for somebody has to decide.
fn statement(shape: &TableShape, change: &Change) -> String {
    match change.kind {
        Kind::Added => format!("{};\n", shape.insert(&change.values)),
        Kind::Changed | Kind::Deleted => {
            let key = shape.is(&change.key).replace('\n', " ");
            let columns = list(
                shape
                    .columns
                    .iter()
                    .zip(&change.values)
                    .map(|(column, value)| {
                        let value = value
                            .as_deref()
                            .map_or("NULL".to_owned(), turnback_core::name::literal);
                        format!("{column} = {value}").replace('\n', "\\n")
                    }),
            );
            format!(
                "-- {} in {}: {key}: {columns}\n",
                change.kind.as_str(),
                shape.table
            )
        }
    }
}
