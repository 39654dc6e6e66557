//! One statement that fills a table: a value for each column, a parent for each reference.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, PgConnection};
use turnback_core::name::{Ident, TableName, list};
use turnback_core::schema::{ConstraintKind, IndexedBy, Snapshot, Table};

use super::column::{Fact, Facts, Statistics};
use super::value::{STYLES, value};
use crate::commands::rehearse::copy::run;

/// The statement, and what was learnt from those before it.
pub(super) struct Insert<'a> {
    name: &'a TableName,
    table: &'a Table,
    rows: u64,
    parents: Vec<Parent>,
    distinct: BTreeSet<Ident>,
    styles: BTreeMap<Ident, usize>,
    /// Texts that checks allow, by column.
    allowed: BTreeMap<Ident, Vec<String>>,
}

/// A reference, and which of the parent's rows row `i` takes.
struct Parent {
    columns: Vec<Ident>,
    far: TableName,
    far_columns: Vec<Ident>,
    which: String,
}

impl<'a> Insert<'a> {
    /// Looks at the parents' rows; the error says why there can be none of this table.
    pub(super) async fn new(
        to: &mut PgConnection,
        snapshot: &Snapshot,
        name: &'a TableName,
        table: &'a Table,
        rows: u64,
    ) -> Result<Self, String> {
        let unique: Vec<BTreeSet<Ident>> = table
            .indexes
            .iter()
            .filter(|index| index.unique)
            .map(|index| {
                let plain = index.keys.iter().filter_map(|key| match &key.what {
                    IndexedBy::Column(column) => Some(column.clone()),
                    IndexedBy::Expression(_) => None,
                });
                plain.chain(index.reads.iter().cloned()).collect()
            })
            .collect();
        let mut insert = Self {
            name,
            table,
            rows,
            parents: Vec::new(),
            distinct: unique.iter().flatten().cloned().collect(),
            styles: BTreeMap::new(),
            allowed: allowed(table),
        };
        let mut referring: BTreeSet<Ident> = BTreeSet::new();
        // How many rows the parents of each unique index can tell apart.
        let mut room: Vec<u64> = vec![1; unique.len()];
        for (constraint, far) in table.foreign_keys() {
            let is_needed = constraint
                .columns
                .iter()
                .all(|column| table.column(column).is_some_and(|column| column.not_null));
            let there = if &far.table == name || !snapshot.tables.contains_key(&far.table) {
                0
            } else {
                count(to, &far.table).await
            };
            if there == 0 {
                if is_needed {
                    return Err(format!(
                        "it needs rows of {}, and there are none",
                        far.table
                    ));
                }
                // Left null for now; a circle is closed once all rows are there.
                referring.extend(constraint.columns.iter().cloned());
                insert.parents.push(Parent {
                    columns: constraint.columns.clone(),
                    far: far.table.clone(),
                    far_columns: vec![],
                    which: String::new(),
                });
                continue;
            }
            let within = unique
                .iter()
                .position(|of| constraint.columns.iter().any(|c| of.contains(c)));
            let which = match within {
                Some(of) => {
                    let which = format!("((i - 1) / {}) % {there}", room[of]);
                    room[of] = room[of].saturating_mul(there);
                    which
                }
                None => format!("(i * 7919) % {there}"),
            };
            referring.extend(constraint.columns.iter().cloned());
            insert.parents.push(Parent {
                columns: constraint.columns.clone(),
                far: far.table.clone(),
                far_columns: far.columns.clone(),
                which,
            });
        }
        for (of, room) in unique.iter().zip(room) {
            if of.iter().all(|column| referring.contains(column)) && room > 1 {
                insert.rows = insert.rows.min(room);
            }
        }
        Ok(insert)
    }

