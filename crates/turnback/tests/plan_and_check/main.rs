//! What `plan` and `check` promise, by the real program on a real server.

mod check;
mod documented;
mod executed;
mod plan;
mod resumed;
mod world;
