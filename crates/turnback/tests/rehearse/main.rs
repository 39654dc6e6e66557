//! `turnback rehearse`, the real program: a plan there and back on a throw-away copy.

mod copies;
mod interrupted;
mod verdicts;
mod world;
