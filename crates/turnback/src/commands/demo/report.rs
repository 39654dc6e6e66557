//! How it ended: the verdict, a table of what happened, and what to type next.

use std::time::Duration;

use turnback_testkit::{Report, Verdict};

use super::screen::{BAD, BOLD, DIM, GOOD};
use super::traffic::wait;
use super::watched::ByItself;
use crate::output::text::{count, millis};

/// How long things took, and how long locks were held for them.
#[derive(Default)]
pub(super) struct Times {
    /// The cut-over's transaction, from having its locks to the answer to its commit, in
    /// milliseconds: clients wait less, as files are removed after the locks are released.
    pub(super) cut_over_held: f64,
    /// The same of the swap back.
    pub(super) back_held: f64,
    /// From the command until `public` showed the old shape.
    pub(super) back_to_old: Duration,
    /// How it turned back by itself.
    pub(super) by_itself: Option<ByItself>,
}

/// Prints what clients felt, window by window, then the verdict; says whether all is well.
pub(super) fn report(verdict: &Verdict, total: &Report, windows: &[Report]) -> bool {
    let heads = ["took", "writes", "per second", "median", "longest wait"];
    row(DIM, "what clients felt", &heads.map(str::to_owned));
    for window in windows {
        row(anstyle::Style::new(), &window.label, &felt(window));
    }
    row(BOLD, "in all", &felt(total));
    anstream::println!();
    for (code, times) in &total.retries {
        anstream::println!(
            "   {times} times a client had to try again ({}, {code})",
            reason(code)
        );
    }
    for (code, error) in &total.errors {
        let (times, example) = (error.count, &error.example);
        anstream::println!("   {BAD}{times} errors {code}{BAD:#}, the first: {example}");
    }
    let clean = verdict.is_clean() && total.error_count() == 0;
    let style = if clean { GOOD.bold() } else { BAD };
    anstream::println!(
        "   {style}{} writes acknowledged: {} lost, {} invented, {} wrong, {} client errors{style:#}",
        count(verdict.acknowledged),
        verdict.lost.len(),
        verdict.invented.len(),
        verdict.wrong.len(),
        total.error_count()
    );
    if !verdict.is_clean() {
        // The findings themselves, under a line that says the same in its own words.
        anstream::println!("   {verdict}");
    }
    clean
}

fn row(style: anstyle::Style, what: &str, cells: &[String; 5]) {
    let [took, writes, rate, median, longest] = cells;
    anstream::println!(
        "   {style}{what:<36}{took:>11}{writes:>9}{rate:>13}{median:>10}{longest:>15}{style:#}"
    );
}

fn felt(window: &Report) -> [String; 5] {
    [
        wait(window.duration),
        count(window.acknowledged),
        format!("{:.0}", window.per_second()),
        wait(window.median),
        wait(window.longest_stall()),
    ]
}

/// What a retried SQLSTATE means (manual, appendix A).
fn reason(code: &str) -> &'static str {
    match code {
        "40001" => "serialization failure",
        "40P01" => "deadlock",
        "55P03" => "lock timeout",
        _ => "refused for the moment",
    }
}

/// Prints how long the story took, where its data went, and what to type next.
pub(super) fn next_steps(times: &Times, all: Duration) {
    anstream::println!(
        "\n   The cut-over took {}; public was old again {} after `turnback back`.",
        millis(times.cut_over_held),
        wait(times.back_to_old)
    );
    if let Some(by_itself) = &times.by_itself {
        anstream::println!(
            "   By itself, public was old again {} after the fault, {} after the decision.",
            wait(by_itself.from_fault),
            wait(by_itself.from_decision)
        );
        anstream::println!("   The report of it: {}", by_itself.report.display());
    }
    anstream::println!(
        "   The whole took {}. The cluster is stopped and its directory removed.",
        wait(all)
    );
    anstream::println!("\n{BOLD}On your own database{BOLD:#}");
    let steps = [
        (
            "cargo install --path crates/turnback",
            "once, in this directory",
        ),
        ("export DATABASE_URL=postgres://…", ""),
        (
            "turnback init --target \"$DATABASE_URL\" --convert-keys uuid --all",
            "",
        ),
        ("", "looks, changes nothing, writes turnback.yaml"),
        ("turnback check", "go or no-go, and why; changes nothing"),
        (
            "turnback plan",
            "every step before it is taken; changes nothing",
        ),
        ("turnback up", "go forward"),
        ("turnback back", "turn back, at once"),
    ];
    for (command, meaning) in steps {
        if meaning.is_empty() {
            anstream::println!("   {command}");
        } else {
            anstream::println!("   {command:<40}{DIM}{meaning}{DIM:#}");
        }
    }
}
