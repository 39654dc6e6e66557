//! Operations on texts.

use serde_json::Value;

use super::coerce;

/// `starts_with` and `ends_with`: two texts, else null (flagd, "string comparison operation").
pub fn affix(arguments: &[Value], has: impl Fn(&str, &str) -> bool) -> Value {
    match arguments {
        [Value::String(whole), Value::String(part)] => Value::Bool(has(whole, part)),
        _ => Value::Null,
    }
}

/// `substr`: from a place on, counted from the end where it is negative; so many characters, or
/// all but so many at the end where that is negative.
pub fn substr(arguments: &[Value]) -> Value {
    let whole: Vec<char> = arguments
        .first()
        .map(coerce::text)
        .unwrap_or_default()
        .chars()
        .collect();
    let whole_number = |index: usize| {
        arguments
            .get(index)
            .and_then(coerce::number)
            .map(|number| number as i64)
    };
    let length = i64::try_from(whole.len()).unwrap_or(i64::MAX);
    // Never beyond the ends, so never an overflow.
    let from_end = |place: i64| place.saturating_add(length).clamp(0, length);
    let start = match whole_number(1).unwrap_or(0) {
        place if place < 0 => from_end(place),
        place => place.min(length),
    };
    let end = match whole_number(2) {
        None => length,
        Some(count) if count < 0 => from_end(count),
        Some(count) => start.saturating_add(count).min(length),
    };
    let part = whole
        .get(start as usize..end.max(start) as usize)
        .unwrap_or_default();
    Value::String(part.iter().collect())
}

/// `in`: a text within a text, or a value within a list.
pub fn within(arguments: &[Value]) -> bool {
    match arguments {
        [part, Value::String(whole)] => whole.contains(coerce::text(part).as_str()),
        [one, Value::Array(all)] => all.iter().any(|other| coerce::same(one, other)),
        _ => false,
    }
}
