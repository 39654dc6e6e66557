//! All clients of a rehearsal: let in, withdrawn, compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgConnection;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::task::JoinHandle;
use turnback_core::name::{Ident, TableName};
use turnback_core::schema::Snapshot;

use super::bulk::Bulk;
use super::client::{Client, Shape, connect};
use super::compare::{Compared, Comparison, Open, names};
use super::model::{Entry, Model, key};
use super::naming::{Naming, Side};
use super::recipe::{Recipe, recipes};
use super::roots::{Place, roots};
use super::stats::Stats;
use super::{SCHEMA, control, probe, rows};
use crate::commands::rehearse::{Options, failed};
use crate::failure::Failure;

/// Rows that were there before and that a client may change, where it can make none.
const ADOPTED: usize = 12;

/// Which clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::commands::rehearse) enum Kind {
    /// Of the old shape, by `search_path`.
    Old,
    /// Of the version schemas of these tags, newest first: each shows what its phase changed.
    New(Vec<String>),
    /// Without a `search_path` of their own.
    Public,
}

/// A client from outside.
struct Handle {
    kind: Kind,
    model: Arc<Mutex<Model>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// All of them.
pub(in crate::commands::rehearse) struct Traffic {
    url: String,
    recipes: Arc<Vec<Recipe>>,
    roots: BTreeMap<Place, Place>,
    schemas: Vec<Ident>,
    bulk: Arc<Bulk>,
    stats: Arc<Stats>,
    clients: Vec<Handle>,
    control: Option<(watch::Sender<bool>, JoinHandle<()>)>,
    rng: fastrand::Rng,
    pace: Duration,
    adopted: usize,
    session: PgConnection,
}

impl Drop for Traffic {
    fn drop(&mut self) {
        for client in &self.clients {
            client.task.abort();
        }
        if let Some((_, task)) = &self.control {
            task.abort();
        }
    }
}

impl Traffic {
    /// Tries every table out, takes down what is there, and lets the control client in.
    pub(in crate::commands::rehearse) async fn prepare(
        url: &str,
        snapshot: &Snapshot,
        tables: &BTreeSet<TableName>,
        touched: &BTreeSet<(TableName, Ident)>,
        options: &Options,
    ) -> Result<Self, Failure> {
        let doing = |error| failed("preparing the clients", error);
        let mut session = connect(url).await.map_err(doing)?;
        let mut recipes = recipes(snapshot, tables, touched);
        let bulk = Bulk::look(&mut session, &recipes, options.seed)
            .await
            .map_err(doing)?;
        let mut schemas: Vec<Ident> = recipes.iter().map(|r| r.table.schema.clone()).collect();
        schemas.sort();
        schemas.dedup();
        control::prepare(&mut session).await.map_err(doing)?;
        let mut traffic = Self {
            url: url.to_owned(),
            roots: roots(snapshot, touched),
            schemas,
            bulk: Arc::new(bulk),
            stats: Arc::default(),
            clients: Vec::new(),
            control: None,
            rng: fastrand::Rng::with_seed(options.seed),
            pace: options.pace,
            adopted: 0,
            recipes: Arc::new(recipes.clone()),
            session,
        };
        let (_stop, stopped) = watch::channel(false);
        let mut client = traffic.client(&Kind::Old, Model::new(Side::Old), stopped);
        let mut tried = Vec::new();
        for number in 0..recipes.len() {
            tried.push(
                probe::try_out(&mut client, &mut traffic.session, number)
                    .await
                    .map_err(doing)?,
            );
        }
        for (number, tried) in tried.into_iter().enumerate() {
            for recipe in &mut recipes {
                let name = recipe.table.to_string();
                recipe.loose |= tried.loose.contains(&name);
                recipe.open |= tried.open.contains(&name);
            }
            let recipe = &mut recipes[number];
            recipe.no_insert = tried.no_insert;
            recipe.no_remove = tried.no_remove;
            if recipe.no_update.is_none() {
                recipe.no_update = tried.no_update;
            }
        }
        drop(client);
        traffic.recipes = Arc::new(recipes);
        let (stop, stopped) = watch::channel(false);
        let work = control::work(
            url.to_owned(),
            traffic.stats.clone(),
            options.pace,
            traffic.rng.fork(),
            stopped,
        );
        traffic.control = Some((stop, tokio::spawn(work)));
        Ok(traffic)
    }

