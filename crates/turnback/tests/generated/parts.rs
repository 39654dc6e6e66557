//! DDL for partitions.

use crate::ddl::{Ddl, READER};
use crate::names::quoted;
use crate::schema::*;
use crate::split::{Bound, By, Part, Split};

impl Ddl<'_> {
    /// A partition's name with its schema, for SQL.
    pub(crate) fn part_name(&self, part: &Part) -> String {
        format!(
            "{}.{}",
            quoted(&self.schema.schemas[part.schema]),
            quoted(&part.name)
        )
    }

    /// ` PARTITION BY …`, where there are partitions.
    pub(crate) fn partition_by(&self, table: &Table, split: Option<&Split>) -> String {
        let name = |at: usize| quoted(&table.columns[at].name);
        match split.map(|split| split.by) {
            None => String::new(),
            Some(By::Range(at)) => format!(" PARTITION BY RANGE ({})", name(at)),
            Some(By::List(at)) => format!(" PARTITION BY LIST ({})", name(at)),
            Some(By::Hash(at)) => format!(" PARTITION BY HASH ({})", name(at)),
            Some(By::HashOfTag) => " PARTITION BY HASH (lower(tag))".to_owned(),
        }
    }

    /// The partitions of one level, and all below them.
    pub(crate) fn parts(
        &self,
        number: usize,
        table: &Table,
        split: &Split,
        above: &str,
    ) -> Vec<String> {
        let mut sql = Vec::new();
        for part in &split.parts {
            let name = self.part_name(part);
            let by = self.partition_by(table, part.split.as_ref());
            let options = if part.packed && part.split.is_none() {
                " WITH (fillfactor = 70)"
            } else {
                ""
            };
            let bound = bound(&part.bound);
            if part.attached {
                let mut columns = self.columns(number, table, false);
                columns.reverse();
                columns.insert(columns.len() / 2, "dropped int".to_owned());
                sql.push(format!(
                    "CREATE TABLE {name} ({}){by}{options}",
                    columns.join(", ")
                ));
                sql.push(format!("ALTER TABLE {name} DROP COLUMN dropped"));
            } else {
                sql.push(format!(
                    "CREATE TABLE {name} PARTITION OF {above} {bound}{by}{options}"
                ));
            }
            if let Some(below) = &part.split {
                sql.extend(self.parts(number, table, below, &name));
            }
            if part.attached {
                sql.push(format!(
                    "ALTER TABLE {above} ATTACH PARTITION {name} {bound}"
                ));
            }
        }
        sql
    }

    /// What hangs on single partitions.
    pub(crate) fn of_parts(&self, table: &Table) -> Vec<String> {
        let mut sql = Vec::new();
        for part in table.split.iter().flat_map(Split::all) {
            let on = self.part_name(part);
            let keys = table.columns.iter().filter(|column| column.root.is_some());
            for column in keys.take(1).map(|column| quoted(&column.name)) {
                if part.decorated {
                    let reader = quoted(READER);
                    sql.extend([
                        format!("COMMENT ON TABLE {on} IS 'a part'"),
                        format!("COMMENT ON COLUMN {on}.{column} IS 'of a part'"),
                        format!("GRANT SELECT ({column}), UPDATE ({column}) ON {on} TO {reader}"),
                        format!("ALTER TABLE {on} ALTER {column} SET STATISTICS 33"),
                    ]);
                }
                if part.indexed {
                    sql.push(format!(
                        "CREATE INDEX ON {on} ({column}, tag) WHERE {column} IS NOT NULL"
                    ));
                }
            }
        }
        sql
    }
}

fn bound(bound: &Bound) -> String {
    match bound {
        Bound::Range(from, to) => {
            let end = |end: &Option<i64>, none: &str| {
                end.map_or_else(|| none.to_owned(), |number| number.to_string())
            };
            format!(
                "FOR VALUES FROM ({}) TO ({})",
                end(from, "MINVALUE"),
                end(to, "MAXVALUE")
            )
        }
        Bound::List(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
            format!("FOR VALUES IN ({})", numbers.join(", "))
        }
        Bound::Hash(modulus, remainder) => {
            format!("FOR VALUES WITH (MODULUS {modulus}, REMAINDER {remainder})")
        }
        Bound::Rest => "DEFAULT".to_owned(),
    }
}
