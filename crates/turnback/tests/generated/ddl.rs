//! A schema as DDL: as it is before any conversion, or, written by hand as it were, with uuid
//! in the place of converted keys.

use std::collections::BTreeSet;

use crate::attached::FUNCTIONS;
use crate::names::{listed, quoted};
use crate::rows::{Rows, Value};
use crate::schema::*;

/// The role that grants go to.
pub const READER: &str = "turnback generated reader";
/// Where audit triggers write.
pub const AUDIT: &str = "public.generated_audit";

/// SQL that makes the role, which all databases of a cluster share.
pub const MAKE_READER: &str = "DO $$ BEGIN CREATE ROLE \"turnback generated reader\"; \
     EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";

/// Writes DDL for a schema.
pub struct Ddl<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// Tables whose keys are uuid.
    pub converted: &'a BTreeSet<usize>,
}

impl Ddl<'_> {
    /// All of it, with these rows.
    pub fn script(&self, rows: Option<&Rows>) -> String {
        let mut sql = vec![format!("CREATE TABLE {AUDIT} (what text NOT NULL)")];
        sql.extend(
            self.schema.schemas[1..]
                .iter()
                .map(|name| format!("CREATE SCHEMA {}", quoted(name))),
        );
        sql.extend(FUNCTIONS.iter().map(|&function| function.to_owned()));
        let tables = || self.schema.tables.iter().enumerate();
        for (number, table) in tables() {
            sql.extend(self.table(number, table));
        }
        if let Some(rows) = rows {
            sql.extend(tables().flat_map(|(number, table)| self.fill(number, table, rows)));
        }
        for (number, table) in tables() {
            sql.extend(self.constraints(number, table));
        }
        for (number, table) in tables() {
            sql.extend(self.references(number, table));
        }
        for (number, table) in tables() {
            sql.extend(self.attached(number, table));
        }
        sql.extend(self.schema.defect.iter().flat_map(|d| self.defect(d)));
        for view in &self.schema.views {
            sql.extend(self.view(view));
            sql.extend(self.decorated(view));
        }
        for publication in &self.schema.publications {
            sql.push(self.publication(publication));
        }
        sql.join(";\n")
    }

    /// A table's name with its schema, for SQL.
    pub fn name(&self, number: usize) -> String {
        let table = &self.schema.tables[number];
        format!(
            "{}.{}",
            quoted(&self.schema.schemas[table.schema]),
            quoted(&table.name)
        )
    }

    pub(crate) fn is_uuid(&self, column: &Column) -> bool {
        column
            .root
            .is_some_and(|root| self.converted.contains(&root))
    }

    fn table(&self, number: usize, table: &Table) -> Vec<String> {
        let mut sql = Vec::new();
        if let Some(key) = table.key()
            && table.columns[key].role == Role::Key(Identity::OwnSequence)
        {
            sql.push(format!(
                "CREATE SEQUENCE {} START 1000",
                self.own_sequence(number)
            ));
        }
        let on = self.name(number);
        let mut columns = self.columns(number, table, true);
        if table.extras {
            columns.insert(0, "\"Dropped\" int".to_owned());
        }
        sql.push(format!(
            "CREATE {}TABLE {on} ({}){}{}",
            if table.unlogged { "UNLOGGED " } else { "" },
            columns.join(", "),
            self.partition_by(table, table.split.as_ref()),
            if table.packed && table.split.is_none() {
                " WITH (fillfactor = 70)"
            } else {
                ""
            }
        ));
        if table.extras {
            sql.push(format!("ALTER TABLE {on} DROP COLUMN \"Dropped\""));
            sql.push(format!(
                "ALTER TABLE {on} ALTER collated SET STORAGE EXTERNAL"
            ));
        }
        if let Some(split) = &table.split {
            sql.extend(self.parts(number, table, split, &on));
        }
        if table.full_identity {
            sql.push(format!("ALTER TABLE {on} REPLICA IDENTITY FULL"));
        }
        sql
    }

    /// The columns of a table, or those of a partition that is made by itself: identities and
    /// sequences are the table's.
    pub(crate) fn columns(&self, number: usize, table: &Table, is_table: bool) -> Vec<String> {
        let mut columns = Vec::new();
        for (at, column) in table.columns.iter().enumerate() {
            let mut text = format!("{} {}", quoted(&column.name), self.type_of(column));
            if let Role::Key(identity) = column.role {
                text = format!(
                    "{} {}",
                    quoted(&column.name),
                    self.key(number, column, identity, is_table)
                );
            }
            if column.not_null {
                text.push_str(" NOT NULL");
            }
            // A generated column reads one that stands before it or after it alike.
            columns.push(text);
            if let Some(defect) = &self.schema.defect
                && (defect.kind, defect.table, defect.column) == (DefectKind::Generated, number, at)
            {
                columns.push(format!(
                    "doubled bigint GENERATED ALWAYS AS ({}::bigint * 2) STORED",
                    quoted(&column.name)
                ));
            }
        }
        if table.extras {
            columns.push("collated text COLLATE \"C\" DEFAULT 'it''s'".to_owned());
            columns.push("generated int GENERATED ALWAYS AS (length(tag)) STORED".to_owned());
        }
        columns
    }

    /// The type of a column.
    pub(crate) fn type_of(&self, column: &Column) -> &'static str {
        if self.is_uuid(column) {
            "uuid"
        } else {
            column.type_name
        }
    }

    fn key(&self, number: usize, column: &Column, identity: Identity, is_table: bool) -> String {
        let type_name = self.type_of(column);
        if self.is_uuid(column) {
            return "uuid DEFAULT gen_random_uuid()".to_owned();
        }
        match (identity, type_name) {
            (Identity::OwnSequence, _) => format!(
                "{type_name} DEFAULT nextval('{}')",
                self.own_sequence(number).replace('\'', "''")
            ),
            _ if !is_table => type_name.to_owned(),
            (Identity::Serial, "integer") => "serial".to_owned(),
            (Identity::Serial, "bigint") => "bigserial".to_owned(),
            (Identity::Serial, _) => "smallserial".to_owned(),
            (Identity::ByDefault, _) => {
                format!("{type_name} GENERATED BY DEFAULT AS IDENTITY (START 1000)")
            }
            (Identity::Always, _) => {
                format!("{type_name} GENERATED ALWAYS AS IDENTITY (START 1000)")
            }
        }
    }

    fn own_sequence(&self, number: usize) -> String {
        let table = &self.schema.tables[number];
        format!(
            "{}.{}",
            quoted(&self.schema.schemas[table.schema]),
            quoted(&format!("counts {number}"))
        )
    }

    fn fill(&self, number: usize, table: &Table, rows: &Rows) -> Vec<String> {
        let mut sql = Vec::new();
        for (&uid, row) in &rows.tables[number] {
            let values: Vec<String> = (0..table.columns.len())
                .map(|at| match (table.columns[at].role, row.values[at]) {
                    (Role::Tag, _) => format!("'{}'", Rows::tag(uid)),
                    (Role::Note, _) => format!("'{}'", row.note),
                    (Role::Time, _) => "'2020-02-02'".to_owned(),
                    (_, Value::Null) => "NULL".to_owned(),
                    (_, Value::Number(number)) => number.to_string(),
                    (_, Value::Key(uid)) => Rows::first_key(uid).to_string(),
                })
                .collect();
            sql.push(format!(
                "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})",
                self.name(number),
                listed(table.columns.iter().map(|c| &c.name)),
                values.join(", ")
            ));
        }
        if let Some(key) = table.key()
            && table.columns[key].role == Role::Key(Identity::Serial)
        {
            sql.push(format!(
                "SELECT setval(pg_get_serial_sequence('{}', '{}'), 1000)",
                self.name(number).replace('\'', "''"),
                table.columns[key].name.replace('\'', "''")
            ));
        }
        sql
    }

    fn constraints(&self, number: usize, table: &Table) -> Vec<String> {
        let column = |at: &usize| &table.columns[*at].name;
        let on = self.name(number);
        let mut sql = Vec::new();
        for unique in &table.uniques {
            let mut text = format!("ALTER TABLE {on} ADD ");
            if let Some(name) = &unique.name {
                text.push_str(&format!("CONSTRAINT {} ", quoted(name)));
            }
            text.push_str(match (unique.primary, unique.nulls_not_distinct) {
                (true, _) => "PRIMARY KEY",
                (false, true) => "UNIQUE NULLS NOT DISTINCT",
                (false, false) => "UNIQUE",
            });
            text.push_str(&format!(" ({})", listed(unique.columns.iter().map(column))));
            if !unique.include.is_empty() {
                text.push_str(&format!(
                    " INCLUDE ({})",
                    listed(unique.include.iter().map(column))
                ));
            }
            text.push_str(deferral(unique.deferral));
            sql.push(text);
            if let (true, Some(name)) = (table.commented, &unique.name) {
                let name = quoted(name);
                sql.push(format!(
                    "COMMENT ON CONSTRAINT {name} ON {on} IS 'it''s one'"
                ));
                let schema = quoted(&self.schema.schemas[table.schema]);
                sql.push(format!("COMMENT ON INDEX {schema}.{name} IS 'its index'"));
            }
        }
        for index in &table.indexes {
            sql.extend(self.index(&on, table, index));
        }
        if let Some(at) = table.null_check {
            sql.push(format!(
                "ALTER TABLE {on} ADD CONSTRAINT \"Either Or\" CHECK ({} IS NULL OR tag IS NOT NULL)",
                quoted(column(&at))
            ));
            if table.commented {
                sql.push(format!(
                    "COMMENT ON CONSTRAINT \"Either Or\" ON {on} IS 'always true'"
                ));
            }
        }
        sql
    }

    fn index(&self, on: &str, table: &Table, index: &Index) -> Vec<String> {
        let column = |at: &usize| quoted(&table.columns[*at].name);
        let mut keys: Vec<String> = index.columns.iter().map(column).collect();
        if index.descending {
            keys[0].push_str(" DESC NULLS LAST");
        }
        if index.expression {
            keys.push(format!("lower({})", column(&table.note())));
        }
        let name = quoted(&index.name);
        let mut text = format!(
            "CREATE {}INDEX {name} ON {on} USING {} ({})",
            if index.unique { "UNIQUE " } else { "" },
            index.method,
            keys.join(", ")
        );
        if !index.include.is_empty() {
            text.push_str(&format!(
                " INCLUDE ({})",
                index
                    .include
                    .iter()
                    .map(column)
                    .collect::<Vec<_>>()
                    .join(", ")
            ));
        }
        if index.packed {
            text.push_str(" WITH (fillfactor = 80)");
        }
        let first = column(&index.columns[0]);
        match index.predicate {
            Predicate::None => {}
            Predicate::Given => text.push_str(&format!(" WHERE {first} IS NOT NULL")),
            Predicate::Missing => text.push_str(&format!(" WHERE {first} IS NULL")),
            Predicate::Note => {
                text.push_str(&format!(" WHERE {} <> 'id'", column(&table.note())));
            }
        }
        let mut sql = vec![text];
        if table.commented {
            let schema = quoted(&self.schema.schemas[table.schema]);
            sql.push(format!(
                "COMMENT ON INDEX {schema}.{name} IS 'for \\ speed'"
            ));
        }
        if index.clustered {
            sql.push(format!("ALTER TABLE {on} CLUSTER ON {name}"));
        }
        sql
    }

    fn references(&self, number: usize, table: &Table) -> Vec<String> {
        let on = self.name(number);
        let mut sql = Vec::new();
        for reference in &table.references {
            let near = |at: &usize| &table.columns[*at].name;
            let there = &self.schema.tables[reference.table];
            let mut text = format!("ALTER TABLE {on} ADD ");
            if let Some(name) = &reference.name {
                text.push_str(&format!("CONSTRAINT {} ", quoted(name)));
            }
            text.push_str(&format!(
                "FOREIGN KEY ({}) REFERENCES {} ({}){} ON UPDATE {} ON DELETE {}",
                listed(reference.columns.iter().map(near)),
                self.name(reference.table),
                listed(reference.far.iter().map(|at| &there.columns[*at].name)),
                if reference.match_full {
                    " MATCH FULL"
                } else {
                    ""
                },
                if reference.follows_updates {
                    "CASCADE"
                } else {
                    "NO ACTION"
                },
                match reference.on_delete {
                    Action::Nothing => "NO ACTION",
                    Action::Restrict => "RESTRICT",
                    Action::Cascade => "CASCADE",
                    Action::SetNull => "SET NULL",
                }
            ));
            if let Some(only) = &reference.null_only {
                text.push_str(&format!(" ({})", quoted(near(only))));
            }
            text.push_str(deferral(reference.deferral));
            sql.push(text);
            if let (true, Some(name)) = (table.commented, &reference.name) {
                sql.push(format!(
                    "COMMENT ON CONSTRAINT {} ON {on} IS 'points ''there'''",
                    quoted(name)
                ));
            }
        }
        sql
    }
}

fn deferral(deferral: Deferral) -> &'static str {
    match deferral {
        Deferral::Never => "",
        Deferral::Deferrable => " DEFERRABLE",
        Deferral::Deferred => " DEFERRABLE INITIALLY DEFERRED",
    }
}
