//! Reads the operations of a phase.

use super::document::PhaseDraft;
use super::operation_shape::{CONVERT_KEY, OPERATION, SQL, SQL_FILE};
use super::reader::{Fields, Reader, code_list, quote};
use super::source::{KeySpans, PlanSource};
use super::yaml::{Kind, Node};
use super::{ConvertKey, Generate, Operations, SqlOperation, recreate};
use crate::diagnostic::{Diagnostic, Related, Span};
use crate::name::{Ident, TableName};

/// Reads the list of operations; those that could not be read are left out, and recorded.
pub(super) fn read_all(
    reader: &mut Reader<'_>,
    node: &Node,
    schema: &Ident,
    source: &PlanSource<'_>,
) -> (Option<Operations>, Vec<KeySpans>) {
    let (mut keys, mut spans, mut statements) = (Vec::new(), Vec::new(), Vec::new());
    let Some(items) = reader.list(node, "operation") else {
        return (None, spans);
    };
    let mut first_kind = None;
    let mut mixed = false;
    for item in items {
        let Some((kind, fields, value)) = kind(reader, item) else {
            continue;
        };
        let first = *first_kind.get_or_insert(kind);
        if first != kind && !mixed {
            mixed = true;
            let message = format!(
                "expected another `{first}` operation, but found `{kind}`: a phase holds one kind"
            );
            reader
                .error(
                    "mixed-operations",
                    &fields.key_at(kind),
                    message,
                    "another kind",
                )
                .help = Some("split it: give each kind a phase of its own".to_owned());
        }
        if kind == "sql" {
            statements.extend(sql(reader, value, source));
        } else if let Some((key, span)) = convert_key(reader, value, schema, source) {
            keys.push(key);
            spans.push(span);
        }
    }
    let operations = if keys.is_empty() {
        Operations::Sql(statements)
    } else {
        Operations::ConvertKeys(keys)
    };
    (Some(operations), spans)
}

/// The one key of an operation, and what is behind it.
fn kind<'n>(
    reader: &mut Reader<'_>,
    item: &'n Node,
) -> Option<(&'static str, Fields<'n>, &'n Node)> {
    let fields = reader.fields(item, &OPERATION)?;
    let names: Vec<_> = fields.names().collect();
    match names.as_slice() {
        [name] => {
            let value = fields.node(name)?;
            Some((name, fields, value))
        }
        [] => {
            if matches!(&item.kind, Kind::Map(entries) if entries.is_empty()) {
                let message = "expected `convert_key` or `sql`, but found an empty operation";
                reader.error("empty-operation", &item.at, message, "empty");
            }
            None
        }
        several => {
            let message = format!(
                "expected one operation, but found {} in one item of the list",
                code_list(several)
            );
            reader
                .error(
                    "several-operations",
                    &fields.at.clone(),
                    message,
                    "more than one",
                )
                .help = Some("start each operation with `- `".to_owned());
            None
        }
    }
}

fn convert_key(
    reader: &mut Reader<'_>,
    node: &Node,
    schema: &Ident,
    source: &PlanSource<'_>,
) -> Option<(ConvertKey, KeySpans)> {
    let fields = reader.fields(node, &CONVERT_KEY)?;
    let table = reader.table(&fields, "table", schema);
    let column = reader.ident(&fields, "column");
    reader.choice(&fields, "to");
    let generate = reader.choice(&fields, "generate");
    let v7_from = reader.ident(&fields, "v7_from");
    let is_v7 = matches!(generate, Some(("v7", _)));
    let unread = fields.node("generate").is_some() && generate.is_none();
    if fields.node("v7_from").is_some() && !is_v7 && !unread {
        let message = "expected `v7_from` only with `generate: v7`, but found it with v4 keys, which hold no time";
        reader
            .error(
                "v7-from-without-v7",
                &fields.key_at("v7_from"),
                message,
                "v4 keys hold no time",
            )
            .help = Some("add `generate: v7`, or leave `v7_from` out".to_owned());
    }
    let recreate = recreate::read_all(reader, &fields, schema, source);
    let (table, table_at) = table?;
    let spans = KeySpans {
        table: reader.span(&table_at),
        column: column.as_ref().map(|(_, at)| reader.span(at)),
        v7_from: v7_from.as_ref().map(|(_, at)| reader.span(at)),
        recreate: recreate.iter().map(|(_, at)| reader.span(at)).collect(),
    };
    let generate = match (is_v7, v7_from) {
        (true, Some((column, _))) => Generate::V7From(column),
        (true, None) => Generate::V7,
        (false, _) => Generate::V4,
    };
    let column = column.map(|(column, _)| column);
    Some((
        ConvertKey {
            table,
            column,
            generate,
            recreate: recreate.into_iter().map(|(object, _)| object).collect(),
        },
        spans,
    ))
}

