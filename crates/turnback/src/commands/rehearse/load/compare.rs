//! The comparison: every acknowledged write through each shape that is open, every row that was
//! there before, and no row that nobody wrote.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sqlx::PgConnection;
use turnback_core::name::{Ident, list, literal};

use super::bulk::{Bulk, key_names, keys_table, same_key};
use super::client::Shape;
use super::model::{Entry, Key, Model, key};
use super::naming::{Naming, Side};
use super::recipe::Recipe;
use super::roots::Place;
use super::{Values, rows};

/// Keys that are asked for at once.
const BATCH: usize = 500;
/// Of each kind of fault so many are kept word for word.
const WORDY: usize = 20;

/// What a comparison found.
#[derive(Clone, Debug, Default, Serialize)]
pub(in crate::commands::rehearse) struct Compared {
    /// The moment.
    pub(in crate::commands::rehearse) when: String,
    /// Writes that were acknowledged until then.
    pub(in crate::commands::rehearse) acknowledged: u64,
    /// Rows compared, once for each shape.
    pub(in crate::commands::rehearse) rows: u64,
    /// Rows that were acknowledged, or were there before, and are not there.
    pub(in crate::commands::rehearse) lost: Faults,
    /// Rows that nobody wrote.
    pub(in crate::commands::rehearse) invented: Faults,
    /// Rows with other values than were acknowledged.
    pub(in crate::commands::rehearse) wrong: Faults,
}

/// Faults of a kind: all counted, the first ones named.
#[derive(Clone, Debug, Default, Serialize)]
pub(in crate::commands::rehearse) struct Faults {
    pub(in crate::commands::rehearse) count: u64,
    pub(in crate::commands::rehearse) first: Vec<String>,
}

impl Faults {
    pub(super) fn note(&mut self, fault: String) {
        self.count += 1;
        if self.first.len() < WORDY {
            self.first.push(fault);
        }
    }
}

/// What shape the tables have at a quiet moment.
#[derive(Clone, Debug)]
pub(in crate::commands::rehearse) enum Open {
    /// `public` alone, which shows this side.
    One(Side),
    /// The old shape, and the version schemas of these tags, newest first.
    Both(Vec<String>),
}

/// What to compare with.
pub(super) struct Comparison<'a> {
    pub(super) recipes: &'a [Recipe],
    pub(super) roots: &'a BTreeMap<Place, Place>,
    pub(super) bulk: &'a Bulk,
    pub(super) schemas: &'a [Ident],
}

