//! Expressions as the catalog deparses them: which columns they mention, and whether they mean
//! the same on other columns.

use std::collections::BTreeMap;

use crate::name::Ident;

/// Puts new column names into an expression that [`is_portable`] has let through.
pub(crate) fn rewrite_expression(expression: &str, names: &BTreeMap<Ident, Ident>) -> String {
    tokens(expression)
        .into_iter()
        .map(
            |token| match token.column().and_then(|column| names.get(&column)) {
                Some(new) => new.to_string(),
                None => token.text.to_owned(),
            },
        )
        .collect()
}

/// Whether an expression means the same on uuid columns: it only asks whether they are null.
///
/// Everything else (comparisons with numbers, arithmetic, functions) is refused, by name.
pub(crate) fn is_portable(expression: &str, touched: &[Ident]) -> bool {
    let tokens: Vec<Token<'_>> = tokens(expression)
        .into_iter()
        .filter(|t| !t.text.trim().is_empty())
        .collect();
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text);
    tokens.iter().enumerate().all(|(at, token)| {
        let mentions = token
            .column()
            .is_some_and(|column| touched.contains(&column));
        !mentions
            || (word(at + 1) == "IS"
                && (word(at + 2) == "NULL" || (word(at + 2) == "NOT" && word(at + 3) == "NULL")))
    })
}

/// Whether an expression or a function's text mentions one of the columns.
pub(crate) fn mentions(text: &str, columns: &[Ident]) -> bool {
    tokens(text).iter().any(|token| {
        token
            .column()
            .is_some_and(|column| columns.contains(&column))
    })
}

struct Token<'a> {
    text: &'a str,
}

impl Token<'_> {
    /// The column this token may name: a word in lower case, as the catalog deparses it, or
    /// a quoted name.
    fn column(&self) -> Option<Ident> {
        let first = self.text.chars().next()?;
        if first == '"' {
            let inner = self.text.get(1..self.text.len() - 1)?;
            Some(Ident::new(inner.replace("\"\"", "\"")))
        } else if first.is_alphabetic() || first == '_' {
            Some(Ident::new(self.text))
        } else {
            None
        }
    }
}

/// Cuts a deparsed expression into words, quoted names, string literals and the rest.
fn tokens(expression: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' | '\'' => quoted_end(rest, first),
            c if c.is_alphanumeric() || c == '_' => rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                .unwrap_or(rest.len()),
            c if c.is_whitespace() => rest
                .find(|c: char| !c.is_whitespace())
                .unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        tokens.push(Token { text: &rest[..end] });
        rest = &rest[end..];
    }
    tokens
}

/// Where a quoted name or literal ends; a doubled quote inside it does not end it.
fn quoted_end(text: &str, quote: char) -> usize {
    let mut from = 1;
    while let Some(at) = text[from..].find(quote) {
        let after = from + at + 1;
        if !text[after..].starts_with(quote) {
            return after;
        }
        from = after + 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_carried_only_where_it_asks_for_null() {
        let touched = [Ident::new("parent_id"), Ident::new("Other")];
        assert!(is_portable("(parent_id IS NULL)", &touched));
        assert!(is_portable(
            "((parent_id IS NOT NULL) OR (\"Other\" IS NULL))",
            &touched
        ));
        assert!(is_portable(
            "((state)::text = 'parent_id > 3'::text)",
            &touched
        ));
        assert!(!is_portable("(parent_id > 0)", &touched));
        assert!(!is_portable("(\"Other\" = 1)", &touched));
        assert!(!is_portable("(abs(parent_id) IS NULL)", &touched));
    }

    #[test]
    fn a_name_with_a_quote_in_it_is_one_name() {
        let odd = Ident::new("a\"b");
        assert!(!is_portable("(\"a\"\"b\" > 0)", std::slice::from_ref(&odd)));
        let names = BTreeMap::from([(odd.clone(), odd.new_shape())]);
        assert_eq!(
            rewrite_expression("(\"a\"\"b\" IS NULL)", &names),
            "(\"a\"\"b_turnback_new\" IS NULL)"
        );
    }

    #[test]
    fn names_are_replaced_in_code_and_left_in_text() {
        let names = BTreeMap::from([(Ident::new("id"), Ident::new("id").new_shape())]);
        assert_eq!(
            rewrite_expression(
                "((id IS NULL) OR (note = 'id'::text) OR (uid IS NULL))",
                &names
            ),
            "((id_turnback_new IS NULL) OR (note = 'id'::text) OR (uid IS NULL))"
        );
    }
}
