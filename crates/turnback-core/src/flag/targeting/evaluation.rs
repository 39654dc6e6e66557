//! One evaluation of a rule.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::coerce::{equal, order, same, text, truth};
use super::fractional::{Drawn, fractional};
use super::number::compute;
use super::operation::Operation;
use super::rule::Rule;
use super::sem_ver::sem_ver;
use super::text::{affix, substr, within};
use super::var::Data;

/// How many parts of rules one evaluation may go through: shared evaluators can make a short
/// document a rule without end.
const MOST_STEPS: u32 = 100_000;
/// How deep rules may lie in one another, so that none outgrows the stack.
pub const MOST_DEPTH: u32 = 200;

/// Why an evaluation was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It took too many steps.
    #[error("the targeting takes more than {MOST_STEPS} steps; make its rule simpler")]
    TooLong,
    /// It lies too deep.
    #[error("the targeting lies more than {MOST_DEPTH} rules deep; make its rule simpler")]
    TooDeep,
}

/// What rules are evaluated with.
pub struct Evaluation<'a> {
    pub(super) flag: &'a str,
    pub(super) now: u64,
    attributes: &'a Map<String, Value>,
    lacked_key: bool,
    steps: u32,
    depth: u32,
}

impl<'a> Evaluation<'a> {
    /// For one flag and one context, at a time in seconds since 1970-01-01 UTC.
    pub fn new(flag: &'a str, attributes: &'a Map<String, Value>, now: u64) -> Self {
        Self {
            flag,
            now,
            attributes,
            lacked_key: false,
            steps: 0,
            depth: 0,
        }
    }

    /// What the whole rule gives.
    ///
    /// # Errors
    ///
    /// Where it goes too far.
    pub fn run(&mut self, rule: &Rule) -> Result<Value, Failure> {
        self.rule(rule, Data::Context(self.attributes))
    }

    /// Whether somebody was to be spread by a targeting key that is not there.
    pub fn lacked_key(&self) -> bool {
        self.lacked_key
    }

    pub(super) fn rule(&mut self, rule: &Rule, data: Data<'_>) -> Result<Value, Failure> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(Failure::TooLong);
        }
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(Failure::TooDeep);
        }
        let value = match rule {
            Rule::Plain(value) => value.clone(),
            Rule::List(parts) => Value::Array(self.rules(parts, data)?),
            Rule::Shared(rule) => self.rule(rule, data)?,
            Rule::Call(operation, arguments) => self.call(*operation, arguments, data)?,
        };
        self.depth -= 1;
        Ok(value)
    }

    pub(super) fn rules(&mut self, rules: &[Rule], data: Data<'_>) -> Result<Vec<Value>, Failure> {
        rules.iter().map(|rule| self.rule(rule, data)).collect()
    }

    fn call(
        &mut self,
        operation: Operation,
        arguments: &[Rule],
        data: Data<'_>,
    ) -> Result<Value, Failure> {
        use Operation as O;
        match operation {
            // Those that do not look at all they are given.
            O::If => return self.choose(arguments, data),
            O::And | O::Or => return self.first(operation == O::Or, arguments, data),
            O::Map | O::Filter | O::Reduce | O::All | O::None | O::Some => {
                return self.iterate(operation, arguments, data);
            }
            _ => {}
        }
        let values = self.rules(arguments, data)?;
        let one = || values.first().unwrap_or(&Value::Null);
        let other = || values.get(1).unwrap_or(&Value::Null);
        Ok(match operation {
            O::Var => self.var(&values, data),
            O::Missing => Value::Array(self.missing(&values, data)),
            O::MissingSome => Value::Array(self.missing_some(&values, data)),
            O::Not => Value::Bool(!truth(one())),
            O::Truth => Value::Bool(truth(one())),
            O::Equal => Value::Bool(equal(one(), other())),
            O::NotEqual => Value::Bool(!equal(one(), other())),
            O::StrictEqual => Value::Bool(same(one(), other())),
            O::StrictNotEqual => Value::Bool(!same(one(), other())),
            O::Greater => ordered(&values, Ordering::is_gt),
            O::GreaterOrEqual => ordered(&values, Ordering::is_ge),
            O::Less => ordered(&values, Ordering::is_lt),
            O::LessOrEqual => ordered(&values, Ordering::is_le),
            O::Max | O::Min | O::Add | O::Subtract | O::Multiply | O::Divide | O::Remainder => {
                compute(operation, &values)
            }
            O::Merge => merge(values),
            O::In => Value::Bool(within(&values)),
            O::Cat => Value::String(values.iter().map(text).collect()),
            O::Substr => substr(&values),
            O::StartsWith => affix(&values, |whole, part| whole.starts_with(part)),
            O::EndsWith => affix(&values, |whole, part| whole.ends_with(part)),
            O::SemVer => sem_ver(&values),
            O::Fractional => self.fractional(&values),
            O::If | O::And | O::Or => Value::Null,
            O::Map | O::Filter | O::Reduce | O::All | O::None | O::Some => Value::Null,
        })
    }

    /// `if`: the value after the first condition that holds; the last, if it stands alone.
    fn choose(&mut self, arguments: &[Rule], data: Data<'_>) -> Result<Value, Failure> {
        for pair in arguments.chunks(2) {
            match pair {
                [otherwise] => return self.rule(otherwise, data),
                [condition, value] if truth(&self.rule(condition, data)?) => {
                    return self.rule(value, data);
                }
                _ => {}
            }
        }
        Ok(Value::Null)
    }

    /// `and`, `or`: the first value that decides, else the last.
    fn first(
        &mut self,
        decides: bool,
        arguments: &[Rule],
        data: Data<'_>,
    ) -> Result<Value, Failure> {
        let mut last = Value::Null;
        for argument in arguments {
            last = self.rule(argument, data)?;
            if truth(&last) == decides {
                break;
            }
        }
        Ok(last)
    }

    fn fractional(&mut self, values: &[Value]) -> Value {
        let key = self.attributes.get("targetingKey").and_then(Value::as_str);
        let key = key.filter(|key| !key.is_empty());
        match fractional(values, self.flag, key) {
            Drawn::Variant(variant) => variant,
            Drawn::Nothing => Value::Null,
            Drawn::NoKey => {
                self.lacked_key = true;
                Value::Null
            }
        }
    }
}

/// Whether each is so to the next: `{"<": [1, x, 10]}` is true between them.
fn ordered(values: &[Value], holds: impl Fn(Ordering) -> bool) -> Value {
    let all = values
        .windows(2)
        .all(|pair| order(&pair[0], &pair[1]).is_some_and(&holds));
    Value::Bool(values.len() > 1 && all)
}

/// `merge`: lists and values as one list.
fn merge(values: Vec<Value>) -> Value {
    let mut merged = vec![];
    for value in values {
        match value {
            Value::Array(items) => merged.extend(items),
            one => merged.push(one),
        }
    }
    Value::Array(merged)
}
