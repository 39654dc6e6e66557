//! Keys before and after a conversion: where two databases have a key in different shapes, these
//! lead from one to the other. Keys that only one of the shapes has ever had are given out anew
//! when rows are put back, and kept in the ledger of the restored database.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, PgConnection};
use turnback_core::backup::salvage::{By, Direction, KeyName};
use turnback_core::name::{Ident, TableName, literal};

use super::super::error::BackupError;
use super::super::server::Server;
use super::ledgers::Ledgers;
use super::shapes::{Pair, Tables};
use super::source::Source;
use super::{Hear, Heard, TranslatedKey};
use crate::ledger::opening;
use crate::session::run;

/// How long opening the ledger may wait for a lock.
const BUDGET: Duration = Duration::from_secs(2);

/// A key that leads from one database to the other.
pub(super) struct Key {
    name: KeyName,
    pub(super) direction: Direction,
    archive: TableName,
    /// Where a session on the replaced database has what its archive does not hold.
    temporary: TableName,
    there: Ident,
    source: Option<Source>,
}

/// A key that both databases have, and only the replaced one in both shapes.
struct Live {
    name: KeyName,
    old: Ident,
    new: Ident,
}

/// All keys that are needed to compare.
pub(super) struct Keys {
    failed: String,
    pub(super) all: Vec<Key>,
    live: Vec<Live>,
}

impl Keys {
    /// The keys that these tables take their values from.
    pub(super) async fn of(
        failed: &str,
        pairs: &[Pair],
        tables: &Tables,
        ledgers: &Ledgers,
        restored: &mut PgConnection,
    ) -> Result<Self, BackupError> {
        let needed: BTreeSet<(KeyName, Direction)> = pairs
            .iter()
            .flat_map(|pair| {
                let columns = pair.shape.columns.iter().map(|column| &column.by);
                columns.chain(pair.keys.iter().map(|key| &key.by))
            })
            .filter_map(|by| match by {
                By::Key(key, direction) => Some((key.clone(), *direction)),
                By::Same | By::Beside => None,
            })
            .collect();
        let mut all = Vec::new();
        for (at, (name, direction)) in needed.into_iter().enumerate() {
            let Some(archive) = ledgers.archive(&name, direction) else {
                continue;
            };
            let matched = tables.key(&name, ledgers);
            let source = match &matched {
                Some(pair) => Source::of(restored, &name.table, &pair.here.name, direction).await?,
                None => None,
            };
            all.push(Key {
                there: matched.map_or_else(|| name.column.clone(), |pair| pair.there.name),
                name,
                direction,
                archive,
                temporary: TableName::new("pg_temp", format!("turnback_key_{at}").as_str()),
                source,
            });
        }
        let is_compared = |key: &KeyName| pairs.iter().any(|pair| pair.root == key.table);
        let live = ledgers
            .keys()
            .into_iter()
            .filter(is_compared)
            .filter_map(|name| {
                let (old, new) = tables.live_keys(&name)?;
                Some(Live { name, old, new })
            })
            .collect();
        Ok(Self {
            failed: failed.to_owned(),
            all,
            live,
        })
    }

    /// The place of a key among all.
    pub(super) fn place(&self, name: &KeyName, direction: Direction) -> Option<usize> {
        let is_it = |key: &Key| key.name == *name && key.direction == direction;
        self.all.iter().position(is_it)
    }

