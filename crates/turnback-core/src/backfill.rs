//! The backfill of one table: what each batch runs, over a range of the table's pages.

use serde::{Deserialize, Serialize};

use crate::name::{Ident, TableName, list};

/// Work that walks a table page range by page range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfill {
    /// The table that is walked.
    pub table: TableName,
    /// What a batch does with the rows of its pages.
    pub kind: BackfillKind,
    /// The table's own triggers must not fire for it (they fire on UPDATE).
    pub quiet: bool,
    /// Every row must be done: waits for a row that a client holds. Otherwise such a row is
    /// left to a later sweep.
    pub complete: bool,
    /// Other backfills look up what it fills, row by row: they would meet each key twice in the
    /// index, unless what it left dead is freed before.
    #[serde(default)]
    pub looked_up: bool,
}

/// What a batch does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackfillKind {
    /// Fills columns of the table itself; rows that are filled already are skipped.
    Fill {
        /// Columns and the expressions that fill them; the row is `t`.
        columns: Vec<(Ident, String)>,
        /// Which rows still need it.
        pending: String,
    },
    /// Copies two columns into another table; rows that are there already are skipped.
    Archive {
        /// The table it goes to.
        into: TableName,
        /// The columns, old key first.
        columns: Vec<Ident>,
    },
}

/// Which rows of its pages a batch takes.
///
/// A row that is written anew goes to another page, with an entry in every index of the table,
/// unless its own page has room for it (PostgreSQL manual, “Heap-Only Tuples (HOT)”). In a full table
/// no page has. So every other row is written first, and leaves its place to one of those that come
/// after: the table grows less, and so do its indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// About every other row of a page, the same ones however often it is asked.
    EveryOther,
    /// All that are left.
    All,
}

impl Backfill {
    /// The walks over each stretch of the table, in their order.
    pub fn walks(&self) -> &'static [Rows] {
        match self.kind {
            BackfillKind::Fill { .. } if !self.complete => &[Rows::EveryOther, Rows::All],
            _ => &[Rows::All],
        }
    }

    /// The statement of one batch, over pages `first` up to, not including, `end`
    /// (TID range scan: PostgreSQL 14).
    pub fn batch(&self, first: &str, end: &str, rows: Rows) -> String {
        let pages = pages(first, end, rows);
        match &self.kind {
            BackfillKind::Fill { columns, pending } => format!(
                "UPDATE ONLY {} t SET {} WHERE {pages} AND ({pending})",
                self.table,
                list(
                    columns
                        .iter()
                        .map(|(column, value)| format!("{column} = {value}"))
                )
            ),
            BackfillKind::Archive { into, columns } => format!(
                "INSERT INTO {into} (old_key, new_key) SELECT {} FROM ONLY {} t WHERE {pages} ON CONFLICT DO NOTHING",
                list(columns.iter().map(|column| format!("t.{column}"))),
                self.table
            ),
        }
    }

    /// The same batch, leaving out rows that somebody holds locked: the last resort when one
    /// row is held for longer than a batch may wait. A later sweep takes what it left.
    pub fn batch_around_locks(&self, first: &str, end: &str, rows: Rows) -> String {
        match &self.kind {
            BackfillKind::Fill { columns, pending } => format!(
                "UPDATE ONLY {table} t SET {set} WHERE t.ctid = ANY (ARRAY(SELECT t.ctid FROM ONLY {table} t \
                 WHERE {pages} AND ({pending}) FOR NO KEY UPDATE SKIP LOCKED)) AND ({pending})",
                table = self.table,
                pages = pages(first, end, rows),
                set = list(
                    columns
                        .iter()
                        .map(|(column, value)| format!("{column} = {value}"))
                ),
            ),
            BackfillKind::Archive { .. } => self.batch(first, end, rows),
        }
    }

    /// Counts rows that are still to be done, over the whole table.
    pub fn pending_sql(&self) -> Option<String> {
        match &self.kind {
            BackfillKind::Fill { pending, .. } => Some(format!(
                "SELECT count(*) FROM ONLY {} t WHERE {pending}",
                self.table
            )),
            BackfillKind::Archive { .. } => None,
        }
    }
}

/// The rows of a stretch of pages.
fn pages(first: &str, end: &str, rows: Rows) -> String {
    let which = match rows {
        Rows::EveryOther => " AND pg_catalog.hashtid(t.ctid) & 1 = 0",
        Rows::All => "",
    };
    format!("t.ctid >= '({first},0)'::tid AND t.ctid < '({end},0)'::tid{which}")
}
