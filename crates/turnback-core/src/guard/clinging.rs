//! How much samples are worth that are each like the one before.
//!
//! What is slow often stays slow for a while, and then ten samples tell no more than one or two.
//! Source: G. V. Bayley and J. M. Hammersley, “The ‘Effective’ Number of Independent Observations in
//! an Autocorrelated Time Series”, Supplement to the Journal of the Royal Statistical Society 8
//! (1946); with the correction of F. H. C. Marriott and J. A. Pope, “Bias in the Estimation of
//! Autocorrelations”, Biometrika 41 (1954). Ranks are taken, so that spikes do not hide it.

/// Beyond this a series says nothing of itself: it has hardly moved.
const MOST: f64 = 0.95;

/// How many samples are worth one that depends on no other; 1 where they do not depend on one
/// another, as far as can be seen.
pub(super) fn worth(values: &[f64]) -> f64 {
    let Some(measured) = correlation(&ranks(values)) else {
        return 1.0;
    };
    let count = values.len() as f64;
    // Two standard errors: less may be chance.
    if measured < 2.0 / count.sqrt() {
        return 1.0;
    }
    let corrected = (measured + (1.0 + 3.0 * measured) / count).min(MOST);
    (1.0 + corrected) / (1.0 - corrected)
}

/// The rank of each value; those that are equal share the middle of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    values
        .iter()
        .map(|value| {
            let first = sorted.partition_point(|other| other < value);
            let after = sorted.partition_point(|other| other <= value);
            (first + after) as f64 / 2.0
        })
        .collect()
}

/// How alike each value is to the one before: from -1 to 1.
fn correlation(values: &[f64]) -> Option<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let all: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    let pairs = values.iter().zip(values.iter().skip(1));
    let next: f64 = pairs.map(|(a, b)| (a - mean) * (b - mean)).sum();
    (all > 0.0).then_some(next / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clings_together_is_worth_less() {
        let turn: Vec<f64> = (0..40).map(|n| f64::from(n * 7 % 11)).collect();
        assert_eq!(worth(&turn), 1.0);
        let slope: Vec<f64> = (0..40).map(f64::from).collect();
        assert!(worth(&slope) > 20.0);
        assert_eq!(worth(&[5.0; 40]), 1.0, "nothing moves");
        assert_eq!(worth(&[]), 1.0);
    }
}
