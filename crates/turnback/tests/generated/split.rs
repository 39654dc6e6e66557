//! How a table's rows are spread over partitions, and what moves a row from one to another.

use crate::rows::{Row, Value};
use crate::schema::Table;

/// A level of partitions.
#[derive(Clone, Debug)]
pub struct Split {
    /// What decides.
    pub by: By,
    /// The partitions.
    pub parts: Vec<Part>,
}

/// What decides about a row's partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `RANGE` of a number.
    Range(usize),
    /// `LIST` of a number.
    List(usize),
    /// `HASH` of a column.
    Hash(usize),
    /// `HASH` of the tag in small letters.
    HashOfTag,
}

/// A partition.
#[derive(Clone, Debug)]
pub struct Part {
    /// Which of the schemas it lives in.
    pub schema: usize,
    /// Its name.
    pub name: String,
    /// Which rows it takes.
    pub bound: Bound,
    /// It was made by itself, with its columns in another order, and attached.
    pub attached: bool,
    /// Comment, grants and a statistics target of its own.
    pub decorated: bool,
    /// An index of its own.
    pub indexed: bool,
    /// `WITH (fillfactor = 70)`, where it holds rows.
    pub packed: bool,
    /// Partitions of its own.
    pub split: Option<Split>,
}

/// Which rows a partition takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// From this number on, and up to that one.
    Range(Option<i64>, Option<i64>),
    /// These numbers.
    List(Vec<i64>),
    /// One remainder of so many.
    Hash(usize, usize),
    /// All the rest.
    Rest,
}

/// The way of a row through the levels, as far as the model knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// An ordinary table, or this partition, which holds rows.
    In(Option<&'a Part>),
    /// One of the partitions of this level, by a hash.
    Somewhere(Option<&'a str>),
    /// No partition takes it.
    Nowhere,
}

/// Whether a row goes to another partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// It stays.
    Stays,
    /// It goes.
    Goes,
    /// A hash decides.
    Perhaps,
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Part {}

impl Split {
    /// Columns that decide, on every level, and whether an expression does too.
    pub fn columns(&self) -> (Vec<usize>, bool) {
        let (mut columns, mut expression) = match self.by {
            By::Range(at) | By::List(at) | By::Hash(at) => (vec![at], false),
            By::HashOfTag => (vec![], true),
        };
        for below in self.parts.iter().filter_map(|part| part.split.as_ref()) {
            let (more, also) = below.columns();
            expression |= also;
            for at in more {
                if !columns.contains(&at) {
                    columns.push(at);
                }
            }
        }
        (columns, expression)
    }

    /// All partitions, each before those below it.
    pub fn all(&self) -> Vec<&Part> {
        let mut found = Vec::new();
        for part in &self.parts {
            found.push(part);
            found.extend(part.split.iter().flat_map(Split::all));
        }
        found
    }
}

impl Table {
    /// Where a row is kept.
    pub fn place(&self, row: &Row) -> Place<'_> {
        let mut level = self.split.as_ref();
        let mut part = None;
        while let Some(split) = level {
            let at = match split.by {
                By::Range(at) | By::List(at) => at,
                By::Hash(_) | By::HashOfTag => {
                    return Place::Somewhere(part.map(|part: &Part| part.name.as_str()));
                }
            };
            let takes = |part: &&Part| match (&part.bound, row.values[at]) {
                (Bound::Range(from, to), Value::Number(n)) => {
                    from.is_none_or(|from| from <= n) && to.is_none_or(|to| n < to)
                }
                (Bound::List(numbers), Value::Number(n)) => numbers.contains(&n),
                _ => false,
            };
            let rest = |part: &&Part| part.bound == Bound::Rest;
            let found = split.parts.iter().find(takes);
            let Some(found) = found.or_else(|| split.parts.iter().find(rest)) else {
                return Place::Nowhere;
            };
            part = Some(found);
            level = found.split.as_ref();
        }
        Place::In(part)
    }

    /// Whether a row that becomes another goes to another partition; `rekeyed` are columns whose
    /// value is another although it stands for the same row.
    pub fn moves(&self, was: &Row, now: &Row, rekeyed: &[usize]) -> Move {
        match (self.place(was), self.place(now)) {
            (a, b) if a != b => Move::Goes,
            (Place::Somewhere(_), _) => {
                let columns = self
                    .split
                    .as_ref()
                    .map_or(vec![], |split| split.columns().0);
                let other = |at: &usize| was.values[*at] != now.values[*at] || rekeyed.contains(at);
                if columns.iter().any(other) {
                    Move::Perhaps
                } else {
                    Move::Stays
                }
            }
            _ => Move::Stays,
        }
    }
}
