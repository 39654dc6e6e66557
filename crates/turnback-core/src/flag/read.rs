//! Definitions in flagd's format, read and checked; every fault names its place.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::definition::{EVALUATORS, Flag, FlagSet, FlagState, METADATA, Targeting, kind_of};
use super::maintenance::{MAINTENANCE, Maintenance};
use super::targeting::Reader;

/// What is wrong with a definition, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Fault {
    /// The place, as a path: `flags.users-uuid.variants`.
    pub place: String,
    /// What is wrong there, and what was expected.
    pub what: String,
}

impl Fault {
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
        }
    }
}

impl Default for FlagSet {
    /// The built-in flags alone.
    fn default() -> Self {
        Self::from_entries(BTreeMap::new()).expect("the built-in definitions have no faults")
    }
}

impl FlagSet {
    /// Reads a document: `flags`, and what may go with them (`$evaluators`, `metadata`, `$schema`).
    ///
    /// # Errors
    ///
    /// Every fault of the document, each with its place.
    pub fn read(document: &Value) -> Result<Self, Vec<Fault>> {
        let Some(document) = document.as_object() else {
            return Err(vec![Fault::new(
                "the document",
                "expected an object with `flags`, but found something else",
            )]);
        };
        let mut faults = vec![];
        for key in document.keys() {
            if !["flags", "$evaluators", "metadata", "$schema"].contains(&key.as_str()) {
                faults.push(Fault::new(
                    key,
                    "expected `flags`, `$evaluators` or `metadata`; this key is none of them",
                ));
            }
        }
        let mut entries = BTreeMap::new();
        match document.get("flags") {
            Some(Value::Object(flags)) => {
                for (key, definition) in flags {
                    if key.starts_with('$') {
                        faults.push(Fault::new(
                            format!("flags.{key}"),
                            "a flag's key cannot begin with `$`",
                        ));
                    }
                    if key == MAINTENANCE {
                        faults.push(Fault::new(
                            format!("flags.{key}"),
                            "this flag is built in: `turnback maintenance on` and `off` change it",
                        ));
                    }
                    entries.insert(key.clone(), definition.clone());
                }
            }
            Some(_) => faults.push(Fault::new("flags", "expected an object of flags by key")),
            None => faults.push(Fault::new("flags", "is missing")),
        }
        for (from, to) in [("$evaluators", EVALUATORS), ("metadata", METADATA)] {
            if let Some(shared) = document.get(from) {
                entries.insert(to.to_owned(), shared.clone());
            }
        }
        match Self::from_entries(entries) {
            Ok(set) if faults.is_empty() => Ok(set),
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                Err(faults)
            }
        }
    }

    /// Makes a set of what [`FlagSet::entries`] gave. What is built in is there in any case.
    ///
    /// # Errors
    ///
    /// Every fault of the definitions, each with its place.
    pub fn from_entries(mut entries: BTreeMap<String, Value>) -> Result<Self, Vec<Fault>> {
        entries
            .entry(MAINTENANCE.to_owned())
            .or_insert_with(|| Maintenance::definition(None));
        let mut faults = vec![];
        let mut shared = |key: &str, place: &str| match entries.remove(key) {
            None => Map::new(),
            Some(Value::Object(map)) => map,
            Some(_) => {
                faults.push(Fault::new(place, "expected an object"));
                Map::new()
            }
        };
        let evaluators = shared(EVALUATORS, "$evaluators");
        let metadata = shared(METADATA, "metadata");
        check_metadata("metadata", &metadata, &mut faults);
        let mut reader = Reader::new(&evaluators, &mut faults);
        let flags = entries
            .into_iter()
            .filter_map(|(key, definition)| {
                Some((key.clone(), flag(&key, &definition, &mut reader)?))
            })
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            flags,
            evaluators,
            metadata,
        })
    }
}

