//! Benchmarks: ratios and times from one run on one machine, as tables for docs/benchmarks.md.
//!
//! `make bench` runs all of them; names after `scripts/bench.sh` choose some: `backfill`,
//! `cut-over`, `watching`, `serving`, `clients`, `planning`. `--small` takes a tenth of the rows and shows
//! only that they run.

mod backfill;
mod clients;
mod connection;
mod cut_over;
mod machine;
mod planning;
mod report;
mod serving;
mod viewers;
mod watching;
mod world;

use std::process::ExitCode;

use self::report::Report;

/// What went wrong; benchmarks have nobody to spare from a short message.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the benchmark cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the benchmark stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let small = arguments.iter().any(|argument| argument == "--small");
    let chosen: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| *argument != "--small")
        .collect();
    const ALL: [&str; 6] = [
        "backfill", "cut-over", "watching", "serving", "clients", "planning",
    ];
    if let Some(unknown) = chosen.iter().find(|name| !ALL.contains(name)) {
        return Err(format!("{unknown} is no benchmark; there are {}", ALL.join(", ")).into());
    }
    let wanted = |name| chosen.is_empty() || chosen.contains(&name);
    let scale = |rows: u64| if small { rows / 10 } else { rows };

    println!("{}", machine::sentence()?);
    if wanted("backfill") {
        show(backfill::run([scale(500_000), scale(5_000_000)]).await?);
    }
    if wanted("cut-over") {
        show(cut_over::run([scale(50_000), scale(500_000), scale(5_000_000)]).await?);
    }
    if wanted("watching") {
        show(watching::run([scale(50_000), scale(500_000), scale(5_000_000)]).await?);
    }
    if wanted("serving") {
        show(serving::run(if small { 3 } else { 30 }).await?);
    }
    if wanted("clients") {
        show(clients::run(scale(200_000), if small { 1 } else { 12 }).await?);
    }
    if wanted("planning") {
        show(planning::run(if small { (100, 250) } else { (1_000, 2_500) }).await?);
    }
    Ok(())
}

fn show(report: Report) {
    println!("\n{report}");
}