    fn client(&mut self, kind: &Kind, model: Model, stop: watch::Receiver<bool>) -> Client {
        Client {
            url: self.url.clone(),
            shape: Shape {
                tags: match kind {
                    Kind::Old => vec!["base".to_owned()],
                    Kind::New(tags) => tags.clone(),
                    Kind::Public => vec![],
                },
                schemas: self.schemas.clone(),
                changes: *kind == Kind::Public,
            },
            recipes: self.recipes.clone(),
            bulk: self.bulk.clone(),
            model: Arc::new(Mutex::new(model)),
            stats: self.stats.clone(),
            rng: self.rng.fork(),
            pace: self.pace,
            stop,
        }
    }

    /// Lets clients in.
    pub(in crate::commands::rehearse) async fn add(
        &mut self,
        kind: &Kind,
        side: Side,
        count: usize,
    ) -> Result<(), Failure> {
        if self.recipes.is_empty() {
            return Ok(());
        }
        for _ in 0..count {
            let (stop, stopped) = watch::channel(false);
            let mut model = Model::new(side);
            self.adopt(&mut model, kind)
                .await
                .map_err(|error| failed("letting clients in", error))?;
            let client = self.client(kind, model, stopped);
            let model = client.model.clone();
            self.clients.push(Handle {
                kind: kind.clone(),
                model,
                stop,
                task: tokio::spawn(client.work()),
            });
        }
        Ok(())
    }

    /// Gives a client rows that were there before, of tables in which it can make none.
    async fn adopt(&mut self, model: &mut Model, kind: &Kind) -> Result<(), sqlx::Error> {
        // What one client adopts, no other ever does: each row has one who remembers it.
        let (from, to) = (self.adopted, self.adopted + ADOPTED);
        let recipes = self.recipes.clone();
        // The new shape's clients come and go; the old one's are there all along.
        if matches!(kind, Kind::New(_)) || recipes.iter().all(|r| r.no_insert.is_none()) {
            return Ok(());
        }
        self.adopted = to;
        for (number, recipe) in recipes.iter().enumerate() {
            if recipe.no_insert.is_none() || recipe.no_update.is_some() {
                continue;
            }
            let templates = self.bulk.templates(number);
            let some = &templates[from.min(templates.len())..to.min(templates.len())];
            if some.is_empty() {
                continue;
            }
            let names = Naming::only(recipe, Side::Old).plain;
            let keys = recipe.key.iter().map(|at| &names[*at]);
            let query = format!(
                "SELECT {} FROM {} WHERE ({}) IN ({})",
                turnback_core::name::list(&names),
                recipe.table,
                turnback_core::name::list(keys),
                super::compare::tuples(some)
            );
            for values in rows(&mut self.session, &query).await? {
                let entry = Entry {
                    children: 0,
                    parents: vec![],
                    adopted: true,
                    values,
                };
                let key = key(&entry.values, &recipe.key);
                model.rows.insert((number, key), entry);
            }
        }
        Ok(())
    }

    /// Withdraws clients of a kind: each finishes what it is doing. What they remember stays.
    pub(in crate::commands::rehearse) async fn withdraw(&mut self, kind: impl Fn(&Kind) -> bool) {
        for client in self.clients.iter_mut().filter(|client| kind(&client.kind)) {
            client.stop.send_replace(true);
            // It ends by itself; should it have panicked, its rows are compared all the same.
            let _ = (&mut client.task).await;
        }
        // A task that ended must not be waited for again.
        for client in self.clients.iter_mut().filter(|client| kind(&client.kind)) {
            client.task = tokio::spawn(std::future::ready(()));
        }
    }

    /// Learns the new side's keys, so that clients of the new shape find templates.
    pub(in crate::commands::rehearse) async fn learn(&mut self) -> Result<(), Failure> {
        let recipes = self.recipes.clone();
        for (number, recipe) in recipes
            .iter()
            .enumerate()
            .filter(|(_, r)| !r.key.is_empty())
        {
            let learnt = async {
                let names = names(&mut self.session, recipe, Side::Old).await?;
                self.bulk
                    .learn(&mut self.session, number, recipe, &names)
                    .await
            };
            learnt
                .await
                .map_err(|error| failed("looking at the new keys", error))?;
        }
        Ok(())
    }

