//! What a column of an answer comes to: a number, or a name.

use sqlx::postgres::types::PgInterval;
use sqlx::postgres::{PgColumn, PgRow, PgTypeInfo, PgTypeKind, PgValueFormat};
use sqlx::{Column, Row, TypeInfo, ValueRef};

use super::failure::Failure;

/// The types whose values are numbers, as PostgreSQL calls them.
pub(super) const NUMBERS: &str = "smallint, integer, bigint, real, double precision, numeric, interval (seconds) or boolean (1 or 0)";

/// The number in a column; none where it is null.
pub(super) fn number(row: &PgRow, place: usize) -> Result<Option<f64>, Failure> {
    let column = row.column(place);
    let value = row.try_get_raw(place)?;
    if value.is_null() {
        return Ok(None);
    }
    let found = match plain(column.type_info()).name() {
        "INT2" => row.try_get_unchecked::<i16, _>(place).map(f64::from)?,
        "INT4" => row.try_get_unchecked::<i32, _>(place).map(f64::from)?,
        "INT8" => row.try_get_unchecked::<i64, _>(place)? as f64,
        "FLOAT4" => row.try_get_unchecked::<f32, _>(place).map(f64::from)?,
        "FLOAT8" => row.try_get_unchecked::<f64, _>(place)?,
        "BOOL" => f64::from(u8::from(row.try_get_unchecked::<bool, _>(place)?)),
        "INTERVAL" => seconds(&row.try_get_unchecked::<PgInterval, _>(place)?),
        "NUMERIC" if value.format() == PgValueFormat::Binary => {
            let bytes = value.as_bytes().map_err(sqlx::Error::Decode)?;
            numeric(bytes).ok_or_else(|| not_a_number(column))?
        }
        _ => return Err(not_a_number(column)),
    };
    Ok(Some(found))
}

/// The name in a column; none where it is null.
pub(super) fn name(row: &PgRow, place: usize) -> Result<Option<String>, Failure> {
    let column = row.column(place);
    let kind = plain(column.type_info());
    let is_text = matches!(
        kind.name(),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "\"CHAR\""
    ) || matches!(kind.kind(), PgTypeKind::Enum(_));
    if !is_text || kind.name() == "\"CHAR\"" {
        return Err(Failure::new(format!(
            "the first of the query's two columns says what the number is about, and must be text, not {}: cast it with ::text",
            shown(column)
        )));
    }
    Ok(row.try_get_unchecked(place)?)
}

fn not_a_number(column: &PgColumn) -> Failure {
    Failure::new(format!(
        "the query's column `{}` is {}, and not a number: {NUMBERS} is expected",
        column.name(),
        shown(column)
    ))
}

fn shown(column: &PgColumn) -> String {
    column.type_info().name().to_lowercase()
}

/// What a domain stands on.
fn plain(kind: &PgTypeInfo) -> &PgTypeInfo {
    match kind.kind() {
        PgTypeKind::Domain(inner) => plain(inner),
        _ => kind,
    }
}

/// As `EXTRACT(epoch FROM …)` counts them: a month is 30 days, twelve are 365.25.
fn seconds(interval: &PgInterval) -> f64 {
    let (years, months) = (interval.months / 12, interval.months % 12);
    let days = f64::from(years) * 365.25 + f64::from(months) * 30.0 + f64::from(interval.days);
    days * 86_400.0 + interval.microseconds as f64 / 1e6
}

/// Reads `numeric` as the server sends it: groups of four digits, the weight of the first group,
/// the sign (`numeric_send` in PostgreSQL's `numeric.c`).
fn numeric(bytes: &[u8]) -> Option<f64> {
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let (groups, weight) = (word(0)?, word(2)? as i16);
    let sign = match word(4)? {
        0x0000 => 1.0,
        0x4000 => -1.0,
        0xC000 => return Some(f64::NAN),
        0xD000 => return Some(f64::INFINITY),
        0xF000 => return Some(f64::NEG_INFINITY),
        _ => return None,
    };
    // By way of text, so that 0.1 is the number nearest to 0.1.
    let mut digits = String::new();
    for group in 0..usize::from(groups) {
        digits.push_str(&format!("{:04}", word(8 + 2 * group)?));
    }
    let exponent = (i32::from(weight) + 1 - i32::from(groups)) * 4;
    if digits.is_empty() {
        return Some(0.0);
    }
    format!("{digits}e{exponent}")
        .parse::<f64>()
        .ok()
        .map(|value| sign * value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_is_read_as_the_server_sends_it() {
        let sent = |words: &[u16]| -> Option<f64> {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            numeric(&bytes)
        };
        assert_eq!(sent(&[0, 0, 0, 0]), Some(0.0));
        assert_eq!(sent(&[1, 0, 0, 0, 42]), Some(42.0));
        assert_eq!(sent(&[2, 0, 0x4000, 1, 12, 5_000]), Some(-12.5));
        assert_eq!(sent(&[1, 0xFFFF, 0, 1, 1_000]), Some(0.1));
        assert_eq!(sent(&[1, 2, 0, 0, 7]), Some(700_000_000.0));
        assert!(sent(&[0, 0, 0xC000, 0]).is_some_and(f64::is_nan));
        assert_eq!(sent(&[0, 0, 0xF000, 0]), Some(f64::NEG_INFINITY));
        assert_eq!(sent(&[3, 0, 0, 0, 1]), None, "it ends too early");
    }

    #[test]
    fn an_interval_is_so_many_seconds() {
        let of = |months, days, microseconds| {
            seconds(&PgInterval {
                months,
                days,
                microseconds,
            })
        };
        assert_eq!(of(0, 0, 1_500_000), 1.5);
        assert_eq!(of(0, 1, 0), 86_400.0);
        assert_eq!(of(13, 0, 0), (365.25 + 30.0) * 86_400.0);
    }
}
