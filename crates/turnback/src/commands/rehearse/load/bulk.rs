//! The rows that were there before any client: templates for new ones, and to be there, as
//! they were, at the end.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use sqlx::PgConnection;
use turnback_core::name::{Ident, list};

use super::fresh::Style;
use super::model::Key;
use super::naming::{Naming, Side};
use super::recipe::{From, Recipe};
use super::{SCHEMA, rows};

/// Rows of a table that serve as templates.
const TEMPLATES: usize = 300;

/// What is known of them, by recipe.
#[derive(Debug, Default)]
pub(super) struct Bulk {
    tables: Vec<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    old: Vec<Key>,
    new: RwLock<Vec<Key>>,
    /// The greatest value of columns that get fresh ones.
    greatest: BTreeMap<usize, String>,
    style: Style,
    /// Of all contents, and of those that no phase touches.
    digests: RwLock<Option<(String, String)>>,
}

/// The table that holds a recipe's keys.
pub(super) fn keys_table(number: usize, side: Side) -> String {
    match side {
        Side::Old => format!("{SCHEMA}.rows_{number}"),
        Side::New => format!("{SCHEMA}.rows_{number}_new"),
    }
}

/// Names of a recipe's key columns on a side.
pub(super) fn key_names(recipe: &Recipe, names: &Naming, side: Side) -> Vec<Ident> {
    recipe
        .key
        .iter()
        .map(|at| names.side(side)[*at].clone())
        .collect()
}

/// `t.a = b.k0 AND …`
pub(super) fn same_key(keys: &[Ident]) -> String {
    let pairs = keys
        .iter()
        .enumerate()
        .map(|(at, name)| format!("t.{name} = b.k{at}"));
    pairs.collect::<Vec<_>>().join(" AND ")
}

fn as_keys(keys: &[Ident]) -> String {
    list(
        keys.iter()
            .enumerate()
            .map(|(at, name)| format!("t.{name} AS k{at}")),
    )
}

impl Bulk {
    /// Takes down every key, before any client writes.
    pub(super) async fn look(
        connection: &mut PgConnection,
        recipes: &[Recipe],
        seed: u64,
    ) -> Result<Self, sqlx::Error> {
        let mut tables = Vec::new();
        for (number, recipe) in recipes.iter().enumerate() {
            let mut found = Rows::default();
            if !recipe.key.is_empty() {
                let names = Naming::only(recipe, Side::Old);
                let keys = key_names(recipe, &names, Side::Old);
                let kept = keys_table(number, Side::Old);
                let places: Vec<String> = (0..keys.len()).map(|at| format!("k{at}")).collect();
                let sql = format!(
                    "CREATE TABLE {kept} AS SELECT {} FROM {} t; CREATE UNIQUE INDEX ON {kept} ({}); ANALYZE {kept}",
                    as_keys(&keys),
                    recipe.table,
                    list(&places)
                );
                rows(connection, &sql).await?;
                let row = places
                    .iter()
                    .map(|place| format!("{place}::text"))
                    .collect::<Vec<_>>();
                let drawn = rows(
                    connection,
                    &format!(
                        "SELECT {} FROM {kept} ORDER BY md5(concat({seed}, {})) LIMIT {TEMPLATES}",
                        list(&places),
                        row.join(", ")
                    ),
                )
                .await?;
                found.old = drawn
                    .into_iter()
                    .map(|key| key.into_iter().flatten().collect())
                    .collect();
            }
            for (at, column) in recipe.columns.iter().enumerate() {
                if matches!(column.from, From::Fresh(_)) {
                    let query = format!("SELECT max({}) FROM {}", column.name, recipe.table);
                    // Types without a greatest value have no use for one.
                    let answer = rows(connection, &query).await.unwrap_or_default();
                    if let Some(greatest) = answer.into_iter().flatten().flatten().next() {
                        found.greatest.insert(at, greatest);
                    }
                }
            }
            tables.push(found);
        }
        Ok(Self { tables })
    }

    /// A row's key.
    pub(super) fn any(&self, recipe: usize, side: Side, rng: &mut fastrand::Rng) -> Option<Key> {
        let table = self.tables.get(recipe)?;
        match side {
            Side::Old => rng.choice(&table.old).cloned(),
            Side::New => {
                let new = table.new.read().unwrap_or_else(PoisonError::into_inner);
                rng.choice(new.iter()).cloned()
            }
        }
    }

