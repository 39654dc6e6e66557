//! `sem_ver`: compares versions (semver.org 2.0.0; flagd, "semantic version operation").

use std::cmp::Ordering;

use serde_json::Value;

use super::coerce;

/// A version without its build metadata, which takes no part in comparisons.
struct Version {
    /// Major, minor, patch.
    core: [u64; 3],
    /// The identifiers of a pre-release.
    pre: Vec<String>,
}

/// Whether `left operator right` holds; null where one is no version, or there is no such
/// operator.
pub fn sem_ver(arguments: &[Value]) -> Value {
    let [left, Value::String(operator), right] = arguments else {
        return Value::Null;
    };
    let (Some(left), Some(right)) = (version(left), version(right)) else {
        return Value::Null;
    };
    let order = left.compare(&right);
    Value::Bool(match operator.as_str() {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "^" => left.core[0] == right.core[0],
        "~" => left.core[..2] == right.core[..2],
        _ => return Value::Null,
    })
}

/// Reads `v1`, `1.2`, `1.2.3-rc.1+build`: what is missing of the three numbers is 0.
fn version(value: &Value) -> Option<Version> {
    let written = match value {
        Value::String(_) | Value::Number(_) => coerce::text(value),
        _ => return None,
    };
    let written = written.strip_prefix(['v', 'V']).unwrap_or(&written);
    let written = written
        .split_once('+')
        .map_or(written, |(version, _)| version);
    let (numbers, pre) = match written.split_once('-') {
        Some((numbers, pre)) => (numbers, pre.split('.').map(str::to_owned).collect()),
        None => (written, vec![]),
    };
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if pre
        .iter()
        .any(|part: &String| part.is_empty() || !part.chars().all(known))
    {
        return None;
    }
    let mut core = [0; 3];
    for (index, number) in numbers.split('.').enumerate() {
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        *core.get_mut(index)? = number.parse().ok().filter(|_| digits)?;
    }
    Some(Version { core, pre })
}

impl Version {
    fn compare(&self, other: &Self) -> Ordering {
        // A version comes after its own pre-releases (semver.org, 11.3).
        let pre = || match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => pre_releases(&self.pre, &other.pre),
        };
        self.core.cmp(&other.core).then_with(pre)
    }
}

/// semver.org, 11.4: numbers before words, numbers by size, words by letters, then the longer.
fn pre_releases(left: &[String], right: &[String]) -> Ordering {
    let key = |part: &String| match part.parse::<u64>() {
        Ok(number) => (0, number, String::new()),
        Err(_) => (1, 0, part.clone()),
    };
    left.iter().map(key).cmp(right.iter().map(key))
}
