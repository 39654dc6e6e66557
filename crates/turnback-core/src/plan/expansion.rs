//! `${NAME}` in texts: environment variables put in their place.

/// `${` without the name of a variable and `}`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadVariable;

/// Puts variables in; `$${` stands for a literal `${`. The names that have no value are answered
/// as well, in the order of the text.
pub(super) fn expand(
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(String, Vec<String>), BadVariable> {
    let mut expanded = String::new();
    let mut missing = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.push_str(&rest[..dollar]);
        rest = &rest[dollar..];
        if let Some(after) = rest.strip_prefix("$${") {
            expanded.push_str("${");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${") {
            let name = after
                .split_once('}')
                .map(|(name, _)| name)
                .filter(|name| is_name(name))
                .ok_or(BadVariable)?;
            match env(name).filter(|value| !value.is_empty()) {
                Some(value) => expanded.push_str(&value),
                None => missing.push(name.to_owned()),
            }
            rest = &after[name.len() + 1..];
        } else {
            expanded.push('$');
            rest = &rest[1..];
        }
    }
    expanded.push_str(rest);
    Ok((expanded, missing))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_and_those_without_a_value_are_named() {
        let env = |name: &str| (name == "KEY").then(|| "s3cret".to_owned());
        let expanded = |text| expand(text, &env);
        assert_eq!(
            expanded("a ${KEY} $5 $${KEY}"),
            Ok(("a s3cret $5 ${KEY}".to_owned(), vec![]))
        );
        assert_eq!(
            expanded("${NO}x"),
            Ok(("x".to_owned(), vec!["NO".to_owned()]))
        );
        assert_eq!(expanded("${1}"), Err(BadVariable));
        assert_eq!(expanded("${KEY"), Err(BadVariable));
    }
}
