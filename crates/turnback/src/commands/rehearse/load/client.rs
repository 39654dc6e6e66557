//! One client: a session that works on a shape, transaction by transaction, and remembers what
//! was acknowledged.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tokio::sync::{Mutex, watch};
use turnback_core::name::{Ident, list, literal};

use super::bulk::Bulk;
use super::model::{Change, Entry, Key, Model, key};
use super::naming::{Naming, Side};
use super::recipe::{From, Recipe};
use super::stats::{Outcome, Stats};
use super::{CLIENT, Values, rows, sql};

/// Above so many rows of a table a client removes more than it makes.
const MANY: usize = 120;
/// A parent may need a parent, and so on.
const DEEPEST: u32 = 5;

/// A client at work.
pub(super) struct Client {
    pub(super) url: String,
    pub(super) shape: Shape,
    pub(super) recipes: Arc<Vec<Recipe>>,
    pub(super) bulk: Arc<Bulk>,
    pub(super) model: Arc<Mutex<Model>>,
    pub(super) stats: Arc<Stats>,
    pub(super) rng: fastrand::Rng,
    pub(super) pace: Duration,
    pub(super) stop: watch::Receiver<bool>,
}

/// What a client sees.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Tags of version schemas, best first; what has no such schema falls through.
    pub(super) tags: Vec<String>,
    /// The schemas of the tables.
    pub(super) schemas: Vec<Ident>,
    /// The names it knows may change their meaning from one transaction to the next.
    pub(super) changes: bool,
}

impl Shape {
    /// `search_path` for tables of a schema.
    pub(super) fn path(&self, schema: &Ident) -> String {
        let others = self.schemas.iter().filter(|other| *other != schema);
        let of = |schema: &Ident| {
            let versions = self
                .tags
                .iter()
                .map(|tag| schema.with_suffix(&format!("_{}", tag.replace('-', "_"))));
            versions.chain([schema.clone()]).collect::<Vec<_>>()
        };
        list(std::iter::once(schema).chain(others).flat_map(of))
    }
}

/// A table as this transaction finds it.
pub(super) struct Found {
    names: Naming,
    side: Side,
}

impl Client {
    /// Works until told to stop.
    pub(super) async fn work(mut self) {
        let mut session: Option<PgConnection> = None;
        let mut turn = Instant::now();
        while !*self.stop.borrow() {
            // However long the last one took, each gets its turn; none is made up for.
            turn = (turn + self.pace).max(Instant::now());
            tokio::select! {
                () = tokio::time::sleep_until(turn.into()) => {}
                _ = self.stop.changed() => break,
            }
            let mut connection = match session.take() {
                Some(connection) => connection,
                None => match connect(&self.url).await {
                    Ok(connection) => connection,
                    Err(error) => {
                        self.stats
                            .note(Instant::now(), false, Outcome::of(&error, ""));
                        continue;
                    }
                },
            };
            if self.turn(&mut connection).await {
                session = Some(connection);
            }
        }
        if let Some(connection) = session {
            // The server sees to it when the goodbye is lost.
            let _ = connection.close().await;
        }
    }

    /// One transaction; false when the session is of no use any more.
    async fn turn(&mut self, connection: &mut PgConnection) -> bool {
        let model = self.model.clone();
        let mut model = model.lock().await;
        let begun = Instant::now();
        let recipe = self.rng.usize(..self.recipes.len());
        let commits = self.rng.u8(0..8) > 0;
        let end = if commits { "COMMIT" } else { "ROLLBACK" };
        let mut changes = Vec::new();
        let mut wrong = Vec::new();
        let done = match self
            .draw(connection, recipe, &model, &mut changes, &mut wrong)
            .await
        {
            Ok(()) => rows(connection, end).await.map(drop),
            Err(error) => Err(error),
        };
        model.wrong.append(&mut wrong);
        match done {
            Ok(()) => {
                if commits {
                    model.apply(changes);
                }
                self.stats.note(begun, false, Outcome::Done);
                true
            }
            Err(error) => {
                let table = self.recipes[recipe].table.to_string();
                self.stats.note(begun, false, Outcome::of(&error, &table));
                rows(connection, "ROLLBACK").await.is_ok()
            }
        }
    }

    async fn draw(
        &mut self,
        connection: &mut PgConnection,
        recipe: usize,
        model: &Model,
        changes: &mut Vec<Change>,
        wrong: &mut Vec<String>,
    ) -> Result<(), sqlx::Error> {
        rows(connection, "BEGIN").await?;
        let found = self.look(connection, recipe, model.side).await?;
        let can_make = self.recipes[recipe].no_insert.is_none();
        let crowded = model.of(recipe, |_| true).len() > MANY;
        match self.rng.u8(0..100) {
            0..45 if can_make && !crowded => {
                self.make(connection, recipe, model.side, 0, changes)
                    .await?;
            }
            0..75
                if self
                    .change(connection, recipe, &found, model, changes)
                    .await? => {}
            75..88 | 0..45
                if self
                    .remove(connection, recipe, &found, model, changes)
                    .await? => {}
            _ => self.read(connection, recipe, &found, model, wrong).await?,
        }
        Ok(())
    }

