//! A rule, as it is evaluated.

use std::sync::Arc;

use serde_json::Value;

use super::operation::Operation;

/// What a rule is made of.
#[derive(Debug)]
pub enum Rule {
    /// A value as it stands.
    Plain(Value),
    /// A list of rules, which gives a list.
    List(Vec<Rule>),
    /// An operation with what it is given.
    Call(Operation, Vec<Rule>),
    /// A shared evaluator.
    Shared(Arc<Rule>),
}
