//! One database of a throw-away cluster: created empty, dropped at the end.

use std::path::Path;
use std::process::Command;

use super::{Binaries, ClusterError, error};
use crate::url::Url;

/// A database with a unique name; dropped, its sessions ended, when the value is dropped.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: Url,
    maintenance_url: Url,
    binaries: Binaries,
}

impl Database {
    pub(super) fn create(
        binaries: &Binaries,
        maintenance_url: &str,
        prefix: &str,
        template: &str,
    ) -> Result<Self, ClusterError> {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("{prefix}_{}", &unique[..12]);
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE {}",
            quoted(&name),
            quoted(template)
        );
        psql(binaries, maintenance_url, &["-c", &sql])?;
        Ok(Self {
            url: Url::new(with_database(maintenance_url, &name)),
            name,
            maintenance_url: Url::new(maintenance_url),
            binaries: binaries.clone(),
        })
    }

    /// Another database with all that is in this one, the sessions in here ended.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[expect(clippy::panic, reason = "a test cannot go on without a database")]
    pub fn copy(&self, prefix: &str) -> Self {
        let maintenance = self.maintenance_url.expose();
        // Whoever is in a database is in the way of copying it.
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name.replace('\'', "''")
        );
        psql(&self.binaries, maintenance, &["-c", &end])
            .and_then(|_| Self::create(&self.binaries, maintenance, prefix, &self.name))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Superuser URL.
    pub fn url(&self) -> &str {
        self.url.expose()
    }

    /// Runs SQL (one or more statements, in one transaction) by `psql` and returns what it
    /// printed: rows alone, `|` between columns.
    ///
    /// # Panics
    ///
    /// When a statement fails; see [`Database::try_execute`].
    #[expect(clippy::panic, reason = "a test's own SQL must work")]
    pub fn execute(&self, sql: &str) -> String {
        self.try_execute(sql)
            .unwrap_or_else(|error| panic!("{error}\nin: {sql}"))
    }

    /// Runs SQL (one or more statements, in one transaction) by `psql` and returns what it
    /// printed: rows alone, `|` between columns.
    ///
    /// # Errors
    ///
    /// The first statement's that fails, as `psql` prints it.
    pub fn try_execute(&self, sql: &str) -> Result<String, ClusterError> {
        let printed = psql(&self.binaries, self.url(), &["-c", sql])?;
        Ok(printed.trim_end().to_owned())
    }

    /// Runs a file of SQL by `psql`, statement by statement; backslash commands work.
    ///
    /// # Panics
    ///
    /// When a statement fails.
    #[expect(clippy::panic, reason = "a test's own SQL must work")]
    pub fn psql_file(&self, path: impl AsRef<Path>) -> String {
        let path = path.as_ref().to_string_lossy();
        psql(&self.binaries, self.url(), &["-f", &path]).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Schema and data as `pg_dump` prints them, without these schemas; made comparable:
    /// the rows of each table sorted (their order in the heap is no part of the data), and
    /// the random `\restrict` lines of newer versions left out.
    ///
    /// No `pg_dump` reads a server newer than itself. Where there is none that can, the catalog
    /// tells the schema (`catalog.sql`) and `COPY` the rows: in the same
    /// form, to be compared with another of this kind alone.
    ///
    /// # Panics
    ///
    /// When the database cannot be read.
    #[expect(
        clippy::panic,
        reason = "a test compares dumps; without one it is over"
    )]
    pub fn dump(&self, exclude_schemas: &[&str]) -> String {
        let server = self.binaries.major_version();
        if self.binaries.version_of("pg_dump") < server {
            return self.dump_by_catalog(exclude_schemas);
        }
        let mut command = Command::new(self.binaries.program("pg_dump"));
        command.arg("--dbname").arg(self.url());
        for schema in exclude_schemas {
            command.arg("--exclude-schema").arg(schema);
        }
        let text = error::run("pg_dump", &mut command).unwrap_or_else(|error| panic!("{error}"));
        comparable(&text)
    }

    fn dump_by_catalog(&self, exclude_schemas: &[&str]) -> String {
        let excluded = exclude_schemas
            .iter()
            .map(|schema| format!("'{}'", schema.replace('\'', "''")))
            .collect::<Vec<_>>()
            .join(", ");
        let excluded = format!("ARRAY[{excluded}]::name[]");
        // Names are written in full, whatever the database's own path is.
        let path = "SET search_path = ''; ";
        let catalog = include_str!("catalog.sql").replace(":excluded", &excluded);
        let mut text = self.execute(&format!("{path}{catalog}"));
        let tables = self.execute(&format!(
            "SELECT format('%I.%I (%s)', n.nspname, c.relname, \
                (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute \
                 WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '')) \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' \
               AND n.nspname <> 'information_schema' AND n.nspname <> ALL ({excluded}) ORDER BY 1"
        ));
        for table in tables.lines() {
            let rows = self.execute(&format!("COPY {table} TO STDOUT"));
            text.push_str(&format!("\nCOPY {table} FROM stdin;\n"));
            if !rows.is_empty() {
                text.push_str(&rows);
                text.push('\n');
            }
            text.push_str("\\.\n");
        }
        let sequences = self.execute(&format!(
            "SELECT format('%I.%I', n.nspname, c.relname) \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind = 'S' AND n.nspname <> ALL ({excluded}) ORDER BY 1"
        ));
        for sequence in sequences.lines() {
            let position = self.execute(&format!(
                "SELECT last_value || ', ' || is_called FROM {sequence}"
            ));
            text.push_str(&format!(
                "SELECT pg_catalog.setval('{sequence}', {position});\n"
            ));
        }
        comparable(&text)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            quoted(&self.name)
        );
        // Best effort: the cluster may be gone or down, and goes with all it holds.
        let _ = psql(&self.binaries, self.maintenance_url.expose(), &["-c", &sql]);
    }
}

