//! One operation of a writer: statements with keys left open, and what they do to the model.

use std::time::Duration;

use super::model::{Change, Model};
use super::table::{Content, RowName};

/// One unit that is acknowledged or not as a whole.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// For reports.
    pub(super) name: &'static str,
    pub(super) statements: Vec<Statement>,
    pub(super) end: End,
    /// It writes no row that was there before, so that it may run under REPEATABLE READ too:
    /// others would be refused there whenever anybody, the backfill included, wrote the row
    /// after their snapshot.
    pub(super) fresh_rows: bool,
    /// It returns keys of rows that it must know by a key before.
    pub(super) needs_key: bool,
    /// What it does to the writer's rows, once acknowledged.
    pub(super) changes: Vec<Change>,
}

impl Operation {
    /// One statement that leaves one row with this content.
    pub(super) fn one(
        name: &'static str,
        statement: Statement,
        row: RowName,
        content: Content,
    ) -> Self {
        let after = Some(content);
        Self {
            name,
            statements: vec![statement],
            end: End::Autocommit,
            fresh_rows: false,
            needs_key: false,
            changes: vec![Change { row, after }],
        }
    }

    /// One statement that deletes a row, with all that follows from it.
    pub(super) fn deletion(
        name: &'static str,
        statement: Statement,
        model: &Model,
        row: &RowName,
    ) -> Self {
        Self {
            name,
            statements: vec![statement],
            end: End::Autocommit,
            fresh_rows: false,
            needs_key: false,
            changes: model.deletion(row),
        }
    }
}

/// How an operation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// One statement, committed by itself.
    Autocommit,
    /// A transaction that commits.
    Commit,
    /// A transaction that the client rolls back.
    Rollback,
    /// The database must refuse it, with this SQLSTATE.
    Refused(&'static str),
}

/// One statement. Keys are filled in when it runs: a key's text (`'17'`, `'018f…'`) is an
/// untyped literal, so one statement fits both shapes.
#[derive(Clone, Debug, Default)]
pub(super) struct Statement {
    pieces: Vec<Piece>,
    /// Rows whose keys it returns, in order; empty where it returns something else.
    pub(super) returns: Vec<RowName>,
    /// How many rows it must return.
    pub(super) rows: usize,
    /// How it reaches the server.
    pub(super) way: Way,
    /// The server must refuse it with this SQLSTATE, and the transaction goes on from a
    /// savepoint.
    pub(super) refused: Option<&'static str>,
    /// How long the client thinks after it.
    pub(super) rest: Duration,
}

/// How a statement reaches the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
    /// As it is.
    #[default]
    Plain,
    /// As the data of this `COPY … FROM STDIN`; keys and values are not quoted.
    Copy(&'static str),
    /// As the values, by column, of a whole row for a `COPY` without a column list.
    WholeRow(&'static str),
    /// After this statement was prepared under this name, once in each session.
    Prepared(&'static str, &'static str),
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Key(RowName),
}

impl Statement {
    /// The client thinks for so long after it.
    pub(super) fn resting(mut self, rest: Duration) -> Self {
        self.rest = rest;
        self
    }

    /// Starts with SQL text.
    pub(super) fn sql(text: &str) -> Self {
        Self::default().text(text)
    }

    /// SQL text.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.pieces.push(Piece::Text(text.to_owned()));
        self
    }

    /// A value, as a literal.
    pub(super) fn value(self, value: &str) -> Self {
        let literal = literal(value);
        self.text(&literal)
    }

    /// Another statement's pieces.
    pub(super) fn then(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// The key of a row.
    pub(super) fn key(mut self, row: RowName) -> Self {
        self.pieces.push(Piece::Key(row));
        self
    }

    /// The key of a row, or null.
    pub(super) fn key_or_null(self, row: Option<RowName>) -> Self {
        match row {
            Some(row) => self.key(row),
            None => self.text("NULL"),
        }
    }

    /// Ends a statement that returns the keys of these rows.
    pub(super) fn returning(self, rows: Vec<RowName>) -> Self {
        let mut statement = self.text(" RETURNING id::text");
        statement.rows = rows.len();
        statement.returns = rows;
        statement
    }

    /// Ends a statement that touches one row.
    pub(super) fn touching_one(self) -> Self {
        let mut statement = self.text(" RETURNING 'touched'");
        statement.rows = 1;
        statement
    }

    /// Rows whose keys it needs.
    pub(super) fn keys(&self) -> impl Iterator<Item = &RowName> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Key(row) => Some(row),
        })
    }

    /// The SQL, with keys filled in; `None` when one is unknown.
    pub(super) fn render<'k>(
        &self,
        key: impl Fn(&RowName) -> Option<&'k String>,
    ) -> Option<String> {
        let mut sql = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => sql.push_str(text),
                Piece::Key(row) => match self.way {
                    Way::Plain | Way::Prepared(..) => sql.push_str(&literal(key(row)?)),
                    Way::Copy(_) | Way::WholeRow(_) => sql.push_str(key(row)?),
                },
            }
        }
        Some(sql)
    }
}

/// A string literal; nothing that a workload writes holds a backslash.
pub(super) fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
