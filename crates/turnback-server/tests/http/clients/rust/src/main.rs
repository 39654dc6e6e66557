//! Asks for flags with OpenFeature's OFREP provider for Rust, and prints what it got.
//!
//! Cases come as JSON on the standard input: a list of {type, key, default, context}.

use open_feature::provider::{FeatureProvider, ResolutionDetails};
use open_feature::{
    EvaluationContext, EvaluationContextFieldValue, EvaluationError, EvaluationErrorCode,
};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (base_url, token) = (arguments.next().unwrap(), arguments.next().unwrap());
    let bearer = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    let options = OfrepOptions {
        base_url,
        headers: HeaderMap::from_iter([(AUTHORIZATION, bearer)]),
        ..Default::default()
    };
    let flags = OfrepProvider::new(options).await.unwrap();
    let cases: Vec<Value> = serde_json::from_reader(std::io::stdin()).unwrap();
    let mut got = vec![];
    for case in cases {
        let mut who = EvaluationContext::default();
        for (name, value) in case["context"].as_object().unwrap() {
            let text = value.as_str().unwrap().to_owned();
            who = match name.as_str() {
                "targetingKey" => who.with_targeting_key(text),
                name => who.with_custom_field(name, EvaluationContextFieldValue::String(text)),
            };
        }
        let key = case["key"].as_str().unwrap();
        got.push(match case["type"].as_str().unwrap() {
            "boolean" => shown(&case, flags.resolve_bool_value(key, &who).await, |v| {
                json!(v)
            }),
            "string" => shown(&case, flags.resolve_string_value(key, &who).await, |v| {
                json!(v)
            }),
            "integer" => shown(&case, flags.resolve_int_value(key, &who).await, |v| {
                json!(v)
            }),
            "float" => shown(&case, flags.resolve_float_value(key, &who).await, |v| {
                json!(v)
            }),
            _ => shown(&case, flags.resolve_struct_value(key, &who).await, |v| {
                json!(
                    v.fields
                        .iter()
                        .map(|(k, v)| (k.clone(), json!(v.as_str())))
                        .collect::<serde_json::Map<_, _>>()
                )
            }),
        });
    }
    println!("{}", json!(got));
}

fn shown<T>(
    case: &Value,
    details: Result<ResolutionDetails<T>, EvaluationError>,
    value: impl Fn(T) -> Value,
) -> Value {
    match details {
        Ok(details) => json!({
            "variant": details.variant,
            "reason": details.reason.map(|reason| reason.to_string()),
            "value": value(details.value),
            "error": null,
        }),
        Err(error) => {
            json!({ "value": case["default"], "reason": "ERROR", "error": code(&error.code), "said": error.message })
        }
    }
}

fn code(code: &EvaluationErrorCode) -> String {
    match code {
        // It shows itself as its message.
        EvaluationErrorCode::General(_) => "GENERAL".to_owned(),
        code => code.to_string(),
    }
}
