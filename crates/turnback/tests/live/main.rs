//! What turnback promises while clients write and things break: on a real server, with live
//! writers and the checker, by the real program.

mod blockers;
mod crash;
mod interrupt;
mod journal;
mod lease;
mod load;
mod locks;
mod resume;
mod server;
mod traffic;
mod world;
