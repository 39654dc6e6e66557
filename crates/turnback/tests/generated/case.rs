//! One case: a schema goes forward and back, and forward and to the end, while clients write.

use std::collections::BTreeSet;

use turnback_core::init::{Group, Request, Tables};
use turnback_core::name::{Ident, TableName};
use turnback_core::phases::programs;
use turnback_core::plan::{Generate, Operations, Plan};
use turnback_core::preflight::{Finding, Weight};
use turnback_core::schema::{ConstraintKind, Snapshot, differences};
use turnback_testkit::{Cluster, Database};

use crate::build;
use crate::clients::{Clients, Shape};
use crate::ddl::Ddl;
use crate::engine::{Engine, drafted, snapshot};
use crate::genes::{Genes, once_in, one_of};
use crate::given;
use crate::rows::Rows;
use crate::schema::*;

/// What came of a case.
#[derive(Debug)]
pub enum Outcome {
    /// It went the whole way.
    Carried {
        /// What was in it.
        features: BTreeSet<&'static str>,
        /// Writes that went well, and those that a constraint refused.
        writes: (usize, usize),
    },
    /// Preflight refused it, and nothing was changed.
    Refused {
        /// The rules that did.
        codes: BTreeSet<String>,
    },
    /// No key that could be converted.
    Nothing,
}

/// Runs a case; says what went wrong.
pub async fn run(genes: &Genes, server_version: u32) -> Result<Outcome, String> {
    let schema = build::schema(genes, server_version);
    let rows = Rows::first(&schema);
    let none = BTreeSet::new();
    let script = Ddl {
        schema: &schema,
        converted: &none,
    }
    .script(Some(&rows));
    let db = database(&script)?;
    Case {
        genes,
        schema: &schema,
        db: &db,
    }
    .run(rows)
    .await
    .map_err(|error| format!("{error}\n\nThe schema:\n{script};\n"))
}

fn database(script: &str) -> Result<Database, String> {
    let db = Cluster::shared()
        .try_database("generated")
        .map_err(|error| error.to_string())?;
    db.try_execute(script)
        .map_err(|error| format!("PostgreSQL does not take the schema: {error}\n{script}"))?;
    Ok(db)
}

struct Case<'a> {
    genes: &'a Genes,
    schema: &'a Schema,
    db: &'a Database,
}

