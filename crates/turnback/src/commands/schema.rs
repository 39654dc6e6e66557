//! `turnback schema`: the JSON schema of the plan file.

use turnback_core::exit::ExitCode;

use crate::failure::Failure;

pub(crate) fn run() -> Result<ExitCode, Failure> {
    anstream::println!("{:#}", turnback_core::plan::json_schema());
    Ok(ExitCode::Done)
}
