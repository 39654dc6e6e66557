//! How likely it is that so many of few are rare ones, where as many of all are.
//!
//! R. A. Fisher, “On the Interpretation of χ² from Contingency Tables, and the Calculation of P”,
//! Journal of the Royal Statistical Society 85 (1922).

/// The chance that at least `rare` of the `few`, drawn from all, are rare ones: each pair is how many
/// are rare, of how many.
pub(super) fn tail((others, many): (usize, usize), (rare, few): (usize, usize)) -> f64 {
    let (all, marked) = (many + few, others + rare);
    let whole = choices(all, few);
    (rare..=few.min(marked))
        .map(|drawn| {
            let rest = choices(all - marked, few - drawn);
            (choices(marked, drawn) + rest - whole).exp()
        })
        .sum()
}

/// In how many ways `some` of `all` can be drawn, as a logarithm.
fn choices(all: usize, some: usize) -> f64 {
    if some > all {
        return f64::NEG_INFINITY;
    }
    (0..some)
        .map(|n| ((all - n) as f64 / (n + 1) as f64).ln())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_is_that_of_a_worked_example() {
        // Fisher's lady: all four cups of eight.
        assert!((tail((0, 4), (4, 4)) - 1.0 / 70.0).abs() < 1e-12);
        assert!((tail((1, 4), (3, 4)) - 17.0 / 70.0).abs() < 1e-12);
        // Whatever happens, it is at least none.
        assert!((tail((5, 90), (0, 5)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_happens_now_and_then_is_no_change_and_what_never_did_is() {
        assert!(tail((5, 90), (3, 5)) > 0.001);
        assert!(tail((0, 90), (3, 5)) < 0.001);
        assert!(tail((5, 90), (4, 5)) < 0.001);
    }
}