    /// Takes the table for this transaction and finds out what it looks like.
    pub(super) async fn look(
        &self,
        connection: &mut PgConnection,
        recipe: usize,
        side: Side,
    ) -> Result<Found, sqlx::Error> {
        let recipe = &self.recipes[recipe];
        let path = self.shape.path(&recipe.table.schema);
        let name = &recipe.table.name;
        let touch = format!("SET LOCAL search_path = {path}; SELECT FROM {name} LIMIT 0");
        if !self.shape.changes {
            rows(connection, &touch).await?;
            return Ok(Found {
                names: Naming::only(recipe, side),
                side,
            });
        }
        // Once it is locked, even for reading, it keeps its shape until the transaction ends.
        let table = literal(&recipe.table.to_string());
        let has = rows(
            connection,
            &format!(
                "{touch}; SELECT attname::text FROM pg_catalog.pg_attribute \
                 WHERE attrelid = {table}::regclass AND attnum > 0 AND NOT attisdropped"
            ),
        )
        .await?;
        let has: BTreeSet<String> = has.into_iter().flatten().flatten().collect();
        Ok(Found {
            names: Naming::of(recipe, &has, side),
            side,
        })
    }

    /// A row like one that is there; gives its values under the plain names.
    pub(super) async fn make(
        &mut self,
        connection: &mut PgConnection,
        number: usize,
        side: Side,
        depth: u32,
        changes: &mut Vec<Change>,
    ) -> Result<Option<((usize, Key), Values)>, sqlx::Error> {
        let found = self.look(connection, number, side).await?;
        let recipes = self.recipes.clone();
        let recipe = &recipes[number];
        let Some(template) = self.template(connection, number, &found).await? else {
            return Ok(None);
        };
        let mut given: Values = template.clone();
        let mut parents = Vec::new();
        for reference in recipe.references.iter().filter(|r| r.own_parent) {
            let far = recipes.iter().position(|r| r.table == reference.far);
            let (Some(far), true) = (far, depth < DEEPEST) else {
                return Ok(None);
            };
            let making = Box::pin(self.make(connection, far, side, depth + 1, changes));
            let Some((parent, values)) = making.await? else {
                return Ok(None);
            };
            for (near, far_column) in reference.columns.iter().zip(&reference.far_columns) {
                let at = recipes[far]
                    .columns
                    .iter()
                    .position(|c| &c.name == far_column);
                given[*near] = at.and_then(|at| values[at].clone());
            }
            parents.push(parent);
            // The path is the parent's by now.
            self.look(connection, number, side).await?;
        }
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (at, column) in recipe.columns.iter().enumerate() {
            // A key that the new shape makes by itself.
            let makes_itself = column.touched
                && found.names.is_new[at]
                && !recipe.references.iter().any(|r| r.columns.contains(&at));
            let value = match &column.from {
                From::Default => continue,
                From::Fresh(_) if makes_itself => continue,
                From::Template => sql(&given[at]),
                From::Fresh(fresh) => fresh.value(
                    template[at].as_deref(),
                    self.bulk.greatest(number, at),
                    self.bulk.style(number),
                ),
            };
            names.push(column.name.clone());
            values.push(value);
        }
        let statement = if names.is_empty() {
            format!("INSERT INTO {} DEFAULT VALUES", recipe.table.name)
        } else {
            format!(
                "INSERT INTO {} ({}) VALUES ({})",
                recipe.table.name,
                list(names),
                values.join(", ")
            )
        };
        let made = rows(
            connection,
            &format!("{statement} RETURNING {}", both(&found)),
        )
        .await?;
        let Some((own, plain)) = made.into_iter().next().map(|row| halves(recipe, row)) else {
            // A trigger kept it out, silently.
            return Ok(None);
        };
        let name = (number, key(&own, &recipe.key));
        changes.push(Change::Made(
            name.clone(),
            Entry {
                values: own,
                children: 0,
                parents,
                adopted: false,
            },
        ));
        Ok(Some((name, plain)))
    }

    /// Values under the plain names of a row that was there before any client.
    async fn template(
        &mut self,
        connection: &mut PgConnection,
        number: usize,
        found: &Found,
    ) -> Result<Option<Values>, sqlx::Error> {
        let recipe = &self.recipes[number];
        let Some(key) = self.bulk.any(number, found.side, &mut self.rng) else {
            return Ok(None);
        };
        let query = format!(
            "SELECT {} FROM {} WHERE {}",
            list(&found.names.plain),
            recipe.table.name,
            is(recipe, found, &key)
        );
        Ok(rows(connection, &query).await?.into_iter().next())
    }

