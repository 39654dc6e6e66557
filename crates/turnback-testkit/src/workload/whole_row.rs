//! A row by `COPY` without a column list, as loaders send them that read the columns first.

use std::collections::HashMap;

use super::model::{Change, Model};
use super::operation::{End, Operation, Statement, Way};
use super::planner::{Planner, marker};
use super::session::{Failure, TextRow};
use super::table::Table;
use super::writer::Writer;

impl Planner {
    /// A row of the audit log. The transaction reads the columns and writes the row, so that
    /// these are still the columns.
    pub(super) fn copy_whole_row(&mut self, model: &Model) -> Operation {
        let actor = self.user_or_nobody(model);
        let row = Table::AuditLogs.row(self.fresh());
        let detail = format!("{} loaded", row.marker);
        let mut data = Statement::sql(&format!("action\tpost\ndetail\t{detail}\n"));
        if let Some(actor) = actor.clone() {
            data = data.text("actor_id\t").key(actor).text("\n");
        }
        data.way = Way::WholeRow("audit_logs");
        data.rows = 1;
        let content = vec![Some(detail), Some("post".to_owned()), marker(actor)];
        Operation {
            name: "copy a whole row",
            statements: vec![data],
            end: End::Commit,
            // A snapshot is older than the lock that its statement waits for: a REPEATABLE READ
            // transaction would go on reading the columns of before.
            fresh_rows: false,
            needs_key: false,
            changes: vec![Change {
                row,
                after: Some(content),
            }],
        }
    }
}

impl Writer {
    /// Sends every column of a table: what is known (`column TAB value`, line by line), for
    /// others what their defaults give, else null.
    pub(super) async fn copy_row(
        &mut self,
        table: &str,
        known: &str,
    ) -> Result<Vec<TextRow>, Failure> {
        // Holds a lock that keeps the columns as they are until the transaction ends.
        self.run(&format!("SELECT 1 FROM {table} LIMIT 0")).await?;
        let columns = self
            .run(&format!(
                "SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a \
                 LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
                 WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped \
                 ORDER BY a.attnum"
            ))
            .await?;
        let known: HashMap<&str, &str> = known
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .collect();
        let mut values = Vec::new();
        for column in columns {
            let mut parts = column.into_iter();
            let name = parts.next().flatten().unwrap_or_default();
            let default = parts.next().flatten();
            values.push(match (known.get(name.as_str()), default) {
                (Some(value), _) => (*value).to_owned(),
                (None, None) => "\\N".to_owned(),
                (None, Some(default)) => {
                    let found = self.run(&format!("SELECT ({default})::text")).await?;
                    let value = found.into_iter().flatten().flatten().next();
                    value.unwrap_or_else(|| "\\N".to_owned())
                }
            });
        }
        let data = format!("{}\n", values.join("\t"));
        self.copy(&format!("COPY {table} FROM STDIN"), &data).await
    }
}