/// Reads one flag. What is wrong is left with the reader.
fn flag(key: &str, definition: &Value, reader: &mut Reader<'_>) -> Option<Flag> {
    let place = |part: &str| format!("flags.{key}{part}");
    if key.is_empty() || key.len() > 200 || key.chars().any(char::is_control) {
        reader.fault(place(""), "expected a key of 1 to 200 bytes on one line");
    }
    let Some(definition) = definition.as_object() else {
        reader.fault(place(""), "expected an object");
        return None;
    };
    const KEYS: [&str; 6] = [
        "state",
        "variants",
        "defaultVariant",
        "targeting",
        "metadata",
        "description",
    ];
    for part in definition.keys() {
        if !KEYS.contains(&part.as_str()) {
            let expected = KEYS[..5].join("`, `");
            reader.fault(
                place(&format!(".{part}")),
                format!("expected one of `{expected}`; this key is none of them"),
            );
        }
    }
    let state = match definition.get("state").and_then(Value::as_str) {
        Some("ENABLED") => Some(FlagState::Enabled),
        Some("DISABLED") => Some(FlagState::Disabled),
        _ => {
            reader.fault(place(".state"), "expected \"ENABLED\" or \"DISABLED\"");
            None
        }
    };
    let variants = variants(&place(".variants"), definition.get("variants"), reader);
    let default_variant = match definition.get("defaultVariant") {
        Some(Value::String(name)) => {
            if variants
                .as_ref()
                .is_some_and(|variants| !variants.contains_key(name))
            {
                reader.fault(
                    place(".defaultVariant"),
                    format!("{name:?} is not among the variants"),
                );
            }
            Some(name.clone())
        }
        Some(_) | None => {
            reader.fault(
                place(".defaultVariant"),
                "expected the name of a variant: every answer has a value, so turnback leaves none to the application's own default",
            );
            None
        }
    };
    let targeting = match definition.get("targeting") {
        None | Some(Value::Null) => None,
        // As in flagd, where an empty rule is none.
        Some(Value::Object(rule)) if rule.is_empty() => None,
        Some(written) => Some(Targeting {
            written: written.clone(),
            rule: reader.rule(&place(".targeting"), written),
        }),
    };
    let mut metadata = match definition.get("metadata") {
        None => Map::new(),
        Some(Value::Object(metadata)) => metadata.clone(),
        Some(_) => {
            reader.fault(place(".metadata"), "expected an object");
            Map::new()
        }
    };
    if let Some(description) = definition.get("description") {
        metadata
            .entry("description")
            .or_insert_with(|| description.clone());
    }
    check_metadata(&place(".metadata"), &metadata, reader.faults());
    Some(Flag {
        state: state?,
        variants: variants?,
        default_variant: default_variant?,
        targeting,
        metadata,
    })
}

fn variants(
    place: &str,
    variants: Option<&Value>,
    reader: &mut Reader<'_>,
) -> Option<BTreeMap<String, Value>> {
    let Some(Value::Object(variants)) = variants else {
        reader.fault(place, "expected an object of values by name");
        return None;
    };
    let Some((first, value)) = variants.iter().next() else {
        reader.fault(place, "expected at least one variant");
        return None;
    };
    let kind = kind_of(value);
    if kind == "null" || kind == "array" {
        reader.fault(
            format!("{place}.{first}"),
            format!("expected a boolean, a string, a number or an object, but found {kind}"),
        );
    }
    for (name, value) in variants {
        if kind_of(value) != kind {
            reader.fault(
                format!("{place}.{name}"),
                format!(
                    "all values of a flag are of one type: {first:?} is {kind}, this is {}",
                    kind_of(value)
                ),
            );
        }
    }
    Some(variants.clone().into_iter().collect())
}

/// OFREP's answers carry booleans, strings and numbers.
fn check_metadata(place: &str, metadata: &Map<String, Value>, faults: &mut Vec<Fault>) {
    for (key, value) in metadata {
        if !matches!(kind_of(value), "boolean" | "string" | "number") {
            faults.push(Fault::new(
                format!("{place}.{key}"),
                "expected a boolean, a string or a number",
            ));
        }
    }
}
