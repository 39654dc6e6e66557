//! Keys into phases, and phases into an order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::Group;
use super::graph::{Graph, Place, components};

/// Why a phase holds the keys that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Keys that nobody references.
    Leaves,
    /// One key that others reference.
    Single,
    /// Keys of tables that reference one another.
    Cycle,
    /// Keys of one level of the graph, counted from 1.
    Level(usize),
    /// All keys.
    All,
}

/// The keys of one phase.
pub(super) struct Keys {
    /// Why they are together.
    pub kind: Kind,
    /// The keys, in the order of their tables' names.
    pub keys: Vec<Place>,
}

/// Keys that reference one another, as one; and who references them.
struct Component {
    keys: Vec<Place>,
    /// Tables that follow these keys, their own aside.
    followers: usize,
    /// Whether a table of theirs references itself, or another of them.
    cycle: bool,
    /// Components whose tables reference these keys: they go first.
    children: BTreeSet<usize>,
}

/// The order of the keys, worked out once for all ways to group them.
pub(super) struct Order {
    keys: Vec<Place>,
    components: Vec<Component>,
    /// Components, children first, those with few followers before those with many.
    order: Vec<usize>,
}

impl Order {
    /// Orders the keys by who references whom.
    pub(super) fn new(graph: &Graph<'_>, keys: &[Place]) -> Self {
        let touched: Vec<BTreeSet<usize>> = keys
            .iter()
            .map(|&key| graph.touched(&[key]).iter().map(|&(t, _)| t).collect())
            .collect();
        let key_of: BTreeMap<usize, usize> =
            keys.iter().enumerate().map(|(i, &(t, _))| (t, i)).collect();
        // From a key to those whose tables follow it.
        let children: Vec<Vec<usize>> = touched
            .iter()
            .enumerate()
            .map(|(i, tables)| {
                let of_keys = tables.iter().filter_map(|table| key_of.get(table).copied());
                of_keys.filter(|&child| child != i).collect()
            })
            .collect();
        let mut found = components(&children);
        found.sort();
        let mut home = vec![0; keys.len()];
        for (number, members) in found.iter().enumerate() {
            members.iter().for_each(|&member| home[member] = number);
        }
        let components: Vec<Component> = found
            .iter()
            .enumerate()
            .map(|(number, members)| {
                let tables: BTreeSet<usize> = members.iter().map(|&m| keys[m].0).collect();
                let followers: BTreeSet<usize> = members
                    .iter()
                    .flat_map(|&m| touched[m].iter().copied())
                    .filter(|table| !tables.contains(table))
                    .collect();
                let itself = members.iter().any(|&m| {
                    let pointing = graph.pointed_at_by(keys[m]).any(|near| near.0 == keys[m].0);
                    pointing || members.len() > 1
                });
                Component {
                    keys: members.iter().map(|&m| keys[m]).collect(),
                    followers: followers.len(),
                    cycle: itself,
                    children: members
                        .iter()
                        .flat_map(|&m| children[m].iter().map(|&child| home[child]))
                        .filter(|&child| child != number)
                        .collect(),
                }
            })
            .collect();
        let order = order(&components);
        Self {
            keys: keys.to_vec(),
            components,
            order,
        }
    }

    /// The phases of one way to group the keys.
    pub(super) fn phases(&self, group: Group) -> Vec<Keys> {
        match group {
            Group::Steps => self.steps(),
            Group::Levels => self.levels(),
            Group::One => vec![Keys {
                kind: Kind::All,
                keys: self.keys.clone(),
            }],
        }
    }

    fn steps(&self) -> Vec<Keys> {
        let is_leaf = |c: &Component| c.followers == 0 && !c.cycle;
        let leaves: Vec<Place> = self
            .components
            .iter()
            .filter(|component| is_leaf(component))
            .flat_map(|component| component.keys.iter().copied())
            .collect();
        let first = (!leaves.is_empty()).then_some(Keys {
            kind: Kind::Leaves,
            keys: leaves,
        });
        let rest = self.order.iter().map(|&number| &self.components[number]);
        let rest = rest.filter(|component| !is_leaf(component)).map(|c| Keys {
            kind: if c.keys.len() > 1 {
                Kind::Cycle
            } else {
                Kind::Single
            },
            keys: c.keys.clone(),
        });
        first.into_iter().chain(rest).collect()
    }

    fn levels(&self) -> Vec<Keys> {
        let mut level = vec![1; self.components.len()];
        let mut levels: BTreeMap<usize, Vec<Place>> = BTreeMap::new();
        // Children stand before their parents in the order, so theirs are known.
        for &number in &self.order {
            let component = &self.components[number];
            let below = component.children.iter().map(|&child| level[child]).max();
            level[number] = below.unwrap_or(0) + 1;
            levels
                .entry(level[number])
                .or_default()
                .extend(&component.keys);
        }
        let phase = |(level, mut keys): (usize, Vec<Place>)| {
            keys.sort_unstable();
            Keys {
                kind: Kind::Level(level),
                keys,
            }
        };
        levels.into_iter().map(phase).collect()
    }
}

/// Kahn's algorithm (Communications of the ACM 5(11), 1962); of those that are free to go,
/// the one with the fewest followers goes first, so that hubs come last.
fn order(components: &[Component]) -> Vec<usize> {
    let mut waiting: Vec<usize> = components.iter().map(|c| c.children.len()).collect();
    let mut parents = vec![Vec::new(); components.len()];
    for (number, component) in components.iter().enumerate() {
        for &child in &component.children {
            parents[child].push(number);
        }
    }
    let entry = |number: usize| Reverse((components[number].followers, number));
    let mut free: BinaryHeap<_> = (0..components.len())
        .filter(|&number| waiting[number] == 0)
        .map(entry)
        .collect();
    let mut order = Vec::with_capacity(components.len());
    while let Some(Reverse((_, number))) = free.pop() {
        order.push(number);
        for &parent in &parents[number] {
            waiting[parent] -= 1;
            if waiting[parent] == 0 {
                free.push(entry(parent));
            }
        }
    }
    order
}
