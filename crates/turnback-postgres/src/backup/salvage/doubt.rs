//! Rows that are others in the restored database, or have become so: clients who wrote to it since
//! the restore were given keys that the replaced database had given to somebody else. What refers
//! to such a row there must not come to hang on the other one here.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;
use turnback_core::backup::salvage::{Kind, Loose, TableShape, Wish, is, wishes};
use turnback_core::name::TableName;

use super::super::error::BackupError;
use super::Change;
use super::put_back::PutBack;

/// What is known of rows that others refer to.
pub(super) struct Doubts {
    since: Option<u64>,
    /// Rows with a key of the replaced database that are others here, by what refers to them.
    rows: BTreeSet<Wish>,
    /// Tables that are compared.
    compared: BTreeSet<TableName>,
    /// Tables that have been.
    ended: BTreeSet<TableName>,
}

/// What is known of the rows that a row refers to.
pub(super) enum Standing {
    /// They are what they were there.
    Sure,
    /// One of them is not.
    Doubtful(String),
    /// One of them has not been compared yet.
    Open,
}

impl Doubts {
    pub(super) fn new(since: Option<u64>, compared: BTreeSet<TableName>) -> Self {
        Self {
            since,
            rows: BTreeSet::new(),
            compared,
            ended: BTreeSet::new(),
        }
    }

    /// All rows of a table have been compared.
    pub(super) fn end(&mut self, table: &TableName) {
        self.ended.insert(table.clone());
    }
}

impl PutBack {
    /// Takes down that a row is another here than there.
    pub(super) fn doubt(&mut self, shape: &TableShape, change: &Change) {
        if change.kind == Kind::Deleted {
            return;
        }
        let row = loose(shape, change);
        for (number, reference) in self.references.all.iter().enumerate() {
            if reference.parent == row.table
                && let Some(values) = row.at(&reference.parent_columns)
            {
                self.doubts.rows.insert((number, values));
            }
        }
    }

    /// Why a row must not go back, as far as is known.
    pub(super) fn doubtful(&self, shape: &TableShape, change: &Change) -> Option<String> {
        let row = loose(shape, change);
        let wish = wishes(&[row], &self.references.all)
            .into_iter()
            .find(|wish| self.doubts.rows.contains(wish))?;
        Some(format!(
            "it refers to {}, which is another row here, or was changed in both databases",
            self.named(&wish)
        ))
    }

    /// What is known of the rows that a row refers to.
    pub(super) async fn standing(
        &mut self,
        shape: &TableShape,
        change: &Change,
    ) -> Result<Standing, BackupError> {
        if let Some(reason) = self.doubtful(shape, change) {
            return Ok(Standing::Doubtful(reason));
        }
        let row = loose(shape, change);
        for wish in wishes(&[row], &self.references.all) {
            let parent = &self.references.all[wish.0].parent;
            let is_known =
                self.doubts.ended.contains(parent) || self.is_behind(&wish, shape, change);
            if is_known || !self.is_fresh(&wish).await? {
                continue;
            }
            let parent = &self.references.all[wish.0].parent;
            return Ok(if self.doubts.compared.contains(parent) {
                Standing::Open
            } else {
                Standing::Doubtful(format!(
                    "it refers to {}, which was written since the restore and is not compared; --tables can name that table, too",
                    self.named(&wish)
                ))
            });
        }
        Ok(Standing::Sure)
    }

    fn named(&self, wish: &Wish) -> String {
        let parent = &self.references.all[wish.0].parent;
        format!("{parent} ({})", wish.1.join(", "))
    }

    /// Whether a row of the same table comes before this one, and so was compared.
    fn is_behind(&self, wish: &Wish, shape: &TableShape, change: &Change) -> bool {
        let reference = &self.references.all[wish.0];
        let key = shape.key.iter().map(|(column, _)| column);
        reference.parent == shape.table
            && reference.parent_columns.iter().eq(key)
            && wish.1 <= change.key
    }

    /// Whether a row is there that was written since the restore.
    async fn is_fresh(&mut self, wish: &Wish) -> Result<bool, BackupError> {
        let Some(since) = self.doubts.since else {
            return Ok(false);
        };
        let sql = format!(
            "SELECT EXISTS (SELECT FROM {} AS t WHERE {} AND age(t.xmin) <= age('{since}'::xid))",
            self.references.all[wish.0].parent,
            is(self.references.far(wish), &wish.1)
        );
        sqlx::query_scalar(AssertSqlSafe(sql))
            .persistent(false)
            .fetch_one(&mut self.session)
            .await
            .map_err(BackupError::sql("looking for what rows refer to"))
    }
}

/// A row with what it is going to hold.
pub(super) fn loose(shape: &TableShape, change: &Change) -> Loose {
    Loose {
        table: shape.table.clone(),
        values: shape
            .columns
            .iter()
            .zip(&change.values)
            .filter_map(|(column, value)| Some((column.name.clone(), value.text()?.to_owned())))
            .collect(),
        is_new: change.kind == Kind::Added,
    }
}
