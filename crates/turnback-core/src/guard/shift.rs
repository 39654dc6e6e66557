//! Whether a series has really changed from its baseline: a rank test and an effect size.
//!
//! Source of the test: H. B. Mann and D. R. Whitney, “On a Test of Whether one of Two Random
//! Variables is Stochastically Larger than the Other”, Annals of Mathematical Statistics 18 (1947);
//! with the correction for ties of E. L. Lehmann, “Nonparametrics” (1975), chapter 1.4. Source of
//! the effect size: J. L. Hodges and E. L. Lehmann, “Estimates of Location Based on Rank Tests”,
//! Annals of Mathematical Statistics 34 (1963), taken of ratios instead of differences. Both ask
//! only which of two values is greater, so single spikes count no more than any other sample.
//! Samples that cling together count for fewer, see [`clinging`](super::clinging).
//! `docs/guards.md` shows how often all this errs.

use super::apart::{Apart, more_than_chance_of};
use super::clinging::worth;
use super::rare::tail;

/// From here on a rank sum is more than chance: one-sided, at most one in a thousand where
/// nothing has changed and samples do not depend on one another.
pub(super) const MORE_THAN_CHANCE: f64 = 3.09;

/// The same as a probability.
const RARER_THAN_CHANCE: f64 = 0.001;
/// Deviations in the median absolute deviation of a normal distribution.
const DEVIATION: f64 = 1.4826;
/// How much wider medians scatter than means, where values are normal: √(π/2).
pub(super) const OF_MEDIANS: f64 = 1.2533;

/// A baseline to compare with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Normal {
    values: Sorted,
    /// How many samples are worth one that depends on no other: 1 or more.
    worth: f64,
    /// What is in the middle of the last few of them, where they are taken at the same time as
    /// what is compared.
    lately: Option<f64>,
    /// Nothing is measured of it any more.
    is_past: bool,
}

impl Normal {
    /// Takes values in the order in which they were measured.
    pub(super) fn new(values: &[f64]) -> Self {
        Self {
            values: Sorted::new(values),
            worth: worth(values),
            lately: None,
            is_past: false,
        }
    }

    /// The same, of which the last few were taken at the same time as what is compared; unless it
    /// `is_past`.
    pub(super) fn beside(self, lately: Option<f64>, is_past: bool) -> Self {
        Self {
            lately,
            is_past,
            ..self
        }
    }

    /// Whether it was taken at the same time as what is compared.
    pub(super) fn is_beside(&self) -> bool {
        self.lately.is_some()
    }

    /// What a change is counted from: the middle of all of them, or of the last few where those
    /// have changed in the same direction.
    pub(super) fn counts_from(&self, rises: bool) -> Option<f64> {
        let median = self.median()?;
        Some(match self.lately {
            Some(lately) if rises => median.max(lately),
            Some(lately) => median.min(lately),
            None => median,
        })
    }

    /// The value in the middle.
    pub(super) fn median(&self) -> Option<f64> {
        self.values.median()
    }

    /// Whether `now` is really `factor` times this, or beyond: more than half of all pairs of a
    /// value of now and one of the baseline are (the Hodges–Lehmann estimate of their ratio is
    /// beyond the factor); the rank test says that the two differ at all; and where samples cling
    /// together, the medians are further apart than those of clinging samples wander.
    pub(super) fn has_shifted(&self, now: &[f64], factor: f64) -> bool {
        let now = Sorted::new(now);
        let rises = factor > 1.0;
        self.values.share_beyond(&now, factor, rises) > 0.5
            && self.values.standard_score(&now, rises) >= MORE_THAN_CHANCE
            && if self.is_beside() {
                self.values.is_more_than_rare(&now, rises)
            } else {
                self.worth <= 1.0 || self.distance(&now, rises) >= MORE_THAN_CHANCE
            }
    }

    /// Whether differences from what was measured beside it are more than chance ([`apart`](super::apart)): `now`
    /// are the last of them, `all` those of a longer time, the newest first.
    pub(super) fn is_apart(&self, now: &[f64], all: &[f64]) -> bool {
        let own = Apart {
            deviation: deviation(&Sorted::new(all)),
            // A change in the middle of them looks like clinging, and so does a drift of all
            // users: but only what clings of itself shows both in the differences and in the rest.
            worth: worth(all).min(self.worth),
        };
        let past = self.is_past.then(|| Apart {
            deviation: deviation(&self.values),
            worth: self.worth,
        });
        let past = past.map_or(0.0, |past| past.error(self.values.0.len()));
        let Some(middle) = Sorted::new(now).median() else {
            return false;
        };
        all.len() >= super::Belief::LEAST_RELATIVE as usize
            && middle > 0.0
            && middle >= more_than_chance_of(all.len()) * own.error(now.len()).hypot(past)
    }

