//! Under which name a column stands, in this shape and in that: before a cut-over the new
//! column is aside, after it the old one.

use std::collections::BTreeSet;

use turnback_core::name::Ident;

use super::recipe::Recipe;

/// Which of a touched column's two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands::rehearse) enum Side {
    /// Before the change.
    Old,
    /// After it.
    New,
}

/// Names of a recipe's columns in a relation.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    /// As clients name them.
    pub(super) plain: Vec<Ident>,
    /// Those of the old side.
    pub(super) old: Vec<Ident>,
    /// Those of the new side.
    pub(super) new: Vec<Ident>,
    /// Whether the plain name means the new side.
    pub(super) is_new: Vec<bool>,
}

impl Naming {
    /// Told from the names that a relation has. Where neither name is aside there is one side
    /// only, and `alone` says which.
    pub(super) fn of(recipe: &Recipe, has: &BTreeSet<String>, alone: Side) -> Self {
        let mut naming = Self {
            plain: vec![],
            old: vec![],
            new: vec![],
            is_new: vec![],
        };
        for column in &recipe.columns {
            let name = &column.name;
            let aside = |ident: Ident| has.contains(ident.as_str()).then_some(ident);
            let new_aside = aside(name.new_shape()).filter(|_| column.touched);
            let old_aside = aside(name.old_shape()).filter(|_| column.touched);
            let is_new = match (&new_aside, &old_aside) {
                (_, Some(_)) => true,
                (Some(_), None) => false,
                (None, None) => alone == Side::New && column.touched,
            };
            naming.plain.push(name.clone());
            naming.old.push(old_aside.unwrap_or_else(|| name.clone()));
            naming.new.push(new_aside.unwrap_or_else(|| name.clone()));
            naming.is_new.push(is_new);
        }
        naming
    }

    /// A view that shows one side alone.
    pub(super) fn only(recipe: &Recipe, side: Side) -> Self {
        Self::of(recipe, &BTreeSet::new(), side)
    }

    /// Names of a side.
    pub(super) fn side(&self, side: Side) -> &[Ident] {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }
}
