//! Feature flags: read, evaluated, changed.

mod changed;
mod evaluated;
mod refused;
mod rolled_out;