    /// How far the medians are apart, in the direction that is asked for: in standard errors of
    /// samples that are worth so much less.
    fn distance(&self, now: &Sorted, rises: bool) -> f64 {
        let (Some(there), Some(here)) = (self.values.median(), now.median()) else {
            return 0.0;
        };
        let apart = if rises { here - there } else { there - here };
        let worth = |values: &Sorted| (values.0.len() as f64 / self.worth).max(1.0);
        let spread = (1.0 / worth(&self.values) + 1.0 / worth(now)).sqrt();
        let error = OF_MEDIANS * deviation(&self.values) * spread;
        if error > 0.0 {
            apart / error
        } else if apart > 0.0 {
            f64::INFINITY
        } else {
            0.0
        }
    }
}

/// How far values scatter around their middle, in standard deviations of normal ones.
fn deviation(values: &Sorted) -> f64 {
    let middle = values.median().unwrap_or(0.0);
    let off: Vec<f64> = values.0.iter().map(|v| (v - middle).abs()).collect();
    DEVIATION * Sorted::new(&off).median().unwrap_or(0.0)
}

/// Values in their order, without what is no number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sorted(Vec<f64>);

impl Sorted {
    /// Sorts the values.
    pub(super) fn new(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        Self(sorted)
    }

    /// The value in the middle; the mean of both where there are two.
    pub(super) fn median(&self) -> Option<f64> {
        let middle = self.0.len() / 2;
        let upper = *self.0.get(middle)?;
        if self.0.len() % 2 == 1 {
            return Some(upper);
        }
        let lower = *self.0.get(middle.checked_sub(1)?)?;
        Some(f64::midpoint(lower, upper))
    }

