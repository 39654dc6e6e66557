//! What leads out of the database: probes over HTTP and commands, hooks, messages to people.
//!
//! What is asked, sent and run is decided in the core, as data; here it is done, with a time limit
//! on everything. No address, key or password stands in any message of this crate.

mod command;
mod hook;
mod http;
mod mail;
mod messenger;
mod probe;
mod serving;

pub use self::hook::Hooks;
pub use self::http::{Http, NoHttp};
pub use self::messenger::Post;
pub use self::probe::Prober;
pub use self::serving::{NotServed, Serving};
