//! Tries each recipe on the copy, in a transaction that is rolled back: what cannot be made is
//! named, and what triggers do besides is found out.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use turnback_core::name::TableName;

use super::client::Client;
use super::fresh::STYLES;
use super::model::{Change, Model};
use super::naming::Side;
use super::recipe::{From, Recipe};
use super::rows;

/// What trying a recipe came to.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) no_insert: Option<String>,
    pub(super) no_update: Option<String>,
    pub(super) no_remove: bool,
    /// Tables that triggers changed rows of.
    pub(super) loose: Vec<String>,
    /// Tables that triggers added rows to, or removed rows from.
    pub(super) open: Vec<String>,
}

/// Rows inserted, updated and deleted in this transaction, by table.
type Counts = BTreeMap<String, [i64; 3]>;

/// Tries one.
pub(super) async fn try_out(
    client: &mut Client,
    connection: &mut PgConnection,
    number: usize,
) -> Result<Tried, sqlx::Error> {
    let recipe = client.recipes[number].clone();
    let mut tried = Tried::default();
    if let Some(why) = &recipe.no_insert {
        tried.no_insert = Some(why.clone());
    } else {
        let has_text = recipe
            .columns
            .iter()
            .any(|column| matches!(column.from, From::Fresh(_)));
        let styles = if has_text { STYLES } else { 1 };
        // The first reason says more than that of a later, odder try.
        let mut first = None;
        for style in 0..styles {
            client.bulk.style(number).set(style);
            tried = Tried::default();
            rows(connection, "BEGIN").await?;
            let made = insert(client, connection, number, &recipe, &mut tried).await;
            rows(connection, "ROLLBACK").await?;
            match made {
                Ok(true) => return Ok(tried),
                Ok(false) => {
                    first.get_or_insert(reason(client, number));
                    break;
                }
                Err(error) => drop(first.get_or_insert(said(&error))),
            }
        }
        tried.no_insert = first;
    }
    Ok(tried)
}

fn reason(client: &Client, number: usize) -> String {
    if client.bulk.templates(number).is_empty() {
        "there is no row to take after".to_owned()
    } else {
        "a trigger keeps it out, or it needs a parent that cannot be made".to_owned()
    }
}

/// Makes two rows, changes one and removes the other; false when none came.
async fn insert(
    client: &mut Client,
    connection: &mut PgConnection,
    number: usize,
    recipe: &Recipe,
    tried: &mut Tried,
) -> Result<bool, sqlx::Error> {
    let mut model = Model::new(Side::Old);
    for _ in 0..2 {
        let before = counts(connection).await?;
        let mut changes = Vec::new();
        let made = client
            .make(connection, number, Side::Old, 0, &mut changes)
            .await?;
        if made.is_none() {
            return Ok(false);
        }
        rows(connection, "SET CONSTRAINTS ALL IMMEDIATE").await?;
        let mut own: Counts = Counts::new();
        for change in &changes {
            if let Change::Made((of, _), _) = change {
                own.entry(client.recipes[*of].table.to_string())
                    .or_default()[0] += 1;
            }
        }
        effects(&before, &counts(connection).await?, &own, tried);
        model.apply(changes);
    }
    let table = recipe.table.to_string();
    rows(connection, "SAVEPOINT changing").await?;
    let before = counts(connection).await?;
    let found = client.look(connection, number, Side::Old).await?;
    let changed = client
        .change(connection, number, &found, &model, &mut Vec::new())
        .await;
    match changed {
        Ok(_) => {
            let own = Counts::from([(table.clone(), [0, 1, 0])]);
            effects(&before, &counts(connection).await?, &own, tried);
        }
        Err(error) => tried.no_update = Some(said(&error)),
    }
    rows(connection, "ROLLBACK TO changing").await?;
    let before = counts(connection).await?;
    let removed = client
        .remove(connection, number, &found, &model, &mut Vec::new())
        .await;
    match removed {
        Ok(_) => {
            let own = Counts::from([(table, [0, 0, 1])]);
            effects(&before, &counts(connection).await?, &own, tried);
        }
        Err(_) => tried.no_remove = true,
    }
    Ok(true)
}

/// What happened besides what the client did.
fn effects(before: &Counts, after: &Counts, own: &Counts, tried: &mut Tried) {
    for (table, now) in after {
        let was = before.get(table).copied().unwrap_or_default();
        let ours = own.get(table).copied().unwrap_or_default();
        let beyond = |what: usize| now[what] - was[what] > ours[what];
        if beyond(0) || beyond(2) {
            tried.open.push(table.clone());
        }
        if beyond(1) {
            tried.loose.push(table.clone());
        }
    }
}

async fn counts(connection: &mut PgConnection) -> Result<Counts, sqlx::Error> {
    let found = rows(
        connection,
        "SELECT schemaname, relname, n_tup_ins, n_tup_upd, n_tup_del \
         FROM pg_catalog.pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0",
    )
    .await?;
    let counts = found.into_iter().filter_map(|row| {
        let mut row = row.into_iter().flatten();
        let table = TableName::new(row.next()?, row.next()?).to_string();
        let mut number = || row.next()?.parse().ok();
        Some((table, [number()?, number()?, number()?]))
    });
    Ok(counts.collect())
}

fn said(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}