    /// Compares what was acknowledged with what is there; clients wait meanwhile.
    pub(in crate::commands::rehearse) async fn compare(
        &mut self,
        when: &str,
        open: &Open,
    ) -> Result<Compared, Failure> {
        let held = hold(&self.clients).await;
        let models: Vec<&Model> = held.iter().map(|model| &**model).collect();
        let mut found = Compared {
            when: when.to_owned(),
            ..Compared::default()
        };
        let comparison = Comparison {
            recipes: &self.recipes,
            roots: &self.roots,
            bulk: &self.bulk,
            schemas: &self.schemas,
        };
        comparison
            .run(&mut self.session, &models, open, &mut found)
            .await
            .map_err(|error| failed("comparing rows", error))?;
        for model in &models {
            found.acknowledged += model.acknowledged;
            for wrong in &model.wrong {
                found.wrong.note(wrong.clone());
            }
        }
        Ok(found)
    }

    /// Has clients remember their rows by the keys of another side, while both are there: those
    /// for whom `whose` holds.
    pub(in crate::commands::rehearse) async fn turn(
        &mut self,
        to: Side,
        whose: impl Fn(&Kind) -> bool,
    ) -> Result<Vec<String>, Failure> {
        let doing = |error| failed("translating keys", error);
        let recipes = self.recipes.clone();
        let mut held = Vec::new();
        for client in self.clients.iter().filter(|client| whose(&client.kind)) {
            held.push(client.model.lock().await);
        }
        let comparison = Comparison {
            recipes: &recipes,
            roots: &self.roots,
            bulk: &self.bulk,
            schemas: &self.schemas,
        };
        let models: Vec<&Model> = held.iter().map(|model| &**model).collect();
        let maps = comparison
            .maps(&mut self.session, &models)
            .await
            .map_err(doing)?;
        let mut wrong = Vec::new();
        for model in &mut held {
            if model.side == to {
                continue;
            }
            let from = model.side;
            let old = std::mem::take(&mut model.rows);
            let mut moved = BTreeMap::new();
            let mut keys = BTreeMap::new();
            for (name, entry) in &old {
                let recipe = &recipes[name.0];
                match comparison.translated(recipe, entry, from, to, &maps) {
                    Ok(values) => {
                        let new = (name.0, key(&values, &recipe.key));
                        keys.insert(name.clone(), new.clone());
                        moved.insert(
                            new,
                            Entry {
                                values,
                                ..entry.clone()
                            },
                        );
                    }
                    Err(why) => wrong.push(why),
                }
            }
            for entry in moved.values_mut() {
                entry.parents = entry
                    .parents
                    .iter()
                    .filter_map(|p| keys.get(p).cloned())
                    .collect();
            }
            model.rows = moved;
            model.side = to;
        }
        Ok(wrong)
    }

    /// Before the old side goes: every client remembers by new keys from now on.
    pub(in crate::commands::rehearse) async fn give_up_old(
        &mut self,
    ) -> Result<Vec<String>, Failure> {
        let recipes = self.recipes.clone();
        for (number, recipe) in recipes
            .iter()
            .enumerate()
            .filter(|(_, r)| !r.key.is_empty())
        {
            let kept = async {
                let names = names(&mut self.session, recipe, Side::Old).await?;
                self.bulk
                    .keep_new(&mut self.session, number, recipe, &names)
                    .await
            };
            kept.await
                .map_err(|error| failed("taking down the new keys", error))?;
        }
        self.turn(Side::New, |_| true).await
    }

    /// What clients felt.
    pub(in crate::commands::rehearse) fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// The tables, with what can and cannot be done to them.
    pub(in crate::commands::rehearse) fn recipes(&self) -> &[Recipe] {
        &self.recipes
    }
}

async fn hold(clients: &[Handle]) -> Vec<MutexGuard<'_, Model>> {
    let mut held = Vec::new();
    for client in clients {
        held.push(client.model.lock().await);
    }
    held
}

/// Makes the schema in which the rehearsal keeps its own.
pub(in crate::commands::rehearse) async fn make_room(
    session: &mut PgConnection,
) -> Result<(), Failure> {
    rows(session, &format!("CREATE SCHEMA {SCHEMA}"))
        .await
        .map(drop)
        .map_err(|error| failed("preparing the copy", error))
}
