//! Numbers as people read them.

/// Rows: exact while small, two digits when large, as estimates deserve.
pub(super) fn rows(rows: u64) -> String {
    let large = |value: f64, word: &str| {
        if value < 9.95 {
            format!("{value:.1} {word} rows")
        } else {
            format!("{value:.0} {word} rows")
        }
    };
    match rows {
        1 => "1 row".to_owned(),
        0..10_000 => format!("{rows} rows"),
        10_000..999_500 => large(rows as f64 / 1e3, "thousand"),
        999_500..999_500_000 => large(rows as f64 / 1e6, "million"),
        _ => large(rows as f64 / 1e9, "billion"),
    }
}

/// Rows written per second.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        r if r <= 0.0 => "no writes".to_owned(),
        r if r < 1.0 => "less than one row a second".to_owned(),
        r if r < 1.5 => "about 1 row a second".to_owned(),
        r => format!("about {r:.0} rows a second"),
    }
}

/// `1 table`, `3 tables`.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `a`, `a and b`, `a, b and c`; past `most`, `a, b and 7 more`.
pub(super) fn and(items: &[String], most: usize) -> String {
    let (shown, more) = if items.len() > most {
        (&items[..most], Some(items.len() - most))
    } else {
        (items, None)
    };
    match (shown, more) {
        (shown, Some(more)) => format!("{} and {more} more", shown.join(", ")),
        ([], None) => String::new(),
        ([one], None) => one.clone(),
        ([first @ .., last], None) => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_say_them() {
        assert_eq!(rows(1), "1 row");
        assert_eq!(rows(9_999), "9999 rows");
        assert_eq!(rows(200_000), "200 thousand rows");
        assert_eq!(rows(1_048_576), "1.0 million rows");
        assert_eq!(rows(2_500_000_000), "2.5 billion rows");
        assert_eq!(rate(0.0), "no writes");
        assert_eq!(rate(0.2), "less than one row a second");
        assert_eq!(rate(119.6), "about 120 rows a second");
    }

    #[test]
    fn lists_end_in_and() {
        let words = |n: usize| (0..n).map(|i| format!("t{i}")).collect::<Vec<_>>();
        assert_eq!(and(&words(1), 3), "t0");
        assert_eq!(and(&words(2), 3), "t0 and t1");
        assert_eq!(and(&words(3), 3), "t0, t1 and t2");
        assert_eq!(and(&words(9), 3), "t0, t1, t2 and 6 more");
    }
}
