//! Which column of one database is which of another, where a phase has converted keys: a column
//! that both have in the same shape is compared as it is, one that they have in two shapes by way
//! of the keys before and after the conversion.

use std::collections::BTreeMap;
use std::fmt;

use crate::convert_key::archive_of;
use crate::name::{Ident, TableName};
use crate::program::Program;
use crate::state::PhaseState;

/// A column that other columns take their values from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName {
    /// Its table; of partitions, the one at their top.
    pub table: TableName,
    /// Its name.
    pub column: Ident,
}

impl KeyName {
    /// Puts a table and a column together.
    pub fn new(table: TableName, column: Ident) -> Self {
        Self { table, column }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

/// Where a phase that converts a column stands in one of the databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The phase.
    pub phase: String,
    /// Its state.
    pub state: PhaseState,
    /// Where contract keeps the keys before and after; nothing of a program that an older turnback
    /// wrote in another way.
    pub archive: Option<TableName>,
}

/// What the ledgers know of a column that a phase converts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The key that its values are; itself where it is one.
    pub key: KeyName,
    /// It is that key.
    pub is_key: bool,
    /// How the restored database stands.
    pub here: Option<Standing>,
    /// How the replaced one stands.
    pub there: Option<Standing>,
}

/// From the old keys to the new ones, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The replaced database has new keys, the restored one old keys.
    ToOld,
    /// The replaced database has old keys, the restored one new keys.
    ToNew,
}

/// How values of the restored database's column are found in the replaced one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// They stand there as they are.
    Same,
    /// Another key stands there.
    Key(KeyName, Direction),
    /// They stand there; they are written with a row that is added, and not compared: it is the
    /// other shape of a key that is compared.
    Beside,
}

/// A column as it is matched with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideColumn {
    /// Its name.
    pub name: Ident,
    /// Its type, as SQL has it.
    pub kind: String,
}

/// Two columns that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The one of the restored database.
    pub here: SideColumn,
    /// The one of the replaced database.
    pub there: SideColumn,
    /// How the values of the first are found in the second.
    pub by: By,
}

/// What two ledgers, of the restored and the replaced database, know of converted columns, by
/// table (of partitions, the one at their top) and column.
pub fn known<'a>(
    here: impl IntoIterator<Item = (PhaseState, &'a Program)>,
    there: impl IntoIterator<Item = (PhaseState, &'a Program)>,
) -> BTreeMap<(TableName, Ident), Known> {
    let mut all: BTreeMap<(TableName, Ident), Known> = BTreeMap::new();
    let there = there
        .into_iter()
        .map(|(state, program)| (state, program, true));
    let here = here
        .into_iter()
        .map(|(state, program)| (state, program, false));
    // A phase that was turned back has left nothing in the tables.
    for (state, program, is_there) in there
        .chain(here)
        .filter(|(s, ..)| *s != PhaseState::Pending)
    {
        for column in &program.counterparts {
            let key = match &column.refers_to {
                Some(far) => KeyName::new(far.table.clone(), far.column.clone()),
                None => KeyName::new(column.table.clone(), column.column.clone()),
            };
            let standing = Standing {
                phase: program.phase.clone(),
                state,
                archive: archive_of(program, &key.table, &key.column),
            };
            let known = all
                .entry((column.table.clone(), column.column.clone()))
                .or_insert(Known {
                    key,
                    is_key: column.refers_to.is_none(),
                    here: None,
                    there: None,
                });
            let side = if is_there {
                &mut known.there
            } else {
                &mut known.here
            };
            *side = Some(standing);
        }
    }
    all
}

/// The columns of a shape that a converted column has in one database.
struct Sides<'a> {
    old: Option<&'a SideColumn>,
    new: Option<&'a SideColumn>,
    /// Every row has the new key.
    filled: bool,
}

