//! `map`, `filter`, `reduce`, `all`, `none`, `some`: a rule for each element of a list.

use serde_json::{Value, json};

use super::coerce::truth;
use super::evaluation::{Evaluation, Failure};
use super::operation::Operation;
use super::rule::Rule;
use super::var::Data;

impl Evaluation<'_> {
    pub(super) fn iterate(
        &mut self,
        operation: Operation,
        arguments: &[Rule],
        data: Data<'_>,
    ) -> Result<Value, Failure> {
        let [list, rule, rest @ ..] = arguments else {
            return Ok(Value::Null);
        };
        let items = match self.rule(list, data)? {
            Value::Array(items) => items,
            _ => vec![],
        };
        if operation == Operation::Reduce {
            let first = match rest {
                [first, ..] => self.rule(first, data)?,
                [] => Value::Null,
            };
            return items.iter().try_fold(first, |sum, item| {
                let both = json!({ "current": item, "accumulator": sum });
                self.rule(rule, Data::Element(&both))
            });
        }
        let mut results = vec![];
        for item in &items {
            results.push(self.rule(rule, Data::Element(item))?);
        }
        let mut held = results.iter().map(truth);
        Ok(match operation {
            Operation::Map => Value::Array(results),
            Operation::Filter => items
                .into_iter()
                .zip(held)
                .filter_map(|(item, holds)| holds.then_some(item))
                .collect(),
            // Of an empty list nothing is said to be true of all.
            Operation::All => Value::Bool(!items.is_empty() && held.all(|holds| holds)),
            Operation::None => Value::Bool(!held.any(|holds| holds)),
            Operation::Some => Value::Bool(held.any(|holds| holds)),
            _ => Value::Null,
        })
    }
}
