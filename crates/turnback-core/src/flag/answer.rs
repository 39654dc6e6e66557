//! What evaluating a flag gives.

use serde_json::{Map, Value};

/// The value of a flag for somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The flag.
    pub key: String,
    /// The value.
    pub value: Value,
    /// The name of the variant that has it.
    pub variant: String,
    /// Why it is this one.
    pub reason: Reason,
    /// What the definition says goes with every answer.
    pub metadata: Map<String, Value>,
}

/// Why somebody gets a variant (OpenFeature specification, "resolution reason").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The flag has no targeting.
    Static,
    /// The targeting chose it.
    TargetingMatch,
    /// The targeting chose none, so it is the default.
    Default,
    /// The flag is disabled, so it is the default.
    Disabled,
}

impl Reason {
    /// As OpenFeature writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Static => "STATIC",
            Self::TargetingMatch => "TARGETING_MATCH",
            Self::Default => "DEFAULT",
            Self::Disabled => "DISABLED",
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The flag.
    pub key: String,
    /// What kind of reason it is.
    pub code: ErrorCode,
    /// The reason, as a sentence.
    pub details: String,
}

/// Kinds of reasons for which there is no answer (OpenFeature specification, "error code").
/// `TYPE_MISMATCH` is not among them: a request does not say which type it expects, its client
/// looks at the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// No flag has this key.
    FlagNotFound,
    /// The request cannot be read.
    ParseError,
    /// The flag is split by targeting key, and the context has none.
    TargetingKeyMissing,
    /// The context is not as it must be.
    InvalidContext,
    /// The flag's own definition is at fault.
    General,
}

impl ErrorCode {
    /// As OpenFeature writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::FlagNotFound => "FLAG_NOT_FOUND",
            Self::ParseError => "PARSE_ERROR",
            Self::TargetingKeyMissing => "TARGETING_KEY_MISSING",
            Self::InvalidContext => "INVALID_CONTEXT",
            Self::General => "GENERAL",
        }
    }
}
