//! From small numbers to partitions.

use crate::build::{Builder, has_own_key};
use crate::finish::columns_of;
use crate::genes::{Genes, once_in, one_of};
use crate::names::name;
use crate::schema::*;
use crate::split::{Bound, By, Part, Split};

/// Numbers that rows have.
const NUMBERS: i64 = 7;

/// What a table is partitioned by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A number, by range or list.
    Number,
    /// The tag.
    Tag,
    /// The tag in small letters: such a table has no unique index at all.
    Expression,
    /// Its own key, or a reference.
    Key,
}

fn kind(genes: &Genes, number: usize) -> Option<Kind> {
    let (head, _) = genes.tables[number].split.as_ref()?;
    Some(one_of(
        head[0],
        &[
            Kind::Number,
            Kind::Number,
            Kind::Tag,
            Kind::Number,
            Kind::Number,
            Kind::Number,
            Kind::Expression,
            Kind::Number,
            Kind::Tag,
            Kind::Key,
        ],
    ))
}

/// The columns of a table's own key, each with the table whose key it holds, before the table
/// is built; none where no foreign key can point at them.
pub fn far_of_key(genes: &Genes, number: usize) -> Option<Vec<(usize, Option<usize>)>> {
    if !has_own_key(genes, number) {
        return None;
    }
    match kind(genes, number) {
        None | Some(Kind::Key) => Some(vec![(0, Some(number))]),
        Some(Kind::Number) => Some(vec![(0, Some(number)), (1, None)]),
        Some(Kind::Tag | Kind::Expression) => None,
    }
}

impl Builder<'_> {
    /// The number that decides, right beside the table's own key.
    pub(crate) fn place_of_key(&self, table: &mut Table) {
        if kind(self.genes, self.number) == Some(Kind::Number) {
            let gene = self.own.head[14] / 2;
            self.column(table, gene, Role::Number, "integer", true, None);
        }
    }

    /// How the rows of a table are spread whose keys and references are there.
    pub(crate) fn split(&self, table: &mut Table) -> Option<Split> {
        let kind = kind(self.genes, self.number)?;
        let (head, parts) = self.own.split.as_ref()?;
        let mut names = self.number * 100;
        let by = match kind {
            Kind::Number => {
                let found = columns_of(table, |c| {
                    let number =
                        c.role == Role::Number || (c.role == Role::Reference && c.root.is_none());
                    number && c.not_null
                });
                let at = match found.first() {
                    Some(_) if table.key().is_some() => 1,
                    Some(&at) if once_in(head[1], 2) => at,
                    _ => self.column(table, head[2], Role::Number, "integer", true, None),
                };
                one_of(head[3], &[By::Range(at), By::List(at)])
            }
            Kind::Tag => By::Hash(self.column_tag(table)),
            Kind::Expression => By::HashOfTag,
            Kind::Key if table.key().is_some() => By::Hash(0),
            Kind::Key => {
                let found = columns_of(table, |c| c.role == Role::Reference && c.not_null);
                match found.first() {
                    Some(&at) => By::Hash(at),
                    None => By::Hash(self.column_tag(table)),
                }
            }
        };
        Some(self.level(by, parts, &mut names, true))
    }

    fn level(&self, by: By, genes: &[[u8; 8]], names: &mut usize, splits: bool) -> Split {
        let count = genes.len();
        let mut parts: Vec<Part> = Vec::new();
        for (n, own) in genes.iter().enumerate() {
            let is_last = n + 1 == count;
            // Not below another level by the same column: PostgreSQL 15 then takes it that the
            // rest is empty, and `SELECT … WHERE other_column = 1` leaves it out.
            let rest = splits && is_last && count > 1 && own[0] % 3 == 1;
            // A number that no partition takes.
            let gap = is_last && own[0] % 11 == 2;
            let cut = |n: usize| n as i64 * NUMBERS / count as i64;
            let bound = match by {
                By::Range(_) | By::List(_) if rest => Bound::Rest,
                By::Range(_) => Bound::Range(
                    (n > 0).then(|| cut(n)),
                    match (is_last, gap) {
                        (true, false) => None,
                        (true, true) => Some(NUMBERS - 1),
                        (false, _) => Some(cut(n + 1)),
                    },
                ),
                By::List(_) => Bound::List(
                    (0..NUMBERS - i64::from(gap))
                        .filter(|number| *number as usize % count == n)
                        .collect(),
                ),
                By::Hash(_) | By::HashOfTag => Bound::Hash(count, n),
            };
            let below = match by {
                By::Range(at) | By::List(at) if splits && once_in(own[1], 3) => {
                    Some(one_of(own[2], &[By::Hash(at), By::Range(at)]))
                }
                _ => None,
            };
            *names += 1;
            let name = name(own[3], "part", *names);
            let split = below.map(|by| {
                let simpler = |with: u8| own.map(|gene| (gene / 3).wrapping_add(with));
                self.level(by, &[simpler(0), simpler(1)], names, false)
            });
            parts.push(Part {
                schema: usize::from(own[4]) % self.schema.schemas.len(),
                name,
                bound,
                attached: once_in(own[5], 3),
                decorated: once_in(own[6], 3),
                indexed: once_in(own[7], 3),
                packed: once_in(own[7] / 3, 3),
                split,
            });
        }
        Split { by, parts }
    }

    /// The tag comes after the references, and one number.
    fn column_tag(&self, table: &Table) -> usize {
        table.columns.len() + 1
    }
}

/// What is unique in a partitioned table holds what it is partitioned by; and PostgreSQL
/// clusters none.
pub fn join_the_partition_key(table: &mut Table) {
    let Some(split) = &table.split else { return };
    let (columns, by_expression) = split.columns();
    if by_expression {
        table.uniques.clear();
    }
    let join = |own: &mut Vec<usize>, include: &mut Vec<usize>| {
        for &at in &columns {
            if !own.contains(&at) {
                own.push(at);
            }
        }
        include.retain(|at| !own.contains(at));
    };
    for unique in &mut table.uniques {
        join(&mut unique.columns, &mut unique.include);
        for &at in unique.columns.iter().filter(|_| unique.primary) {
            table.columns[at].not_null = true;
        }
    }
    for index in &mut table.indexes {
        index.clustered = false;
        index.unique &= !by_expression;
        if index.unique {
            join(&mut index.columns, &mut index.include);
        }
    }
}
