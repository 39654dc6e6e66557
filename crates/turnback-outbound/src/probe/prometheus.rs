//! An instant query to a Prometheus server.
//!
//! <https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries>

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use turnback_core::guard::{Reading, Value};
use turnback_core::secret::Address;

use super::{below, get, json};
use crate::http::Http;

pub(super) async fn read(http: &Http, server: &Address, query: &str, timeout: Duration) -> Reading {
    // The server gives up as well, so that nobody computes what nobody waits for.
    let limit = format!("{}ms", timeout.as_millis().max(1));
    let parameters = [("query", query), ("timeout", limit.as_str())];
    let url = match below(server, "/api/v1/query", &parameters) {
        Ok(url) => url,
        Err(failed) => return failed,
    };
    match json(http, &get(url, BTreeMap::new()), timeout).await {
        Ok((_, answer)) => reading(&answer, &server.redacted()),
        Err(failed) => failed,
    }
}

fn reading(answer: &Json, place: &str) -> Reading {
    if answer["status"] != "success" {
        let kind = answer["errorType"].as_str().unwrap_or("error");
        let message = answer["error"].as_str().unwrap_or("it does not say why");
        return Reading::Failed(format!(
            "Prometheus at {place} refused the query ({kind}): {message}"
        ));
    }
    let result = &answer["data"]["result"];
    let values = match answer["data"]["resultType"].as_str() {
        Some("scalar") => sample(result).map(|value| {
            vec![Value {
                object: None,
                value,
            }]
        }),
        Some("vector") => result.as_array().and_then(|series| {
            let value = |one: &Json| {
                Some(Value {
                    object: labels(&one["metric"]),
                    value: sample(&one["value"])?,
                })
            };
            series.iter().map(value).collect()
        }),
        Some("matrix") => {
            return Reading::Failed(
                "the query gives a range of values; ask for one value of each series, for example with avg_over_time(…)".to_owned(),
            );
        }
        _ => None,
    };
    values.map_or_else(
        || {
            Reading::Failed(format!(
                "what Prometheus at {place} answered is not a number"
            ))
        },
        Reading::of,
    )
}

/// `[time, "value"]`; values may be `NaN`, `+Inf` and `-Inf`.
fn sample(pair: &Json) -> Option<f64> {
    pair.get(1)?.as_str()?.parse().ok()
}

/// What a series is about, as Prometheus writes it; nothing where it has no labels.
fn labels(metric: &Json) -> Option<String> {
    let metric = metric.as_object()?;
    let name = metric
        .get("__name__")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let labels: Vec<String> = metric
        .iter()
        .filter(|(label, _)| *label != "__name__")
        .map(|(label, value)| format!("{label}={value}"))
        .collect();
    match (name, labels.is_empty()) {
        ("", true) => None,
        (name, true) => Some(name.to_owned()),
        (name, false) => Some(format!("{name}{{{}}}", labels.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answered(kind: &str, result: &Json) -> Reading {
        let answer =
            json!({ "status": "success", "data": { "resultType": kind, "result": result } });
        reading(&answer, "http://prom:9090")
    }

    fn value(object: Option<&str>, value: f64) -> Value {
        Value {
            object: object.map(str::to_owned),
            value,
        }
    }

    #[test]
    fn a_vector_gives_an_object_for_each_series() {
        let result = json!([
            { "metric": { "job": "api", "__name__": "up" }, "value": [1.5, "1"] },
            { "metric": {}, "value": [1.5, "0.25"] },
        ]);
        assert_eq!(
            answered("vector", &result),
            Reading::Measured(vec![value(Some("up{job=\"api\"}"), 1.0), value(None, 0.25),])
        );
    }

    #[test]
    fn nothing_and_not_a_number_are_no_data_and_the_endless_is_kept_as_the_greatest() {
        assert_eq!(answered("vector", &json!([])), Reading::NoData);
        assert_eq!(answered("scalar", &json!([1, "NaN"])), Reading::NoData);
        let result = json!([
            { "metric": { "a": "1" }, "value": [1, "NaN"] },
            { "metric": { "a": "2" }, "value": [1, "+Inf"] },
        ]);
        assert_eq!(
            answered("vector", &result),
            Reading::Measured(vec![value(Some("{a=\"2\"}"), f64::MAX)])
        );
    }

    #[test]
    fn a_refusal_a_range_and_nonsense_are_failures_in_words() {
        let refused = json!({ "status": "error", "errorType": "bad_data", "error": "parse error" });
        let shown = reading(&refused, "http://prom:9090");
        assert!(
            matches!(&shown, Reading::Failed(why) if why.contains("bad_data") && why.contains("parse error")),
            "{shown:?}"
        );
        assert!(
            matches!(answered("matrix", &json!([])), Reading::Failed(why) if why.contains("avg_over_time"))
        );
        assert!(matches!(
            answered("string", &json!([1, "x"])),
            Reading::Failed(_)
        ));
        assert!(matches!(reading(&json!([]), "p"), Reading::Failed(_)));
    }
}
