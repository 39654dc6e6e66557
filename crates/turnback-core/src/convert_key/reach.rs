//! What an object's recorded dependencies reach: touched columns, by themselves or through
//! a view that shows them.

use std::collections::{BTreeMap, BTreeSet};

use super::affected;
use super::touched::Conversion;
use crate::name::{Ident, TableName};
use crate::schema::Snapshot;

/// Touched columns, and the views that show one, directly or through other views.
pub(super) struct Reach<'a> {
    conversion: &'a Conversion,
    views: BTreeSet<&'a TableName>,
}

impl<'a> Reach<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, conversion: &'a Conversion) -> Self {
        let views = affected::views(snapshot, conversion, &BTreeSet::new());
        Self {
            conversion,
            views: views.into_iter().map(|(name, _)| name).collect(),
        }
    }

    /// The touched columns, and the views over them, among what something reads: in words.
    pub(super) fn touched(&self, reads: &BTreeMap<TableName, BTreeSet<Ident>>) -> Vec<String> {
        let mut found = Vec::new();
        for (relation, columns) in reads {
            if self.views.contains(relation) {
                found.push(format!("the view {relation}"));
            }
            found.extend(
                columns
                    .iter()
                    .filter(|column| self.conversion.column(relation, column).is_some())
                    .map(|column| format!("{relation}.{column}")),
            );
        }
        found
    }
}
