//! Triggers of the user's that look at a key.

use std::collections::BTreeSet;

use super::Look;
use super::function::says;
use crate::convert_key::constraints::mentions;
use crate::convert_key::sync::{FIRST, LAST, is_ours};
use crate::convert_key::touched::Conversion;
use crate::name::{Ident, TableName, list};
use crate::preflight::Finding;
use crate::schema::{Function, Snapshot, Trigger};

pub(super) fn triggers_of(
    snapshot: &Snapshot,
    conversion: &Conversion,
    look: &Look<'_>,
    findings: &mut Vec<Finding>,
) {
    for trigger in look
        .table
        .triggers
        .iter()
        .filter(|t| !t.inherited && !is_ours(&t.name))
    {
        let object = format!("trigger {} on {}", trigger.name, look.name);
        if look.touches(&trigger.update_of) || look.touches(&trigger.when_reads) {
            findings.push(Finding::no_go(
                "trigger-columns",
                &object,
                "its UPDATE OF or WHEN names a key column, and would go on looking at the old one after the cut-over",
                "Move the test into the trigger's function",
            ));
        }
        if let Some(when) = out_of_order(trigger) {
            findings.push(Finding::no_go(
                "trigger-order",
                &object,
                format!("PostgreSQL fires triggers in the order of their names, and this one would fire {when}"),
                format!(
                    "ALTER TRIGGER {} ON {} RENAME TO …, with a letter or digit in front",
                    trigger.name, look.name
                ),
            ));
        }
        let call = format!("{}(", trigger.function);
        let function = snapshot
            .functions
            .iter()
            .find(|f| f.signature.starts_with(&call));
        if let Some(function) = function {
            search_path(conversion, &object, function, findings);
        }
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

/// A trigger sees its row as `public` shows it, whoever wrote it; a name without a schema in
/// its function is looked up as the client looks names up, and may be another shape's.
fn search_path(
    conversion: &Conversion,
    object: &str,
    function: &Function,
    findings: &mut Vec<Finding>,
) {
    let text = function.source.to_lowercase();
    let mentioned: Vec<&TableName> = conversion
        .tables
        .keys()
        .filter(|table| says(&text, &table.name.as_str().to_lowercase()))
        .collect();
    if function.pins_search_path || mentioned.is_empty() {
        return;
    }
    let schemas: BTreeSet<&Ident> = mentioned.iter().map(|table| &table.schema).collect();
    findings.push(Finding::warning(
        "trigger-search-path",
        object,
        format!(
            "its function {} mentions {} and sets no search_path: a client of a version schema would have it find the tables of that version, with keys of the other type than those of the row it looks at",
            function.signature,
            list(mentioned)
        ),
        format!(
            "ALTER FUNCTION {} SET search_path = {}, pg_temp",
            function.signature,
            list(schemas)
        ),
    ));
}

/// A BEFORE trigger outside of the span that the sync triggers' names leave for those of the
/// table: it would see keys that are not filled yet, or change them when nobody follows.
fn out_of_order(trigger: &Trigger) -> Option<&'static str> {
    let name = trigger.name.as_str();
    if !trigger.before_row || trigger.enabled == "D" {
        None
    } else if name < FIRST {
        Some("before the sync triggers have filled the keys")
    } else if name > LAST {
        Some("after the sync triggers have looked at what it changes")
    } else {
        None
    }
}
