//! Comma-separated values, as PostgreSQL's COPY reads them.

/// A field of comma-separated values (RFC 4180); nothing between two commas is NULL, and an
/// empty text stands in quotes, as PostgreSQL's COPY writes them.
pub fn csv_field(value: Option<&str>) -> String {
    match value {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains(['"', ',', '\n', '\r']) || text == "\\." => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text.to_owned(),
    }
}

/// A line of comma-separated values.
pub fn csv_line<'a>(fields: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let fields: Vec<String> = fields.into_iter().map(csv_field).collect();
    fields.join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_an_empty_text_stay_different_in_a_file() {
        assert_eq!(
            csv_line([None, Some(""), Some("a\"b"), Some("c,d")]),
            ",\"\",\"a\"\"b\",\"c,d\"\n"
        );
    }
}
