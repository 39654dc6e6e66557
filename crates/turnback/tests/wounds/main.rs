//! What hurts the users of other tools, one test for each open thread of theirs, named for what
//! it protects. Other tests hold the same promises in every corner; these are the ones that
//! somebody out there is waiting for. (pg-osc #81, views that keep following the old table, is with
//! the views in `tests/convert`.)

mod load;
mod resume;
/// A database of any schema, as `tests/convert` uses it.
#[allow(
    dead_code,
    reason = "shared with `tests/convert`, which needs more of it"
)]
#[path = "../convert/world.rs"]
mod schema;
mod shapes;
#[allow(dead_code, reason = "shared with `tests/live`, which needs more of it")]
#[path = "../live/traffic.rs"]
mod traffic;
#[allow(dead_code, reason = "shared with `tests/live`, which needs more of it")]
#[path = "../live/world.rs"]
mod world;
