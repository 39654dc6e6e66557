//! From what guards say to what is done: the matrix, and the watch over time.

mod documents;
mod properties;
mod reading;
mod replaying;
mod rows;
mod scene;
mod telling;
mod watching;
mod world;
