//! From journals to incidents and their reports, night by night.

mod finding;
mod measuring;
mod night;
mod reporting;
