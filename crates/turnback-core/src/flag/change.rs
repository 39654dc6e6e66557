//! Changes of flags: from one set to the next, whoever asks for it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::definition::{EVALUATORS, FlagSet, FlagState, METADATA};
use super::maintenance::{MAINTENANCE, Maintenance};
use super::read::Fault;
use super::rollout::Share;

/// What is to become of the flags.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A flag gets this definition, whether it was there or not.
    Set {
        /// The flag.
        key: String,
        /// Its definition, in flagd's format.
        definition: Value,
    },
    /// Another variant becomes the default.
    SetDefault {
        /// The flag.
        key: String,
        /// The variant.
        variant: String,
    },
    /// A rollout gets another share.
    SetShare {
        /// The flag.
        key: String,
        /// The share.
        share: Share,
    },
    /// A rollout gets this share, and is made where it is not there. For a canary: refused where
    /// the flag is disabled and the share is more than nobody, since nobody would enter.
    Rollout {
        /// The flag.
        key: String,
        /// The share that it must have, so that nobody else's change is written over; any where
        /// none is named.
        from: Option<Share>,
        /// The share.
        share: Share,
    },
    /// A flag's targeting counts again.
    Enable {
        /// The flag.
        key: String,
    },
    /// Everybody gets the default variant of a flag.
    Disable {
        /// The flag.
        key: String,
    },
    /// Everybody gets the default variant of every flag. What is built in stays as it is.
    DisableAll,
    /// A flag goes.
    Remove {
        /// The flag.
        key: String,
    },
    /// The flags of a document are set.
    Import {
        /// The document, in flagd's format.
        document: Value,
        /// Whether flags go that the document does not have.
        replace: bool,
    },
    /// Maintenance begins, or is announced anew; or ends.
    Maintenance(Option<Maintenance>),
}

/// Why a change cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefused {
    /// There is no such flag.
    #[error("there is no flag {0:?}")]
    NoFlag(String),
    /// It is not a definition that an application could be served by.
    #[error("{}", list(.0))]
    Faults(Vec<Fault>),
    /// The flag has no such variant.
    #[error("the flag {key:?} has no variant {variant:?}; it has {known}")]
    NoVariant {
        /// The flag.
        key: String,
        /// What was asked for.
        variant: String,
        /// What it has.
        known: String,
    },
    /// The flag is not a rollout.
    #[error(
        "the flag {0:?} is not spread over `on` and `off`, so it has no share; give it another definition"
    )]
    NoRollout(String),
    /// The flag is disabled.
    #[error("the flag {0:?} is disabled, so nobody would enter; enable it first")]
    Disabled(String),
    /// The flag has another share than it was said to have.
    #[error("the flag {0:?} is not at {1}: somebody else has changed it")]
    Moved(String, Share),
    /// The flag is built in.
    #[error("the flag {0:?} is built in: `turnback maintenance on` and `off` change it")]
    BuiltIn(String),
}

fn list(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
    lines.join("\n")
}

/// What a change did to one entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The flag, or what flags share.
    pub key: String,
    /// Its definition before; nothing where there was none.
    pub old: Option<Value>,
    /// Its definition after; nothing where there is none.
    pub new: Option<Value>,
}