    /// As SQL.
    pub(super) fn sql(&self, facts: &Facts, statistics: &Statistics) -> String {
        let (mut names, mut values, mut joins) = (Vec::new(), Vec::new(), Vec::new());
        let mut given: BTreeSet<&Ident> = BTreeSet::new();
        let mut settled: BTreeMap<&Ident, String> = BTreeMap::new();
        for (number, parent) in self.parents.iter().enumerate() {
            for (at, column) in parent.columns.iter().enumerate() {
                if !given.insert(column) {
                    continue;
                }
                names.push(column.clone());
                values.push(match parent.far_columns.get(at) {
                    Some(far) => format!("p{number}.{far}"),
                    None => "NULL".to_owned(),
                });
            }
            if !parent.far_columns.is_empty() {
                let agreed: Vec<String> = parent
                    .columns
                    .iter()
                    .zip(&parent.far_columns)
                    .filter_map(|(column, far)| Some(format!("t.{far} = {}", settled.get(column)?)))
                    .collect();
                for (column, far) in parent.columns.iter().zip(&parent.far_columns) {
                    settled
                        .entry(column)
                        .or_insert_with(|| format!("p{number}.{far}"));
                }
                if !agreed.is_empty() {
                    // A column of two references: the second parent agrees with the first.
                    joins.push(format!(
                        "JOIN LATERAL (SELECT {} FROM {} t WHERE {} LIMIT 1) p{number} ON true",
                        list(&parent.far_columns),
                        parent.far,
                        agreed.join(" AND ")
                    ));
                    continue;
                }
                joins.push(format!(
                    "JOIN (SELECT row_number() OVER () - 1 AS turnback_number, * FROM (SELECT {} FROM {}) t) p{number} ON p{number}.turnback_number = {}",
                    list(&parent.far_columns),
                    parent.far,
                    parent.which
                ));
            }
        }
        for column in &self.table.columns {
            let makes_itself = column.identity.is_some()
                || column
                    .default
                    .as_ref()
                    .is_some_and(|default| default.contains("nextval("));
            if column.generated.is_some() || makes_itself || given.contains(&column.name) {
                continue;
            }
            let place = (self.name.clone(), column.name.clone());
            let Some(fact) = facts.get(&place) else {
                continue;
            };
            let mut fact: Fact = fact.clone();
            if let Some(allowed) = self.allowed.get(&column.name) {
                fact.labels.clone_from(allowed);
            }
            let range = statistics.of(&self.name.clone(), &column.name);
            let style = self.styles.get(&column.name).copied().unwrap_or_default();
            let distinct = self.distinct.contains(&column.name);
            let made = value(&fact, range, style, distinct);
            let made = format!("({made})::{}", column.type_name);
            let nulls = range.map_or(0.0, |range| range.nulls);
            names.push(column.name.clone());
            values.push(if nulls > 0.0 && !column.not_null && !distinct {
                format!("CASE WHEN random() < {nulls:.4} THEN NULL ELSE {made} END")
            } else {
                made
            });
        }
        if names.is_empty() {
            return format!(
                "INSERT INTO {} SELECT FROM generate_series(1, {}) i",
                self.name, self.rows
            );
        }
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM generate_series(1::bigint, {}) i {}",
            self.name,
            list(names),
            values.join(", "),
            self.rows,
            joins.join(" ")
        )
    }

    /// Takes another kind of value for columns that a constraint was not content with; false
    /// when there is nothing left to try.
    pub(super) fn learn(&mut self, error: &sqlx::Error, facts: &Facts) -> bool {
        let Some(error) = error.as_database_error() else {
            return false;
        };
        let code = error.code().unwrap_or_default();
        let of: Vec<Ident> = match error.constraint() {
            Some(name) => {
                let constraint = self
                    .table
                    .constraints
                    .iter()
                    .find(|c| c.name.as_str() == name);
                match constraint {
                    Some(constraint) => constraint.columns.clone(),
                    // A domain's own: any column of a domain may be the one.
                    None => self.of_domains(facts),
                }
            }
            None if matches!(
                code.as_ref(),
                "22P02" | "22001" | "22003" | "22007" | "22008"
            ) =>
            {
                self.table
                    .columns
                    .iter()
                    .map(|column| column.name.clone())
                    .collect()
            }
            None => vec![],
        };
        let mut changed = false;
        for column in of {
            self.allowed.remove(&column);
            let style = self.styles.entry(column).or_default();
            if *style + 1 < STYLES {
                *style += 1;
                changed = true;
            }
        }
        changed
    }

    fn of_domains(&self, facts: &Facts) -> Vec<Ident> {
        let is_domain = |column: &Ident| {
            facts
                .get(&(self.name.clone(), column.clone()))
                .is_some_and(|fact| fact.is_domain)
        };
        let names = self.table.columns.iter().map(|column| column.name.clone());
        names.filter(is_domain).collect()
    }
}

