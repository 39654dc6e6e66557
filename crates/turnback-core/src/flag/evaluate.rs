//! From a flag and somebody's context to a value.

use serde_json::{Map, Value};

use super::answer::{Answer, ErrorCode, Reason, Refusal};
use super::definition::{Flag, FlagSet, FlagState};
use super::targeting::{Evaluation, Failure};

/// About whom a flag is asked: attributes by name, of which `targetingKey` says who it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    attributes: Map<String, Value>,
}

impl Context {
    /// Takes the attributes of a request.
    ///
    /// # Errors
    ///
    /// As a sentence, where a targeting key is there and is no text.
    pub fn new(attributes: Map<String, Value>) -> Result<Self, String> {
        match attributes.get("targetingKey") {
            None | Some(Value::Null | Value::String(_)) => Ok(Self { attributes }),
            Some(_) => {
                Err("expected a string as `targetingKey`, but found something else".to_owned())
            }
        }
    }

    /// A context that holds nothing but who it is about.
    pub fn of(targeting_key: &str) -> Self {
        let key = Value::String(targeting_key.to_owned());
        Self {
            attributes: Map::from_iter([("targetingKey".to_owned(), key)]),
        }
    }
}

impl FlagSet {
    /// What somebody gets of one flag. `now` is in seconds since 1970-01-01 UTC: rules see it as
    /// `$flagd.timestamp`.
    ///
    /// # Errors
    ///
    /// Why there is no answer, with its code.
    pub fn evaluate(&self, key: &str, context: &Context, now: u64) -> Result<Answer, Refusal> {
        let refusal = |code, details: String| Refusal {
            key: key.to_owned(),
            code,
            details,
        };
        let Some(flag) = self.flags.get(key) else {
            return Err(refusal(
                ErrorCode::FlagNotFound,
                format!("there is no flag {key:?}"),
            ));
        };
        let (variant, reason) =
            choose(flag, key, context, now).map_err(|(code, details)| refusal(code, details))?;
        let Some(value) = flag.variants.get(&variant) else {
            return Err(refusal(
                ErrorCode::General,
                format!("the targeting gave {variant:?}, which is not among the variants"),
            ));
        };
        let mut metadata = self.metadata.clone();
        metadata.extend(flag.metadata.clone());
        Ok(Answer {
            key: key.to_owned(),
            value: value.clone(),
            variant,
            reason,
            metadata,
        })
    }

    /// What somebody gets of every flag, in the order of their keys.
    pub fn evaluate_all(&self, context: &Context, now: u64) -> Vec<Result<Answer, Refusal>> {
        self.flags
            .keys()
            .map(|key| self.evaluate(key, context, now))
            .collect()
    }
}

/// The name of the variant that somebody gets.
fn choose(
    flag: &Flag,
    key: &str,
    context: &Context,
    now: u64,
) -> Result<(String, Reason), (ErrorCode, String)> {
    let default = || flag.default_variant.clone();
    if flag.state == FlagState::Disabled {
        return Ok((default(), Reason::Disabled));
    }
    let Some(targeting) = &flag.targeting else {
        return Ok((default(), Reason::Static));
    };
    let mut evaluation = Evaluation::new(key, &context.attributes, now);
    let result = match evaluation.run(&targeting.rule) {
        Ok(result) => result,
        Err(failure @ (Failure::TooLong | Failure::TooDeep)) => {
            return Err((ErrorCode::General, failure.to_string()));
        }
    };
    match result {
        // flagd gives the default here. A rollout that nobody enters, for want of a key, would
        // look like one in which all is well.
        Value::Null if evaluation.lacked_key() => Err((
            ErrorCode::TargetingKeyMissing,
            format!(
                "{key:?} is split by targeting key, and the context has none: give it a `targetingKey`"
            ),
        )),
        Value::Null => Ok((default(), Reason::Default)),
        Value::String(name) => Ok((name, Reason::TargetingMatch)),
        Value::Bool(yes) => Ok((yes.to_string(), Reason::TargetingMatch)),
        Value::Number(number) => Ok((number.to_string(), Reason::TargetingMatch)),
        Value::Array(_) | Value::Object(_) => Err((
            ErrorCode::General,
            "the targeting gave a list or an object, and not the name of a variant".to_owned(),
        )),
    }
}
