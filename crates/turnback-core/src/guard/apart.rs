//! How far few users are from many, where the few scatter more: what is compared is measured at the
//! same time, and the scatter is that of the differences.
//!
//! The test is that of B. L. Welch, “The Generalization of ‘Student’s’ Problem when Several Different
//! Population Variances are Involved”, Biometrika 34 (1947), of medians and median deviations in
//! place of means, so that single spikes count no more than any other sample.

use super::shift::{MORE_THAN_CHANCE, OF_MEDIANS};

/// How a group of samples scatters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Apart {
    /// In standard deviations.
    pub(super) deviation: f64,
    /// How many of them are worth one that depends on no other.
    pub(super) worth: f64,
}

impl Apart {
    /// The standard error of the median of so many of them.
    pub(super) fn error(self, count: usize) -> f64 {
        OF_MEDIANS * self.deviation / (count as f64 / self.worth).max(1.0).sqrt()
    }
}

/// [`MORE_THAN_CHANCE`] where the deviation is known by so few values only: the same quantile of
/// Student's t (M. Abramowitz and I. A. Stegun, “Handbook of Mathematical Functions”, 26.7.5).
pub(super) fn more_than_chance_of(count: usize) -> f64 {
    let (z, free) = (MORE_THAN_CHANCE, count.saturating_sub(1).max(1) as f64);
    z + (z.powi(3) + z) / (4.0 * free)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * free.powi(2))
        + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z)
            / (384.0 * free.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_must_be_further_apart() {
        // Quantiles at 0.001 of tables of Student's t.
        for (count, table) in [(5, 7.173), (10, 4.297), (21, 3.552), (91, 3.183)] {
            let quantile = more_than_chance_of(count);
            assert!((quantile / table - 1.0).abs() < 0.04, "{count}: {quantile}");
        }
    }
}
