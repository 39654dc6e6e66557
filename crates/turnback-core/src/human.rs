//! Numbers and lists as people read them.

/// Bytes, in PostgreSQL's units (`pg_size_pretty`: powers of 1024, `kB`, `MB`, …).
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    // 999.5 would print as 1000: the next unit reads better.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value < 9.95 {
        format!("{value:.1} {}", UNITS[unit])
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

/// Seconds, in the two greatest units that matter: `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`.
pub fn human_duration(seconds: f64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    if seconds.is_nan() || seconds < 1.0 {
        return "less than a second".to_owned();
    }
    // A cast to integers saturates, so that an endless forecast still prints.
    let left = seconds.round() as u64;
    let greatest = UNITS
        .iter()
        .position(|(_, size)| left >= *size)
        .unwrap_or(UNITS.len() - 1);
    let (unit, size) = UNITS[greatest];
    let mut shown = format!("{} {unit}", left / size);
    if let Some((unit, smaller)) = UNITS.get(greatest + 1) {
        let rest = left % size / smaller;
        if rest > 0 {
            shown.push_str(&format!(" {rest} {unit}"));
        }
    }
    shown
}

/// Milliseconds: `420 ms`, `1.9 s`, from a minute on as [`human_duration`].
pub fn human_millis(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => match (millis / 1_000, millis / 100 % 10) {
            (seconds, 0) => format!("{seconds} s"),
            (seconds, tenths) => format!("{seconds}.{tenths} s"),
        },
        _ => human_duration(millis as f64 / 1_000.0),
    }
}

/// The first five of a list, and how many more there are.
pub fn some(items: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    const SHOWN: usize = 5;
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.len().checked_sub(SHOWN) {
        None | Some(0) => items.join(", "),
        Some(more) => format!("{} and {more} more", items[..SHOWN].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut_short() {
        assert_eq!(some(1..=5), "1, 2, 3, 4, 5");
        assert_eq!(some(1..=9), "1, 2, 3, 4, 5 and 4 more");
    }

    #[test]
    fn bytes_read_as_postgresql_prints_them() {
        assert_eq!(human_bytes(0), "0 bytes");
        assert_eq!(human_bytes(8192), "8.0 kB");
        assert_eq!(human_bytes(1_048_576 - 1), "1.0 MB");
        assert_eq!(human_bytes(310 << 20), "310 MB");
        assert_eq!(human_bytes(u64::MAX), "16384 PB");
    }

    #[test]
    fn durations_read_as_people_say_them() {
        assert_eq!(human_duration(0.0), "less than a second");
        assert_eq!(human_duration(f64::NAN), "less than a second");
        assert_eq!(human_duration(1.4), "1 s");
        assert_eq!(human_duration(59.6), "1 min");
        assert_eq!(human_duration(200.0), "3 min 20 s");
        assert_eq!(human_duration(7_500.0), "2 h 5 min");
        assert_eq!(human_duration(3_600.0), "1 h");
        assert_eq!(human_duration(356_400.0), "4 d 3 h");
        assert!(human_duration(f64::INFINITY).ends_with('h'));
    }
}
