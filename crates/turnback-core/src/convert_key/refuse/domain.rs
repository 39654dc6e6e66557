//! Domains over integers: carried, but for those that refuse NULL. A row written through the
//! new shape comes without its old reference, and PostgreSQL tests a domain before any
//! trigger could fill it in.

use super::Look;
use crate::preflight::Finding;
use crate::schema::{Column, Domain};

pub(super) fn domain_of(look: &Look<'_>, column: &Column, findings: &mut Vec<Finding>) {
    let Some(domain) = &column.domain else {
        return;
    };
    if refuses_null(domain) {
        findings.push(Finding::no_go(
            "domain",
            format!("column {}.{}", look.name, column.name),
            format!(
                "its domain {} refuses NULL, and a row written through the new shape begins without the old reference",
                column.type_name
            ),
            format!(
                "ALTER DOMAIN {} DROP NOT NULL (or DROP CONSTRAINT …), and ALTER TABLE {} ALTER COLUMN {} SET NOT NULL in its place",
                column.type_name, look.name, column.name
            ),
        ));
    }
}

/// Whether a domain may refuse NULL. A check made of comparisons alone is NULL for NULL, and
/// passes; whatever else stands in one (a function, COALESCE, IS) is not trusted.
fn refuses_null(domain: &Domain) -> bool {
    const HARMLESS: [&str; 12] = [
        "VALUE", "AND", "OR", "NOT", "ANY", "ALL", "ARRAY", "smallint", "integer", "bigint",
        "numeric", "text",
    ];
    domain.not_null
        || domain.checks.iter().any(|check| {
            check
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .any(|word| {
                    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
                        && !HARMLESS.contains(&word)
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comparisons_are_trusted_to_let_null_pass() {
        let domain = |check: &str| Domain {
            checks: vec![check.to_owned()],
            ..Domain::default()
        };
        assert!(!refuses_null(&domain(
            "((VALUE > 0) AND (VALUE < '1000'::bigint))"
        )));
        assert!(!refuses_null(&domain("(VALUE = ANY (ARRAY[1, 2]))")));
        assert!(refuses_null(&domain("(VALUE IS NOT NULL)")));
        assert!(refuses_null(&domain("(COALESCE(VALUE, 0) > 0)")));
        assert!(refuses_null(&Domain {
            not_null: true,
            ..Domain::default()
        }));
    }
}