impl Case<'_> {
    async fn run(&self, rows: Rows) -> Result<Outcome, String> {
        let before = snapshot(self.db.url()).await?;
        let Some(mut plan) = self.plan(&before)? else {
            return Ok(Outcome::Nothing);
        };
        let shapes = self.shapes(&plan)?;
        given::add(self.schema, &mut plan, &shapes);
        let engine = Engine::new(plan)?;
        if let Some(outcome) = self.refused(&engine, &before, &shapes).await? {
            return Ok(outcome);
        }
        let mut clients = Clients::connect(self.db.url(), self.schema, rows).await?;
        self.journey(&before, &engine, &shapes, &mut clients)
            .await
            .map_err(|error| format!("{error}\n\nThe last writes:\n  {}", clients.last_writes()))?;
        Ok(Outcome::Carried {
            features: crate::features::of(self.schema, &shapes),
            writes: clients.counts,
        })
    }

    /// There and back, there again and to the end.
    async fn journey(
        &self,
        before: &Snapshot,
        engine: &Engine,
        shapes: &[Shape],
        clients: &mut Clients<'_>,
    ) -> Result<(), String> {
        let last = shapes
            .last()
            .map(|shape| shape.converted.clone())
            .unwrap_or_default();
        let dump = self.dump();
        self.forward(engine, shapes, clients).await?;
        engine
            .back()
            .await
            .map_err(|error| format!("back: {error}"))?;
        same(before, &snapshot(self.db.url()).await?, "the way back")?;
        if let (Some(before), Some(after)) = (dump, self.dump())
            && before != after
        {
            return Err(format!(
                "pg_dump after the way back differs:\n{}",
                lines_apart(&before, &after)
            ));
        }
        clients
            .read(&public(BTreeSet::new()))
            .await
            .map_err(|error| format!("after the way back: {error}"))?;
        clients.forget_uuids();

        engine
            .up(None, false)
            .await
            .map_err(|error| format!("up again: {error}"))?;
        clients.read(&public(last.clone())).await?;
        let base = shapes.first().ok_or("a plan has a shape before it")?;
        clients
            .write(base, &self.genes.writes[..2], 90)
            .await
            .map_err(|error| format!("up again, through the old shape: {error}"))?;
        clients.read(base).await?;
        clients.read(&public(last.clone())).await?;
        engine
            .contract()
            .await
            .map_err(|error| format!("contract: {error}"))?;
        let contracted = public(last.clone());
        clients
            .write(&contracted, &self.genes.writes[2..], 91)
            .await
            .map_err(|error| format!("after contract: {error}"))?;
        clients
            .read(&contracted)
            .await
            .map_err(|error| format!("after contract: {error}"))?;
        self.by_hand(&last).await
    }

    /// Every stop on the way: each phase expanded, and cut over.
    async fn forward(
        &self,
        engine: &Engine,
        shapes: &[Shape],
        clients: &mut Clients<'_>,
    ) -> Result<(), String> {
        for (n, phase) in engine.plan.phases.iter().enumerate() {
            for expanded_only in [true, false] {
                let at = format!(
                    "phase {} {}",
                    phase.id,
                    if expanded_only {
                        "expanded"
                    } else {
                        "cut over"
                    }
                );
                engine
                    .up(Some(&phase.id), expanded_only)
                    .await
                    .map_err(|error| format!("{at}: {error}"))?;
                let shown = if expanded_only { n } else { n + 1 };
                let mut live = shapes[..=n + 1].to_vec();
                live.push(public(shapes[shown].converted.clone()));
                for (stop, shape) in live.iter().enumerate() {
                    let stop = (n * 2 + usize::from(!expanded_only)) * 8 + stop;
                    clients
                        .write(shape, &self.genes.writes, stop)
                        .await
                        .map_err(|error| format!("{at}, through {:?}: {error}", shape.tag))?;
                }
                for shape in &live {
                    clients
                        .read(shape)
                        .await
                        .map_err(|error| format!("{at}, through {:?}: {error}", shape.tag))?;
                }
            }
        }
        Ok(())
    }

    /// The plan that `init` writes, for all keys or some of them.
    fn plan(&self, before: &Snapshot) -> Result<Option<Plan>, String> {
        let head = &self.genes.head;
        let time = self.schema.tables.iter().flat_map(|t| &t.columns);
        let time = time
            .filter(|c| c.role == Role::Time)
            .map(|c| c.name.clone())
            .next();
        let mut request = Request {
            tables: Tables::All,
            group: one_of(head[4], &[Group::One, Group::Steps, Group::Levels]),
            generate: match (head[5] % 4, time) {
                (2, _) | (3, None) => Generate::V7,
                (3, Some(time)) => Generate::V7From(Ident::new(time)),
                _ => Generate::V4,
            },
            name: None,
            schema: Ident::new("public"),
            target_text: "${DATABASE_URL}".to_owned(),
        };
        let all = match drafted(before, &request, self.db.url()) {
            Ok((draft, plan)) => {
                if head[6] % 3 != 2 {
                    return Ok(Some(plan));
                }
                draft
            }
            Err(error) if error.contains("no integer key that can be converted") => {
                return Ok(None);
            }
            Err(error) => return Err(format!("init: {error}")),
        };
        let keys: Vec<TableName> = all
            .phases
            .into_iter()
            .flat_map(|phase| phase.keys)
            .collect();
        let some: Vec<TableName> = keys
            .iter()
            .enumerate()
            .filter(|(n, _)| n.is_multiple_of(8) || head[7] >> (n % 8) & 1 == 1)
            .map(|(_, key)| key.clone())
            .collect();
        request.tables = Tables::Only(some);
        match drafted(before, &request, self.db.url()) {
            Ok((_, plan)) => Ok(Some(plan)),
            Err(error) => Err(format!("init of some tables: {error}")),
        }
    }

    /// The shape before the plan, and that of each phase.
    fn shapes(&self, plan: &Plan) -> Result<Vec<Shape>, String> {
        let mut shapes = vec![Shape {
            tag: Some("base".to_owned()),
            converted: BTreeSet::new(),
        }];
        let mut converted = BTreeSet::new();
        for phase in &plan.phases {
            let Operations::ConvertKeys(operations) = &phase.operations else {
                return Err("init writes conversions alone".to_owned());
            };
            for operation in operations {
                let number = self.schema.tables.iter().position(|table| {
                    table.name == operation.table.name.as_str()
                        && self.schema.schemas[table.schema] == operation.table.schema.as_str()
                });
                let number = number
                    .ok_or_else(|| format!("init names {}, which is no table", operation.table))?;
                converted.insert(number);
            }
            shapes.push(Shape {
                tag: Some(phase.id.clone()),
                converted: converted.clone(),
            });
        }
        Ok(shapes)
    }

    /// What preflight refuses must be refused for a reason, and left alone.
    async fn refused(
        &self,
        engine: &Engine,
        before: &Snapshot,
        shapes: &[Shape],
    ) -> Result<Option<Outcome>, String> {
        let findings: Vec<Finding> = programs(before, &engine.plan.phases, &[])
            .into_iter()
            .filter_map(|(_, planned)| planned.err())
            .flatten()
            .filter(|finding| finding.weight == Weight::NoGo)
            .collect();
        let mut codes: BTreeSet<String> = findings.iter().map(|f| f.code.to_string()).collect();
        let mut expected: BTreeSet<String> =
            crate::expect::codes(self.schema, shapes, before.server_version)
                .into_iter()
                .map(str::to_owned)
                .collect();
        // Which of two ways is followed to its end is nobody's promise, nor what is found on it.
        if codes.contains("two-ways") && expected.contains("two-ways") {
            codes.remove("half-a-reference");
            expected.remove("half-a-reference");
        }
        if codes != expected {
            return Err(format!(
                "expected to be refused for {expected:?}, but found {findings:#?}"
            ));
        }
        if codes.is_empty() {
            return Ok(None);
        }
        // Another phase may be carried; the one with the defect begins nothing.
        if engine.plan.phases.len() == 1 {
            if engine.up(None, false).await.is_ok() {
                return Err("up went through what preflight refuses".to_owned());
            }
            same(before, &snapshot(self.db.url()).await?, "a refusal")?;
        }
        Ok(Some(Outcome::Refused { codes }))
    }

    /// After contract the catalog is the one of a conversion by hand.
    async fn by_hand(&self, converted: &BTreeSet<usize>) -> Result<(), String> {
        let script = Ddl {
            schema: self.schema,
            converted,
        }
        .script(None);
        let by_hand = database(&script)?;
        let mut expected = snapshot(by_hand.url()).await?;
        let mut found = snapshot(self.db.url()).await?;
        expected.database.clone_from(&found.database);
        for snapshot in [&mut expected, &mut found] {
            name_sequences(snapshot);
            order_pairs(snapshot);
            name_not_nulls(snapshot);
            for table in snapshot.tables.values_mut() {
                // Statistics list columns in the table's own order, which is another.
                for statistics in &mut table.statistics {
                    statistics.columns.sort();
                    statistics.definition.clear();
                }
                for column in table.columns.iter_mut().filter(|c| c.type_name == "uuid") {
                    // How keys are generated is the plan's choice.
                    if column
                        .default
                        .as_deref()
                        .is_some_and(|d| d.contains("uuid"))
                    {
                        column.default = Some("a new uuid".to_owned());
                    }
                }
            }
        }
        same(&expected, &found, "contract, against a conversion by hand")
    }

    /// The schema as `pg_dump` sees it, for some cases: it is slow.
    fn dump(&self) -> Option<String> {
        let tool = Cluster::shared().binaries().program("pg_dump");
        if !once_in(self.genes.head[8], 8) || !tool.exists() {
            return None;
        }
        let dump = self.db.dump(&["turnback"]);
        let mut schema = String::new();
        let mut in_rows = false;
        for line in dump.lines() {
            let is_data = in_rows || line.starts_with("SELECT pg_catalog.setval(");
            in_rows = (in_rows && line != "\\.") || line.starts_with("COPY ");
            if !is_data {
                schema.push_str(line);
                schema.push('\n');
            }
        }
        Some(schema)
    }
}