    /// Gives one of its rows another row's value, or another parent.
    pub(super) async fn change(
        &mut self,
        connection: &mut PgConnection,
        number: usize,
        found: &Found,
        model: &Model,
        changes: &mut Vec<Change>,
    ) -> Result<bool, sqlx::Error> {
        let recipes = self.recipes.clone();
        let recipe = &recipes[number];
        if recipe.no_update.is_some() {
            return Ok(false);
        }
        let own = model.of(number, |_| true);
        let Some((key, _)) = self.rng.choice(own) else {
            return Ok(false);
        };
        let moving: Vec<&Vec<usize>> = recipe
            .references
            .iter()
            .filter(|r| r.can_move)
            .map(|r| &r.columns)
            .collect();
        let places = match (self.rng.choice(&recipe.free), self.rng.choice(&moving)) {
            (Some(free), None) => vec![*free],
            (Some(free), Some(_)) if self.rng.bool() => vec![*free],
            (_, Some(columns)) => (*columns).clone(),
            (None, None) => return Ok(false),
        };
        let Some(template) = self.template(connection, number, found).await? else {
            return Ok(false);
        };
        let set = places
            .iter()
            .map(|at| format!("{} = {}", found.names.plain[*at], sql(&template[*at])));
        let statement = format!(
            "UPDATE {} SET {} WHERE {} RETURNING {}",
            recipe.table.name,
            list(set),
            is(recipe, found, key),
            both(found)
        );
        let changed = rows(connection, &statement).await?;
        if let Some(row) = changed.into_iter().next() {
            let (values, _) = halves(recipe, row);
            changes.push(Change::Changed((number, key.clone()), values));
        }
        Ok(true)
    }

    /// Removes one of its rows that is nobody's parent.
    pub(super) async fn remove(
        &mut self,
        connection: &mut PgConnection,
        number: usize,
        found: &Found,
        model: &Model,
        changes: &mut Vec<Change>,
    ) -> Result<bool, sqlx::Error> {
        let recipe = &self.recipes[number];
        if recipe.no_remove {
            return Ok(false);
        }
        let own = model.of(number, |entry| entry.children == 0 && !entry.adopted);
        let Some((key, _)) = self.rng.choice(own) else {
            return Ok(false);
        };
        let statement = format!(
            "DELETE FROM {} WHERE {}",
            recipe.table.name,
            is(recipe, found, key)
        );
        rows(connection, &statement).await?;
        changes.push(Change::Gone((number, key.clone())));
        Ok(true)
    }

    /// Reads one of its rows, which must be as it left it; or any row.
    async fn read(
        &mut self,
        connection: &mut PgConnection,
        number: usize,
        found: &Found,
        model: &Model,
        wrong: &mut Vec<String>,
    ) -> Result<(), sqlx::Error> {
        let recipes = self.recipes.clone();
        let recipe = &recipes[number];
        let own = model.of(number, |_| true);
        let Some((key, entry)) = self.rng.choice(own) else {
            self.template(connection, number, found).await?;
            return Ok(());
        };
        let query = format!(
            "SELECT {} FROM {} WHERE {}",
            list(found.names.side(found.side)),
            recipe.table.name,
            is(recipe, found, key)
        );
        let read = rows(connection, &query).await?.into_iter().next();
        let differs = match &read {
            None => true,
            Some(values) => !recipe.loose && values != &entry.values,
        };
        if differs {
            wrong.push(format!(
                "{} {}: a client read {} after its write was acknowledged",
                recipe.table,
                key.join(", "),
                if read.is_some() {
                    "other values"
                } else {
                    "nothing"
                }
            ));
        }
        Ok(())
    }
}

/// A session as an application has it, with values in the forms that compare.
pub(super) async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let setup = format!(
        "SET application_name = {}; SET TimeZone = 'UTC'; SET extra_float_digits = 3; SET client_min_messages = error; \
         SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'",
        literal(CLIENT)
    );
    rows(&mut connection, &setup).await?;
    Ok(connection)
}

/// What a statement returns: the values of the client's side, then those of the plain names.
fn both(found: &Found) -> String {
    list(
        found
            .names
            .side(found.side)
            .iter()
            .chain(&found.names.plain),
    )
}

fn halves(recipe: &Recipe, mut row: Values) -> (Values, Values) {
    let plain = row.split_off(recipe.columns.len());
    (row, plain)
}

/// The row of a key, on the client's side.
fn is(recipe: &Recipe, found: &Found, key: &Key) -> String {
    let names = found.names.side(found.side);
    recipe
        .key
        .iter()
        .zip(key)
        .map(|(at, value)| format!("{} = {}", names[*at], literal(value)))
        .collect::<Vec<_>>()
        .join(" AND ")
}
