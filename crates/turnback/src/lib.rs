//! The turnback command line: puts the parts together.

pub mod cli;
mod commands;
mod context;
mod defect;
pub mod failure;
mod flags;
mod helpers;
mod journal;
mod output;
mod render_diagnostics;
mod telling;

pub use self::commands::run;