fn sql(reader: &mut Reader<'_>, node: &Node, source: &PlanSource<'_>) -> Option<SqlOperation> {
    let fields = reader.fields(node, &SQL)?;
    let up = sql_text(reader, &fields, "up", source);
    let down = sql_text(reader, &fields, "down", source);
    let verify = sql_text(reader, &fields, "verify", source);
    let irreversible = reader.flag(&fields, "irreversible");
    let transaction = reader.flag(&fields, "transaction");
    let irreversible_is_readable =
        !matches!(fields.node("irreversible"), Some(node) if !matches!(node.kind, Kind::Bool(_)));
    if fields.node("down").is_none() && !irreversible && irreversible_is_readable {
        let message = "expected `down`, the way back, but found none";
        reader
            .error(
                "no-way-back",
                &fields.key_at("up"),
                message,
                "no way back from this",
            )
            .help =
            Some("write `down`, or say `irreversible: true` if there is no way back".to_owned());
    }
    if fields.node("down").is_some() && irreversible {
        let related = reader.related(&fields.key_at("down"), "and here is a way back");
        let message = "expected either `down` or `irreversible: true`, but found both";
        reader
            .error(
                "way-back-of-irreversible",
                &fields.key_at("irreversible"),
                message,
                "says that there is no way back",
            )
            .related
            .push(related);
    }
    Some(SqlOperation {
        up: up?,
        down,
        verify,
        irreversible,
        transaction,
    })
}

/// Reads SQL: text, or a file.
pub(super) fn sql_text(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    source: &PlanSource<'_>,
) -> Option<String> {
    let node = fields.node(name)?;
    let (sql, at) = match &node.kind {
        Kind::Map(_) => {
            let file = reader.fields(node, &SQL_FILE)?;
            let (path, at) = reader.text(file.node("file")?, "the path of a file")?;
            match (source.read_file)(&path) {
                Ok(sql) => (sql, at),
                Err(cause) => {
                    let message = format!(
                        "expected SQL in the file {}, but it cannot be read: {cause}",
                        quote(&path)
                    );
                    reader.error("unreadable-file", &at, message, "cannot be read");
                    return None;
                }
            }
        }
        _ => reader.text(node, "SQL as text or `{ file: path }`")?,
    };
    if sql.trim().is_empty() {
        let message = format!("expected SQL for `{name}`, but found only white space");
        reader.error("empty-sql", &at, message, "no SQL");
        return None;
    }
    Some(sql)
}

/// Records keys that are converted twice, in whatever phases.
pub(super) fn refuse_repeated_keys(reader: &mut Reader<'_>, drafts: &[PhaseDraft]) {
    let mut seen: Vec<(&ConvertKey, &KeySpans)> = Vec::new();
    for draft in drafts {
        let Some(Operations::ConvertKeys(keys)) = &draft.operations else {
            continue;
        };
        for (key, spans) in keys.iter().zip(&draft.keys) {
            match seen
                .iter()
                .find(|(other, _)| other.table == key.table && other.column == key.column)
            {
                Some((_, first)) => {
                    let first = first.table;
                    reader
                        .found
                        .push(repeated_key(&key.table, spans.table, first));
                }
                None => seen.push((key, spans)),
            }
        }
    }
}

/// The diagnostic for a key that an earlier operation converts already.
pub(super) fn repeated_key(table: &TableName, at: Span, first: Span) -> Diagnostic {
    let message = format!("expected each key once, but the key of {table} is converted twice");
    Diagnostic {
        related: vec![Related {
            span: first,
            label: "first converted here".to_owned(),
        }],
        ..Diagnostic::error("repeated-key", at, message, "converted again")
    }
}
