//! The report for people: what clients felt, which locks were taken, what was compared, and the
//! verdict.

use std::time::Duration;

use turnback_core::human::human_duration;
use turnback_core::program::Stage;

use super::copy::Copied;
use super::load::Felt;
use super::locks::{Blocks, Taken};
use super::screen::{BAD, BOLD, DIM, GOOD, WARN};
use super::verdict::{Moved, Report};
use crate::output::findings;
use crate::output::paragraph::{columns, labelled, width, wrap};
use crate::output::text::{count, millis};

/// Rows of a list that are worth a reader's time; the rest is in `--json`.
const MOST: usize = 12;

/// Prints it on standard output.
pub(super) fn print(report: &Report, took: Duration) {
    let width = width();
    let line = |text: &str| anstream::println!("{}", text.trim_end());
    rows(report, width, &line);
    if !report.tables.is_empty() {
        clients(report, width, &line);
    }
    if !report.transitions.is_empty() {
        transitions(report, width, &line);
        locks(report, width, &line);
    }
    compared(report, &line);
    hints(report, width, &line);
    for finding in &report.findings {
        let is_worth = finding.weight == turnback_core::preflight::Weight::NoGo;
        if is_worth {
            line(&format!("\n{}", findings::render(finding, &[], width)));
        }
    }
    verdict(report, took, width, &line);
}

fn heading(line: &dyn Fn(&str), title: &str, note: &str) {
    line(&format!(
        "\n{BOLD}{title}{BOLD:#}{}{DIM}{note}{DIM:#}",
        if note.is_empty() { "" } else { "   " }
    ));
}

