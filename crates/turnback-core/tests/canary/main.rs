//! The canary of a phase: its place in the plan, its state machine, its comparison.

mod plan;
mod rollout;
mod versus;
