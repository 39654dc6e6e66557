//! From what a probe gave to numbers that can be compared.

use std::collections::BTreeMap;

use super::{Moment, Unit, Value};

/// Takes the values of one guard's probe to the base of their dimension; remembers the totals of
/// counters, of which counts how fast they rise.
#[derive(Clone, Debug)]
pub struct Meter {
    unit: Unit,
    totals: BTreeMap<Option<String>, (Moment, f64)>,
}

impl Meter {
    /// For numbers of this unit.
    pub fn new(unit: Unit) -> Self {
        Self {
            unit,
            totals: BTreeMap::new(),
        }
    }

    /// The values in the base of their dimension, by object. What is no number is left out. A
    /// counter has no value the first time, and where it begins anew: where it fell, nobody knows
    /// what was counted in between.
    pub fn read(&mut self, at: Moment, values: &[Value]) -> BTreeMap<Option<String>, f64> {
        values
            .iter()
            .filter(|value| !value.value.is_nan())
            .filter_map(|value| {
                let base = self.unit.to_base(value.value);
                let number = match self.unit {
                    Unit::Counter => self.rate(&value.object, at, base)?,
                    _ => base,
                };
                Some((value.object.clone(), number))
            })
            .collect()
    }

    /// What the probe's numbers are.
    pub(super) fn unit(&self) -> Unit {
        self.unit
    }

    /// Whether values may be missing although the probe gave some.
    pub(super) fn is_counter(&self) -> bool {
        self.unit == Unit::Counter
    }

    fn rate(&mut self, object: &Option<String>, at: Moment, total: f64) -> Option<f64> {
        let before = self.totals.insert(object.clone(), (at, total));
        let (since, earlier) = before?;
        let seconds = at.since(since).as_secs_f64();
        (seconds > 0.0 && total >= earlier).then(|| (total - earlier) / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: f64) -> [Value; 1] {
        [Value {
            object: None,
            value,
        }]
    }

    #[test]
    fn a_counter_gives_how_fast_it_rises_and_nothing_where_it_begins_anew() {
        let mut meter = Meter::new(Unit::Counter);
        let mut read = |at, total| meter.read(Moment(at), &one(total)).remove(&None);
        assert_eq!(read(0, 100.0), None);
        assert_eq!(read(10_000, 120.0), Some(2.0));
        assert_eq!(read(20_000, 5.0), None, "it was set back");
        assert_eq!(read(30_000, 10.0), Some(0.5));
        assert_eq!(read(30_000, 11.0), None, "no time went by");
    }

    #[test]
    fn numbers_come_in_the_base_of_their_dimension() {
        let read = |unit, value| Meter::new(unit).read(Moment(0), &one(value)).remove(&None);
        assert_eq!(read(Unit::Milliseconds, 250.0), Some(0.25));
        assert_eq!(read(Unit::Percent, 5.0), Some(0.05));
        assert_eq!(read(Unit::Bytes, 7.0), Some(7.0));
        assert_eq!(read(Unit::Number, f64::NAN), None);
    }
}
