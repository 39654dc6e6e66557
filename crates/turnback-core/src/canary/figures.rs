//! What the two groups of a canary measured, side by side, for people. A guard itself judges by the
//! ranks of single samples ([`Versus`](crate::guard::Versus)).

use std::collections::BTreeMap;

use crate::guard::{Meter, ObjectValues, Reading, Sample, Unit};

/// The middles of what both groups measured of one object, in the base of the unit's dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// The object; none where the probe gives one number.
    pub object: Option<String>,
    /// The canary's; none where nothing was measured.
    pub canary: Option<f64>,
    /// How many samples it is the middle of.
    pub canary_samples: usize,
    /// The rest's.
    pub rest: Option<f64>,
    /// How many samples it is the middle of.
    pub rest_samples: usize,
}

impl Figures {
    /// By which part of the rest's the canary's is greater: 0.5 is half as much again. Nothing
    /// where one was not measured, or the rest's is 0.
    pub fn change(&self) -> Option<f64> {
        let (canary, rest) = (self.canary?, self.rest?);
        (rest != 0.0).then(|| (canary - rest) / rest.abs())
    }
}

/// What both groups measured, object by object: samples of each in the order in which they were
/// taken.
pub fn side_by_side(unit: Unit, canary: &[Sample], rest: &[Sample]) -> Vec<Figures> {
    let mut figures: BTreeMap<Option<String>, Figures> = BTreeMap::new();
    for of in values(unit, canary) {
        let row = figures.entry(of.object.clone()).or_default();
        (row.canary, row.canary_samples) = (of.median(), of.values.len());
    }
    for of in values(unit, rest) {
        let row = figures.entry(of.object.clone()).or_default();
        (row.rest, row.rest_samples) = (of.median(), of.values.len());
    }
    let named = figures.into_iter();
    named
        .map(|(object, row)| Figures { object, ..row })
        .collect()
}

fn values(unit: Unit, samples: &[Sample]) -> Vec<ObjectValues> {
    let mut meter = Meter::new(unit);
    let mut values: BTreeMap<Option<String>, Vec<f64>> = BTreeMap::new();
    for sample in samples {
        if let Reading::Measured(read) = &sample.reading {
            for (object, value) in meter.read(sample.at, read) {
                values.entry(object).or_default().push(value);
            }
        }
    }
    let of = values.into_iter();
    of.map(|(object, values)| ObjectValues { object, values })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::{Moment, Value};

    fn samples(values: &[f64]) -> Vec<Sample> {
        let sample = |(at, value): (usize, &f64)| Sample {
            guard: "slow".to_owned(),
            at: Moment(at as u64 * 1_000),
            reading: Reading::single(*value),
        };
        values.iter().enumerate().map(sample).collect()
    }

    #[test]
    fn the_middles_of_both_groups_stand_side_by_side_in_the_base_of_the_unit() {
        let canary = samples(&[90.0, 30.0, 31.0]);
        let rest = samples(&[20.0, 20.0, 21.0, 400.0]);
        let figures = side_by_side(Unit::Milliseconds, &canary, &rest);
        assert_eq!(figures.len(), 1);
        assert_eq!(figures[0].canary, Some(0.031));
        assert_eq!(figures[0].rest, Some(0.0205));
        assert_eq!((figures[0].canary_samples, figures[0].rest_samples), (3, 4));
        let change = figures[0].change().expect("both were measured");
        assert!((change - 0.512).abs() < 0.001, "{change}");
    }

    #[test]
    fn of_a_counter_it_is_how_fast_it_rises() {
        let figures = side_by_side(Unit::Counter, &samples(&[5.0, 7.0, 9.0]), &[]);
        assert_eq!(figures[0].canary, Some(2.0));
        assert_eq!((figures[0].canary_samples, figures[0].rest), (2, None));
        assert_eq!(figures[0].change(), None);
    }

    #[test]
    fn each_object_has_figures_of_its_own_and_nothing_is_not_zero() {
        let mut canary = samples(&[1.0]);
        canary[0].reading = Reading::of([("a", 4.0), ("b", 8.0)].map(|(object, value)| Value {
            object: Some(object.to_owned()),
            value,
        }));
        let mut rest = samples(&[1.0, 2.0]);
        rest[0].reading = Reading::NoData;
        rest[1].reading = Reading::Failed("it is away".to_owned());
        let figures = side_by_side(Unit::Number, &canary, &rest);
        assert_eq!(figures.len(), 2);
        assert_eq!(figures[1].object.as_deref(), Some("b"));
        assert_eq!((figures[1].canary, figures[1].rest), (Some(8.0), None));
        let nothing = Figures {
            canary: Some(3.0),
            rest: Some(0.0),
            ..Figures::default()
        };
        assert_eq!(nothing.change(), None, "there is no part of nothing");
    }
}