fn rows(report: &Report, width: usize, line: &dyn Fn(&str)) {
    heading(line, "The copy", "");
    let in_all: u64 = report.copied.iter().map(|table| table.rows).sum();
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for table in &report.copied {
        match kinds.iter_mut().find(|(how, _)| *how == table.how) {
            Some((_, n)) => *n += 1,
            None => kinds.push((table.how, 1)),
        }
    }
    let kinds: Vec<String> = kinds.iter().map(|(how, n)| format!("{n} {how}")).collect();
    line(&wrap(
        &format!(
            "{} tables, {} rows: {}",
            report.copied.len(),
            count(in_all),
            kinds.join(", ")
        ),
        2,
        width,
    ));
    let mut largest: Vec<&Copied> = report.copied.iter().filter(|t| t.rows > 0).collect();
    largest.sort_by_key(|table| std::cmp::Reverse(table.rows));
    let mut shown = vec![
        ["table", "rows here", "in the target", "how"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for table in largest.iter().take(MOST) {
        let how = match table.for_references {
            0 => table.how.to_owned(),
            n => format!("{}, {} for references", table.how, count(n)),
        };
        shown.push(vec![
            table.table.clone(),
            count(table.rows),
            table
                .rows_in_target
                .map_or("?".to_owned(), |rows| format!("about {}", count(rows))),
            how,
        ]);
    }
    if shown.len() > 1 {
        line(&columns(shown, 2, width));
    }
    more(line, largest.len());
    for table in report.copied.iter().filter(|table| table.why.is_some()) {
        let why = table.why.clone().unwrap_or_default();
        line(&wrap(
            &format!("{}: no rows could be made up: {why}", table.table),
            2,
            width,
        ));
    }
}

fn more(line: &dyn Fn(&str), all: usize) {
    if let more @ 1.. = all.saturating_sub(MOST) {
        line(&format!("  {DIM}and {more} more: see --json{DIM:#}"));
    }
}

fn clients(report: &Report, width: usize, line: &dyn Fn(&str)) {
    heading(line, "The clients", "");
    let all = report.tables.len();
    let whole = report
        .tables
        .iter()
        .filter(|table| table.how == "written")
        .count();
    line(&wrap(
        &format!(
            "They made, changed, removed and read rows of {whole} of {all} tables, through the old shape, the new one and public."
        ),
        2,
        width,
    ));
    for table in &report.tables {
        if let Some(why) = &table.why {
            line(&wrap(
                &format!("{}: only {}; {why}", table.table, table.how),
                2,
                width,
            ));
        }
        if let Some(what) = &table.not_compared {
            line(&wrap(
                &format!("{}: not compared are {what}", table.table),
                2,
                width,
            ));
        }
    }
}

/// Transitions of one round and stage, over all phases.
fn transitions(report: &Report, width: usize, line: &dyn Fn(&str)) {
    heading(
        line,
        "What clients felt",
        "longest wait of any, and of one on a table that nothing touches",
    );
    let heads = [
        "",
        "took",
        "longest",
        "untouched",
        "transactions",
        "tried again",
        "errors",
    ];
    let mut shown = vec![heads.map(str::to_owned).to_vec()];
    shown.push(row(
        "nothing going on".to_owned(),
        report.seconds * 1_000.0,
        &report.quiet,
    ));
    let mut seen: Vec<(&str, Stage)> = Vec::new();
    for moved in &report.transitions {
        if seen.contains(&(moved.round, moved.stage)) {
            continue;
        }
        seen.push((moved.round, moved.stage));
        let same: Vec<&Moved> = report
            .transitions
            .iter()
            .filter(|other| other.round == moved.round && other.stage == moved.stage)
            .collect();
        let mut felt = Felt::default();
        let mut took = 0.0;
        let mut worst = *same.first().unwrap_or(&moved);
        for part in &same {
            took += part.millis;
            felt.add(&part.felt);
            if part.felt.longest_millis > worst.felt.longest_millis {
                worst = part;
            }
        }
        let mut name = format!("{}: {}", moved.round, moved.stage.title());
        if same.len() > 1 {
            name.push_str(&format!(" (worst: {})", worst.phase));
        }
        shown.push(row(name, took, &felt));
    }
    line(&columns(shown, 2, width));
    line(&wrap(
        "A wait that reaches into several transitions counts in each of them.",
        2,
        width,
    ));
}

fn row(name: String, took: f64, felt: &Felt) -> Vec<String> {
    let by_code = |classes: Vec<(&String, u64)>| {
        let mut codes: Vec<(&str, u64)> = Vec::new();
        for (class, n) in classes {
            // The table is told of with the reason.
            let code = class.split(' ').next().unwrap_or(class);
            match codes.iter_mut().find(|(known, _)| *known == code) {
                Some((_, times)) => *times += n,
                None => codes.push((code, n)),
            }
        }
        if codes.is_empty() {
            return "0".to_owned();
        }
        codes
            .iter()
            .map(|(code, n)| format!("{n} × {code}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let wait = |longest: f64| {
        if longest > 0.0 {
            millis(longest)
        } else {
            "—".to_owned()
        }
    };
    vec![
        name,
        millis(took),
        wait(felt.longest_millis),
        wait(felt.untouched_longest_millis),
        count(felt.transactions),
        by_code(felt.retries.iter().map(|(c, n)| (c, *n)).collect()),
        by_code(felt.errors.iter().map(|(c, (n, _))| (c, *n)).collect()),
    ]
}

/// Locks of one step that are of a kind.
struct Alike<'a> {
    worst: &'a Taken,
    relations: Vec<&'a str>,
}

fn locks(report: &Report, width: usize, line: &dyn Fn(&str)) {
    heading(line, "Locks that were taken", "by step, worst first");
    let mut steps: Vec<Alike<'_>> = Vec::new();
    for lock in report
        .locks
        .iter()
        .filter(|lock| lock.blocks > Blocks::Nobody)
    {
        // The list is in order: the first of a kind is its worst.
        let known = steps.iter_mut().find(|known| {
            let worst = known.worst;
            worst.phase == lock.phase && worst.step == lock.step && worst.mode == lock.mode
        });
        match known {
            Some(known) if known.relations.contains(&lock.relation.as_str()) => {}
            Some(known) => known.relations.push(&lock.relation),
            None => steps.push(Alike {
                worst: lock,
                relations: vec![&lock.relation],
            }),
        }
    }
    let heads = ["holds up", "mode", "held", "waited", "by", "on"];
    let mut shown = vec![heads.map(str::to_owned).to_vec()];
    for Alike { worst, relations } in steps.iter().take(MOST) {
        let on = match relations.as_slice() {
            [first, rest @ ..] if rest.len() > 1 => format!("{first} and {} more", rest.len()),
            few => few.join(", "),
        };
        shown.push(vec![
            worst.blocks.in_words().to_owned(),
            worst.mode.clone(),
            millis(worst.held_millis),
            millis(worst.waited_millis),
            if report
                .transitions
                .iter()
                .any(|moved| moved.phase != worst.phase)
            {
                format!("{}: {}", worst.phase, worst.step)
            } else {
                worst.step.clone()
            },
            on,
        ]);
    }
    line(&columns(shown, 2, width));
    more(line, steps.len());
}

fn compared(report: &Report, line: &dyn Fn(&str)) {
    if report.compared.is_empty() {
        return;
    }
    heading(line, "What was compared", "");
    for compared in &report.compared {
        let clean = compared.lost.count + compared.invented.count + compared.wrong.count == 0;
        let mark = if clean {
            format!("{GOOD}✓{GOOD:#}")
        } else {
            format!("{BAD}✗{BAD:#}")
        };
        line(&format!(
            "  {mark} {}: {} writes acknowledged, {} rows compared: {} lost, {} invented, {} wrong",
            compared.when,
            count(compared.acknowledged),
            count(compared.rows),
            compared.lost.count,
            compared.invented.count,
            compared.wrong.count
        ));
    }
    match report.catalog.identical {
        Some(true) => line(&format!(
            "  {GOOD}✓{GOOD:#} the catalog after the way back is the one before"
        )),
        Some(false) => line(&format!(
            "  {BAD}✗{BAD:#} the catalog after the way back is not the one before"
        )),
        None => {}
    }
    for differs in report.catalog.differences.iter().take(MOST) {
        let by = differs
            .phase
            .as_ref()
            .map_or(String::new(), |phase| format!(" (phase {phase})"));
        line(&format!("      {}{by}", differs.what));
    }
}

fn hints(report: &Report, width: usize, line: &dyn Fn(&str)) {
    if report.hints.is_empty() {
        return;
    }
    heading(
        line,
        "A hint for the real run",
        "times here in proportion to the target's rows; no promise",
    );
    let mut shown = vec![
        ["step", "here", "rows here", "rows there", "there, about"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for hint in report.hints.iter().take(6) {
        shown.push(vec![
            format!("{}: {}", hint.phase, hint.step),
            millis(hint.millis_here),
            count(hint.rows_here),
            count(hint.rows_in_target),
            human_duration(hint.seconds_there),
        ]);
    }
    line(&columns(shown, 2, width));
    let all: f64 = report.hints.iter().map(|hint| hint.seconds_there).sum();
    line(&format!("  in all about {}", human_duration(all)));
}

fn verdict(report: &Report, took: Duration, width: usize, line: &dyn Fn(&str)) {
    heading(line, "The verdict", "");
    for reason in &report.reasons {
        line(&labelled(
            &format!("{BAD}✗{BAD:#}"),
            &sentence(reason),
            4,
            width,
        ));
    }
    for warning in &report.warnings {
        line(&labelled(
            &format!("{WARN}!{WARN:#}"),
            &sentence(warning),
            4,
            width,
        ));
    }
    let acknowledged = report
        .compared
        .last()
        .map_or(0, |compared| compared.acknowledged);
    let took = millis(took.as_secs_f64() * 1_000.0);
    if report.reasons.is_empty() {
        line(&format!(
            "  {GOOD}{BOLD}go{BOLD:#}{GOOD:#}: there and back and to the end in {took}, {} writes acknowledged, none lost, none invented",
            count(acknowledged)
        ));
    } else {
        let n = report.reasons.len();
        line(&format!(
            "  {BAD}no-go{BAD:#}: {n} reason{} against it, found in {took}",
            if n == 1 { "" } else { "s" }
        ));
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
