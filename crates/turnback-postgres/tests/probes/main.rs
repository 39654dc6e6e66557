//! Probes on a real server: what each says when the thing is really there.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod activity;
mod groups;
mod objects;
mod questions;
mod replication;
mod statements;
mod trouble;
mod world;
