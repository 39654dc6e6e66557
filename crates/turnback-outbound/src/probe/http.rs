//! A request, and what of its answer is measured.

use std::time::Duration;

use serde_json::Value as Json;
use turnback_core::guard::{Expected, HttpProbe, Reading};
use turnback_core::notify::is_expected;

use super::{get, json};
use crate::http::{Http, NoAnswer};

pub(super) async fn read(http: &Http, probe: &HttpProbe, timeout: Duration) -> Reading {
    let request = get(probe.url.clone(), probe.headers.clone());
    if let Expected::Json(pointer) = &probe.expected {
        return match json(http, &request, timeout).await {
            Ok((status, _)) if !is_expected(&[], status) => {
                Reading::Failed(format!("{} answered with status {status}", probe.url))
            }
            Ok((_, answer)) => number_at(&answer, pointer, &probe.url.redacted()),
            Err(failed) => failed,
        };
    }
    let failure = probe.expected == Expected::Failure;
    match http.send(&request, timeout).await {
        Ok(answer) if failure => {
            Reading::single(f64::from(u8::from(!is_expected(&[], answer.status))))
        }
        Ok(answer) if is_expected(&[], answer.status) => Reading::single(answer.took.as_secs_f64()),
        // An error is often answered at once: that would pass for a fast server.
        Ok(answer) => Reading::Failed(format!(
            "{} answered with status {}",
            probe.url, answer.status
        )),
        // A server that does not answer has failed; a request that cannot be sent says nothing.
        Err(NoAnswer::Unreachable(_)) if failure => Reading::single(1.0),
        Err(error) => Reading::Failed(error.reason().to_owned()),
    }
}

/// The number at a JSON pointer (RFC 6901); a text that is a number counts, `true` is 1.
fn number_at(answer: &Json, pointer: &str, place: &str) -> Reading {
    let number = match answer.pointer(pointer) {
        None | Some(Json::Null) => return Reading::NoData,
        Some(Json::Number(number)) => number.as_f64(),
        Some(Json::Bool(flag)) => Some(f64::from(u8::from(*flag))),
        Some(Json::String(text)) => text.trim().parse().ok(),
        Some(Json::Array(_) | Json::Object(_)) => None,
    };
    number.map_or_else(
        || {
            Reading::Failed(format!(
                "what {place} answered at `{pointer}` is not a number"
            ))
        },
        Reading::single,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_at_a_pointer_is_a_number_nothing_or_a_failure() {
        let answer = serde_json::json!({
            "queue": { "length": 17, "text": "2.5", "none": null, "on": true, "a/b": [1, 2] }
        });
        let at = |pointer| number_at(&answer, pointer, "http://h");
        assert_eq!(at("/queue/length"), Reading::single(17.0));
        assert_eq!(at("/queue/text"), Reading::single(2.5));
        assert_eq!(at("/queue/on"), Reading::single(1.0));
        assert_eq!(at("/queue/a~1b/1"), Reading::single(2.0));
        assert_eq!(at("/queue/none"), Reading::NoData);
        assert_eq!(at("/elsewhere"), Reading::NoData);
        assert!(matches!(at("/queue"), Reading::Failed(why) if why.contains("not a number")));
    }
}
