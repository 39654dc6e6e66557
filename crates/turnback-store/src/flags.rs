//! Flags, and every change of them.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use turnback_core::flag::{By, Change, Difference, FlagSet, Record, Stored};
use turnback_core::guard::Moment;
use turnback_engine::edges::Boxed;
use turnback_engine::flags::{Changed, Flags, FlagsError};

use crate::ControlStore;
use crate::database::{Row, Transaction, sql};
use crate::moment::{millis, moment};

const VERSION: &str = "SELECT version FROM flag_version WHERE plan = $1";

impl Flags for ControlStore {
    fn version(&self) -> Boxed<'_, Result<u64, FlagsError>> {
        Box::pin(async {
            let version = self.database.optional(sql(VERSION).bind(&self.plan));
            number(version.await.map_err(failed)?.as_ref())
        })
    }

    fn stored(&self) -> Boxed<'_, Result<Stored, FlagsError>> {
        Box::pin(async {
            let mut look = self.database.look().await.map_err(failed)?;
            let stored = self.read_flags(&mut look).await?;
            look.commit().await.map_err(failed)?;
            Ok(stored)
        })
    }

    fn change<'a>(
        &'a self,
        change: &'a Change,
        by: &'a By,
    ) -> Boxed<'a, Result<Changed, FlagsError>> {
        Box::pin(async move {
            let mut writing = self.writing().await.map_err(failed)?;
            let before = self.read_flags(&mut writing).await?;
            let set = change.apply(&before.set)?;
            let differences = before.set.differences(&set);
            if differences.is_empty() {
                return Ok(Changed {
                    stored: before,
                    differences,
                });
            }
            let stored = Stored {
                version: before.version + 1,
                set,
            };
            self.write_flags(&mut writing, stored.version, &differences, by)
                .await
                .map_err(failed)?;
            writing.commit().await.map_err(failed)?;
            Ok(Changed {
                stored,
                differences,
            })
        })
    }

    fn history<'a>(
        &'a self,
        key: Option<&'a str>,
        most: u32,
    ) -> Boxed<'a, Result<Vec<Record>, FlagsError>> {
        Box::pin(async move {
            let last = sql(
                "SELECT version, key, was, became, who, why, at FROM flag_change \
                 WHERE plan = $1 AND (key = $2 OR $2 IS NULL) ORDER BY number DESC LIMIT $3",
            );
            let last = last.bind(&self.plan).bind(key).bind(most);
            let rows = self.database.all(last).await.map_err(failed)?;
            rows.iter().map(record).collect()
        })
    }
}

impl ControlStore {
    async fn read_flags(&self, within: &mut Transaction) -> Result<Stored, FlagsError> {
        let version = sql(VERSION).bind(&self.plan);
        let version = number(within.optional(version).await.map_err(failed)?.as_ref())?;
        let kept = sql("SELECT key, definition FROM flag WHERE plan = $1").bind(&self.plan);
        let rows = within.all(kept).await.map_err(failed)?;
        let entries = rows
            .iter()
            .map(|row| {
                let key: String = row.get("key").map_err(failed)?;
                let definition: String = row.get("definition").map_err(failed)?;
                Ok((key, json(&definition)?))
            })
            .collect::<Result<BTreeMap<String, Value>, FlagsError>>()?;
        let set = FlagSet::from_entries(entries).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            FlagsError::Store(format!(
                "what it holds is not what this turnback writes: {}",
                faults.join("; ")
            ))
        })?;
        Ok(Stored { version, set })
    }

    async fn write_flags(
        &self,
        within: &mut Transaction,
        version: u64,
        differences: &[Difference],
        by: &By,
    ) -> Result<(), sqlx::Error> {
        let version = i64::try_from(version).unwrap_or(i64::MAX);
        let at = millis(now());
        let grown = sql("INSERT INTO flag_version (plan, version) VALUES ($1, $2) \
             ON CONFLICT (plan) DO UPDATE SET version = excluded.version");
        within.run(grown.bind(&self.plan).bind(version)).await?;
        for difference in differences {
            let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
            let (old, new) = (text(&difference.old), text(&difference.new));
            let kept = match &new {
                Some(new) => sql(
                    "INSERT INTO flag (plan, key, definition) VALUES ($1, $2, $3) \
                     ON CONFLICT (plan, key) DO UPDATE SET definition = excluded.definition",
                )
                .bind(&self.plan)
                .bind(&difference.key)
                .bind(new),
                None => sql("DELETE FROM flag WHERE plan = $1 AND key = $2")
                    .bind(&self.plan)
                    .bind(&difference.key),
            };
            within.run(kept).await?;
            let noted = sql(
                "INSERT INTO flag_change (plan, version, key, was, became, who, why, at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            );
            let noted = noted
                .bind(&self.plan)
                .bind(version)
                .bind(&difference.key)
                .bind(old)
                .bind(new)
                .bind(&by.who)
                .bind(by.why.clone())
                .bind(at);
            within.run(noted).await?;
        }
        Ok(())
    }
}

fn record(row: &Row) -> Result<Record, FlagsError> {
    let definition = |column| {
        let text: Option<String> = row.get(column).map_err(failed)?;
        text.as_deref().map(json).transpose()
    };
    let at: i64 = row.get("at").map_err(failed)?;
    Ok(Record {
        version: number(Some(row))?,
        key: row.get("key").map_err(failed)?,
        old: definition("was")?,
        new: definition("became")?,
        by: By {
            who: row.get("who").map_err(failed)?,
            why: row.get("why").map_err(failed)?,
        },
        at: moment(at).rfc3339(),
    })
}

/// The version in a row; 0 where there is none yet.
fn number(row: Option<&Row>) -> Result<u64, FlagsError> {
    let Some(row) = row else { return Ok(0) };
    let version: i64 = row.get("version").map_err(failed)?;
    Ok(version.try_into().unwrap_or_default())
}

fn json(text: &str) -> Result<Value, FlagsError> {
    serde_json::from_str(text)
        .map_err(|error| FlagsError::Store(format!("a definition in it is no JSON: {error}")))
}

fn now() -> Moment {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Moment(since.as_millis().try_into().unwrap_or(u64::MAX))
}

fn failed(error: sqlx::Error) -> FlagsError {
    FlagsError::Store(error.to_string())
}
