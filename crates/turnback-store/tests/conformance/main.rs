//! What a control store promises, on every kind of database that it can be kept in: each promise
//! is a test twice, in a SQLite file and in a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

/// The same promises for each kind of store: `name` as `name::sqlite` and `name::postgres`.
macro_rules! promises {
    ($($(#[$note:meta])* async fn $name:ident($world:ident: World) $body:block)*) => {
        $(mod $name {
            #[allow(unused_imports, reason = "not every promise needs them all")]
            use super::*;

            $(#[$note])*
            async fn keeps($world: World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                keeps(World::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                keeps(World::postgres()).await;
            }
        })*
    };
}

mod chain;
mod copy;
mod flags;
mod journal;
mod leadership;
mod outbox;
mod serve;
mod sqlite;
mod watch;
mod world;
