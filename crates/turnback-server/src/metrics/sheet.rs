//! Numbers with their names and labels, as OpenMetrics writes them.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Labels of a number.
type Labels = Vec<(String, String)>;

/// Numbers with their names and labels.
#[derive(Default)]
pub(super) struct Sheet {
    registry: Registry,
    gauges: BTreeMap<&'static str, Family<Labels, Gauge<f64, AtomicU64>>>,
    counters: BTreeMap<&'static str, Family<Labels, Counter>>,
    seconds: BTreeMap<&'static str, Family<Labels, Counter<f64, AtomicU64>>>,
}

impl Sheet {
    /// A number that goes up and down.
    pub(super) fn gauge(
        &mut self,
        name: &'static str,
        help: &str,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let family = self.gauges.entry(name).or_insert_with(|| {
            let family = Family::default();
            self.registry.register(name, help, family.clone());
            family
        });
        family.get_or_create(&owned(labels)).set(value);
    }

    /// A number that only goes up; `_total` is added to its name.
    pub(super) fn counter(
        &mut self,
        name: &'static str,
        help: &str,
        labels: &[(&str, &str)],
        value: u64,
    ) {
        let family = self.counters.entry(name).or_insert_with(|| {
            let family = Family::default();
            self.registry.register(name, help, family.clone());
            family
        });
        family.get_or_create(&owned(labels)).inc_by(value);
    }

    /// Seconds that only grow; `_total` is added to their name, which ends in `_seconds`.
    pub(super) fn seconds(
        &mut self,
        name: &'static str,
        help: &str,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let family = self.seconds.entry(name).or_insert_with(|| {
            let family = Family::default();
            let stem = name.strip_suffix("_seconds").unwrap_or(name);
            self.registry
                .register_with_unit(stem, help, Unit::Seconds, family.clone());
            family
        });
        family.get_or_create(&owned(labels)).inc_by(value);
    }

    /// # Errors
    ///
    /// When it cannot be written as text.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn owned(labels: &[(&str, &str)]) -> Labels {
    labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