    /// Takes all keys of the replaced database down in the ledger of the restored one, and gives
    /// out those that rows there have not got.
    pub(super) async fn keep(
        &self,
        there: &mut PgConnection,
        restored: &Server,
    ) -> Result<(), BackupError> {
        if self.all.is_empty() && self.live.is_empty() {
            return Ok(());
        }
        let mut here = restored.session().await?;
        opening::open(&mut here, BUDGET, None)
            .await
            .map_err(BackupError::server("opening the ledger to keep keys in it"))?;
        for live in &self.live {
            let pairs = format!(
                "SELECT {}, {} FROM {} WHERE {} IS NOT NULL",
                live.old, live.new, live.name.table, live.new
            );
            self.take_down(&live.name, there, &pairs, &mut here).await?;
        }
        for key in &self.all {
            match key.direction {
                Direction::ToOld => {
                    let pairs = format!("SELECT old_key, new_key FROM {}", key.archive);
                    self.take_down(&key.name, there, &pairs, &mut here).await?;
                }
                // The archive is in the restored database already.
                Direction::ToNew => {}
            }
            self.give(key, there, &mut here).await?;
            self.fill(key, there, &mut here).await?;
        }
        Ok(())
    }

    async fn take_down(
        &self,
        name: &KeyName,
        there: &mut PgConnection,
        pairs: &str,
        here: &mut PgConnection,
    ) -> Result<(), BackupError> {
        let doing = || BackupError::server(format!("keeping the keys of {}", name.table));
        run(
            here,
            "BEGIN; CREATE TEMP TABLE turnback_kept (old_key bigint, new_key uuid) ON COMMIT DROP",
        )
        .await
        .map_err(doing())?;
        copy(there, pairs, here, "pg_temp.turnback_kept").await?;
        let sql = format!(
            "INSERT INTO turnback.salvaged_key (key, new_key, old_key, failed, given) \
             SELECT {}, new_key, old_key, {}, false FROM pg_temp.turnback_kept ON CONFLICT DO NOTHING; COMMIT",
            literal(&name.to_string()),
            literal(&self.failed)
        );
        run(here, &sql).await.map_err(doing())
    }

    /// Gives out keys for rows of the replaced database that nothing leads from.
    async fn give(
        &self,
        key: &Key,
        there: &mut PgConnection,
        here: &mut PgConnection,
    ) -> Result<(), BackupError> {
        let Some(source) = &key.source else {
            return Ok(());
        };
        let doing = || BackupError::server(format!("giving keys to rows of {}", key.name.table));
        let (column, kind) = match key.direction {
            Direction::ToOld => ("new_key", "uuid"),
            Direction::ToNew => ("old_key", "bigint"),
        };
        let newcomers = key.newcomers();
        run(
            here,
            &format!("BEGIN; CREATE TEMP TABLE turnback_newcomer ({column} {kind}) ON COMMIT DROP"),
        )
        .await
        .map_err(doing())?;
        copy(there, &newcomers, here, "pg_temp.turnback_newcomer").await?;
        // Two of us must not give one row two keys.
        run(
            here,
            "LOCK TABLE turnback.salvaged_key IN SHARE ROW EXCLUSIVE MODE",
        )
        .await
        .map_err(doing())?;
        if let Some(ahead) = source.ahead(self.highest(key, there).await?) {
            run(here, &ahead).await.map_err(doing())?;
        }
        let (old, new) = match key.direction {
            Direction::ToOld => (source.make.as_str(), "n.new_key"),
            Direction::ToNew => ("n.old_key", source.make.as_str()),
        };
        let (name, failed) = (literal(&key.name.to_string()), literal(&self.failed));
        let sql = format!(
            "INSERT INTO turnback.salvaged_key (key, new_key, old_key, failed, given) \
             SELECT {name}, {new}, {old}, {failed}, true FROM (SELECT DISTINCT {column} FROM pg_temp.turnback_newcomer) n \
             WHERE NOT EXISTS (SELECT FROM turnback.salvaged_key k WHERE {} AND k.{column} = n.{column}); COMMIT",
            self.given(key)
        );
        run(here, &sql).await.map_err(doing())
    }

