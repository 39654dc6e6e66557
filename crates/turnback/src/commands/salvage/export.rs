//! A file of what salvage found.

use std::fs::File;
use std::io::{BufWriter, Write};

use turnback_core::backup::salvage::{
    By, Kind, ShapeColumn, TableShape, Value, csv_line, file_key, file_keys,
};
use turnback_core::exit::ExitCode;
use turnback_core::name::list;
use turnback_postgres::backup::{Change, Heard};

use crate::failure::Failure;

/// A file of what was found.
pub(super) struct Export {
    file: BufWriter<File>,
    path: std::path::PathBuf,
    sql: bool,
    /// Of comma-separated values, the table whose header stands above.
    header: Option<String>,
}

impl Export {
    pub(super) fn to(path: &std::path::Path) -> Result<Self, Failure> {
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

    pub(super) fn write(&mut self, heard: Heard<'_>) -> std::io::Result<()> {
        match heard {
            Heard::Keys { ahead } if self.sql => self.file.write_all(file_keys(ahead).as_bytes()),
            Heard::Keys { .. } => Ok(()),
            Heard::Key {
                key,
                replaced,
                restored,
                make,
            } if self.sql => {
                let taken_down = file_key(key, replaced, restored, make);
                self.file.write_all(taken_down.as_bytes())
            }
            Heard::Key {
                key,
                replaced,
                restored,
                ..
            } => {
                let head = ["key", "replaced", "restored"].map(Some);
                self.head(key.to_string(), &csv_line(head))?;
                let line = csv_line([Some(key.to_string().as_str()), Some(replaced), restored]);
                self.file.write_all(line.as_bytes())
            }
            Heard::Row { shape, change } if self.sql => {
                self.file.write_all(statement(shape, change).as_bytes())
            }
            Heard::Row { shape, change } => self.row(shape, change),
        }
    }

    /// Writes a line of names above the first line of its kind.
    fn head(&mut self, of: String, line: &str) -> std::io::Result<()> {
        if self.header.as_ref() != Some(&of) {
            self.file.write_all(line.as_bytes())?;
            self.header = Some(of);
        }
        Ok(())
    }

    /// A row, with the keys of the restored database; those that it has in the replaced one
    /// stand at the end.
    fn row(&mut self, shape: &TableShape, change: &Change) -> std::io::Result<()> {
        let table = shape.table.to_string();
        let is_led = |column: &ShapeColumn| matches!(column.by, By::Key(..));
        let columns = shape
            .columns
            .iter()
            .map(|column| column.name.as_str().to_owned());
        let led = shape.columns.iter().filter(|column| is_led(column));
        let names: Vec<String> = ["table", "what", "key"]
            .map(str::to_owned)
            .into_iter()
            .chain(columns)
            .chain(led.map(|column| format!("replaced.{}", column.name.as_str())))
            .collect();
        let head = csv_line(names.iter().map(|name| Some(name.as_str())));
        self.head(table.clone(), &head)?;
        let key = change.key.join(", ");
        let fields = [
            Some(table.as_str()),
            Some(change.kind.as_str()),
            Some(key.as_str()),
        ];
        let own = shape.columns.iter().zip(&change.own);
        let own = own.filter(|(column, _)| is_led(column));
        let line = csv_line(
            fields
                .into_iter()
                .chain(change.values.iter().map(Value::text))
                .chain(own.map(|(_, value)| value.as_deref())),
        );
        self.file.write_all(line.as_bytes())
    }

    pub(super) fn end(mut self) -> Result<(), Failure> {
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
            let columns = shape.columns.iter().zip(&change.values);
            let columns = list(columns.map(|(column, value)| {
                let value = value.sql(&column.kind);
                format!("{} = {value}", column.name).replace('\n', "\\n")
            }));
            format!(
                "-- {} in {}: {key}: {columns}\n",
                change.kind.as_str(),
                shape.table
            )
        }
    }
}
