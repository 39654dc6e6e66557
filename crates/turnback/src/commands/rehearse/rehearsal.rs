//! A rehearsal from end to end: the copy is made, the course is run, the conclusion is drawn.

use std::sync::Arc;
use std::time::Instant;

use turnback_core::exit::ExitCode;
use turnback_core::program::Program;

use super::copy::{self, Copied, Dump};
use super::course::Course;
use super::load::make_room;
use super::place::Place;
use super::screen::{BOLD, DIM, Screen};
use super::source::Source;
use super::verdict::{Catalog, Report};
use super::{Options, failed, text};
use crate::cli::{PlanFile, RehearseArgs};
use crate::commands::preflight::{look, preflight};
use crate::context::Loaded;
use crate::failure::Failure;

pub(super) async fn run(
    args: &RehearseArgs,
    options: &Options,
    screen: &Arc<Screen>,
    place: &mut Place,
) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let file = |target| PlanFile {
        plan: args.plan.clone(),
        target,
        store: turnback_store::StorePlace::File("unused".into()),
    };
    let loaded = Loaded::read(&file(args.target.clone()))?;
    let target = loaded.plan().target.clone();
    screen.line(&format!(
        "{BOLD}{}{BOLD:#}: a rehearsal on a copy of {}, which is only read   {DIM}(seed {}){DIM:#}",
        loaded.plan().name,
        target.redacted(),
        options.seed
    ));
    screen.doing("looking at the target");
    let mut source = Source::open(&target, &loaded.plan().settings).await?;
    source.must_be_untouched().await?;
    let version = source.version;
    let schema = source.schema().await?;
    let dump = Dump::take(&source).await?;
    screen.doing("making the place of the copy");
    let url = place
        .make(args.on.as_deref(), source.major(), &loaded.plan().settings)
        .await?;
    let copied_to = Loaded::read(&file(Some(url.expose_secret().to_owned())))?;
    let target_of_copy = copied_to.target().await?;
    let mut session = target_of_copy.session().await?;
    copy::must_have_extensions(&mut session, &schema).await?;
    let copied = copy::copy(
        source,
        &dump,
        &schema,
        &mut session,
        place.is_own(),
        options.amount,
        screen,
    )
    .await?;
    make_room(&mut session).await?;
    drop(session);

    let mut report = blank(&copied_to, &target.redacted(), args, options, copied);
    let directory =
        tempfile::tempdir().map_err(|error| failed("making a directory for the journal", error))?;
    let mut course = Course {
        plan: copied_to.plan(),
        target: target_of_copy,
        journal: directory.path().join("journal.db"),
        screen,
        options,
        versioned: vec![],
    };
    let looked = look(&copied_to, &course.target).await?;
    report.target_version = version;
    report.copy_version = looked.snapshot.server_version;
    versions(screen, &report);
    let checked = preflight(&copied_to, &course.target, None, None).await?;
    report.findings = checked.findings().cloned().collect();
    if checked.is_go() {
        let programs: Vec<&Program> = looked
            .phases
            .iter()
            .filter_map(|phase| phase.program())
            .collect();
        course.act(&looked.snapshot, &programs, &mut report).await?;
    } else {
        report
            .reasons
            .push("`turnback check` says no-go on the copy".to_owned());
    }
    report.conclude();
    screen.still();
    if args.json {
        let json = serde_json::to_string_pretty(&report)
            .map_err(|error| failed("writing the report", error))?;
        anstream::println!("{json}");
    } else {
        text::print(&report, begun.elapsed());
    }
    Ok(if report.reasons.is_empty() {
        ExitCode::Done
    } else {
        ExitCode::NoGo
    })
}

fn blank(
    loaded: &Loaded,
    target: &str,
    args: &RehearseArgs,
    options: &Options,
    copied: Vec<Copied>,
) -> Report {
    Report {
        plan: loaded.plan().name.clone(),
        target: target.to_owned(),
        target_version: 0,
        copy_version: 0,
        seed: options.seed,
        seconds: args.seconds,
        lock_budget_millis: loaded.plan().settings.lock_timeout.as_secs_f64() * 1_000.0,
        copied,
        findings: vec![],
        quiet: Default::default(),
        total: Default::default(),
        transitions: vec![],
        locks: vec![],
        tables: vec![],
        compared: vec![],
        catalog: Catalog::default(),
        no_way_back: vec![],
        hints: vec![],
        warnings: vec![],
        reasons: vec![],
        verdict: "no_go",
    }
}

fn versions(screen: &Screen, report: &Report) {
    let (there, here) = (report.target_version / 10_000, report.copy_version / 10_000);
    if there == here {
        screen.told(&format!("rehearsing on PostgreSQL {here}, as the target's"));
    } else {
        screen.line(&format!(
            "  rehearsing on PostgreSQL {here}, the closest there is here; the target is a {there}"
        ));
    }
}