    /// Which rows `k` of the ledger are keys that were given out for this one. A new key is one
    /// of its kind, whatever the database that it comes from is called by now; an old one is a
    /// number, and stands for another row in every database.
    fn given(&self, key: &Key) -> String {
        let given = format!("k.key = {} AND k.given", literal(&key.name.to_string()));
        match key.direction {
            Direction::ToOld => given,
            Direction::ToNew => format!("{given} AND k.failed = {}", literal(&self.failed)),
        }
    }

    /// The highest old key that the replaced database has ever had.
    async fn highest(
        &self,
        key: &Key,
        there: &mut PgConnection,
    ) -> Result<Option<i64>, BackupError> {
        if key.direction == Direction::ToNew {
            return Ok(None);
        }
        sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT max(old_key) FROM {}",
            key.archive
        )))
        .persistent(false)
        .fetch_one(there)
        .await
        .map_err(BackupError::sql(format!("reading {}", key.archive)))
    }

    /// Gives a session on the replaced database what its archives do not hold.
    pub(super) async fn prepare(
        &self,
        session: &mut PgConnection,
        here: &mut PgConnection,
    ) -> Result<(), BackupError> {
        for key in &self.all {
            let (there, restored) = match key.direction {
                Direction::ToOld => ("uuid", "bigint"),
                Direction::ToNew => ("bigint", "uuid"),
            };
            let sql = format!(
                "CREATE TEMP TABLE {} (there {there} PRIMARY KEY, here {restored} NOT NULL, given boolean NOT NULL)",
                key.temporary.name
            );
            run(session, &sql)
                .await
                .map_err(BackupError::server("preparing to compare keys"))?;
            self.fill(key, session, here).await?;
        }
        Ok(())
    }

    async fn fill(
        &self,
        key: &Key,
        session: &mut PgConnection,
        here: &mut PgConnection,
    ) -> Result<(), BackupError> {
        let doing = || BackupError::server("preparing to compare keys");
        run(session, &format!("TRUNCATE {}", key.temporary))
            .await
            .map_err(doing())?;
        let into = key.temporary.to_string();
        let (from, to) = match key.direction {
            Direction::ToOld => ("new_key", "old_key"),
            Direction::ToNew => {
                let archived = latest(&key.archive, "old_key", "new_key, false");
                copy(here, &archived, session, &into).await?;
                ("old_key", "new_key")
            }
        };
        let kept: bool =
            sqlx::query_scalar("SELECT to_regclass('turnback.salvaged_key') IS NOT NULL")
                .persistent(false)
                .fetch_one(&mut *here)
                .await
                .map_err(BackupError::sql("looking for keys that were given out"))?;
        if kept {
            let given = format!(
                "SELECT DISTINCT ON (k.{from}) k.{from}, k.{to}, true FROM turnback.salvaged_key k WHERE {} ORDER BY k.{from}",
                self.given(key)
            );
            copy(here, &given, session, &into).await?;
        }
        run(session, &format!("ANALYZE {}", key.temporary))
            .await
            .map_err(doing())
    }

    /// Tells of all keys of rows that no archive leads from, with what was given to them, and
    /// counts them.
    pub(super) async fn tell(
        &self,
        there: &mut PgConnection,
        hear: &mut Hear<'_>,
    ) -> Result<Vec<TranslatedKey>, BackupError> {
        let mut all = Vec::new();
        for key in &self.all {
            let mut told = TranslatedKey {
                key: key.name.clone(),
                direction: key.direction,
                archive: key.archive.clone(),
                given: 0,
                without: 0,
                can_be_given: key.source.is_some(),
            };
            let highest = self.highest(key, there).await?;
            let sql = format!(
                "SELECT n.k::text, m.here::text FROM ({}) n (k) LEFT JOIN {} m ON m.there = n.k ORDER BY n.k",
                key.unarchived(),
                key.temporary
            );
            let mut rows = sqlx::query_as::<_, (String, Option<String>)>(AssertSqlSafe(sql))
                .persistent(false)
                .fetch(&mut *there);
            let doing = || BackupError::sql(format!("looking for new rows of {}", key.name.table));
            while let Some((replaced, restored)) = rows.try_next().await.map_err(doing())? {
                let io = || BackupError::io("writing what was found");
                if told.given + told.without == 0 {
                    let ahead = key.source.as_ref().and_then(|source| source.ahead(highest));
                    hear(Heard::Keys {
                        ahead: ahead.as_deref(),
                    })
                    .map_err(io())?;
                }
                match &restored {
                    Some(_) => told.given += 1,
                    None => told.without += 1,
                }
                hear(Heard::Key {
                    key: &key.name,
                    replaced: &replaced,
                    restored: restored.as_deref(),
                    make: key.source.as_ref().map(|source| source.make.as_str()),
                })
                .map_err(io())?;
            }
            drop(rows);
            all.push(told);
        }
        Ok(all)
    }
}

