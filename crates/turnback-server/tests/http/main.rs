//! The process as its clients meet it, without a socket and with a made-up world.

mod access;
mod clients;
mod csrf;
mod dashboard;
mod events;
mod fake;
mod flags;
mod metrics;
mod ofrep;
mod openapi;
mod problems;
mod sight;
