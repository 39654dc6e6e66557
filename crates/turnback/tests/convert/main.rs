//! What `convert_key` promises, on a real server, schema by schema, by the real program.

mod actions;
mod carried;
mod chinook;
mod clients;
mod cycles;
mod generated;
mod journey;
mod keys;
mod names;
mod partitions;
mod phases;
mod policies;
mod references;
mod refused;
mod rights;
mod sql;
mod views;
mod world;
