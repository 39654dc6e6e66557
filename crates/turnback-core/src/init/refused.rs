//! What `turnback check` will refuse, asked of the operation itself: a plan that names it
//! spares a surprise. The check decides, on the database as it is then.

use std::collections::BTreeSet;

use super::write;
use crate::convert_key::{self, LiveVersion, Lookup};
use crate::plan::ConvertKey;

/// Names what stands in the way of a phase, object by object.
pub(super) fn refused(
    lookup: &Lookup<'_>,
    phase: &str,
    operations: &[ConvertKey],
    is_first: bool,
) -> Vec<String> {
    // The first phase opens the version schemas of the old shape; the others find them.
    let live = if is_first {
        vec![]
    } else {
        vec![LiveVersion::base()]
    };
    let mut seen = BTreeSet::new();
    convert_key::refusals(lookup, phase, operations, &live)
        .into_iter()
        .map(|finding| write::printable(&finding.object))
        .filter(|object| seen.insert(object.clone()))
        .collect()
}
