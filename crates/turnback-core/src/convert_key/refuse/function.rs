//! Functions that are bound to a touched column, and those whose text or signature mentions
//! a touched table: PostgreSQL does not record what a text uses, so those are read here.

use crate::convert_key::reach::Reach;
use crate::convert_key::sync::is_ours;
use crate::convert_key::touched::Conversion;
use crate::name::{Ident, TableName, list};
use crate::preflight::Finding;
use crate::schema::{Function, Snapshot};

pub(super) fn functions(
    snapshot: &Snapshot,
    conversion: &Conversion,
    reach: &Reach<'_>,
    findings: &mut Vec<Finding>,
) {
    for function in &snapshot.functions {
        let object = format!("function {}", function.signature);
        let reads = reach.touched(&function.reads);
        if !reads.is_empty() {
            findings.push(Finding::no_go(
                "function",
                object,
                format!(
                    "its body is bound to {}, and would go on using the old column after the cut-over",
                    list(reads)
                ),
                format!(
                    "DROP FUNCTION {} now and create it again after the cut-over, or give its body as text (AS $$ … $$)",
                    function.signature
                ),
            ));
            continue;
        }
        let rows: Vec<&TableName> = function
            .rows
            .iter()
            .filter(|table| conversion.touches(table))
            .collect();
        if !rows.is_empty() {
            findings.push(Finding::warning(
                "function-row-type",
                &object,
                format!(
                    "it takes or returns rows of {}, which have more columns from expand on, in another order after the cut-over",
                    list(rows)
                ),
                "Read the function: it must name columns, neither count them nor rely on their order, nor do arithmetic with a key",
            ));
        }
        let mentioned: Vec<String> = mentioned(function, snapshot, conversion);
        if !mentioned.is_empty() {
            findings.push(Finding::warning(
                "function-text",
                &object,
                format!(
                    "its text mentions {}; PostgreSQL does not record what a text uses, so nobody but a reader can tell whether it may stay as it is",
                    list(mentioned)
                ),
                "Read the function: where it holds a key in an integer, or computes with one, give it a version for uuid (CREATE OR REPLACE FUNCTION) at the cut-over",
            ));
        }
    }
}

/// Touched tables that a function's text mentions, each with the touched columns that it
/// mentions too. Trigger functions of those very tables are named by their triggers.
fn mentioned(function: &Function, snapshot: &Snapshot, conversion: &Conversion) -> Vec<String> {
    if matches!(function.language.as_str(), "c" | "internal") {
        return vec![];
    }
    let text = function.source.to_lowercase();
    let says = |name: &Ident| says(&text, &name.as_str().to_lowercase());
    conversion
        .tables
        .iter()
        .filter(|(table, _)| says(&table.name))
        .filter(|(table, _)| {
            let call = |of: &str| function.signature.starts_with(&format!("{of}("));
            !snapshot.tables[*table]
                .triggers
                .iter()
                .any(|trigger| !is_ours(&trigger.name) && call(&trigger.function))
        })
        .map(|(table, columns)| {
            let columns: Vec<&Ident> = columns
                .iter()
                .map(|column| &column.name)
                .filter(|column| says(column))
                .collect();
            if columns.is_empty() {
                table.to_string()
            } else {
                format!("{table} ({})", list(columns))
            }
        })
        .collect()
}

/// Whether a text has the word, in code, a comment or a string: a string may be SQL too.
pub(super) fn says(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_part)
            && !text[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_strings_too_but_not_inside_a_longer_word() {
        assert!(says("execute 'delete from users where id = 1'", "users"));
        assert!(says("select \"my table\".id from \"my table\"", "my table"));
        assert!(!says(
            "select * from users_old, all_users, users$2",
            "users"
        ));
    }
}
