//! What a writer knows to be in the database: the rows it wrote and saw acknowledged.

use std::collections::{BTreeMap, HashMap};

use super::table::{Content, RowName, Table, field};

/// Rows of one writer, by marker. No other writer touches them.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    tables: BTreeMap<Table, Rows>,
}

/// One row's state after an operation; `None`: it is gone.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) row: RowName,
    pub(super) after: Option<Content>,
}

/// Rows of one table: found by marker, and picked at random.
#[derive(Clone, Debug, Default)]
struct Rows {
    list: Vec<(String, Content)>,
    position: HashMap<String, usize>,
}

impl Model {
    pub(super) fn get(&self, row: &RowName) -> Option<&Content> {
        let rows = self.tables.get(&row.table)?;
        Some(&rows.list[*rows.position.get(&row.marker)?].1)
    }

    pub(super) fn rows(&self, table: Table) -> &[(String, Content)] {
        self.tables
            .get(&table)
            .map_or(&[], |rows| rows.list.as_slice())
    }

    /// One row of the table, if there is one.
    pub(super) fn any(&self, table: Table, rng: &mut fastrand::Rng) -> Option<&(String, Content)> {
        rng.choice(self.rows(table))
    }

    /// How many rows there are in all tables.
    pub(super) fn len(&self) -> usize {
        self.tables.values().map(|rows| rows.list.len()).sum()
    }

    pub(super) fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            let rows = self.tables.entry(change.row.table).or_default();
            match &change.after {
                Some(content) => rows.put(&change.row.marker, content.clone()),
                None => rows.remove(&change.row.marker),
            }
        }
    }

    /// The row gone, and what the foreign keys' actions make of the rows that refer to it.
    pub(super) fn deletion(&self, row: &RowName) -> Vec<Change> {
        let mut gone = vec![row.clone()];
        match row.table {
            Table::Conversations => {
                gone.extend(self.referring(Table::Participants, field::MEMBER_OF, row));
                gone.extend(self.referring(Table::Messages, field::CONVERSATION, row));
            }
            Table::Users => gone.extend(self.referring(Table::Participants, field::MEMBER, row)),
            Table::Participants | Table::Messages | Table::AuditLogs => {}
        }
        let mut changes: BTreeMap<RowName, Option<Content>> = BTreeMap::new();
        for row in &gone {
            let (table, reference) = match row.table {
                Table::Users => (Table::Messages, field::SENDER),
                Table::Messages => (Table::Messages, field::REPLY_TO),
                _ => continue,
            };
            for referring in self.referring(table, reference, row) {
                if let Some(mut content) = self.get(&referring).cloned() {
                    content[reference] = None;
                    changes.insert(referring, Some(content));
                }
            }
        }
        changes.extend(gone.into_iter().map(|row| (row, None)));
        let change = |(row, after)| Change { row, after };
        changes.into_iter().map(change).collect()
    }

    /// Rows of `table` whose `reference` is `row`.
    pub(super) fn referring(&self, table: Table, reference: usize, row: &RowName) -> Vec<RowName> {
        self.rows(table)
            .iter()
            .filter(|(_, content)| content[reference].as_deref() == Some(&row.marker))
            .map(|(marker, _)| table.row(marker.as_str()))
            .collect()
    }

    /// Takes in another writer's rows.
    pub(super) fn merge(&mut self, other: Self) {
        for (table, rows) in other.tables {
            let own = self.tables.entry(table).or_default();
            for (marker, content) in rows.list {
                own.put(&marker, content);
            }
        }
    }
}

impl Rows {
    fn put(&mut self, marker: &str, content: Content) {
        if let Some(&at) = self.position.get(marker) {
            self.list[at].1 = content;
        } else {
            self.position.insert(marker.to_owned(), self.list.len());
            self.list.push((marker.to_owned(), content));
        }
    }

    fn remove(&mut self, marker: &str) {
        if let Some(at) = self.position.remove(marker) {
            self.list.swap_remove(at);
            if let Some((moved, _)) = self.list.get(at) {
                self.position.insert(moved.clone(), at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(values: &[&str]) -> Content {
        let given = |value: &&str| (!value.is_empty()).then(|| (*value).to_owned());
        values.iter().map(given).collect()
    }

    #[test]
    fn a_deletion_cascades_and_sets_null_as_the_foreign_keys_say() {
        let mut model = Model::default();
        let rows = [
            (Table::Users, "u", text(&["Reader"])),
            (Table::Conversations, "c", text(&[""])),
            (Table::Conversations, "d", text(&[""])),
            (Table::Participants, "c|u", text(&["member", "c", "u"])),
            (Table::Messages, "m1", text(&["m1 x", "c", "u", ""])),
            (Table::Messages, "m2", text(&["m2 x", "c", "u", "m1"])),
            (Table::Messages, "m3", text(&["m3 x", "d", "u", "m1"])),
        ];
        for (table, marker, content) in rows {
            let after = Some(content);
            let row = table.row(marker);
            model.apply(&[Change { row, after }]);
        }
        let mut without = model.clone();
        without.apply(&model.deletion(&Table::Conversations.row("c")));
        assert_eq!(without.len(), 3);
        let left = without.get(&Table::Messages.row("m3"));
        assert_eq!(left, Some(&text(&["m3 x", "d", "u", ""])));

        model.apply(&model.deletion(&Table::Users.row("u")));
        assert_eq!(model.rows(Table::Participants).len(), 0);
        let left = model.get(&Table::Messages.row("m2"));
        assert_eq!(left, Some(&text(&["m2 x", "c", "", "m1"])));
    }
}
