//! Reads objects given anew: `recreate:` of a conversion.

use super::document::PhaseDraft;
use super::operation::sql_text;
use super::operation_shape::RECREATE;
use super::reader::{Fields, Placed, Reader};
use super::source::PlanSource;
use super::yaml::Node;
use super::{Operations, Recreate, Recreated};
use crate::diagnostic::{Diagnostic, Related, Span};
use crate::name::Ident;

/// Reads the list under `recreate`, each with the place of its name; what could not be read
/// is left out, and recorded.
pub(super) fn read_all(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    schema: &Ident,
    source: &PlanSource<'_>,
) -> Vec<Placed<Recreate>> {
    let Some(node) = fields.node("recreate") else {
        return Vec::new();
    };
    reader
        .list(node, "object to recreate")
        .unwrap_or_default()
        .iter()
        .filter_map(|item| read(reader, item, schema, source))
        .collect()
}

fn read(
    reader: &mut Reader<'_>,
    item: &Node,
    schema: &Ident,
    source: &PlanSource<'_>,
) -> Option<Placed<Recreate>> {
    let fields = reader.fields(item, &RECREATE)?;
    let sql = sql_text(reader, &fields, "sql", source);
    let policy = reader.ident(&fields, "policy");
    let on = reader.table(&fields, "on", schema);
    let view = reader.table(&fields, "materialized_view", schema);
    let given = |name| fields.node(name).is_some();
    let wrong = match (given("policy"), given("on"), given("materialized_view")) {
        (true, true, false) | (false, false, true) => None,
        (true, false, false) => Some((
            "policy",
            "expected the table of the policy, but found no `on`",
            "add `on:` with the name of the table",
        )),
        (false, true, _) => Some((
            "on",
            "expected `on` only with `policy`, but found it without one",
            "a policy is named with `policy:`",
        )),
        (true, _, true) => Some((
            "materialized_view",
            "expected a policy or a materialized view, but found both",
            "start each object with `- `",
        )),
        (false, false, false) => Some((
            "sql",
            "expected `policy` or `materialized_view`, but found neither",
            "say which object the SQL makes",
        )),
    };
    if let Some((key, message, help)) = wrong {
        let at = fields.key_at(key);
        reader
            .error("recreate-what", &at, message, "which object?")
            .help = Some(help.to_owned());
        return None;
    }
    let (what, at) = match (policy, on, view) {
        (Some((name, at)), Some((on, _)), None) => (Recreated::Policy { name, on }, at),
        (None, None, Some((view, at))) => (Recreated::MaterializedView(view), at),
        _ => return None,
    };
    Some((Recreate { what, sql: sql? }, at))
}

/// Records objects that one phase gives anew twice.
pub(super) fn refuse_repeated(reader: &mut Reader<'_>, drafts: &[PhaseDraft]) {
    for draft in drafts {
        let Some(Operations::ConvertKeys(keys)) = &draft.operations else {
            continue;
        };
        let mut seen: Vec<(&Recreated, Span)> = Vec::new();
        let objects = keys.iter().zip(&draft.keys).flat_map(|(key, spans)| {
            let objects = key.recreate.iter().map(|object| &object.what);
            objects.zip(spans.recreate.iter().copied())
        });
        for (object, at) in objects {
            match seen.iter().find(|(other, _)| *other == object) {
                Some((_, first)) => {
                    let message = format!("expected each object once, but {object} is given twice");
                    reader.found.push(Diagnostic {
                        related: vec![Related {
                            span: *first,
                            label: "first given here".to_owned(),
                        }],
                        ..Diagnostic::error("repeated-recreate", at, message, "given again")
                    });
                }
                None => seen.push((object, at)),
            }
        }
    }
}
