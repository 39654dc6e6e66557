//! `turnback flag` and `turnback maintenance`, as people call them.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod changed;
mod refused;
mod world;
