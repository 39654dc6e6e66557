//! Backups on a real server: made, verified by restoring, kept and pruned.

mod adapters;
mod create;
mod failures;
mod formats;
mod repair;
mod required;
mod restore;
mod salvage;
mod salvage_contracted;
mod world;
