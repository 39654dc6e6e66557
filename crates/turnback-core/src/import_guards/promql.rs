//! What of PromQL must be known to tell a query from its threshold.

use crate::guard::Threshold;

/// An alert's expression, as a query and its threshold. An expression that is not one comparison
/// with a number gives series while it fires, so then they are counted.
pub(super) fn split(expression: &str) -> (String, Threshold) {
    compared(expression).unwrap_or_else(|| (counted(expression), firing()))
}

/// Whether an expression is one comparison with a number.
pub(super) fn compared(expression: &str) -> Option<(String, Threshold)> {
    let tokens = top_level(expression)?;
    let [(at, operator)] = tokens.as_slice() else {
        return None;
    };
    let left = expression[..*at].trim();
    let right = expression[at + operator.len()..].trim();
    let (query, operator, number) = match (number(left), number(right)) {
        (None, Some(number)) => (left, *operator, number),
        (Some(number), None) => (right, turned(operator), number),
        _ => return None,
    };
    if query.is_empty() || query.starts_with("bool ") {
        return None;
    }
    let threshold = Threshold::parse(&format!("{operator} {number}")).ok()?;
    Some((query.to_owned(), threshold))
}

/// How many series an expression gives; 0 where it gives none.
fn counted(expression: &str) -> String {
    format!("count({}) or vector(0)", expression.trim())
}

fn firing() -> Threshold {
    Threshold::parse("> 0").expect("a comparison with a number")
}

/// The same comparison with its sides exchanged.
fn turned(operator: &str) -> &'static str {
    match operator {
        ">" => "<",
        ">=" => "<=",
        "<" => ">",
        _ => ">=",
    }
}

/// The comparisons outside of all brackets and quotes. Nothing where there is an operator between
/// sets, a test for equality or a comment, which no threshold can say.
fn top_level(expression: &str) -> Option<Vec<(usize, &'static str)>> {
    let bytes = expression.as_bytes();
    let mut found = Vec::new();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' && quote != b'`' {
                        2
                    } else {
                        1
                    };
                }
            }
            b'(' | b'{' | b'[' => depth += 1,
            b')' | b'}' | b']' => depth = depth.checked_sub(1)?,
            b'#' => return None,
            b'=' | b'!' if depth == 0 => return None,
            b'>' | b'<' if depth == 0 => {
                let operator = match (bytes[at], bytes.get(at + 1)) {
                    (b'>', Some(b'=')) => ">=",
                    (b'>', _) => ">",
                    (_, Some(b'=')) => "<=",
                    _ => "<",
                };
                found.push((at, operator));
                at += operator.len() - 1;
            }
            c if depth == 0 && is_word(c) => {
                let end = (at..bytes.len()).find(|n| !is_word(bytes[*n]));
                let end = end.unwrap_or(bytes.len());
                let word = expression.get(at..end)?.to_ascii_lowercase();
                if matches!(word.as_str(), "and" | "or" | "unless") {
                    return None;
                }
                at = end - 1;
            }
            _ => {}
        }
        at += 1;
    }
    (depth == 0).then_some(found)
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c == b':'
}

/// A number, or a product or quotient of numbers (`10 * 1024 * 1024`), as thresholds write it.
fn number(text: &str) -> Option<String> {
    let mut value = None;
    let mut operator = '*';
    let mut rest = text;
    loop {
        let end = rest.find(['*', '/']).unwrap_or(rest.len());
        let part = rest[..end].trim();
        let plain = part
            .bytes()
            .all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
        let part: f64 = plain.then(|| part.parse().ok()).flatten()?;
        value = Some(match (value, operator) {
            (None, _) => part,
            (Some(value), '*') => value * part,
            (Some(value), _) => value / part,
        });
        let Some(next) = rest[end..].chars().next() else {
            break;
        };
        operator = next;
        rest = &rest[end + 1..];
    }
    value
        .filter(|value| value.is_finite())
        .map(|value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_with_a_number_is_split_and_all_else_is_counted() {
        for (expression, query, threshold) in [
            ("rate(errors[5m]) > 0.05", "rate(errors[5m])", "> 0.05"),
            ("100 <= sum by (job) (x)", "sum by (job) (x)", ">= 100"),
            ("disk_free < 10 * 1024 * 1024", "disk_free", "< 10485760"),
            ("lag{a=\">1\"} >= 1e3", "lag{a=\">1\"}", ">= 1000"),
            ("(a > 1) > 2", "(a > 1)", "> 2"),
            ("a > -5", "a", "> -5"),
            ("up == 0", "count(up == 0) or vector(0)", "> 0"),
            ("absent(up)", "count(absent(up)) or vector(0)", "> 0"),
            (
                "a > 1 and b > 2",
                "count(a > 1 and b > 2) or vector(0)",
                "> 0",
            ),
            ("a > b", "count(a > b) or vector(0)", "> 0"),
            ("a > bool 1", "count(a > bool 1) or vector(0)", "> 0"),
            ("(a > 1", "count((a > 1) or vector(0)", "> 0"),
        ] {
            let (found, limit) = split(expression);
            assert_eq!(
                (found.as_str(), limit.to_string().as_str()),
                (query, threshold)
            );
        }
    }
}