impl<'a> Sides<'a> {
    fn of(columns: &'a [SideColumn], base: &Ident, standing: Option<&Standing>) -> Self {
        let find = |name: &Ident| columns.iter().find(|column| column.name == *name);
        let plain = find(base);
        let filled = standing.is_some_and(|standing| match standing.state {
            PhaseState::Expanded
            | PhaseState::CutOver
            | PhaseState::Contracting
            | PhaseState::Contracted => true,
            PhaseState::Pending | PhaseState::Expanding | PhaseState::Withdrawing => false,
        });
        // The catalog says which is which: a ledger may be of a moment before or after.
        let (old, new) = match (find(&base.old_shape()), find(&base.new_shape())) {
            (Some(aside), _) => (Some(aside), plain),
            (None, Some(aside)) => (plain, Some(aside)),
            (None, None) => match plain {
                Some(column) if column.kind == "uuid" => (None, plain),
                _ => (plain, None),
            },
        };
        Self {
            old,
            new,
            filled: filled || old.is_none(),
        }
    }
}

/// The name that a column has in the shape that `public` shows, where it stands aside.
pub fn aside_or_base<'a>(name: &'a Ident, converted: &'a BTreeMap<Ident, Known>) -> &'a Ident {
    converted
        .keys()
        .find(|base| *name == base.old_shape() || *name == base.new_shape())
        .unwrap_or(name)
}

/// Matches the columns of a table in the restored database with those in the replaced one.
///
/// # Errors
///
/// Why it cannot be done, as what follows "it was not compared: ".
pub fn match_columns(
    here: &[SideColumn],
    there: &[SideColumn],
    converted: &BTreeMap<Ident, Known>,
) -> Result<Vec<Matched>, String> {
    let mut all = Vec::new();
    for column in here {
        let base = aside_or_base(&column.name, converted);
        let Some(known) = converted.get(base) else {
            all.push(plain(column, there)?);
            continue;
        };
        // Once for both shapes of it.
        let is_first = here
            .iter()
            .find(|other| aside_or_base(&other.name, converted) == base)
            .is_some_and(|first| first.name == column.name);
        if is_first {
            all.extend(shapes(
                base,
                known,
                &Sides::of(here, base, known.here.as_ref()),
                &Sides::of(there, base, known.there.as_ref()),
            )?);
        }
    }
    Ok(all)
}

/// A column that no phase converts, as far as is known.
fn plain(column: &SideColumn, there: &[SideColumn]) -> Result<Matched, String> {
    let fits = |name: &Ident| {
        there
            .iter()
            .find(|other| other.name == *name && other.kind == column.kind)
    };
    let found = fits(&column.name).or_else(|| fits(&column.name.old_shape()));
    let same_name = || there.iter().find(|other| other.name == column.name);
    match (found, same_name()) {
        (Some(found), _) => Ok(Matched {
            here: column.clone(),
            there: found.clone(),
            by: By::Same,
        }),
        (None, Some(other)) => Err(format!(
            "its column {} is {} there, and {} here, and no ledger has a phase that leads from one to the other",
            column.name, other.kind, column.kind
        )),
        (None, None) => Err(format!(
            "its column {} is not in the replaced database",
            column.name
        )),
    }
}

