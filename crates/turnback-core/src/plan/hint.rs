//! “Did you mean …?”

/// Words longer than this are not compared: the cost grows with the square of the length.
const LONGEST: usize = 100;

/// The candidate that is nearest to what was written, when it is near enough to be a slip.
pub(crate) fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = written.chars().count();
    if length > LONGEST {
        return None;
    }
    let written = written.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&written, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= (length / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_different_word_is_not() {
        let keys = ["phases", "name", "target"];
        assert_eq!(nearest("phaes", keys), Some("phases"));
        assert_eq!(nearest("Name", keys), Some("name"));
        assert_eq!(nearest("guards", keys), None);
        assert_eq!(nearest(&"x".repeat(100_000), keys), None);
    }
}