fn psql(binaries: &Binaries, url: &str, arguments: &[&str]) -> Result<String, ClusterError> {
    let mut command = Command::new(binaries.program("psql"));
    command
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url])
        .args(arguments)
        .env("PGCONNECT_TIMEOUT", "10")
        .env("PGOPTIONS", "-c client_min_messages=warning");
    error::run("psql", &mut command)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The same URL with another database.
fn with_database(url: &str, name: &str) -> String {
    let (base, parameters) = match url.split_once('?') {
        Some((base, parameters)) => (base, format!("?{parameters}")),
        None => (url, String::new()),
    };
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base[authority..]
        .find('/')
        .map_or(base.len(), |at| authority + at);
    // libpq takes no blank in a URL since PostgreSQL 17.
    let name = name.replace('%', "%25").replace(' ', "%20");
    format!("{}/{name}{parameters}", &base[..end])
}

/// Sorts the rows of each `COPY` block and leaves out what is random.
fn comparable(dump: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut rows: Option<Vec<&str>> = None;
    for line in dump.lines() {
        match &mut rows {
            Some(collected) if line == "\\." => {
                collected.sort_unstable();
                lines.append(collected);
                lines.push(line);
                rows = None;
            }
            Some(collected) => collected.push(line),
            None if line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ") => {}
            None => {
                lines.push(line);
                if line.starts_with("COPY ") && line.ends_with(" FROM stdin;") {
                    rows = Some(Vec::new());
                }
            }
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_all_but_its_database() {
        let url = with_database("postgres://u:p@h:1/postgres?sslmode=disable", "x");
        assert_eq!(url, "postgres://u:p@h:1/x?sslmode=disable");
        assert_eq!(with_database("postgres://u@h:1", "x"), "postgres://u@h:1/x");
    }

    #[test]
    fn dumps_compare_without_row_order_and_random_lines() {
        let dump =
            "\\restrict abc\nSELECT 1;\nCOPY t (a) FROM stdin;\n2\n1\n\\.\n\\unrestrict abc\n";
        let sorted = "SELECT 1;\nCOPY t (a) FROM stdin;\n1\n2\n\\.\n";
        assert_eq!(comparable(dump), sorted);
    }
}
