//! Operations on numbers.

use serde_json::Value;

use super::coerce::number;
use super::operation::Operation;

/// What an operation makes of numbers; null where one of them is none, or there is no result.
pub fn compute(operation: Operation, arguments: &[Value]) -> Value {
    let Some(numbers) = arguments.iter().map(number).collect::<Option<Vec<f64>>>() else {
        return Value::Null;
    };
    let result = match (operation, numbers.as_slice()) {
        (Operation::Add, numbers) => Some(numbers.iter().sum()),
        (Operation::Multiply, numbers) if !numbers.is_empty() => Some(numbers.iter().product()),
        (Operation::Subtract, [one]) => Some(-one),
        (Operation::Subtract, [left, right, ..]) => Some(left - right),
        (Operation::Divide, [left, right, ..]) => Some(left / right),
        (Operation::Remainder, [left, right, ..]) => Some(left % right),
        (Operation::Max, numbers) => numbers.iter().copied().reduce(f64::max),
        (Operation::Min, numbers) => numbers.iter().copied().reduce(f64::min),
        _ => None,
    };
    result.map_or(Value::Null, value)
}

/// A number as a value: whole ones as whole numbers, since weights must be.
fn value(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        Value::from(number as i64)
    } else {
        // No number where it is infinite or none.
        serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}