    /// Keys of templates on the old side.
    pub(super) fn templates(&self, recipe: usize) -> &[Key] {
        self.tables.get(recipe).map_or(&[], |table| &table.old)
    }

    pub(super) fn greatest(&self, recipe: usize, column: usize) -> Option<&str> {
        self.tables
            .get(recipe)?
            .greatest
            .get(&column)
            .map(String::as_str)
    }

    /// # Panics
    ///
    /// Never: every recipe has a place here.
    pub(super) fn style(&self, recipe: usize) -> &Style {
        static PLAIN: std::sync::LazyLock<Style> = std::sync::LazyLock::new(Style::default);
        self.tables.get(recipe).map_or(&PLAIN, |table| &table.style)
    }

    /// Learns the new side's keys, while both sides are there.
    pub(super) async fn learn(
        &self,
        connection: &mut PgConnection,
        number: usize,
        recipe: &Recipe,
        names: &Naming,
    ) -> Result<(), sqlx::Error> {
        let old = key_names(recipe, names, Side::Old);
        let new = key_names(recipe, names, Side::New);
        let mut learnt = Vec::new();
        if old == new {
            learnt.extend_from_slice(self.templates(number));
        } else {
            for some in self.templates(number).chunks(100) {
                let query = format!(
                    "SELECT {} FROM {} t WHERE ({}) IN ({})",
                    list(new.iter().map(|name| format!("t.{name}"))),
                    recipe.table,
                    list(old.iter().map(|name| format!("t.{name}"))),
                    super::compare::tuples(some)
                );
                let found = rows(connection, &query).await?;
                learnt.extend(
                    found
                        .into_iter()
                        .map(|key| key.into_iter().flatten().collect::<Key>()),
                );
            }
        }
        if let Some(table) = self.tables.get(number) {
            *table.new.write().unwrap_or_else(PoisonError::into_inner) = learnt;
        }
        Ok(())
    }

    /// Takes the new side's keys down, before the old ones go.
    pub(super) async fn keep_new(
        &self,
        connection: &mut PgConnection,
        number: usize,
        recipe: &Recipe,
        names: &Naming,
    ) -> Result<(), sqlx::Error> {
        let (kept, old) = (
            keys_table(number, Side::New),
            key_names(recipe, names, Side::Old),
        );
        let sql = format!(
            "CREATE TABLE {kept} AS SELECT {} FROM {} t JOIN {} b ON {}; CREATE INDEX ON {kept} (k0); ANALYZE {kept}",
            as_keys(&key_names(recipe, names, Side::New)),
            recipe.table,
            keys_table(number, Side::Old),
            same_key(&old)
        );
        rows(connection, &sql).await.map(drop)
    }

    /// Remembers a digest of the contents the first time; from then on says whether it is still
    /// the same. On the new side only what no phase touches is compared.
    pub(super) async fn is_same(
        &self,
        connection: &mut PgConnection,
        number: usize,
        recipe: &Recipe,
        names: &Naming,
        side: Side,
    ) -> Result<bool, sqlx::Error> {
        let Some(table) = self.tables.get(number) else {
            return Ok(true);
        };
        let digest = |only_untouched: bool| {
            let columns = recipe
                .columns
                .iter()
                .zip(names.side(side))
                .filter(|(column, _)| !(only_untouched && column.touched))
                .map(|(_, name)| format!("t.{name}"));
            let columns: Vec<String> = columns.collect();
            if columns.is_empty() {
                "''".to_owned()
            } else {
                format!(
                    "sum(hashtextextended(ROW({})::text, 0)::numeric)",
                    list(columns)
                )
            }
        };
        let all = match side {
            Side::Old => digest(false),
            Side::New => "NULL".to_owned(),
        };
        let query = format!(
            "SELECT coalesce({all}, 0)::text, coalesce(nullif({}::text, ''), '0') FROM {} t JOIN {} b ON {}",
            digest(true),
            recipe.table,
            keys_table(number, side),
            same_key(&key_names(recipe, names, side))
        );
        let answer = rows(connection, &query).await?;
        let mut answer = answer.into_iter().flatten().flatten();
        let now = (
            answer.next().unwrap_or_default(),
            answer.next().unwrap_or_default(),
        );
        let mut known = table
            .digests
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(match known.as_ref() {
            None => {
                *known = Some(now);
                true
            }
            Some(before) => before.1 == now.1 && (side == Side::New || before.0 == now.0),
        })
    }
}
