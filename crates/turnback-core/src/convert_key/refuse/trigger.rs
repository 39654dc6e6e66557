//! Triggers of the user's that look at a key.

use super::Look;
use crate::convert_key::constraints::mentions;
use crate::convert_key::sync::is_ours;
use crate::name::list;
use crate::preflight::Finding;
use crate::schema::Snapshot;

pub(super) fn triggers_of(snapshot: &Snapshot, look: &Look<'_>, findings: &mut Vec<Finding>) {
    for trigger in look.table.triggers.iter().filter(|t| !is_ours(&t.name)) {
        let object = format!("trigger {} on {}", trigger.name, look.name);
        if look.touches(&trigger.update_of) || look.touches(&trigger.when_reads) {
            findings.push(Finding::no_go(
                "trigger-columns",
                &object,
                "its UPDATE OF or WHEN names a key column, and would go on looking at the old one after the cut-over",
                "Move the test into the trigger's function",
            ));
        }
        let call = format!("{}(", trigger.function);
        let function = snapshot
            .functions
            .iter()
            .find(|f| f.signature.starts_with(&call));
        if let Some(function) = function
            && mentions(&function.source, look.touched)
        {
            findings.push(Finding::warning(
                "trigger-function",
                &object,
                format!(
                    "its function {} mentions {}, which it sees as a uuid from the cut-over on",
                    trigger.function,
                    list(look.touched)
                ),
                "Read the function: it must not do arithmetic with it, nor put it in an integer",
            ));
        }
    }
}
