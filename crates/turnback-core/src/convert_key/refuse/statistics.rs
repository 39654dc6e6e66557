//! Extended statistics over an expression that computes with a key.

use super::Look;
use crate::convert_key::constraints::is_portable;
use crate::preflight::Finding;

pub(super) fn statistics_of(look: &Look<'_>, findings: &mut Vec<Finding>) {
    for statistics in &look.table.statistics {
        let computes = statistics
            .expressions
            .iter()
            .find(|expression| !is_portable(expression, look.touched));
        if let Some(expression) = computes
            && look.touches(&statistics.reads)
        {
            let name = statistics.full_name();
            findings.push(Finding::no_go(
                "extended-statistics",
                format!("statistics {name}"),
                format!("they compute with a key that becomes a uuid: {expression}"),
                format!(
                    "DROP STATISTICS {name}, and create what should take their place after contract"
                ),
            ));
        }
    }
}
