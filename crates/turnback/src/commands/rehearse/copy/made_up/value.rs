//! A value as an SQL expression over `i`, the number of the row.

use turnback_core::name::{list, literal};

use super::column::{Fact, Range};

/// What text is tried, one after another, until the checks are content.
const TEXTS: [&str; 9] = [
    "'word ' || i",
    "'r' || i || '@example.org'",
    "'https://example.org/' || i",
    "lpad(i::text, 10, '0')",
    "'+1555' || lpad(i::text, 7, '0')",
    "chr(65 + ((i / 26) % 26)::int) || chr(65 + (i % 26)::int)",
    "chr(97 + ((i / 676) % 26)::int) || chr(97 + ((i / 26) % 26)::int) || chr(97 + (i % 26)::int)",
    "'10.' || (i / 65536) % 256 || '.' || (i / 256) % 256 || '.' || i % 256",
    "md5(i::text)",
];

/// What numbers are tried: the range that is known, or these, each with how it counts.
const NUMBERS: [&str; 6] = [
    "i",
    "1 + i % 5",
    "(i % 100) / 100.0",
    "1 + i % 100",
    "2000 + i % 25",
    "-i",
];

/// What times are tried.
const TIMES: [&str; 3] = ["-(i % 1000)", "(i % 1000) + 1", "0"];

/// How many ways of making a value there are.
pub(super) const STYLES: usize = TEXTS.len();

/// A value; distinct for each row where it must be.
pub(super) fn value(fact: &Fact, range: Option<&Range>, style: usize, distinct: bool) -> String {
    if !fact.labels.is_empty() {
        let labels = list(fact.labels.iter().map(|label| literal(label)));
        return format!("(ARRAY[{labels}])[1 + i % {}]", fact.labels.len());
    }
    let base = fact.base.as_str();
    let plain = base.split('(').next().unwrap_or(base).trim();
    match (fact.category.as_str(), plain) {
        ("B", _) => "i % 2 = 0".to_owned(),
        ("N", _) => number(base, plain, range, style, distinct),
        ("S", _) => text(base, style),
        ("D", "date") => format!("current_date + ({})::int", time(style, distinct)),
        ("D", _) if plain.starts_with("timestamp") => match range {
            Some(Range {
                low: Some(low),
                high: Some(high),
                ..
            }) if style == 0 && !distinct => {
                let (low, high) = (literal(low), literal(high));
                format!("{low}::{base} + random() * ({high}::{base} - {low}::{base})")
            }
            _ => format!(
                "date_trunc('day', now()) + ({}) * interval '1 minute'",
                time(style, distinct)
            ),
        },
        ("D", _) => "time '00:00' + (i % 86400) * interval '1 second'".to_owned(),
        ("T", _) => "i * interval '1 minute'".to_owned(),
        ("A", _) => "'{}'".to_owned(),
        ("I", _) => format!(
            "('10.' || (i / 65536) % 256 || '.' || (i / 256) % 256 || '.' || i % 256)::{plain}"
        ),
        ("R", _) => "'empty'".to_owned(),
        ("G", _) => "'(0,0)'".to_owned(),
        (_, "uuid") => "gen_random_uuid()".to_owned(),
        (_, "json" | "jsonb") => format!("('{{\"n\": ' || i || '}}')::{plain}"),
        (_, "bytea") => "convert_to(i::text, 'UTF8')".to_owned(),
        (_, "tsvector" | "tsquery" | "xml") => "''".to_owned(),
        _ => format!("i::text::{base}"),
    }
}

fn number(base: &str, plain: &str, range: Option<&Range>, style: usize, distinct: bool) -> String {
    let known = range.and_then(|range| {
        let low: f64 = range.low.as_ref()?.parse().ok()?;
        let high: f64 = range.high.as_ref()?.parse().ok()?;
        Some((low, high))
    });
    let drawn = match known {
        Some((low, high)) if style == 0 && !distinct => {
            let span = high - low;
            if matches!(plain, "smallint" | "integer" | "bigint") {
                format!("floor({low} + random() * {span})")
            } else {
                format!("{low} + random() * {span}")
            }
        }
        _ => format!(
            "({})",
            NUMBERS[if distinct { 0 } else { style % NUMBERS.len() }]
        ),
    };
    match plain {
        "smallint" => format!("(({drawn})::bigint % 32767)::smallint"),
        "numeric" => match digits(base) {
            // No more digits before the point than the type has.
            Some(digits) => format!("mod(({drawn})::numeric, 1e{digits})::{base}"),
            None => format!("({drawn})::numeric"),
        },
        "money" => format!("({drawn})::numeric::money"),
        _ => format!("({drawn})::{base}"),
    }
}

/// Digits before the point of `numeric(precision,scale)`.
fn digits(base: &str) -> Option<i32> {
    let inside = base.split_once('(')?.1.strip_suffix(')')?;
    let (precision, scale) = inside.split_once(',').unwrap_or((inside, "0"));
    Some(precision.trim().parse::<i32>().ok()? - scale.trim().parse::<i32>().ok()?)
}

fn text(base: &str, style: usize) -> String {
    let made = TEXTS[style % TEXTS.len()];
    match base
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')')?.parse::<u32>().ok())
    {
        // The end of it tells rows apart.
        Some(most) if style == 0 => format!("right({made}, {most})"),
        Some(most) => format!("left({made}, {most})"),
        None => made.to_owned(),
    }
}

fn time(style: usize, distinct: bool) -> &'static str {
    if distinct {
        "-i"
    } else {
        TIMES[style % TIMES.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_their_type() {
        assert_eq!(digits("numeric(10,2)"), Some(8));
        assert_eq!(digits("numeric"), None);
        assert_eq!(
            number("integer", "integer", None, 0, true),
            "((i))::integer"
        );
        assert_eq!(
            number("numeric(4,2)", "numeric", None, 0, false),
            "mod(((i))::numeric, 1e2)::numeric(4,2)"
        );
    }

    #[test]
    fn text_keeps_to_its_length() {
        assert_eq!(text("character varying(5)", 0), "right('word ' || i, 5)");
        assert_eq!(text("text", 0), "'word ' || i");
    }
}
