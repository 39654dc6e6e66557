//! One line of a script, as it is written.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::Event;
use crate::guard::{Moment, Reading, Sample, Value};
use crate::plan::parse_duration;
use crate::state::PhaseState;
use crate::watch::Answer;

/// All that a line may say; which of it belongs together is checked by [`Line::read`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    at: Option<serde_json::Value>,
    guard: Option<String>,
    reading: Option<Reading>,
    value: Option<f64>,
    values: Option<BTreeMap<String, f64>>,
    error: Option<String>,
    no_data: Option<bool>,
    every: Option<String>,
    until: Option<serde_json::Value>,
    phase: Option<String>,
    state: Option<String>,
    answer: Option<String>,
    question: Option<u32>,
    by: Option<String>,
}

/// What a line says: an event at one moment, or at several.
pub(super) struct Said {
    pub(super) event: Event,
    pub(super) times: Vec<Moment>,
}

/// More repetitions than anybody means.
const MOST_TIMES: u128 = 100_000;

impl Line {
    /// Reads one line of JSON.
    pub(super) fn parse(text: &str) -> Result<Said, String> {
        let line: Self = serde_json::from_str(text).map_err(|error| {
            // The column is that of this line; its number is known better by the caller.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            format!("{message} (column {})", error.column())
        })?;
        line.read()
    }

    fn read(self) -> Result<Said, String> {
        let at = moment("at", self.at.as_ref().ok_or("expected `at`, a moment")?)?;
        let times = self.times(at)?;
        let event = match (&self.guard, &self.phase, &self.answer) {
            (Some(_), None, None) => self.sample(at)?,
            (None, Some(_), None) => self.phase()?,
            (None, None, Some(_)) => self.answer()?,
            _ => {
                return Err("expected one of `guard` (a sample), `phase` and `answer`".to_owned());
            }
        };
        Ok(Said { event, times })
    }

    fn times(&self, at: Moment) -> Result<Vec<Moment>, String> {
        let (every, until) = match (&self.every, &self.until) {
            (None, None) => return Ok(vec![at]),
            (Some(every), Some(until)) => (every, moment("until", until)?),
            _ => return Err("expected `every` and `until` together".to_owned()),
        };
        if self.guard.is_none() {
            return Err("expected `every` only with a sample".to_owned());
        }
        let every = parse_duration(every)
            .filter(|every| !every.is_zero())
            .ok_or_else(|| format!("expected a duration such as `10s`, but found `{every}`"))?;
        let count = until.since(at).as_millis() / every.as_millis();
        if count >= MOST_TIMES {
            return Err(format!(
                "expected no more than {MOST_TIMES} samples from one line, but found {count}"
            ));
        }
        let mut times = vec![at];
        while let Some(last) = times.last().map(|last| *last + every)
            && last <= until
        {
            times.push(last);
        }
        Ok(times)
    }

    fn sample(self, at: Moment) -> Result<Event, String> {
        self.nothing_of("a sample", [("state", self.state.is_some())])?;
        self.nothing_of("a sample", [("question", self.question.is_some())])?;
        self.nothing_of("a sample", [("by", self.by.is_some())])?;
        let mut readings = Vec::new();
        readings.extend(self.reading);
        readings.extend(self.value.map(|value| {
            Reading::Measured(vec![Value {
                object: None,
                value,
            }])
        }));
        readings.extend(self.values.map(|values| {
            let of = |(object, value)| Value {
                object: Some(object),
                value,
            };
            Reading::Measured(values.into_iter().map(of).collect())
        }));
        readings.extend(self.error.map(Reading::Failed));
        if self.no_data == Some(true) {
            readings.push(Reading::NoData);
        }
        let (Some(reading), true) = (readings.pop(), readings.is_empty()) else {
            return Err(
                "expected one of `value`, `values`, `error`, `no_data: true` and `reading`"
                    .to_owned(),
            );
        };
        Ok(Event::Sample(Sample {
            guard: self.guard.unwrap_or_default(),
            at,
            reading,
        }))
    }

    fn phase(self) -> Result<Event, String> {
        self.nothing_measured("a phase")?;
        self.nothing_of(
            "a phase",
            [
                ("question", self.question.is_some()),
                ("by", self.by.is_some()),
            ],
        )?;
        let state = self.state.ok_or("expected the `state` of the phase")?;
        let state = PhaseState::parse(&state).ok_or_else(|| {
            let states = PhaseState::ALL.map(PhaseState::as_str).join(", ");
            format!("expected one of {states}, but found `{state}`")
        })?;
        Ok(Event::Phase {
            phase: self.phase.unwrap_or_default(),
            state,
        })
    }

    fn answer(self) -> Result<Event, String> {
        self.nothing_measured("an answer")?;
        self.nothing_of("an answer", [("state", self.state.is_some())])?;
        let answer = match self.answer.as_deref() {
            Some("turn_back") => Answer::TurnBack,
            Some("go_on") => Answer::GoOn,
            Some("hold") => Answer::Hold,
            other => {
                return Err(format!(
                    "expected turn_back, go_on or hold, but found `{}`",
                    other.unwrap_or_default()
                ));
            }
        };
        Ok(Event::Answer {
            question: self.question.unwrap_or(1),
            answer,
            by: self.by.ok_or("expected `by`, who answers")?,
        })
    }

    fn nothing_measured(&self, what: &str) -> Result<(), String> {
        self.nothing_of(
            what,
            [
                ("reading", self.reading.is_some()),
                ("value", self.value.is_some()),
                ("values", self.values.is_some()),
                ("error", self.error.is_some()),
                ("no_data", self.no_data.is_some()),
            ],
        )
    }

    fn nothing_of<const N: usize>(
        &self,
        what: &str,
        keys: [(&str, bool); N],
    ) -> Result<(), String> {
        match keys.iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(format!("expected {what} without `{key}`")),
            None => Ok(()),
        }
    }
}

/// Milliseconds since 1970, or a duration since the beginning of the script.
fn moment(key: &str, value: &serde_json::Value) -> Result<Moment, String> {
    let read = match value {
        serde_json::Value::Number(number) => number.as_u64().map(Moment),
        serde_json::Value::String(text) => parse_duration(text).map(since_the_beginning),
        _ => None,
    };
    read.ok_or_else(|| {
        format!(
            "expected as `{key}` milliseconds since 1970, or a duration since the beginning such as `\"1m30s\"`, but found {value}"
        )
    })
}

fn since_the_beginning(duration: Duration) -> Moment {
    Moment::default() + duration
}