/// `('a', 'b'), …`
pub(super) fn tuples<'k>(keys: impl IntoIterator<Item = &'k Key>) -> String {
    keys.into_iter()
        .map(|key| format!("({})", list(key.iter().map(|value| literal(value)))))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Comparison<'_> {
    /// Compares; nobody may write meanwhile.
    pub(super) async fn run(
        &self,
        connection: &mut PgConnection,
        models: &[&Model],
        open: &Open,
        found: &mut Compared,
    ) -> Result<(), sqlx::Error> {
        let (views, base) = match open {
            Open::One(side) => (vec![(vec![], *side)], *side),
            Open::Both(tags) => (
                vec![
                    (vec!["base".to_owned()], Side::Old),
                    (tags.clone(), Side::New),
                ],
                Side::Old,
            ),
        };
        let maps = match open {
            Open::One(_) => Maps::default(),
            Open::Both(_) => self.maps(connection, models).await?,
        };
        for (number, recipe) in self.recipes.iter().enumerate() {
            if recipe.key.is_empty() {
                continue;
            }
            for (tags, side) in &views {
                let expected = self.expected(number, models, *side, &maps, found);
                let shape = Shape {
                    tags: tags.clone(),
                    schemas: self.schemas.to_vec(),
                    changes: false,
                };
                self.through(connection, number, &shape, *side, &expected, found)
                    .await?;
            }
            let expected = self.expected(number, models, base, &maps, &mut Compared::default());
            self.others(connection, number, base, &expected, found)
                .await?;
        }
        Ok(())
    }

    /// What rows of a recipe must be, seen from a side.
    fn expected(
        &self,
        number: usize,
        models: &[&Model],
        side: Side,
        maps: &Maps,
        found: &mut Compared,
    ) -> BTreeMap<Key, (Values, bool)> {
        let recipe = &self.recipes[number];
        let mut expected = BTreeMap::new();
        for model in models {
            for (_, entry) in model.of(number, |_| true) {
                match self.translated(recipe, entry, model.side, side, maps) {
                    Ok(values) => {
                        expected.insert(key(&values, &recipe.key), (values, entry.adopted));
                    }
                    Err(why) => found.wrong.note(why),
                }
            }
        }
        expected
    }

    /// A row's values, seen from another side.
    pub(super) fn translated(
        &self,
        recipe: &Recipe,
        entry: &Entry,
        from: Side,
        to: Side,
        maps: &Maps,
    ) -> Result<Values, String> {
        let mut values = entry.values.clone();
        if from == to {
            return Ok(values);
        }
        for (at, column) in recipe.columns.iter().enumerate() {
            let (true, Some(value)) = (column.touched, &mut values[at]) else {
                continue;
            };
            let place = (recipe.table.clone(), column.name.clone());
            let other = self
                .roots
                .get(&place)
                .and_then(|root| maps.0.get(root)?.get(&(from == Side::Old, value.clone())));
            match other {
                Some(other) => value.clone_from(other),
                None => {
                    return Err(format!(
                        "{}.{} = {value}: it has no counterpart in the other shape",
                        recipe.table, column.name
                    ));
                }
            }
        }
        Ok(values)
    }

    async fn through(
        &self,
        connection: &mut PgConnection,
        number: usize,
        shape: &Shape,
        side: Side,
        expected: &BTreeMap<Key, (Values, bool)>,
        found: &mut Compared,
    ) -> Result<(), sqlx::Error> {
        let recipe = &self.recipes[number];
        let names = Naming::only(recipe, side).plain;
        let keys: Vec<&Ident> = recipe.key.iter().map(|at| &names[*at]).collect();
        let path = shape.path(&recipe.table.schema);
        rows(connection, &format!("SET search_path = {path}")).await?;
        let wanted: Vec<&Key> = expected.keys().collect();
        let mut there: BTreeMap<Key, Values> = BTreeMap::new();
        for some in wanted.chunks(BATCH) {
            let query = format!(
                "SELECT {} FROM {} WHERE ({}) IN ({})",
                list(&names),
                recipe.table.name,
                list(&keys),
                tuples(some.iter().copied())
            );
            for row in rows(connection, &query).await? {
                there.insert(key(&row, &recipe.key), row);
            }
        }
        rows(connection, "RESET search_path").await?;
        let through = match side {
            Side::Old => "the old shape",
            Side::New => "the new shape",
        };
        for (key, (values, _)) in expected {
            found.rows += 1;
            match there.get(key) {
                None => found.lost.note(format!(
                    "{} {}: not there through {through}",
                    recipe.table,
                    key.join(", ")
                )),
                Some(row) if !recipe.loose && row != values => {
                    let column = values
                        .iter()
                        .zip(row)
                        .position(|(a, b)| a != b)
                        .unwrap_or(0);
                    found.wrong.note(format!(
                        "{} {}: {} is not what was acknowledged, through {through}",
                        recipe.table,
                        key.join(", "),
                        names[column]
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Rows that were there before, and rows that nobody wrote.
    async fn others(
        &self,
        connection: &mut PgConnection,
        number: usize,
        side: Side,
        expected: &BTreeMap<Key, (Values, bool)>,
        found: &mut Compared,
    ) -> Result<(), sqlx::Error> {
        let recipe = &self.recipes[number];
        let names = names(connection, recipe, side).await?;
        let keys = key_names(recipe, &names, side);
        let before = keys_table(number, side);
        let same = same_key(&keys);
        let extra = rows(
            connection,
            &format!(
                "SELECT {} FROM {} t WHERE NOT EXISTS (SELECT FROM {before} b WHERE {same})",
                list(keys.iter().map(|name| format!("t.{name}"))),
                recipe.table
            ),
        )
        .await?;
        for row in extra {
            let key: Key = row.into_iter().flatten().collect();
            if !recipe.open && !expected.contains_key(&key) {
                found
                    .invented
                    .note(format!("{} {}", recipe.table, key.join(", ")));
            }
        }
        let places: Vec<String> = (0..keys.len()).map(|at| format!("b.k{at}")).collect();
        let gone = rows(
            connection,
            &format!(
                "SELECT {} FROM {before} b WHERE NOT EXISTS (SELECT FROM {} t WHERE {same})",
                list(&places),
                recipe.table
            ),
        )
        .await?;
        for row in gone.into_iter().filter(|_| !recipe.open) {
            let key: Key = row.into_iter().flatten().collect();
            found.lost.note(format!(
                "{} {}: it was there before any client",
                recipe.table,
                key.join(", ")
            ));
        }
        let adopts = recipe.no_insert.is_some();
        if !recipe.loose
            && !recipe.open
            && !adopts
            && !self
                .bulk
                .is_same(connection, number, recipe, &names, side)
                .await?
        {
            found.wrong.note(format!(
                "{}: rows that were there before any client have other values",
                recipe.table
            ));
        }
        Ok(())
    }

    /// What each value of the one side is on the other, for all that clients remember.
    pub(super) async fn maps(
        &self,
        connection: &mut PgConnection,
        models: &[&Model],
    ) -> Result<Maps, sqlx::Error> {
        let mut wanted: BTreeMap<(&Place, bool), BTreeSet<Key>> = BTreeMap::new();
        for model in models {
            for ((number, _), entry) in &model.rows {
                let recipe = &self.recipes[*number];
                for (at, column) in recipe.columns.iter().enumerate() {
                    let place = (recipe.table.clone(), column.name.clone());
                    if let (true, Some(value), Some(root)) =
                        (column.touched, &entry.values[at], self.roots.get(&place))
                    {
                        let values = wanted.entry((root, model.side == Side::Old)).or_default();
                        values.insert(vec![value.clone()]);
                    }
                }
            }
        }
        let mut maps = Maps::default();
        for ((root, from_old), values) in wanted {
            let Some(recipe) = self.recipes.iter().find(|recipe| recipe.table == root.0) else {
                continue;
            };
            let names = names(connection, recipe, Side::Old).await?;
            let Some(at) = recipe.columns.iter().position(|c| c.name == root.1) else {
                continue;
            };
            let (old, new) = (&names.old[at], &names.new[at]);
            let by = if from_old { old } else { new };
            let map = maps.0.entry(root.clone()).or_default();
            let values: Vec<&Key> = values.iter().collect();
            for some in values.chunks(BATCH) {
                let query = format!(
                    "SELECT {old}, {new} FROM {} WHERE ({by}) IN ({})",
                    recipe.table,
                    tuples(some.iter().copied())
                );
                for row in rows(connection, &query).await? {
                    if let [Some(old), Some(new)] = row.as_slice() {
                        map.insert((true, old.clone()), new.clone());
                        map.insert((false, new.clone()), old.clone());
                    }
                }
            }
        }
        Ok(maps)
    }
}

/// For each key, what a value of the one side (old when true) is on the other.
#[derive(Debug, Default)]
pub(super) struct Maps(BTreeMap<Place, BTreeMap<(bool, String), String>>);

/// Names of a table's columns as they are now.
pub(super) async fn names(
    connection: &mut PgConnection,
    recipe: &Recipe,
    alone: Side,
) -> Result<Naming, sqlx::Error> {
    let has = rows(
        connection,
        &format!(
            "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped",
            literal(&recipe.table.to_string())
        ),
    )
    .await?;
    let has: BTreeSet<String> = has.into_iter().flatten().flatten().collect();
    Ok(Naming::of(recipe, &has, alone))
}