/// Names sequences after the columns that own them: PostgreSQL gave them the first name that was
/// free, which other columns of the first shape may have had.
fn name_sequences(snapshot: &mut Snapshot) {
    for (name, table) in &mut snapshot.tables {
        for column in &mut table.columns {
            let Some(sequence) = column.sequence.take() else {
                continue;
            };
            let own = TableName::new(
                name.schema.clone(),
                Ident::new(format!("{}.{}", name.name.as_str(), column.name.as_str())),
            );
            if let Some(found) = snapshot.sequences.remove(&sequence) {
                snapshot.sequences.insert(own.clone(), found);
            }
            if column.draws_from_a_sequence() {
                column.default = column.default.take().map(|_| format!("nextval {own}"));
            }
            column.sequence = Some(own);
        }
    }
}

/// A foreign key to the primary key of a partitioned table pairs its columns in that key's
/// order, whatever order they were given in: that is how it finds the key among its like.
fn order_pairs(snapshot: &mut Snapshot) {
    let partitioned: BTreeSet<TableName> = snapshot
        .tables
        .iter()
        .filter(|(_, table)| table.partition_key.is_some())
        .map(|(name, _)| name.clone())
        .collect();
    for constraint in snapshot
        .tables
        .values_mut()
        .flat_map(|t| &mut t.constraints)
    {
        let ConstraintKind::ForeignKey(far) = &mut constraint.kind else {
            continue;
        };
        if partitioned.contains(&far.table) {
            let near = constraint.columns.drain(..);
            let mut pairs: Vec<(Ident, Ident)> = near.zip(far.columns.drain(..)).collect();
            pairs.sort();
            (constraint.columns, far.columns) = pairs.into_iter().unzip();
            constraint.definition.clear();
        }
    }
}

