//! What turnback promises while clients write and things break: on a real server, with live
//! writers and the checker, by the real program.

mod asked;
mod back_again;
mod blockers;
mod busy;
mod canary;
mod clocks;
mod crash;
mod every_step;
mod full_disk;
mod guide;
mod hang;
mod hooks;
mod interrupt;
mod journal;
mod kept_shape;
mod lease;
mod load;
mod locks;
mod moment;
mod own_triggers;
mod pages;
mod resume;
mod server;
mod shared_store;
mod terminated;
mod throttle;
mod traffic;
mod transitions;
mod views;
mod watch;
mod watch_faults;
mod watch_target;
mod world;
