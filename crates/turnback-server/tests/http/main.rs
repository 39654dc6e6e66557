//! The process as its clients meet it, without a socket and with a made-up world.

mod access;
mod clients;
mod fake;
mod flags;
mod ofrep;
mod problems;
mod sight;
