//! Secrets of tokens and sessions: drawn here, shown once, kept as fingerprints.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// What every token begins with, so that it is known where it should not be.
const PREFIX: &str = "turnback_";

/// The SHA-256 of a secret. That is enough: the secret has 256 bits drawn at random, so nobody
/// finds it by trying, and no salt and no slow hash is of use (NIST SP 800-63B, 5.1.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a secret as somebody gave it.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// As it is kept.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}

/// A secret that was just drawn.
pub struct NewSecret(String);

impl NewSecret {
    /// Draws one: 256 bits from the system.
    ///
    /// # Errors
    ///
    /// Where the system has no randomness to give, in words.
    pub fn draw() -> Result<Self, String> {
        let mut bits = [0; 32];
        rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut bits)
            .map_err(|_| "the system gives no random numbers".to_owned())?;
        Ok(Self(format!("{PREFIX}{}", hex(&bits))))
    }

    /// The secret, for whoever is to have it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// As it is kept.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
