//! What JavaScript makes of values, on which JsonLogic rests (ECMA-262, "type conversion").

use std::cmp::Ordering;

use serde_json::Value;

/// Whether a value counts as true: unlike in JavaScript, an empty list does not
/// (<https://jsonlogic.com/truthy.html>).
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) => true,
    }
}

/// A value as a number; nothing where it is none.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(0.0),
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.trim() {
            "" => Some(0.0),
            // Rust reads "inf" and "nan", which are no numbers in a context.
            text if text.contains(|c: char| c.is_alphabetic() && c != 'e' && c != 'E') => None,
            text => text.parse().ok().filter(|number: &f64| number.is_finite()),
        },
        Value::Array(items) => match items.as_slice() {
            [] => Some(0.0),
            [one] => number(one),
            _ => None,
        },
        Value::Object(_) => None,
    }
}

/// A value as a text.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(one) => match one.as_f64() {
            // JavaScript knows one kind of number: 1.0 is written 1.
            Some(whole) if whole.fract() == 0.0 && whole.abs() < 1e15 => format!("{whole:.0}"),
            _ => one.to_string(),
        },
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Object(_) => "[object Object]".to_owned(),
    }
}

/// `===`: same type and same value.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

/// `==`: what is of two types is compared as numbers, lists and objects as texts.
pub fn equal(left: &Value, right: &Value) -> bool {
    use Value::{Array, Bool, Null, Number, Object, String};
    match (left, right) {
        (Null, Null) => true,
        (Null, _) | (_, Null) => false,
        (String(_), Array(_) | Object(_)) | (Array(_) | Object(_), String(_)) => {
            text(left) == text(right)
        }
        (Bool(_) | Number(_) | String(_), Bool(_) | Number(_) | String(_))
            if std::mem::discriminant(left) != std::mem::discriminant(right) =>
        {
            number(left)
                .zip(number(right))
                .is_some_and(|(left, right)| left == right)
        }
        _ => same(left, right),
    }
}

/// Which of two is the greater: texts as texts, everything else as numbers; nothing where one
/// is no number.
pub fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => number(left)?.partial_cmp(&number(right)?),
    }
}