impl Change {
    /// The flags as they are after it.
    ///
    /// # Errors
    ///
    /// Why it cannot be; nothing has changed then.
    pub fn apply(&self, set: &FlagSet) -> Result<FlagSet, ChangeRefused> {
        if let Some(key) = self.key().filter(|key| *key == MAINTENANCE) {
            return Err(ChangeRefused::BuiltIn(key.to_owned()));
        }
        let mut entries = set.entries();
        let flag = |key: &str| {
            set.flag(key)
                .ok_or_else(|| ChangeRefused::NoFlag(key.to_owned()))
        };
        let mut put = |key: &str, definition: Value| {
            entries.insert(key.to_owned(), definition);
        };
        match self {
            Self::Set { key, definition } => {
                if key.starts_with('$') {
                    let fault = Fault::new(key, "a flag's key cannot begin with `$`");
                    return Err(ChangeRefused::Faults(vec![fault]));
                }
                put(key, definition.clone());
            }
            Self::SetDefault { key, variant } => {
                let flag = flag(key)?;
                if !flag.variants().contains_key(variant) {
                    let known: Vec<&str> = flag.variants().keys().map(String::as_str).collect();
                    return Err(ChangeRefused::NoVariant {
                        key: key.clone(),
                        variant: variant.clone(),
                        known: known.join(", "),
                    });
                }
                put(key, with(flag.definition(), "defaultVariant", variant));
            }
            Self::SetShare { key, share } => {
                let changed = flag(key)?.with_share(*share);
                put(
                    key,
                    changed.ok_or_else(|| ChangeRefused::NoRollout(key.clone()))?,
                );
            }
            Self::Rollout {
                key,
                from: Some(from),
                ..
            } if set
                .flag(key)
                .is_some_and(|flag| flag.share() != Some(*from)) =>
            {
                return Err(ChangeRefused::Moved(key.clone(), *from));
            }
            Self::Rollout { key, share, .. } => match set.flag(key) {
                None => put(key, share.definition()),
                Some(flag) if flag.state() == FlagState::Disabled && *share > Share::NONE => {
                    return Err(ChangeRefused::Disabled(key.clone()));
                }
                Some(flag) => {
                    let changed = flag.with_share(*share);
                    put(
                        key,
                        changed.ok_or_else(|| ChangeRefused::NoRollout(key.clone()))?,
                    );
                }
            },
            Self::Enable { key } => put(key, with(flag(key)?.definition(), "state", "ENABLED")),
            Self::Disable { key } => put(key, with(flag(key)?.definition(), "state", "DISABLED")),
            Self::DisableAll => {
                for (key, flag) in set.flags().iter().filter(|(key, _)| *key != MAINTENANCE) {
                    put(key, with(flag.definition(), "state", "DISABLED"));
                }
            }
            Self::Remove { key } => {
                flag(key)?;
                entries.remove(key);
            }
            Self::Import { document, replace } => {
                let imported = FlagSet::read(document).map_err(ChangeRefused::Faults)?;
                let shared = |key: &str| key == EVALUATORS || key == METADATA;
                if *replace {
                    entries.retain(|key, _| key == MAINTENANCE);
                }
                for (key, new) in imported.entries() {
                    match entries.get_mut(&key) {
                        _ if key == MAINTENANCE => {}
                        // What flags share is shared by those that stay, too.
                        Some(Value::Object(old)) if shared(&key) => {
                            old.extend(new.as_object().cloned().unwrap_or_default());
                        }
                        _ => drop(entries.insert(key, new)),
                    }
                }
            }
            Self::Maintenance(maintenance) => {
                put(MAINTENANCE, Maintenance::definition(maintenance.as_ref()));
            }
        }
        FlagSet::from_entries(entries).map_err(ChangeRefused::Faults)
    }

    /// The flag that it is about, where it is one that a definition can be given to.
    fn key(&self) -> Option<&str> {
        match self {
            Self::Set { key, .. }
            | Self::SetDefault { key, .. }
            | Self::SetShare { key, .. }
            | Self::Rollout { key, .. }
            | Self::Enable { key }
            | Self::Disable { key }
            | Self::Remove { key } => Some(key),
            Self::DisableAll | Self::Import { .. } | Self::Maintenance(_) => None,
        }
    }
}

fn with(mut definition: Value, key: &str, text: &str) -> Value {
    definition[key] = Value::from(text);
    definition
}

impl FlagSet {
    /// What differs from another set that came after this one, in the order of keys.
    pub fn differences(&self, after: &Self) -> Vec<Difference> {
        let (mut old, new) = (self.entries(), after.entries());
        let mut all: BTreeMap<String, (Option<Value>, Option<Value>)> = BTreeMap::new();
        for (key, new) in new {
            all.insert(key.clone(), (old.remove(&key), Some(new)));
        }
        for (key, old) in old {
            all.insert(key, (Some(old), None));
        }
        all.into_iter()
            .filter(|(_, (old, new))| old != new)
            .map(|(key, (old, new))| Difference { key, old, new })
            .collect()
    }
}
