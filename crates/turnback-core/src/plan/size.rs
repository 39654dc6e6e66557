//! Sizes as PostgreSQL's settings have them: `512MB`, `2GB`, `64kB`; powers of 1024.

/// Units in bytes, the greatest first.
const UNITS: [(&str, u64); 5] = [
    ("TB", 1 << 40),
    ("GB", 1 << 30),
    ("MB", 1 << 20),
    ("kB", 1 << 10),
    ("B", 1),
];

/// The same rule for the JSON schema.
pub(super) const PATTERN: &str = r"^\d+(TB|GB|MB|kB|B)$";

/// Reads a whole number with its unit.
pub fn parse(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let (_, factor) = UNITS.iter().find(|(unit, _)| *unit == &text[digits..])?;
    number.checked_mul(*factor)
}

/// Writes a size the way it is read, in the greatest unit that loses nothing.
pub fn show(bytes: u64) -> String {
    let whole = UNITS
        .iter()
        .find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    match whole {
        Some((unit, factor)) => format!("{}{unit}", bytes / factor),
        None => "0B".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        for (text, bytes) in [
            ("1B", 1),
            ("64kB", 65_536),
            ("512MB", 536_870_912),
            ("2GB", 2_147_483_648),
            ("3TB", 3_298_534_883_328),
            ("1500MB", 1_572_864_000),
        ] {
            assert_eq!(parse(text), Some(bytes));
            assert_eq!(show(bytes), text);
        }
        for bad in [
            "",
            "1",
            "GB",
            "1 GB",
            "1gb",
            "1.5GB",
            "-1GB",
            "99999999999TB",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
