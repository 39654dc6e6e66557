//! Names of tables and columns as SQL reads them.
//!
//! PostgreSQL manual, 4.1.1: an unquoted name is folded to lower case, a quoted one
//! (`"Order"`) is kept as it stands, with `""` for a quote inside. Key words need no quotes
//! here: a plan has no grammar they could disturb.

use crate::name::{Ident, MAX_IDENT_BYTES, TableName};

/// Reads the name of a table, as a plan or a command line has it: with its schema, or without
/// one in `schema`.
///
/// # Errors
///
/// What is wrong with it, as half a sentence.
pub fn parse_table(text: &str, schema: &Ident) -> Result<TableName, &'static str> {
    match parse(text)?.as_slice() {
        [table] => Ok(TableName::new(schema.clone(), table.clone())),
        [schema, table] => Ok(TableName::new(schema.clone(), table.clone())),
        _ => Err("it has too many dots"),
    }
}

/// Reads names with dots between them; the error says what is wrong, as half a sentence.
pub(super) fn parse(text: &str) -> Result<Vec<Ident>, &'static str> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let (name, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_name(quoted)?
        } else {
            plain_name(rest)?
        };
        if name.is_empty() {
            return Err("a name is empty");
        }
        if name.len() > MAX_IDENT_BYTES {
            return Err("a name is longer than the 63 bytes that PostgreSQL keeps");
        }
        if name.contains(char::is_control) {
            return Err("a name holds a control character");
        }
        names.push(Ident::new(name));
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(names),
            None => {
                return Err(
                    "a name with other characters than letters, digits, `_` and `$` needs double quotes",
                );
            }
        }
    }
}

/// A name as one would write it in a plan: quoted only when it must be.
pub(super) fn show(name: &Ident) -> String {
    match parse(name.as_str()) {
        Ok(read) if read.len() == 1 && read[0] == *name => name.as_str().to_owned(),
        _ => format!("\"{}\"", name.as_str().replace('"', "\"\"")),
    }
}

fn quoted_name(text: &str) -> Result<(String, &str), &'static str> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"').ok_or("a double quote is not closed")?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Ok((name, after)),
        }
    }
}

fn plain_name(text: &str) -> Result<(String, &str), &'static str> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()))
        .unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    if name.starts_with(|c: char| c.is_ascii_digit() || c == '$') {
        return Err("a name that does not start with a letter or `_` needs double quotes");
    }
    Ok((name.to_ascii_lowercase(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_as_in_sql() {
        let read = |text: &str| {
            parse(text).map(|names| {
                names
                    .iter()
                    .map(|n| n.as_str().to_owned())
                    .collect::<Vec<_>>()
                    .join("|")
            })
        };
        assert_eq!(read("users").as_deref(), Ok("users"));
        assert_eq!(read("Users").as_deref(), Ok("users"));
        assert_eq!(read("billing.Invoices").as_deref(), Ok("billing|invoices"));
        assert_eq!(read("\"My Schema\".\"T\"").as_deref(), Ok("My Schema|T"));
        assert_eq!(read("\"a\"\"b.c\"").as_deref(), Ok("a\"b.c"));
        for bad in ["", ".", "a.", "\"\"", "\"a", "a b", "1a", "a-b", "\"a\"b"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(&"x".repeat(64)).is_err());
    }

    #[test]
    fn names_are_shown_as_they_are_read() {
        for name in ["users", "Order", "a b", "a\"b", "select", "ünïcode", "1"] {
            let name = Ident::new(name);
            assert_eq!(parse(&show(&name)), Ok(vec![name]));
        }
    }
}