    /// The least and the greatest value.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        Some((*self.0.first()?, *self.0.last()?))
    }

    /// The part of all pairs in which the value of now is beyond `factor` times that of the
    /// baseline; half of those that are equal.
    fn share_beyond(&self, now: &Self, factor: f64, rises: bool) -> f64 {
        let pairs = (self.0.len() * now.0.len()) as f64;
        if pairs == 0.0 {
            return 0.0;
        }
        let mut twice = 0;
        for value in &now.0 {
            let less = self.0.partition_point(|base| base * factor < *value);
            let no_more = self.0.partition_point(|base| base * factor <= *value);
            twice += less + no_more;
        }
        let above = twice as f64 / 2.0 / pairs;
        if rises { above } else { 1.0 - above }
    }

    /// How many standard deviations the statistic U lies above what chance would give, in the
    /// direction that is asked for; with the corrections for ties and continuity.
    fn standard_score(&self, now: &Self, rises: bool) -> f64 {
        let (there, here) = (self.0.len() as f64, now.0.len() as f64);
        let pairs = there * here;
        let u = self.share_beyond(now, 1.0, rises) * pairs;
        let all = there + here;
        let spread = (pairs / 12.0 * (all + 1.0 - self.ties(now) / (all * (all - 1.0)))).sqrt();
        if spread > 0.0 {
            (u - pairs / 2.0 - 0.5) / spread
        } else {
            0.0
        }
    }

    /// Whether those that differ from the value that nearly all have are more than chance, where
    /// there is such a value: rank sums of few samples with so many ties are not normal.
    fn is_more_than_rare(&self, now: &Self, rises: bool) -> bool {
        let mut all: Vec<f64> = self.0.iter().chain(&now.0).copied().collect();
        all.sort_by(f64::total_cmp);
        let usual = all[all.len() / 2];
        if 2 * all.iter().filter(|value| **value == usual).count() <= all.len() {
            return true;
        }
        let beyond = |values: &Self| {
            let differs = |value: &&f64| {
                if rises {
                    **value > usual
                } else {
                    **value < usual
                }
            };
            values.0.iter().filter(differs).count()
        };
        tail((beyond(self), self.0.len()), (beyond(now), now.0.len())) <= RARER_THAN_CHANCE
    }

    /// The sum of t³ − t over groups of t equal values in both.
    fn ties(&self, now: &Self) -> f64 {
        let mut all: Vec<f64> = self.0.iter().chain(&now.0).copied().collect();
        all.sort_by(f64::total_cmp);
        all.chunk_by(|a, b| a == b)
            .map(|group| {
                let t = group.len() as f64;
                t * t * t - t
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(base: &[f64], now: &[f64]) -> f64 {
        Sorted::new(base).standard_score(&Sorted::new(now), true)
    }

    #[test]
    fn the_statistic_is_that_of_a_worked_example() {
        // U = 15.5 of 20 pairs; one group of two equal values; the numbers by hand.
        let base = [1.0, 2.0, 3.0, 5.0, 6.0];
        let now = [3.0, 4.0, 7.0, 8.0];
        let u = Sorted::new(&base).share_beyond(&Sorted::new(&now), 1.0, true) * 20.0;
        assert_eq!(u, 15.5);
        let spread = (20.0_f64 / 12.0 * (10.0 - 6.0 / 72.0)).sqrt();
        assert!((score(&base, &now) - (15.5 - 10.0 - 0.5) / spread).abs() < 1e-12);
    }

    /// How many of all ways to draw `now` of `all` ranks have a statistic of at least `u`.
    fn exact_tail(there: usize, now: usize, u: usize) -> f64 {
        // ways[k][s]: subsets of k ranks with sum s.
        let most = (there + now) * (there + now + 1) / 2;
        let mut ways = vec![vec![0.0; most + 1]; now + 1];
        ways[0][0] = 1.0;
        for rank in 1..=there + now {
            for k in (1..=now).rev() {
                for sum in (rank..=most).rev() {
                    ways[k][sum] += ways[k - 1][sum - rank];
                }
            }
        }
        let least = now * (now + 1) / 2;
        let all: f64 = ways[now].iter().sum();
        ways[now][least + u..].iter().sum::<f64>() / all
    }

    #[test]
    fn what_counts_as_more_than_chance_is_rarer_than_one_in_a_thousand() {
        for (there, now) in [(30, 5), (30, 10), (30, 20), (90, 5), (90, 20)] {
            let base: Vec<f64> = (0..there).map(f64::from).collect();
            let pairs = there as usize * now;
            // The smallest statistic that the normal approximation takes for more than chance.
            let spread = (pairs as f64 / 12.0 * (f64::from(there) + now as f64 + 1.0)).sqrt();
            let u = (pairs as f64 / 2.0 + 0.5 + MORE_THAN_CHANCE * spread).ceil() as usize;
            assert!(u <= pairs, "{now} samples can never be more than chance");
            let tail = exact_tail(there as usize, now, u);
            assert!(tail <= 0.001, "{there} and {now}: {tail}");
            let above: Vec<f64> = (0..now).map(|n| 1_000.0 + n as f64).collect();
            let base = Sorted::new(&base);
            assert!(base.standard_score(&Sorted::new(&above), true) >= MORE_THAN_CHANCE);
        }
    }

    #[test]
    fn equal_values_never_differ() {
        let base = Normal::new(&[5.0; 40]);
        assert!(!base.has_shifted(&[5.0; 5], 1.1));
        assert!(!base.has_shifted(&[5.0; 5], 0.9));
        assert!(base.has_shifted(&[6.0; 5], 1.1));
        assert!(base.has_shifted(&[4.0; 5], 0.9));
        assert!(!base.has_shifted(&[6.0; 5], 1.3));
        assert!(!base.has_shifted(&[], 1.1));
        assert!(!Normal::new(&[]).has_shifted(&[5.0; 5], 1.1));
    }

    #[test]
    fn samples_that_cling_together_must_be_further_off() {
        // The same values: once in turn, once each ten times in a row.
        let turn: Vec<f64> = (0..40).map(|n| f64::from(n % 4) + 8.0).collect();
        let mut runs = turn.clone();
        runs.sort_by(f64::total_cmp);
        let now = [13.0, 12.5, 13.0, 12.5, 13.0];
        assert!(Normal::new(&turn).has_shifted(&now, 1.2));
        assert!(!Normal::new(&runs).has_shifted(&now, 1.2));
        assert!(Normal::new(&runs).has_shifted(&[30.0; 5], 1.2));
    }

    #[test]
    fn the_median_is_the_value_in_the_middle() {
        assert_eq!(Sorted::new(&[3.0, 1.0, 2.0]).median(), Some(2.0));
        assert_eq!(Sorted::new(&[4.0, 1.0, 2.0, 3.0]).median(), Some(2.5));
        assert_eq!(Sorted::new(&[f64::NAN]).median(), None);
    }
}
