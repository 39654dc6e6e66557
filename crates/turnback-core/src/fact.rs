//! Facts about the catalog: how a step is inspected before anything acts on it.

use serde::{Deserialize, Serialize};

use crate::name::{Ident, TableName, literal};

/// Something that the catalog can confirm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The table has the column.
    Column(TableName, Ident),
    /// The table has the column, and it is `NOT NULL`.
    NotNull(TableName, Ident),
    /// There is an index of this name, valid or not.
    IndexPresent(TableName),
    /// The index is there, complete and valid.
    IndexValid(TableName),
    /// The table has the constraint.
    Constraint(TableName, Ident),
    /// The table has the constraint, and all rows are known to satisfy it.
    ConstraintValid(TableName, Ident),
    /// The table has the trigger.
    Trigger(TableName, Ident),
    /// There is a table or view of this name.
    Relation(TableName),
    /// There are extended statistics of this name.
    Statistics(TableName),
    /// The materialized view is there and filled.
    Filled(TableName),
    /// The first is a view that reads the second.
    Reads(TableName, TableName),
    /// The first is a partition of the second, however many levels below it.
    Partition(TableName, TableName),
    /// One of the two holds, or both.
    Either(Box<Fact>, Box<Fact>),
    /// The fact does not hold.
    Not(Box<Fact>),
}

/// What inspection found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// Nothing of the step is there.
    Absent,
    /// Some of it is there: the remains of a try that failed.
    Partial,
    /// All of it is there.
    Done,
}

impl Inspection {
    /// Sums up what became of each fact.
    pub fn of(facts: &[bool]) -> Self {
        match (
            facts.iter().all(|held| *held),
            facts.iter().any(|held| *held),
        ) {
            (true, true) => Self::Done,
            (_, true) => Self::Partial,
            (_, false) => Self::Absent,
        }
    }
}

impl Fact {
    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Not(fact) => *fact,
            fact => Self::Not(Box::new(fact)),
        }
    }

    /// A boolean SQL expression that is true, never null, when the fact holds.
    pub fn sql(&self) -> String {
        let class = |name: &TableName| {
            format!(
                "c.relname = {} AND c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = {})",
                literal(name.name.as_str()),
                literal(name.schema.as_str())
            )
        };
        let column = |table: &TableName, column: &Ident, more: &str| {
            format!(
                "EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
                 WHERE {} AND a.attname = {} AND NOT a.attisdropped{more})",
                class(table),
                literal(column.as_str())
            )
        };
        let constraint = |table: &TableName, name: &Ident, more: &str| {
            format!(
                "EXISTS (SELECT FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
                 WHERE {} AND k.conname = {}{more})",
                class(table),
                literal(name.as_str())
            )
        };
        match self {
            Self::Column(table, name) => column(table, name, ""),
            Self::NotNull(table, name) => column(table, name, " AND a.attnotnull"),
            Self::IndexPresent(index) => format!(
                "EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE {})",
                class(index)
            ),
            Self::IndexValid(index) => format!(
                "EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
                 WHERE {} AND i.indisvalid AND i.indisready)",
                class(index)
            ),
            Self::Constraint(table, name) => constraint(table, name, ""),
            Self::ConstraintValid(table, name) => constraint(table, name, " AND k.convalidated"),
            Self::Trigger(table, name) => format!(
                "EXISTS (SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid \
                 WHERE {} AND t.tgname = {})",
                class(table),
                literal(name.as_str())
            ),
            Self::Relation(name) => format!(
                "EXISTS (SELECT FROM pg_catalog.pg_class c WHERE {})",
                class(name)
            ),
            Self::Statistics(name) => format!(
                "EXISTS (SELECT FROM pg_catalog.pg_statistic_ext s WHERE s.stxname = {} \
                 AND s.stxnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = {}))",
                literal(name.name.as_str()),
                literal(name.schema.as_str())
            ),
            Self::Filled(view) => format!(
                "EXISTS (SELECT FROM pg_catalog.pg_class c WHERE {} AND c.relispopulated)",
                class(view)
            ),
            Self::Reads(view, read) => format!(
                "EXISTS (SELECT FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d \
                 ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid \
                 WHERE r.ev_class = pg_catalog.to_regclass({}) \
                 AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                 AND d.refobjid = pg_catalog.to_regclass({}))",
                literal(&view.to_string()),
                literal(&read.to_string())
            ),
            Self::Partition(member, root) => format!(
                "coalesce(pg_catalog.pg_partition_root(pg_catalog.to_regclass({})) = pg_catalog.to_regclass({}), false)",
                literal(&member.to_string()),
                literal(&root.to_string())
            ),
            Self::Either(one, other) => format!("({} OR {})", one.sql(), other.sql()),
            Self::Not(fact) => format!("NOT {}", fact.sql()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remains_of_a_failed_try_are_neither_absent_nor_done() {
        assert_eq!(Inspection::of(&[true, false]), Inspection::Partial);
        assert_eq!(Inspection::of(&[true, true]), Inspection::Done);
        assert_eq!(Inspection::of(&[false, false]), Inspection::Absent);
        assert_eq!(
            Inspection::of(&[]),
            Inspection::Absent,
            "a step without facts is never taken for done"
        );
    }
}
