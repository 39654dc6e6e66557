//! Names change places: what the cut-over and the way back do alike, each in its direction.

use super::constraints::touched_checks;
use super::cut_over::{constraint_comment, plain_indexes, rename_constraint, rename_index};
use super::parts::with_parts;
use super::sync::{self, LookUps};
use super::{Era, Room, indexes, own_functions, statistics};
use crate::fact::Fact;
use crate::name::{Ident, TableName};

/// Which of two things of one name gets it, and which stands aside from then on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Swap {
    /// The cut-over's.
    ToNew,
    /// The way back's.
    ToOld,
}

impl Swap {
    /// The name under which what has the plain name now will stand aside.
    pub(super) fn away(self, name: &Ident, phase: &str) -> Ident {
        match self {
            Self::ToNew => name.old_shape_of(phase),
            Self::ToOld => name.new_shape_of(phase),
        }
    }

    /// The name under which what gets the plain name has stood aside.
    pub(super) fn aside(self, name: &Ident, phase: &str) -> Ident {
        match self {
            Self::ToNew => name.new_shape_of(phase),
            Self::ToOld => name.old_shape_of(phase),
        }
    }

    /// The same of a column, whose names hold no phase: the first is `away`, the second `aside`.
    fn of_column(self, name: &Ident) -> (Ident, Ident) {
        match self {
            Self::ToNew => (name.old_shape(), name.new_shape()),
            Self::ToOld => (name.new_shape(), name.old_shape()),
        }
    }

    /// Touched columns.
    pub(super) fn columns(self, room: &Room<'_>) -> Vec<String> {
        let rename = |table: &TableName, from: &Ident, to: &Ident| {
            format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}")
        };
        room.conversion
            .columns()
            .flat_map(|(table, column)| {
                let (away, aside) = self.of_column(&column.name);
                [
                    rename(table, &column.name, &away),
                    rename(table, &aside, &column.name),
                ]
            })
            .collect()
    }

    /// What the catalog shows of it afterwards.
    pub(super) fn done_when(self, room: &Room<'_>) -> Vec<Fact> {
        room.conversion
            .columns()
            .map(|(table, column)| Fact::Column(table.clone(), self.of_column(&column.name).0))
            .collect()
    }

    /// Indexes that no constraint owns. New ones take over what hangs on the old ones, which
    /// keep it for the way back.
    pub(super) fn plain_indexes(self, room: &Room<'_>) -> Vec<String> {
        let mut statements = Vec::new();
        let phase = room.phase();
        for (table, index) in plain_indexes(room) {
            for (member, part) in with_parts(room, table, index) {
                let name = &part.name;
                statements.push(rename_index(room, member, name, &self.away(name, phase)));
                statements.push(rename_index(room, member, &self.aside(name, phase), name));
                if self == Self::ToNew {
                    statements.extend(
                        indexes::hangs_on(part, &member.sibling(name.clone()))
                            .iter()
                            .map(|one| room.if_partition(member, one)),
                    );
                }
            }
        }
        statements
    }

    /// Extended statistics.
    pub(super) fn statistics(self, room: &Room<'_>) -> Vec<String> {
        let phase = room.phase();
        statistics::touched(room)
            .flat_map(|(table, statistics)| {
                let plain = statistics.full_name();
                let aside = plain.sibling(self.aside(&plain.name, phase));
                [
                    statistics::rename(&plain, &self.away(&plain.name, phase)),
                    statistics::rename(&aside, &plain.name),
                ]
                .map(|one| room.if_partition(table, &one))
            })
            .collect()
    }

    /// Checks, with their comments where new ones come to them.
    pub(super) fn checks(self, room: &Room<'_>) -> Vec<String> {
        let mut statements = Vec::new();
        let phase = room.phase();
        for table in room.relations() {
            for (check, _) in touched_checks(room, table) {
                let name = &check.name;
                let comment = constraint_comment(table, check).filter(|_| self == Self::ToNew);
                statements.extend(
                    [
                        rename_constraint(table, name, &self.away(name, phase)),
                        rename_constraint(table, &self.aside(name, phase), name),
                    ]
                    .into_iter()
                    .chain(comment)
                    .map(|one| room.if_partition(table, &one)),
                );
            }
        }
        statements
    }

    /// All sync functions by the names that there are from then on, and the user's own, which
    /// sessions are made to read anew.
    pub(super) fn functions(self, room: &Room<'_>) -> Vec<String> {
        let (era, look_ups) = match self {
            Self::ToNew => (Era::AfterCutOver, LookUps::Free),
            Self::ToOld => (Era::BeforeCutOver, LookUps::Locked),
        };
        room.conversion
            .tables
            .keys()
            .flat_map(|table| sync::all(room, table))
            .map(|trigger| trigger.function(era, look_ups))
            .chain(own_functions::read_anew(room))
            .collect()
    }
}
