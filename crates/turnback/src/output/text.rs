//! Numbers and times as people read them.

/// Milliseconds.
pub(crate) fn millis(millis: f64) -> String {
    match millis {
        m if m < 10.0 => format!("{m:.1} ms"),
        m if m < 1_000.0 => format!("{m:.0} ms"),
        m if m < 60_000.0 => format!("{:.1} s", m / 1_000.0),
        m => format!(
            "{:.0} min {:02.0} s",
            (m / 60_000.0).floor(),
            (m % 60_000.0) / 1_000.0
        ),
    }
}

/// A count with a space between thousands.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(12), "12");
        assert_eq!(millis(3.21), "3.2 ms");
        assert_eq!(millis(65_432.0), "1 min 05 s");
    }
}
