//! The engine against a target that is simulated, so that it can be stopped at every single
//! point: before an effect, between an effect and its answer, between an answer and the
//! journal. Whatever happens, starting again must end where an undisturbed run ends, and
//! turning back must end where everything began.
//!
//! How PostgreSQL itself keeps these promises is tested on a real server.

mod canary;
mod clock;
mod clocks;
mod controllers;
mod every_point;
mod fault;
mod hooks;
mod journal;
mod ledger;
mod programs;
mod random;
mod server;
mod target;
mod world;
