//! Targeting rules: JsonLogic with flagd's own operations.

mod coerce;
mod evaluation;
mod fractional;
mod iterate;
mod murmur3;
mod number;
mod operation;
mod reader;
mod rule;
mod sem_ver;
mod text;
mod var;

pub(super) use self::evaluation::{Evaluation, Failure};
pub(super) use self::reader::Reader;
pub(super) use self::rule::Rule;
