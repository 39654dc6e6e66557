//! Clients of a shape: what they write, and whether they read what the model says.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row as _};
use turnback_core::name::Ident;

use crate::ddl::AUDIT;
use crate::names::{listed, quoted};
use crate::rows::{Rows, Value};
use crate::schema::*;
use crate::writes::Writer;

/// How many writes are told of when something is wrong.
const LAST: usize = 30;

/// A shape that clients can see.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The tag of its version schemas; none for `public` itself.
    pub tag: Option<String>,
    /// Tables whose keys are uuid in it.
    pub converted: BTreeSet<usize>,
}

/// Clients of one database.
pub struct Clients<'a> {
    schema: &'a Schema,
    connection: PgConnection,
    /// The rows that must be there.
    pub rows: Rows,
    /// Every key that was seen: uuid or not, of which row. It must stay what it is.
    keys: BTreeMap<(bool, usize), String>,
    /// Writes that went well, and those that a constraint refused.
    pub counts: (usize, usize),
    /// What was written, in order.
    done: Vec<String>,
}

impl<'a> Clients<'a> {
    /// Connects to a database that was just filled with these rows.
    pub async fn connect(url: &str, schema: &'a Schema, rows: Rows) -> Result<Self, String> {
        let connection = PgConnection::connect(url).await.map_err(said)?;
        let keys = rows
            .tables
            .iter()
            .flat_map(BTreeMap::keys)
            .map(|&uid| ((false, uid), Rows::first_key(uid).to_string()))
            .collect();
        Ok(Self {
            schema,
            connection,
            rows,
            keys,
            counts: (0, 0),
            done: Vec::new(),
        })
    }

    /// The last writes, for whoever wants to know how it came to this.
    pub fn last_writes(&self) -> String {
        let from = self.done.len().saturating_sub(LAST);
        self.done[from..].join("\n  ")
    }

    /// Goes to a shape.
    async fn go_to(&mut self, shape: &Shape) -> Result<(), String> {
        let mut path: Vec<String> = Vec::new();
        if let Some(tag) = &shape.tag {
            let suffix = format!("_{}", tag.replace('-', "_"));
            for name in &self.schema.schemas {
                let version = Ident::new(name.as_str()).with_suffix(&suffix);
                path.push(quoted(version.as_str()));
            }
        }
        path.push(listed(&self.schema.schemas));
        self.run(&format!("SET search_path = {}", path.join(", ")))
            .await
    }

