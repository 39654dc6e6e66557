//! Texts that may hold a secret: they are used, and never shown.

use std::fmt;

use serde::{Serialize, Serializer};

/// A text that is a secret, such as the value of a header. Never shown: `Debug` and JSON show `…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever sends it.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("…")
    }
}

/// A URL to send requests to. User, password, path and query may each be a secret (a webhook's
/// path is one), so everything but scheme, host and port stays hidden: `Display`, `Debug` and
/// JSON show [`Address::redacted`].
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Takes a URL, as it is.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole URL, for the client alone.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port; `/…` where there is more.
    pub fn redacted(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return "…".to_owned();
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, more) = rest.split_at(end);
        let host = authority.rsplit('@').next().unwrap_or_default();
        let more = if matches!(more, "" | "/") { "" } else { "/…" };
        // An `@` after that belongs to a password with a slash in it: then nothing is sure.
        if rest[end..].contains('@') {
            return format!("{scheme}://…");
        }
        format!("{scheme}://{host}{more}")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_its_host_and_nothing_that_may_be_secret() {
        for (url, shown) in [
            ("http://localhost:9090", "http://localhost:9090"),
            ("http://localhost:9090/", "http://localhost:9090"),
            ("https://app:s3cret@prom.example", "https://prom.example"),
            (
                "https://hooks.example/services/s3cret",
                "https://hooks.example/…",
            ),
            ("https://h.example?token=s3cret", "https://h.example/…"),
            ("https://app:s3/cret@h.example/x", "https://…"),
            ("s3cret", "…"),
        ] {
            let address = Address::new(url);
            assert_eq!(address.redacted(), shown);
            assert_eq!(format!("{address:?}"), shown);
            let json = serde_json::to_string(&address).unwrap();
            assert!(!json.contains("s3c"), "{json}");
        }
        assert_eq!(format!("{:?}", Secret::new("s3cret")), "…");
    }
}
