//! From small numbers to a schema that PostgreSQL accepts.

use crate::finish::{self, columns_of};
use crate::genes::{Genes, TableGenes, once_in, one_of};
use crate::names::name;
use crate::partition;
use crate::schema::*;

const INTEGERS: &[&str] = &["integer", "bigint", "smallint"];
/// Integers, and a domain over one.
const NUMBERS: &[&str] = &["integer", "bigint", "smallint", "public.\"Whole Number\""];

/// The schema of a case, for a server of this version (`server_version_num`).
pub fn schema(genes: &Genes, server_version: u32) -> Schema {
    let head = &genes.head;
    let mut schema = Schema {
        server_version,
        schemas: match head[0] % 6 {
            4 => vec!["public".to_owned(), "Other Schema".to_owned()],
            5 => vec![
                "public".to_owned(),
                format!("{:_<63}", "a_schema_with_a_long_name"),
            ],
            3 => vec!["public".to_owned(), "other".to_owned()],
            _ => vec!["public".to_owned()],
        },
        ..Schema::default()
    };
    for (number, table) in genes.tables.iter().enumerate() {
        let table = Builder {
            genes,
            schema: &schema,
            number,
            own: table,
        }
        .table();
        schema.tables.push(table);
    }
    finish::finish(&mut schema, genes);
    finish::views(&mut schema, genes);
    if once_in(head[1], 9) {
        schema.defect = finish::defect(&schema, head);
    }
    finish::publications(&mut schema, genes);
    schema
}

/// Whether a table has a key of its own, which others may point at before it is built.
pub(crate) fn has_own_key(genes: &Genes, number: usize) -> bool {
    let table = &genes.tables[number];
    number == 0 || table.references.is_empty() || table.head[2] % 8 < 5
}

pub(crate) struct Builder<'a> {
    pub(crate) genes: &'a Genes,
    pub(crate) schema: &'a Schema,
    pub(crate) number: usize,
    pub(crate) own: &'a TableGenes,
}

