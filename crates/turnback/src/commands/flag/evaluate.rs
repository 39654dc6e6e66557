//! `turnback flag evaluate`: what somebody gets, and why.

use serde_json::{Map, Value, json};
use turnback_core::exit::ExitCode;
use turnback_core::flag::{Answer, Context, Refusal};

use super::stored;
use crate::cli::FlagEvaluateArgs;
use crate::failure::Failure;
use crate::telling::now;

pub(super) async fn run(args: FlagEvaluateArgs) -> Result<ExitCode, Failure> {
    let context = context(&args)?;
    let set = stored(&args.file).await?.set;
    let seconds = now().0 / 1_000;
    let outcomes = match &args.key {
        Some(key) => vec![set.evaluate(key, &context, seconds)],
        None => set.evaluate_all(&context, seconds),
    };
    if args.json {
        let mut shown: Vec<Value> = outcomes.iter().map(as_json).collect();
        let shown = match (&args.key, shown.pop()) {
            (Some(_), Some(one)) => one,
            (_, last) => shown.into_iter().chain(last).collect(),
        };
        anstream::println!("{shown:#}");
    } else {
        outcomes.iter().for_each(tell);
    }
    // One that is asked for by name and gives nothing is a failure to a script.
    match outcomes.as_slice() {
        [Err(_)] if args.key.is_some() => Ok(ExitCode::Usage),
        _ => Ok(ExitCode::Done),
    }
}

fn context(args: &FlagEvaluateArgs) -> Result<Context, Failure> {
    let mut attributes = match args.context.as_deref().map(serde_json::from_str) {
        None => Map::new(),
        Some(Ok(Value::Object(attributes))) => attributes,
        Some(_) => {
            return Err(Failure::usage(
                "--context is expected to be a JSON object, such as '{\"email\": \"on-call@example.com\"}'",
            ));
        }
    };
    if let Some(key) = &args.targeting_key {
        attributes.insert("targetingKey".to_owned(), json!(key));
    }
    Context::new(attributes).map_err(Failure::usage)
}

fn tell(outcome: &Result<Answer, Refusal>) {
    match outcome {
        Ok(answer) => anstream::println!(
            "{}: {} (variant {}, {})",
            answer.key,
            answer.value,
            answer.variant,
            answer.reason.word()
        ),
        Err(refusal) => anstream::println!(
            "{}: no value ({}): {}",
            refusal.key,
            refusal.code.word(),
            refusal.details
        ),
    }
}

fn as_json(outcome: &Result<Answer, Refusal>) -> Value {
    match outcome {
        Ok(answer) => json!({
            "key": answer.key,
            "value": answer.value,
            "variant": answer.variant,
            "reason": answer.reason.word(),
            "metadata": answer.metadata,
        }),
        Err(refusal) => json!({
            "key": refusal.key,
            "errorCode": refusal.code.word(),
            "errorDetails": refusal.details,
        }),
    }
}