/// A converted column, by the shape that both databases have; where there is none, by the keys
/// before and after.
fn shapes(
    base: &Ident,
    known: &Known,
    here: &Sides<'_>,
    there: &Sides<'_>,
) -> Result<Vec<Matched>, String> {
    let matched = |a: &SideColumn, b: &SideColumn, by: By| Matched {
        here: a.clone(),
        there: b.clone(),
        by,
    };
    let by_key = |direction| By::Key(known.key.clone(), direction);
    let both_filled = here.filled && there.filled;
    let mut all = Vec::new();
    match (here.old, there.old, here.new, there.new) {
        (Some(a), Some(b), ..) => all.push(matched(a, b, By::Same)),
        (_, _, Some(a), Some(b)) if both_filled => all.push(matched(a, b, By::Same)),
        (Some(a), None, _, Some(b)) => all.push(matched(a, b, by_key(Direction::ToOld))),
        (None, Some(b), Some(a), _) => all.push(matched(a, b, by_key(Direction::ToNew))),
        _ => return Err(format!("its column {base} is not in the replaced database")),
    }
    // A key that was given out stays what it is, as far as there is room for it. References find
    // theirs by the key that they refer to.
    if let (true, Some(a), Some(b)) = (known.is_key, here.new, there.new)
        && all.iter().all(|pair| pair.here != *a)
    {
        all.push(matched(a, b, By::Beside));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(all: &[(&str, &str)]) -> Vec<SideColumn> {
        all.iter()
            .map(|(name, kind)| SideColumn {
                name: Ident::new(*name),
                kind: (*kind).to_owned(),
            })
            .collect()
    }

    fn standing(state: PhaseState) -> Option<Standing> {
        (state != PhaseState::Pending).then(|| Standing {
            phase: "keys".to_owned(),
            state,
            archive: None,
        })
    }

    /// The columns that a key has in a state of its phase.
    fn side(state: PhaseState) -> Vec<SideColumn> {
        use PhaseState::{
            Contracted, Contracting, CutOver, Expanded, Expanding, Pending, Withdrawing,
        };
        match state {
            Pending => columns(&[("id", "integer")]),
            Expanding | Expanded | Withdrawing => {
                columns(&[("id", "integer"), ("id_turnback_new", "uuid")])
            }
            CutOver | Contracting => columns(&[("id_turnback_old", "integer"), ("id", "uuid")]),
            Contracted => columns(&[("id", "uuid")]),
        }
    }

    fn key() -> KeyName {
        KeyName::new(TableName::new("public", "users"), Ident::new("id"))
    }

    /// How a key is compared: "here=there", with what leads from one to the other.
    fn compared(here: PhaseState, there: PhaseState) -> Vec<String> {
        let known = Known {
            key: key(),
            is_key: true,
            here: standing(here),
            there: standing(there),
        };
        let converted = BTreeMap::from([(Ident::new("id"), known)]);
        let matched =
            match_columns(&side(here), &side(there), &converted).expect("they can be matched");
        matched
            .iter()
            .map(|pair| {
                let by = match &pair.by {
                    By::Same => "same",
                    By::Key(_, Direction::ToOld) => "to old",
                    By::Key(_, Direction::ToNew) => "to new",
                    By::Beside => "beside",
                };
                format!("{}={} {by}", pair.here.name, pair.there.name)
            })
            .collect()
    }

    #[test]
    fn a_shape_that_both_have_is_compared_as_it_is() {
        use PhaseState::{Contracted, CutOver, Expanded, Pending};
        assert_eq!(compared(Pending, Expanded), ["id=id same"]);
        assert_eq!(compared(Pending, CutOver), ["id=id_turnback_old same"]);
        assert_eq!(compared(CutOver, Pending), ["id_turnback_old=id same"]);
        assert_eq!(compared(CutOver, Contracted), ["id=id same"]);
        assert_eq!(compared(Expanded, Contracted), ["id_turnback_new=id same"]);
        assert_eq!(compared(Contracted, Expanded), ["id=id_turnback_new same"]);
        assert_eq!(
            compared(Expanded, CutOver),
            ["id=id_turnback_old same", "id_turnback_new=id beside"]
        );
    }

    #[test]
    fn shapes_that_differ_lead_to_one_another_by_the_keys() {
        use PhaseState::{Contracted, Expanding, Pending};
        assert_eq!(compared(Pending, Contracted), ["id=id to old"]);
        assert_eq!(compared(Contracted, Pending), ["id=id to new"]);
        // New keys that are not all there yet are nothing to compare by.
        assert_eq!(
            compared(Expanding, Contracted),
            ["id=id to old", "id_turnback_new=id beside"]
        );
        assert_eq!(compared(Contracted, Expanding), ["id=id to new"]);
    }

    #[test]
    fn a_column_that_changed_for_another_reason_is_named() {
        let reason = |there: &[(&str, &str)]| {
            match_columns(
                &side(PhaseState::Pending),
                &columns(there),
                &BTreeMap::new(),
            )
            .expect_err("it cannot be matched")
        };
        assert!(reason(&[("id", "text")]).contains("id is text there, and integer here"));
        assert!(reason(&[("key", "integer")]).contains("not in the replaced database"));
    }
}
