//! From a written rule to one that is evaluated, with the place of each fault.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::evaluation::MOST_DEPTH;
use super::operation::Operation;
use super::rule::Rule;
use crate::flag::read::Fault;

/// Reads rules that may refer to shared evaluators.
pub struct Reader<'a> {
    evaluators: &'a Map<String, Value>,
    /// Those that were read; nothing where one is being read, so that a circle is seen.
    known: BTreeMap<String, Option<Arc<Rule>>>,
    depth: u32,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// Reads every shared evaluator, whether a flag refers to it or not.
    pub fn new(evaluators: &'a Map<String, Value>, faults: &'a mut Vec<Fault>) -> Self {
        let mut reader = Self {
            evaluators,
            known: BTreeMap::new(),
            depth: 0,
            faults,
        };
        for name in evaluators.keys() {
            reader.shared(&format!("$evaluators.{name}"), name);
        }
        reader
    }

    /// Takes a fault down.
    pub fn fault(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.faults.push(Fault::new(place, what));
    }

    /// The faults so far.
    pub fn faults(&mut self) -> &mut Vec<Fault> {
        self.faults
    }

    /// Reads a rule; where it has faults, what comes back is not to be used.
    pub fn rule(&mut self, place: &str, written: &Value) -> Arc<Rule> {
        Arc::new(self.part(place, written))
    }

    fn part(&mut self, place: &str, written: &Value) -> Rule {
        if self.depth >= MOST_DEPTH {
            self.fault(place, format!("lies more than {MOST_DEPTH} rules deep"));
            return Rule::Plain(Value::Null);
        }
        self.depth += 1;
        let rule = self.shallow(place, written);
        self.depth -= 1;
        rule
    }

    fn shallow(&mut self, place: &str, written: &Value) -> Rule {
        match written {
            Value::Array(parts) => Rule::List(
                parts
                    .iter()
                    .enumerate()
                    .map(|(index, part)| self.part(&format!("{place}[{index}]"), part))
                    .collect(),
            ),
            Value::Object(object) => match object.iter().next() {
                Some((name, arguments)) if object.len() == 1 => self.call(place, name, arguments),
                // JsonLogic takes what is no operation for a value.
                _ => Rule::Plain(written.clone()),
            },
            plain => Rule::Plain(plain.clone()),
        }
    }

    fn call(&mut self, place: &str, name: &str, arguments: &Value) -> Rule {
        let place = format!("{place}.{name}");
        if name == "$ref" {
            let Some(name) = arguments.as_str() else {
                self.fault(place, "expected the name of an evaluator");
                return Rule::Plain(Value::Null);
            };
            return self
                .shared(&place, name)
                .map_or(Rule::Plain(Value::Null), Rule::Shared);
        }
        let Some(operation) = Operation::named(name) else {
            let alike = Operation::alike(name)
                .map(|alike| format!("; did you mean `{alike}`?"))
                .unwrap_or_default();
            self.fault(place, format!("there is no operation `{name}`{alike}"));
            return Rule::Plain(Value::Null);
        };
        let arguments = match arguments {
            Value::Array(arguments) => arguments
                .iter()
                .enumerate()
                .map(|(index, argument)| self.part(&format!("{place}[{index}]"), argument))
                .collect(),
            one => vec![self.part(&place, one)],
        };
        Rule::Call(operation, arguments)
    }

    fn shared(&mut self, place: &str, name: &str) -> Option<Arc<Rule>> {
        match self.known.get(name) {
            Some(Some(rule)) => return Some(rule.clone()),
            Some(None) => {
                self.fault(place, format!("the evaluator {name:?} refers to itself"));
                return None;
            }
            None => {}
        }
        let Some(written) = self.evaluators.get(name) else {
            self.fault(place, format!("there is no evaluator {name:?}"));
            return None;
        };
        self.known.insert(name.to_owned(), None);
        let rule = self.rule(&format!("$evaluators.{name}"), written);
        self.known.insert(name.to_owned(), Some(rule.clone()));
        Some(rule)
    }
}