/// A column that came down from the whole has its `NOT NULL` by the name of there (PostgreSQL 18),
/// also in a partition that was made by itself and named its own.
fn name_not_nulls(snapshot: &mut Snapshot) {
    let tables = snapshot.tables.values_mut();
    for table in tables.filter(|table| table.partition_bound.is_some()) {
        for constraint in &mut table.constraints {
            if constraint.definition.starts_with("NOT NULL ") {
                constraint.name = Ident::new(constraint.definition.as_str());
                constraint.inherited = true;
            }
        }
    }
}

fn public(converted: BTreeSet<usize>) -> Shape {
    Shape {
        tag: None,
        converted,
    }
}

fn same(before: &Snapshot, after: &Snapshot, what: &str) -> Result<(), String> {
    let found = differences(before, after);
    if found.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    Err(format!(
        "the catalog after {what} is another:\n  {}",
        lines.join("\n  ")
    ))
}

fn lines_apart(before: &str, after: &str) -> String {
    let (b, a): (BTreeSet<&str>, BTreeSet<&str>) =
        (before.lines().collect(), after.lines().collect());
    let gone = b.difference(&a).map(|line| format!("- {line}"));
    let come = a.difference(&b).map(|line| format!("+ {line}"));
    gone.chain(come).collect::<Vec<_>>().join("\n")
}