impl Builder<'_> {
    fn table(&self) -> Table {
        let head = &self.own.head;
        let mut table = Table {
            schema: usize::from(head[1]) % self.schema.schemas.len(),
            name: name(head[0], "table", self.number),
            packed: once_in(head[7], 5),
            commented: once_in(head[8], 3),
            granted: once_in(head[9], 3),
            policy: once_in(head[10], 8),
            statistics: once_in(head[11], 6),
            extras: once_in(head[2] / 8, 4),
            full_identity: once_in(head[3] / 4, 8),
            rows: usize::from(head[13] % 6),
            ..Table::default()
        };
        if has_own_key(self.genes, self.number) {
            let identity = one_of(
                head[3],
                &[
                    Identity::Serial,
                    Identity::ByDefault,
                    Identity::Always,
                    Identity::OwnSequence,
                ],
            );
            let number = self.number;
            self.column(
                &mut table,
                head[5],
                Role::Key(identity),
                match identity {
                    // PostgreSQL gives no other type an identity.
                    Identity::OwnSequence => one_of(head[4], NUMBERS),
                    _ => one_of(head[4], INTEGERS),
                },
                true,
                Some(number),
            );
            table.uniques.push(primary(vec![0], head[15], self.number));
            self.place_of_key(&mut table);
        }
        for (n, genes) in self.own.references.iter().enumerate() {
            self.reference(&mut table, n, genes);
        }
        self.key_of_references(&mut table);
        table.split = self.split(&mut table);
        self.column(
            &mut table,
            head[14],
            Role::Number,
            "integer",
            head[14].is_multiple_of(2),
            None,
        );
        let tag = Column {
            name: "tag".to_owned(),
            role: Role::Tag,
            type_name: "text",
            not_null: true,
            root: None,
            decorated: false,
        };
        table.columns.push(tag);
        self.column(&mut table, head[6], Role::Note, "text", false, None);
        if once_in(head[12], 3) {
            let type_name = one_of(head[12] / 3, &["timestamptz", "date", "timestamp(3)"]);
            self.column(&mut table, head[12], Role::Time, type_name, false, None);
        }
        self.uniques(&mut table);
        self.indexes(&mut table);
        partition::join_the_partition_key(&mut table);
        self.triggers(&mut table);
        if once_in(head[12], 4) {
            table.null_check = table
                .columns
                .iter()
                .position(|c| c.role == Role::Reference && !c.not_null);
        }
        table
    }

    pub(crate) fn column(
        &self,
        table: &mut Table,
        gene: u8,
        role: Role,
        type_name: &'static str,
        not_null: bool,
        root: Option<usize>,
    ) -> usize {
        table.columns.push(Column {
            name: name(gene, "column", table.columns.len()),
            role,
            type_name,
            not_null,
            root,
            decorated: once_in(gene / 7, 4),
        });
        table.columns.len() - 1
    }

    fn reference(&self, table: &mut Table, n: usize, genes: &[u8; 16]) {
        let is_key = !has_own_key(self.genes, self.number) && n < 2;
        let to = usize::from(genes[0])
            % if is_key {
                self.number
            } else {
                self.genes.tables.len()
            };
        let mut deferral = one_of(
            genes[7],
            &[
                Deferral::Never,
                Deferral::Never,
                Deferral::Deferrable,
                Deferral::Deferred,
            ],
        );
        let mut nullable = genes[3] % 2 == 1;
        let far: Vec<(usize, Option<usize>)> = if to < self.number {
            let there = &self.schema.tables[to];
            // A foreign key may stand on a unique index as well, if it is over all rows.
            let uniques = there
                .uniques
                .iter()
                .filter(|u| u.deferral == Deferral::Never)
                .map(|u| &u.columns);
            let indexes = there
                .indexes
                .iter()
                .filter(|i| i.unique && i.predicate == Predicate::None)
                .map(|i| &i.columns);
            let targets: Vec<&Vec<usize>> = uniques
                .chain(indexes)
                .filter(|columns| fits(there, columns))
                .collect();
            if targets.is_empty() {
                return;
            }
            targets[usize::from(genes[1]) % targets.len()]
                .iter()
                .map(|&column| (column, there.columns[column].root))
                .collect()
        } else if let Some(far) = partition::far_of_key(self.genes, to) {
            far
        } else {
            return;
        };
        let match_full = genes[6] % 3 == 2;
        if far.len() > 1 && !match_full {
            nullable = false;
        }
        // A row that must point at one that must point back needs a check at the end.
        if to > self.number && !nullable {
            deferral = Deferral::Deferred;
        }
        let mut columns: Vec<usize> = Vec::new();
        for (position, &(_, root)) in far.iter().enumerate() {
            let shared = (0..table.columns.len()).find(|at| {
                let column = &table.columns[*at];
                once_in(genes[9], 2)
                    && column.role == Role::Reference
                    && root.is_some()
                    && column.root == root
                    && !columns.contains(at)
            });
            let column = shared.unwrap_or_else(|| {
                let gene = genes[10].wrapping_add(position as u8);
                let type_name = one_of(genes[2].wrapping_add(position as u8), NUMBERS);
                self.column(table, gene, Role::Reference, type_name, !nullable, root)
            });
            if !nullable && far.len() > 1 {
                table.columns[column].not_null = true;
            }
            columns.push(column);
        }
        let drawn = one_of(
            genes[4],
            &[
                Action::Nothing,
                Action::Cascade,
                Action::SetNull,
                Action::Restrict,
            ],
        );
        // Two foreign keys of one column do the same: which of two actions comes first is the
        // order in which they were made, and a conversion makes them anew.
        let (on_delete, follows_updates) = table
            .references
            .iter()
            .find(|other| other.columns.iter().any(|at| columns.contains(at)))
            .map_or((drawn, once_in(genes[5], 2)), |other| {
                (other.on_delete, other.follows_updates)
            });
        let null_only = (on_delete == Action::SetNull
            && self.schema.server_version >= 150_000
            && !match_full
            && genes[12] % 2 == 1)
            .then(|| one_of(genes[12] / 2, &columns));
        table.references.push(Reference {
            name: (!genes[8].is_multiple_of(3))
                .then(|| name(genes[8] / 3, "refers", self.number * 10 + n)),
            far: far.into_iter().map(|(column, _)| column).collect(),
            columns,
            table: to,
            on_delete,
            null_only,
            follows_updates,
            match_full,
            deferral,
        });
    }

    /// The primary key of a table without a key of its own.
    fn key_of_references(&self, table: &mut Table) {
        if has_own_key(self.genes, self.number) {
            return;
        }
        let head = &self.own.head;
        let mut columns: Vec<usize> = Vec::new();
        let parts = if head[2] % 8 == 5 { 2 } else { 1 };
        for reference in table.references.iter().take(parts) {
            for &column in &reference.columns {
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
        if head[2] % 8 == 6 || columns.is_empty() {
            let at = self.column(table, head[5], Role::Number, "integer", true, None);
            columns.push(at);
        }
        // Some have no key at all.
        if head[2] % 8 == 7 && once_in(head[15], 3) {
            return;
        }
        for &column in &columns {
            table.columns[column].not_null = true;
        }
        table.uniques.push(primary(columns, head[15], self.number));
    }

    fn uniques(&self, table: &mut Table) {
        let able = columns_of(table, |c| {
            matches!(
                c.role,
                Role::Key(_) | Role::Reference | Role::Number | Role::Tag
            )
        });
        for (n, genes) in self.own.uniques.iter().enumerate() {
            let mut columns = vec![one_of(genes[1], &able)];
            let second = one_of(genes[2], &able);
            if second != columns[0] {
                columns.push(second);
            }
            let include = columns_of(table, |_| once_in(genes[5], 4))
                .into_iter()
                .filter(|column| !columns.contains(column))
                .take(2)
                .collect();
            table.uniques.push(Unique {
                name: (!genes[0].is_multiple_of(3))
                    .then(|| name(genes[0] / 3, "unique", self.number * 10 + n)),
                columns,
                primary: false,
                deferral: one_of(
                    genes[3],
                    &[
                        Deferral::Never,
                        Deferral::Never,
                        Deferral::Deferrable,
                        Deferral::Deferred,
                    ],
                ),
                nulls_not_distinct: self.schema.server_version >= 150_000 && once_in(genes[4], 3),
                include,
            });
        }
    }

    fn indexes(&self, table: &mut Table) {
        let able = columns_of(table, |c| c.role != Role::Note);
        for (n, genes) in self.own.indexes.iter().enumerate() {
            let method = one_of(
                genes[3],
                &["btree", "btree", "btree", "btree", "hash", "brin"],
            );
            let mut columns = vec![one_of(genes[1], &able)];
            let second = one_of(genes[2], &able);
            if method == "btree" && second != columns[0] {
                columns.push(second);
            }
            let plain = method == "btree";
            let expression = plain && once_in(genes[4], 3);
            let predicate = one_of(
                genes[5],
                &[
                    Predicate::None,
                    Predicate::None,
                    Predicate::Given,
                    Predicate::Missing,
                    Predicate::Note,
                ],
            );
            let include = columns_of(table, |_| plain && once_in(genes[6], 4))
                .into_iter()
                .filter(|column| !columns.contains(column))
                .take(2)
                .collect();
            let unique = plain
                && !expression
                && predicate != Predicate::Note
                && columns
                    .iter()
                    .all(|&at| table.columns[at].role != Role::Time)
                && once_in(genes[7], 3);
            table.indexes.push(Index {
                name: name(genes[0], "index", self.number * 10 + n),
                method,
                descending: plain && once_in(genes[4] / 3, 3),
                clustered: plain && predicate == Predicate::None && once_in(genes[7] / 3, 6),
                packed: plain && once_in(genes[7] / 18, 3),
                columns,
                expression,
                include,
                predicate,
                unique,
            });
        }
        // A table is clustered on one index at most.
        let mut clustered = false;
        for index in &mut table.indexes {
            index.clustered =
                index.clustered && !std::mem::replace(&mut clustered, index.clustered);
        }
    }

    fn triggers(&self, table: &mut Table) {
        // A reference of one column that nothing else is made of, and another to the same key.
        let alone = |table: &Table, at: usize| {
            table
                .references
                .iter()
                .filter(|r| r.columns.contains(&at))
                .all(|r| r.columns.len() == 1)
        };
        let references = columns_of(table, |c| c.role == Role::Reference && c.root.is_some());
        for genes in &self.own.triggers {
            let borrow = references.iter().find_map(|&to| {
                let column = &table.columns[to];
                let from = references
                    .iter()
                    .copied()
                    .find(|&from| from != to && table.columns[from].root == column.root)?;
                (!column.not_null && alone(table, to)).then_some(Trigger::Borrow { to, from })
            });
            table.triggers.push(match genes[0] % 6 {
                0 => Trigger::Capitals,
                1 => Trigger::CapitalsOfNote,
                2 | 3 => borrow.unwrap_or(Trigger::Audit),
                4 => Trigger::Audit,
                _ => Trigger::Disabled,
            });
        }
        // Two lines for one write would say nothing more.
        let mut audited = false;
        table
            .triggers
            .retain(|t| *t != Trigger::Audit || !std::mem::replace(&mut audited, true));
    }
}

fn primary(columns: Vec<usize>, gene: u8, number: usize) -> Unique {
    Unique {
        name: once_in(gene, 3).then(|| name(gene / 3, "primary", number)),
        columns,
        primary: true,
        deferral: Deferral::Never,
        nulls_not_distinct: false,
        include: vec![],
    }
}

/// Whether we can make up values for a foreign key to these columns.
fn fits(table: &Table, columns: &[usize]) -> bool {
    columns.iter().all(|&column| {
        matches!(
            table.columns[column].role,
            Role::Key(_) | Role::Reference | Role::Number
        )
    })
}
