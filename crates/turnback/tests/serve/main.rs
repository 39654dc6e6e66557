//! `turnback serve`: the real program on a real server, asked over real sockets.

mod access;
mod browser;
mod footprint;
mod hand_over;
mod overload;
mod runs;
mod serving;
mod shared;
mod start;
mod tls;
mod watched;
#[allow(dead_code, reason = "shared with `tests/live`, which needs more of it")]
#[path = "../live/world.rs"]
mod world;