impl Key {
    /// A query for all that leads from a key of the replaced database (`there`) to one of the
    /// restored database (`here`).
    pub(super) fn pairs(&self) -> String {
        match self.direction {
            Direction::ToOld => format!(
                "SELECT there, here FROM ({}) a (there, here) UNION ALL SELECT there, here FROM {}",
                latest(&self.archive, "new_key", "old_key"),
                self.temporary
            ),
            Direction::ToNew => format!("SELECT there, here FROM {}", self.temporary),
        }
    }

    /// What a single key leads to.
    pub(super) fn lookup(&self, there: &str) -> String {
        let temporary = format!(
            "(SELECT m.here FROM {} m WHERE m.there = {there})",
            self.temporary
        );
        match self.direction {
            Direction::ToOld => format!(
                "COALESCE((SELECT a.old_key FROM {} a WHERE a.new_key = {there} ORDER BY age(a.xmin), a.ctid DESC LIMIT 1), {temporary})",
                self.archive
            ),
            Direction::ToNew => temporary,
        }
    }

    /// Keys of rows of the replaced database that the archive does not lead from.
    fn unarchived(&self) -> String {
        let archived = match self.direction {
            Direction::ToOld => format!(
                "SELECT FROM {} a WHERE a.new_key = t.{}",
                self.archive, self.there
            ),
            // The restored database has the archive, and the temporary table what it holds.
            Direction::ToNew => format!(
                "SELECT FROM {} a WHERE a.there = t.{} AND NOT a.given",
                self.temporary, self.there
            ),
        };
        format!(
            "SELECT t.{} FROM {} t WHERE NOT EXISTS ({archived})",
            self.there, self.name.table
        )
    }

    /// Of these, the ones that nothing was given to yet.
    fn newcomers(&self) -> String {
        format!(
            "{} AND NOT EXISTS (SELECT FROM {} m WHERE m.there = t.{})",
            self.unarchived(),
            self.temporary,
            self.there
        )
    }
}

/// Of a key that an archive leads to several others, the last: the row got another key while both
/// were archived.
fn latest(archive: &TableName, from: &str, to: &str) -> String {
    format!(
        "SELECT DISTINCT ON (a.{from}) a.{from}, a.{to} FROM {archive} a ORDER BY a.{from}, age(a.xmin), a.ctid DESC"
    )
}

/// Copies what a query finds into a table of another database.
async fn copy(
    source: &mut PgConnection,
    query: &str,
    target: &mut PgConnection,
    into: &str,
) -> Result<(), BackupError> {
    let doing = || BackupError::sql("copying keys between the two databases");
    let mut rows = source
        .copy_out_raw(&format!("COPY ({query}) TO STDOUT"))
        .await
        .map_err(doing())?;
    let mut sink = target
        .copy_in_raw(&format!("COPY {into} FROM STDIN"))
        .await
        .map_err(doing())?;
    while let Some(part) = rows.try_next().await.map_err(doing())? {
        sink.send(part).await.map_err(doing())?;
    }
    sink.finish().await.map_err(doing())?;
    Ok(())
}
