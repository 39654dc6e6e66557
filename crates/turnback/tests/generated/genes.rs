//! What a case is made from: small numbers, drawn by proptest, that shrink one by one and by
//! whole tables, columns and writes. Zero is always the simplest choice.

use proptest::array::{uniform4, uniform8, uniform16};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

/// A case.
#[derive(Clone, Debug)]
pub struct Genes {
    /// What concerns the whole case: the plan, the schemas, the one defect that some have.
    pub head: [u8; 16],
    /// Its tables.
    pub tables: Vec<TableGenes>,
    /// Its views.
    pub views: Vec<[u8; 8]>,
    /// Its publications.
    pub publications: Vec<[u8; 8]>,
    /// What its clients do, over and over, at every stop.
    pub writes: Vec<[u8; 4]>,
}

/// A table.
#[derive(Clone, Debug)]
pub struct TableGenes {
    /// Its name, key, columns and settings.
    pub head: [u8; 16],
    /// References to other tables or to itself.
    pub references: Vec<[u8; 16]>,
    /// Unique constraints.
    pub uniques: Vec<[u8; 8]>,
    /// Indexes.
    pub indexes: Vec<[u8; 8]>,
    /// Triggers.
    pub triggers: Vec<[u8; 4]>,
    /// How it is partitioned, where it is, and its partitions.
    pub split: Option<([u8; 8], Vec<[u8; 8]>)>,
    /// A policy that computes with a key.
    pub policy: Option<[u8; 4]>,
}

/// Cases.
pub fn strategy() -> impl Strategy<Value = Genes> {
    let table = (
        uniform16(any::<u8>()),
        vec(uniform16(any::<u8>()), 0..4),
        vec(uniform8(any::<u8>()), 0..3),
        vec(uniform8(any::<u8>()), 0..4),
        vec(uniform4(any::<u8>()), 0..3),
        weighted(
            0.3,
            (uniform8(any::<u8>()), vec(uniform8(any::<u8>()), 1..4)),
        ),
        weighted(0.15, uniform4(any::<u8>())),
    )
        .prop_map(
            |(head, references, uniques, indexes, triggers, split, policy)| TableGenes {
                head,
                references,
                uniques,
                indexes,
                triggers,
                split,
                policy,
            },
        );
    (
        uniform16(any::<u8>()),
        vec(table, 1..6),
        vec(uniform8(any::<u8>()), 0..3),
        vec(uniform8(any::<u8>()), 0..2),
        vec(uniform4(any::<u8>()), 4..16),
    )
        .prop_map(|(head, tables, views, publications, writes)| Genes {
            head,
            tables,
            views,
            publications,
            writes,
        })
}

/// One of several.
pub fn one_of<T: Clone>(gene: u8, several: &[T]) -> T {
    several[usize::from(gene) % several.len()].clone()
}

/// True for one gene in `n`, never for zero.
pub fn once_in(gene: u8, n: u8) -> bool {
    gene % n == n - 1
}

/// A number that follows from others and looks like chance.
pub fn mix(parts: &[usize]) -> usize {
    let mixed = parts.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, part| {
        (hash ^ *part as u64)
            .wrapping_mul(0x0100_0000_01b3)
            .rotate_left(23)
    });
    (mixed >> 16) as usize
}
