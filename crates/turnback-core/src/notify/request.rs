//! Requests as data: what is sent, and what of the answer counts as success.

use std::collections::BTreeMap;

use super::channel::Method;
use crate::secret::{Address, Secret};

/// A request, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Where to.
    pub url: Address,
    /// How.
    pub method: Method,
    /// Headers to send.
    pub headers: BTreeMap<String, Secret>,
    /// What to send; may hold a key.
    pub body: Option<Secret>,
    /// Statuses that mean success; any 2xx where there are none.
    pub expect: Vec<u16>,
}

impl Request {
    /// Whether an answer with this status is what was expected.
    pub fn succeeded(&self, status: u16) -> bool {
        is_expected(&self.expect, status)
    }

    /// Everything in it that must not be shown.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        [self.url.expose_secret()]
            .into_iter()
            .chain(self.headers.values().map(Secret::expose_secret))
    }

    /// Adds a header, unless the user gave it.
    pub(super) fn or_header(&mut self, name: &str, value: &str) {
        if !self
            .headers
            .keys()
            .any(|given| given.eq_ignore_ascii_case(name))
        {
            self.headers.insert(name.to_owned(), Secret::new(value));
        }
    }
}

/// Whether a status is among those expected; any 2xx where none are named.
pub fn is_expected(expect: &[u16], status: u16) -> bool {
    if expect.is_empty() {
        (200..300).contains(&status)
    } else {
        expect.contains(&status)
    }
}
