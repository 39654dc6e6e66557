//! The overview, from what edges answer.

use std::time::Duration;

use turnback_core::guard::Moment;
use turnback_core::human::human_millis;
use turnback_core::incident::{self, Entry};
use turnback_core::name::{Ident, list};
use turnback_core::state::PhaseState;

use super::super::frame::{self, clock, state};
use super::super::known::{Now, look, sentence};
use super::super::view::{
    At, Badge, Can, Fill, Happened, Left, Mark, Overview, Part, PhaseCard, RunNow, RunRow,
};
use super::since;
use crate::model::{Filling, JournalEntry, Order, Phase, PlannedPhase, Progress, Run, RunState};
use crate::server::Server;

/// As many events are shown.
const EVENTS: u32 = 40;
const SHOWN: usize = 8;
/// As many runs that have ended are shown.
const RUNS: usize = 5;

/// What the overview shows.
pub(crate) async fn read(server: &Server, now: &Now) -> Part<Overview> {
    let phases = match &now.phases {
        Part::Ready(phases) => phases,
        Part::Loading => return Part::Loading,
        Part::Broken(broken) => return Part::Broken(broken.clone()),
    };
    let plan = server.edges.looks.plan();
    let progress = frame::progress(now);
    let run = frame::run(now);
    let guards = match &*server.memory.verdicts(server, now).await {
        Part::Ready(verdicts) => verdicts.counts.clone(),
        Part::Loading | Part::Broken(_) => vec![],
    };
    Part::Ready(Overview {
        run: running(run, progress),
        phases: phases
            .iter()
            .enumerate()
            .map(|(at, phase)| {
                let planned = plan.phases.iter().find(|planned| planned.id == phase.id);
                card(at + 1, phase, planned, progress)
            })
            .collect(),
        fills: progress
            .and_then(|progress| progress.filling.as_ref())
            .map(fill)
            .into_iter()
            .collect(),
        guards,
        happened: server.memory.happened(server).await.to_vec(),
        can: can(phases, run),
        runs: frame::ready(&now.runs)
            .iter()
            .filter(|run| run.state == RunState::Ended)
            .take(RUNS)
            .map(ended)
            .collect(),
    })
}

fn running(run: Option<&Run>, progress: Option<&Progress>) -> Option<RunNow> {
    if run.is_none() && progress.is_none() {
        return None;
    }
    let now = clock();
    let what = match run.map(|run| (&run.order, run.state)) {
        Some((_, RunState::Waiting)) => "Waiting for its turn",
        Some((Order::Up { .. }, _)) => "Going forward",
        Some((Order::Back { .. }, _)) => "Turning back",
        Some((Order::Contract { .. }, _)) => "Giving up the old shape",
        None => "At work elsewhere",
    };
    let asked = match (run, progress) {
        (Some(run), _) => Some(match &run.why {
            Some(why) => format!("Asked for by {}: “{why}”.", run.asked_by),
            None => format!("Asked for by {}.", run.asked_by),
        }),
        (None, Some(progress)) => progress
            .holder
            .as_ref()
            .map(|holder| format!("The lease is held by {holder}.")),
        (None, None) => None,
    };
    Some(RunNow {
        what: what.to_owned(),
        since: since(
            run.map_or(now.0, |run| run.began_at.unwrap_or(run.asked_at)),
            now,
        ),
        doing: progress.and_then(doing),
        held: progress
            .and_then(|progress| progress.held.as_deref())
            .map(sentence),
        asked,
        can_stop: run.is_some_and(|run| run.stopped_by.is_none()),
    })
}

fn doing(progress: &Progress) -> Option<String> {
    let doing = sentence(progress.doing.as_deref()?);
    Some(match (&progress.phase, &progress.stage) {
        (Some(phase), Some(stage)) => format!("Phase {phase}, {stage}: {doing}"),
        (Some(phase), None) => format!("Phase {phase}: {doing}"),
        (None, _) => doing,
    })
}

fn card(
    number: usize,
    phase: &Phase,
    planned: Option<&PlannedPhase>,
    progress: Option<&Progress>,
) -> PhaseCard {
    let state = state(phase);
    let mut notes = vec![];
    if planned.is_some_and(|planned| planned.irreversible) {
        notes.push(
            "Holds SQL that is marked irreversible: there is no way back past it but a backup."
                .to_owned(),
        );
    }
    if phase.lock_refusals > 0 {
        let times = match phase.lock_refusals {
            1 => "once".to_owned(),
            times => format!("{times} times"),
        };
        notes.push(format!(
            "A lock was not to be had within the budget {times}: clients went first."
        ));
    }
    PhaseCard {
        id: phase.id.clone(),
        number,
        state,
        changes: planned.map_or_else(String::new, |planned| planned.operations.join("; ")),
        clients: clients(phase, state),
        way_back: way_back(state).map(str::to_owned),
        bake: bake(phase, progress),
        locks: phase.longest_hold_millis.map(|held| {
            let waited = phase
                .longest_wait_millis
                .map_or_else(String::new, |waited| format!(", waited for {waited:.0} ms"));
            format!("held {held:.0} ms{waited}")
        }),
        notes,
    }
}