    async fn run(&mut self, sql: &str) -> Result<(), String> {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut self.connection)
            .await
            .map(drop)
            .map_err(|error| format!("{}\n  in: {sql}", said(error)))
    }

    /// Writes through a shape what these numbers stand for; `stop` makes it differ from stop to
    /// stop.
    pub async fn write(
        &mut self,
        shape: &Shape,
        genes: &[[u8; 4]],
        stop: usize,
    ) -> Result<(), String> {
        self.go_to(shape).await?;
        for (n, genes) in genes.iter().enumerate() {
            let write = Writer {
                schema: self.schema,
                rows: &self.rows,
                converted: &shape.converted,
                sees_partitions: shape.tag.is_none(),
            }
            .write(genes, stop * 100 + n);
            let Some(write) = write else { continue };
            let answer = self.run(&format!("BEGIN; {}; COMMIT", write.sql)).await;
            self.done.push(format!(
                "{} ({}): {}",
                shape.tag.as_deref().unwrap_or("public"),
                if answer.is_ok() { "done" } else { "refused" },
                write.sql
            ));
            match (answer, write.after) {
                (Ok(()), Ok(after)) => {
                    self.rows = after;
                    if let Some((table, uid)) = write.rekeyed {
                        self.keys.remove(&(shape.converted.contains(&table), uid));
                    }
                    self.counts.0 += 1;
                }
                (Err(_), Err(_)) => {
                    self.run("ROLLBACK").await?;
                    self.counts.1 += 1;
                }
                (Ok(()), Err(reason)) => {
                    return Err(format!(
                        "a write went through that breaks a constraint: {}: {reason}",
                        write.sql
                    ));
                }
                (Err(error), Ok(_)) => {
                    return Err(format!("a write that is right was refused: {error}"));
                }
            }
        }
        Ok(())
    }

    /// Reads everything through a shape and compares it with the model.
    pub async fn read(&mut self, shape: &Shape) -> Result<(), String> {
        self.go_to(shape).await?;
        let mut tables = Vec::new();
        for table in &self.schema.tables {
            tables.push(self.table(table).await?);
        }
        // Keys first: everything else refers to them.
        let mut keys: BTreeMap<usize, &str> = BTreeMap::new();
        for (number, table) in self.schema.tables.iter().enumerate() {
            let Some(key) = table.key() else { continue };
            let is_uuid = shape.converted.contains(&number);
            for &uid in self.rows.tables[number].keys() {
                let Some(found) = tables[number].get(&Rows::tag(uid)) else {
                    return Err(format!(
                        "row {} of {} is not there",
                        Rows::tag(uid),
                        table.name
                    ));
                };
                let Some(found) = found[key].as_deref() else {
                    return Err(format!(
                        "row {} of {} has no key",
                        Rows::tag(uid),
                        table.name
                    ));
                };
                let was = self
                    .keys
                    .entry((is_uuid, uid))
                    .or_insert_with(|| found.to_owned());
                if was != found {
                    return Err(format!(
                        "the key of row {} of {} was {was}, is {found}",
                        Rows::tag(uid),
                        table.name
                    ));
                }
                keys.insert(uid, found);
            }
        }
        for (number, table) in self.schema.tables.iter().enumerate() {
            let expected: BTreeMap<String, Vec<Option<String>>> = self.rows.tables[number]
                .iter()
                .map(|(&uid, row)| {
                    let values = (0..table.columns.len())
                        .map(|at| match (table.columns[at].role, row.values[at]) {
                            (Role::Tag, _) => Some(Rows::tag(uid)),
                            (Role::Note, _) => Some(row.note.clone()),
                            (_, Value::Null) => None,
                            (_, Value::Number(number)) => Some(number.to_string()),
                            (_, Value::Key(uid)) => Some(keys[&uid].to_owned()),
                        })
                        .collect();
                    (Rows::tag(uid), values)
                })
                .collect();
            if expected != tables[number] {
                return Err(format!(
                    "table {} holds\n  {:?}, and the model says\n  {expected:?}",
                    table.name, tables[number]
                ));
            }
        }
        self.views(&tables).await?;
        self.audit().await
    }

    /// Views show what the tables of the same shape hold; materialized ones once refreshed.
    async fn views(
        &mut self,
        tables: &[BTreeMap<String, Vec<Option<String>>>],
    ) -> Result<(), String> {
        let schema = self.schema;
        for view in &schema.views {
            let number = schema.table_of(view);
            if view.materialized {
                self.refresh(&view.name).await?;
            }
            let table = &schema.tables[number];
            let shown = &view.columns;
            let columns: Vec<String> = shown
                .iter()
                .map(|&at| as_text(&table.columns[at]))
                .collect();
            let sql = format!("SELECT {} FROM {}", columns.join(", "), quoted(&view.name));
            let mut found = self.texts(&sql, shown.len()).await?;
            let mut expected: Vec<Vec<Option<String>>> = tables[number]
                .values()
                .map(|row| shown.iter().map(|&at| row[at].clone()).collect())
                .collect();
            found.sort();
            expected.sort();
            if found != expected {
                return Err(format!(
                    "view {} shows\n  {found:?}, and its table holds\n  {expected:?}",
                    view.name
                ));
            }
        }
        Ok(())
    }

    /// Where versions share a materialized view, older ones see it through a view.
    async fn refresh(&mut self, view: &str) -> Result<(), String> {
        let statements: Vec<String> = sqlx::query_scalar(
            "SELECT format('REFRESH MATERIALIZED VIEW %I.%I', schemaname, matviewname) \
             FROM pg_matviews WHERE matviewname = $1",
        )
        .bind(view)
        .persistent(false)
        .fetch_all(&mut self.connection)
        .await
        .map_err(said)?;
        for statement in &statements {
            self.run(statement).await?;
        }
        Ok(())
    }

    async fn table(
        &mut self,
        table: &Table,
    ) -> Result<BTreeMap<String, Vec<Option<String>>>, String> {
        let columns: Vec<String> = table.columns.iter().map(as_text).collect();
        let sql = format!("SELECT {} FROM {}", columns.join(", "), quoted(&table.name));
        let mut found = BTreeMap::new();
        for values in self.texts(&sql, table.columns.len()).await? {
            let tag = values[table.tag()].clone().unwrap_or_default();
            if found.insert(tag.clone(), values).is_some() {
                return Err(format!("row {tag} of {} is there twice", table.name));
            }
        }
        Ok(found)
    }

    async fn texts(
        &mut self,
        sql: &str,
        columns: usize,
    ) -> Result<Vec<Vec<Option<String>>>, String> {
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut self.connection)
            .await
            .map_err(|error| format!("{}\n  in: {sql}", said(error)))?;
        rows.iter()
            .map(|row| (0..columns).map(|at| row.try_get(at)).collect())
            .collect::<Result<_, _>>()
            .map_err(said)
    }

    async fn audit(&mut self) -> Result<(), String> {
        let sql = format!("SELECT what, count(*) FROM {AUDIT} GROUP BY 1");
        let lines: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(sql))
            .persistent(false)
            .fetch_all(&mut self.connection)
            .await
            .map_err(said)?;
        let lines: BTreeMap<String, i64> = lines.into_iter().collect();
        if lines != self.rows.audit {
            return Err(format!(
                "the user's triggers wrote {lines:?}, and the model says {:?}",
                self.rows.audit
            ));
        }
        Ok(())
    }

    /// The new shape is gone: its keys may be others when it comes again.
    pub fn forget_uuids(&mut self) {
        self.keys.retain(|(is_uuid, _), _| !is_uuid);
    }
}

/// What the model compares of a column: times are the server's own.
fn as_text(column: &Column) -> String {
    match column.role {
        Role::Time => "NULL::text".to_owned(),
        _ => format!("{}::text", quoted(&column.name)),
    }
}

fn said(error: sqlx::Error) -> String {
    match error.as_database_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}
