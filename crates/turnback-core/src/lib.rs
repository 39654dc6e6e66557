//! The pure part of turnback: names, the schema model, plans, operations and their steps.
//!
//! Nothing here does IO, reads a clock or draws randomness: functions take data and return
//! data. The engine runs what is decided here; the edges (PostgreSQL, the control store,
//! the terminal) act.

pub mod backfill;
pub mod backup;
pub mod canary;
pub mod chain;
pub mod convert_key;
pub mod decision;
pub mod diagnostic;
pub mod exit;
pub mod fact;
pub mod flag;
pub mod forecast;
pub mod growth;
pub mod guard;
pub mod hide;
pub mod hook;
pub mod human;
pub mod import_guards;
pub mod incident;
pub mod init;
pub mod journal;
pub mod lock_report;
pub mod mask;
pub mod name;
pub mod notify;
pub mod phases;
pub mod plan;
pub mod preflight;
pub mod program;
pub mod recovery;
pub mod removal;
pub mod repair;
pub mod replay;
pub mod risk;
pub mod schema;
pub mod scope;
pub mod script;
pub mod secret;
pub mod sql_operation;
pub mod state;
pub mod step;
pub mod throttle;
pub mod undeclared;
pub mod watch;
