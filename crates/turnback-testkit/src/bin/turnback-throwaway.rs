//! Starts a throw-away cluster, prints its URL as one line, and stays until standard input ends.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use turnback_testkit::{Cluster, ClusterOptions};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "turnback-throwaway: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = Cluster::start(ClusterOptions::default())?;
    let mut out = io::stdout();
    writeln!(out, "{}", cluster.url())?;
    out.flush()?;
    let mut rest = [0; 256];
    while io::stdin().read(&mut rest)? > 0 {}
    Ok(())
}
