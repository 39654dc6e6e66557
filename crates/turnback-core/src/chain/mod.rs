//! The journal's hash chain: each entry is summed together with the sum before it, so that what
//! was written cannot be edited, removed, moved or added to without its being seen.
//!
//! The sum is SHA-256 (FIPS 180-4). What it cannot show: that somebody who can write the file has
//! written all of it anew, sums included. Against that helps a [`Head`] kept elsewhere.

mod finding;
mod hash;
mod head;
mod verify;

pub use self::finding::Finding;
pub use self::hash::{Entry, Hash, Written, sum};
pub use self::head::{BadHead, Head};
pub use self::verify::{Kept, Link, Verification, Verifier};
