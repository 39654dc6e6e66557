//! Feature flags: read, evaluated, changed.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod changed;
mod evaluated;
mod refused;
mod rolled_out;
