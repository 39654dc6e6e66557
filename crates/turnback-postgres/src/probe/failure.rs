//! Why a probe has no value, as a sentence.

use std::time::Duration;

use turnback_core::diagnostic::mask_secrets;
use turnback_engine::error::TargetError;

/// Why a probe has no value.
#[derive(Debug)]
pub(super) struct Failure {
    sentence: String,
    code: Option<String>,
}

impl Failure {
    /// What is wrong, in our own words.
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            code: None,
        }
    }

    /// No answer in time.
    pub(super) fn silent(limit: Duration) -> Self {
        Self::new(format!(
            "the server did not answer within {} s",
            limit.as_secs_f64()
        ))
    }

    /// A table or column was not there by the name that it had a moment ago (SQLSTATE 42P01,
    /// 42703): names may have changed places between two looks.
    pub(super) fn is_unknown_name(&self) -> bool {
        matches!(self.code.as_deref(), Some("42P01" | "42703"))
    }

    /// Says what was being looked at.
    pub(super) fn about(self, object: &str) -> Self {
        Self {
            sentence: format!("{object}: {}", self.sentence),
            ..self
        }
    }

    /// As a sentence that holds no secret.
    pub(super) fn sentence(&self) -> String {
        mask_secrets(&self.sentence)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            return match error {
                sqlx::Error::Decode(error) => {
                    Self::new(format!("the server's answer cannot be read: {error}"))
                }
                error => Self::new(format!("the server cannot be reached: {error}")),
            };
        };
        let message = database.message();
        let code = database.code().unwrap_or_default().into_owned();
        let sentence = match code.as_str() {
            "57014" => format!(
                "the query was ended before it was through ({message}): where it needs longer, give the guard a longer `timeout` and `interval`"
            ),
            "25006" => format!("probes only read, and this one would write: {message}"),
            "42501" => format!(
                "{message}; grant the role that turnback connects as what it needs to read that"
            ),
            "53300" | "57P03" => format!("the server accepts no connection: {message}"),
            code if code.starts_with("57P") || code.starts_with("08") => {
                format!("the server ended the session: {message}")
            }
            _ => format!("the server refused the query: {message}"),
        };
        Self {
            sentence,
            code: Some(code),
        }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        Self::new(error.to_string())
    }
}