fn way_back(state: PhaseState) -> Option<&'static str> {
    Some(match state {
        PhaseState::Pending | PhaseState::Contracted => return None,
        PhaseState::Expanding | PhaseState::Expanded => "way back: drop the new shape",
        PhaseState::CutOver | PhaseState::Contracting => "way back: at once, catalog only",
        PhaseState::Withdrawing => "turning back",
    })
}

fn clients(phase: &Phase, state: PhaseState) -> String {
    let versions: Vec<Ident> = phase.version_schemas.iter().map(Ident::new).collect();
    let versions = list(&versions);
    let public = match state {
        PhaseState::Contracted => return "the new shape alone".to_owned(),
        PhaseState::CutOver | PhaseState::Contracting => "public: new shape",
        _ => "public: old shape",
    };
    if state.both_shapes_live() && !phase.version_schemas.is_empty() {
        return format!("{public}; both live in {versions}");
    }
    public.to_owned()
}

fn bake(phase: &Phase, progress: Option<&Progress>) -> Option<Left> {
    let now = clock();
    let of_this = progress.filter(|progress| progress.phase.as_ref() == Some(&phase.id));
    let left = of_this.and_then(|progress| progress.bake_left_millis);
    let until = phase
        .bakes_until
        .or_else(|| left.map(|left| now.0 + left))?;
    Some(Left {
        until: Moment(until),
        now,
        of: of_this
            .and_then(|progress| progress.bake_millis)
            .map(Duration::from_millis),
    })
}

fn fill(filling: &Filling) -> Fill {
    Fill {
        table: filling.table.clone(),
        pages: filling.pages,
        of_pages: filling.of_pages,
        rows: format!("{} rows", grouped(filling.rows)),
        rate: filling
            .rows_per_second
            .map(|rate| format!("{} rows/s", grouped(rate as u64))),
        left: filling.left_millis.map(human_millis),
        pace: match (filling.paused, filling.reasons.is_empty()) {
            (true, _) => "paused",
            (false, true) => "as fast as the plan allows",
            (false, false) => "held back",
        }
        .to_owned(),
        reasons: filling.reasons.iter().map(|why| sentence(why)).collect(),
        is_paused: filling.paused,
    }
}

/// A number with commas between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// What happened last, newest first.
pub(crate) async fn happened(server: &Server) -> Vec<Happened> {
    let plan = server.edges.looks.plan().name;
    // The journal is for people: a page without it is better than none.
    let journal = match look(server.edges.looks.last_of_journal(EVENTS)).await {
        Part::Ready(journal) => journal,
        Part::Loading | Part::Broken(_) => return vec![],
    };
    let line = |entry: JournalEntry| {
        let entry = Entry {
            number: entry.number,
            at: Moment::from_rfc3339(&entry.at)?,
            plan: plan.clone(),
            event: serde_json::from_value(entry.event).ok()?,
        };
        let line = incident::line(&entry)?;
        Some(Happened {
            at: At(line.at),
            mark: match line.mark {
                incident::Mark::Run => Mark::Idle,
                incident::Mark::Bad => Mark::Critical,
                incident::Mark::Good => Mark::Good,
                incident::Mark::Decision => Mark::Asks,
            },
            what: line.what,
            detail: line.detail,
        })
    };
    let newest = journal.into_iter().rev();
    newest.filter_map(line).take(SHOWN).collect()
}

fn can(phases: &[Phase], run: Option<&Run>) -> Vec<Can> {
    let says = |command: &str| {
        let of = |phase: &Phase| phase.can.iter().any(|deed| deed.command == command);
        phases.iter().any(of)
    };
    let mut can = vec![];
    let mut add = |label: &str, path: &str, grave| {
        can.push(Can {
            label: label.to_owned(),
            path: path.to_owned(),
            grave,
        });
    };
    if run.is_none() && says("up") {
        add("Go forward…", "/up", false);
    }
    if says("back") {
        add("Turn back…", "/back", true);
    }
    if run.is_none() && says("contract") {
        add("Give up the old shape…", "/contract", true);
    }
    can
}

/// A run that has ended, with the words of the exit codes.
fn ended(run: &Run) -> RunRow {
    let badge = match run.exit_code {
        Some(0) => Badge::new(Mark::Good, "done"),
        Some(3) => Badge::new(Mark::Warning, "no-go"),
        Some(4) => Badge::new(Mark::Warning, "stopped, goes on"),
        Some(5) => Badge::new(Mark::Good, "turned back"),
        Some(6) => Badge::new(Mark::Asks, "needs a person"),
        Some(_) => Badge::new(Mark::Critical, "failed"),
        None => Badge::new(Mark::Unknown, "unknown"),
    };
    let at = At(Moment(run.ended_at.unwrap_or(run.asked_at))).minute();
    let why = run
        .why
        .as_ref()
        .map_or_else(String::new, |why| format!(": “{why}”"));
    RunRow {
        number: run.number,
        typed: run.typed.clone(),
        asked: format!("{at}, asked for by {}{why}", run.asked_by),
        badge,
        outcome: run.outcome.as_deref().map(sentence).unwrap_or_default(),
        next: run.next.as_deref().map(sentence).unwrap_or_default(),
    }
}
