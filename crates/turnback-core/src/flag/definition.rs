//! A flag, and the set of all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::maintenance::MAINTENANCE;
use super::targeting::Rule;

/// Whether a flag's targeting is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagState {
    /// It is.
    Enabled,
    /// It is not: everybody gets the default variant.
    Disabled,
}

impl FlagState {
    /// As definitions write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
        }
    }
}

/// One flag, checked. Its parts cannot be changed singly: that what they say together is right
/// was found out when it was read ([`FlagSet::read`]).
#[derive(Clone, Debug)]
pub struct Flag {
    pub(super) state: FlagState,
    pub(super) variants: BTreeMap<String, Value>,
    pub(super) default_variant: String,
    pub(super) targeting: Option<Targeting>,
    pub(super) metadata: Map<String, Value>,
}

/// A targeting rule, as it is written and as it is evaluated.
#[derive(Clone, Debug)]
pub(super) struct Targeting {
    pub(super) written: Value,
    pub(super) rule: Arc<Rule>,
}

impl Flag {
    /// Whether its targeting is asked.
    pub fn state(&self) -> FlagState {
        self.state
    }

    /// Its variants by name.
    pub fn variants(&self) -> &BTreeMap<String, Value> {
        &self.variants
    }

    /// The variant of whoever is not targeted.
    pub fn default_variant(&self) -> &str {
        &self.default_variant
    }

    /// The targeting rule, as it is written.
    pub fn targeting(&self) -> Option<&Value> {
        self.targeting.as_ref().map(|targeting| &targeting.written)
    }

    /// What goes with every answer.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// The type of its values, in a word.
    pub fn kind(&self) -> &'static str {
        self.variants.values().next().map_or("nothing", kind_of)
    }

    /// The definition, as flagd reads it.
    pub fn definition(&self) -> Value {
        let mut definition = json!({
            "state": self.state.word(),
            "variants": self.variants,
            "defaultVariant": self.default_variant,
        });
        if let Some(written) = self.targeting() {
            definition["targeting"] = written.clone();
        }
        if !self.metadata.is_empty() {
            definition["metadata"] = Value::Object(self.metadata.clone());
        }
        definition
    }
}

/// The type of a variant's value, in a word.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::Null => "null",
    }
}

/// Every flag of a plan, with what they share.
#[derive(Clone, Debug)]
pub struct FlagSet {
    pub(super) flags: BTreeMap<String, Flag>,
    pub(super) evaluators: Map<String, Value>,
    pub(super) metadata: Map<String, Value>,
}

/// The keys under which a set keeps what is not a flag; no flag's key begins with `$`.
pub(super) const EVALUATORS: &str = "$evaluators";
pub(super) const METADATA: &str = "$metadata";

impl FlagSet {
    /// The flags by key, in their order.
    pub fn flags(&self) -> &BTreeMap<String, Flag> {
        &self.flags
    }

    /// One flag.
    pub fn flag(&self, key: &str) -> Option<&Flag> {
        self.flags.get(key)
    }

    /// What goes with every answer of every flag.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// The whole set as one document, as flagd reads it; without what is built in, which is a
    /// state of today and no definition.
    pub fn document(&self) -> Value {
        let flags: Map<String, Value> = self
            .flags
            .iter()
            .filter(|(key, _)| *key != MAINTENANCE)
            .map(|(key, flag)| (key.clone(), flag.definition()))
            .collect();
        let mut document = json!({
            "$schema": "https://flagd.dev/schema/v0/flags.json",
            "flags": flags,
        });
        if !self.evaluators.is_empty() {
            document["$evaluators"] = Value::Object(self.evaluators.clone());
        }
        if !self.metadata.is_empty() {
            document["metadata"] = Value::Object(self.metadata.clone());
        }
        document
    }

    /// What a store keeps, one definition for each key; shared evaluators and the set's metadata
    /// stand under `$evaluators` and `$metadata`.
    pub fn entries(&self) -> BTreeMap<String, Value> {
        let mut entries: BTreeMap<String, Value> = self
            .flags
            .iter()
            .map(|(key, flag)| (key.clone(), flag.definition()))
            .collect();
        for (key, shared) in [(EVALUATORS, &self.evaluators), (METADATA, &self.metadata)] {
            if !shared.is_empty() {
                entries.insert(key.to_owned(), Value::Object(shared.clone()));
            }
        }
        entries
    }
}
