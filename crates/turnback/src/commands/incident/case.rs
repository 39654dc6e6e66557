//! An incident with all that the control store knows of it.

use std::time::Duration;

use serde_json::{Value as Json, json};
use turnback_core::chain::Head;
use turnback_core::guard::{Moment, Sample, Series};
use turnback_core::incident::report::Facts;
use turnback_core::incident::{Incident, Measured, Times, incidents, measure};
use turnback_core::journal::GuardTerms;
use turnback_store::{ControlStore, StorePlace};

use crate::failure::Failure;
use crate::telling::now;

/// Samples from so long before are looked at, at least.
const BEFORE: Duration = Duration::from_secs(10 * 60);
/// And so many of them, at least.
const SAMPLES_BEFORE: u32 = 20;
/// Samples until so long after.
const AFTER: Duration = Duration::from_secs(2 * 60);

/// An incident with all that the control store knows of it.
pub(crate) struct Case {
    pub(crate) incident: Incident,
    /// What its guard measured, where it began with one.
    pub(crate) measured: Option<Measured>,
    pub(crate) times: Times,
}

impl Case {
    /// What its report is made of, written now. `head` is the end of the journal.
    pub(crate) fn facts(&self, head: Option<Head>) -> Facts<'_> {
        Facts {
            incident: &self.incident,
            measured: self.measured.as_ref(),
            times: &self.times,
            head,
            written: now(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// Every incident of a journal, and how many entries could not be read.
pub(crate) struct Cases {
    pub(crate) all: Vec<Case>,
    pub(crate) unreadable: u64,
}

impl Cases {
    /// Reads them.
    pub(crate) async fn read(store: &ControlStore) -> Result<Self, Failure> {
        let journal = store.whole_journal().await?;
        let mut all = Vec::new();
        for incident in incidents(journal.entries) {
            let measured = measured(store, &incident).await?;
            all.push(Case {
                times: Times::of(&incident, measured.as_ref()),
                incident,
                measured,
            });
        }
        Ok(Self {
            all,
            unreadable: journal.unreadable,
        })
    }

    /// The one with this number.
    pub(crate) fn take(self, number: u32, place: &StorePlace) -> Result<Case, Failure> {
        let last = self.all.len();
        let mut all = self.all.into_iter();
        all.find(|case| case.incident.number == number)
            .ok_or_else(|| {
                let there_are = match last {
                    0 => "there are none".to_owned(),
                    1 => "there is one, number 1".to_owned(),
                    _ => format!("there are 1 to {last}"),
                };
                Failure::usage(format!(
                    "there is no incident {number} in {place}: {there_are}"
                ))
                .next("`turnback incident list` shows them.")
            })
    }
}

async fn measured(store: &ControlStore, incident: &Incident) -> Result<Option<Measured>, Failure> {
    let Some(terms) = incident.terms() else {
        return Ok(None);
    };
    let samples = samples(store, incident, terms).await?;
    let mut series: Option<Series> = None;
    for phase in &incident.phases {
        let baseline = store.baseline_of(&incident.plan, phase).await?;
        let known = baseline.and_then(|mut baseline| baseline.guards.remove(&terms.guard));
        // One that was taken after the incident says nothing of it.
        series = known.filter(|series| series.from <= incident.opened);
        if series.is_some() {
            break;
        }
    }
    Ok(Some(measure(incident, terms, &samples, series.as_ref())))
}

async fn samples(
    store: &ControlStore,
    incident: &Incident,
    terms: &GuardTerms,
) -> Result<Vec<Sample>, Failure> {
    let interval = Duration::from_millis(terms.interval_millis);
    let before = BEFORE.max(interval.saturating_mul(SAMPLES_BEFORE.max(terms.of * 2)));
    let begins = incident.detected.unwrap_or(incident.opened);
    let from = begins.0.saturating_sub(before.as_millis() as u64);
    let ended = incident.ended.as_ref().map(|ended| ended.at);
    let until = ended.map_or(Moment(u64::MAX), |at| at + AFTER.max(interval * 3));
    let guard = &terms.guard;
    let samples = store
        .samples_of(&incident.plan, guard, Moment(from), until)
        .await?;
    Ok(samples)
}

impl Case {
    /// For scripts. Moments are as RFC 3339 writes them in `times`, and milliseconds since
    /// 1970-01-01 elsewhere.
    pub(crate) fn as_json(&self) -> Json {
        let incident = &self.incident;
        let times = &self.times;
        let moment = |moment: Option<Moment>| moment.map(Moment::rfc3339);
        json!({
            "incident": incident,
            "title": incident.title(),
            "over": incident.is_over(),
            "times": {
                "began": times.began.rfc3339(),
                "detected": moment(incident.detected),
                "decided": incident.decided.rfc3339(),
                "recovered": moment(incident.recovered),
                "ended": moment(incident.ended.as_ref().map(|ended| ended.at)),
                "to_detect_millis": times.to_detect,
                "to_decide_millis": times.to_decide,
                "to_recover_millis": times.to_recover,
                "in_all_millis": times.in_all,
            },
            "measured": self.measured,
        })
    }
}