/// Texts that a check on one column lists: `state IN ('open', 'paid')`. They are the schema's,
/// nobody's data.
fn allowed(table: &Table) -> BTreeMap<Ident, Vec<String>> {
    let mut allowed = BTreeMap::new();
    for constraint in &table.constraints {
        let (ConstraintKind::Check { expression }, [column]) =
            (&constraint.kind, constraint.columns.as_slice())
        else {
            continue;
        };
        if !expression.contains("ANY") {
            continue;
        }
        let texts: Vec<String> = expression
            .split('\'')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        if !texts.is_empty() {
            allowed.insert(column.clone(), texts);
        }
    }
    allowed
}

/// Whether every reference of the table holds: rows may have come in past the triggers that see
/// to that.
pub(super) async fn holds(to: &mut PgConnection, name: &TableName, table: &Table) -> bool {
    for (constraint, far) in table.foreign_keys() {
        let pairs = constraint.columns.iter().zip(&far.columns);
        let same: Vec<String> = pairs
            .map(|(near, far)| format!("far.{far} = near.{near}"))
            .collect();
        let set: Vec<String> = constraint
            .columns
            .iter()
            .map(|near| format!("near.{near} IS NOT NULL"))
            .collect();
        let sql = format!(
            "SELECT EXISTS (SELECT FROM {name} near WHERE {} AND NOT EXISTS (SELECT FROM {} far WHERE {}))",
            set.join(" AND "),
            far.table,
            same.join(" AND ")
        );
        let dangles: Result<bool, _> = sqlx::query_scalar(AssertSqlSafe(sql))
            .persistent(false)
            .fetch_one(&mut *to)
            .await;
        if !matches!(dangles, Ok(false)) {
            return false;
        }
    }
    true
}

async fn count(to: &mut PgConnection, table: &TableName) -> u64 {
    let counted: Result<i64, _> =
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .persistent(false)
            .fetch_one(to)
            .await;
    counted.map_or(0, |count| count.unsigned_abs())
}

/// Gives rows whose references had to wait a parent: those in circles, and a table's own.
pub(super) async fn connect_cycles(to: &mut PgConnection, name: &TableName, table: &Table) {
    for (constraint, far) in table.foreign_keys() {
        let may_wait = constraint
            .columns
            .iter()
            .all(|column| table.column(column).is_some_and(|column| !column.not_null));
        let is_key = table.indexes.iter().any(|index| {
            index.unique
                && constraint
                    .columns
                    .iter()
                    .any(|column| index.reads.contains(column))
        });
        let pairs = constraint.columns.iter().zip(&far.columns);
        let unset = list(&constraint.columns);
        if !may_wait || is_key {
            continue;
        }
        let set = pairs.map(|(near, far)| format!("{near} = p.{far}"));
        let is_unset = constraint
            .columns
            .iter()
            .map(|column| format!("t.{column} IS NULL"));
        let sql = format!(
            "UPDATE {name} t SET {} FROM (SELECT ctid, row_number() OVER () AS n FROM {name}) o, \
             (SELECT row_number() OVER () AS n, {far_columns} FROM {far_table}) p \
             WHERE o.ctid = t.ctid AND p.n = 1 + (o.n * 31) % (SELECT count(*) FROM {far_table}) AND o.n % 2 = 0 \
             AND NOT EXISTS (SELECT FROM {name} WHERE ({unset}) IS NOT NULL) AND {}",
            list(set),
            is_unset.collect::<Vec<_>>().join(" AND "),
            far_columns = list(&far.columns),
            far_table = far.table,
        );
        // A check that forbids it leaves the reference null, which is as good.
        let _ = run(to, &sql).await;
    }
}
