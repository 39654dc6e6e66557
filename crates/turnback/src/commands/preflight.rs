//! Preflight: what `check` shows, and what `up` makes sure of before it starts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use turnback_core::backup::Demand;
use turnback_core::canary::{Side, of_side};
use turnback_core::decision::past_the_irreversible;
use turnback_core::exit::ExitCode;
use turnback_core::flag::{By, Change, Flag, FlagSet};
use turnback_core::guard::Of;
use turnback_core::name::{Ident, TableName};
use turnback_core::phases::{PhaseProgram, programs};
use turnback_core::plan::Phase;
use turnback_core::preflight::{
    Connections, Finding, Weight, canary_finding, guard_finding, outward_findings, server_findings,
    unfit_view,
};
use turnback_core::program::Program;
use turnback_core::schema::Snapshot;
use turnback_core::state::PhaseState;
use turnback_core::undeclared::{keys_of, undeclared, undeclared_finding};
use turnback_engine::edges::{PhaseRecord, Target};
use turnback_engine::flags::{Flags, FlagsError};
use turnback_engine::live_versions;
use turnback_engine::watch::{Probes, Scene};
use turnback_postgres::PostgresTarget;
use turnback_postgres::trial::failures;
use turnback_postgres::undeclared::seen;
use turnback_store::{ControlStore, StorePlace};

use super::backup::required;
use super::watching::probes;
use crate::context::{Loaded, snapshot};
use crate::failure::Failure;
use crate::flags::TimedFlags;
use crate::journal::in_time;

/// One look at plan, ledger and catalog: every phase of the plan, with its program.
pub(crate) struct Look {
    pub(crate) snapshot: Snapshot,
    pub(crate) phases: Vec<LookedAt>,
}

/// A phase, with the program in the ledger when it was begun, or the one that would be.
pub(crate) struct LookedAt {
    pub(crate) phase: Phase,
    pub(crate) state: PhaseState,
    /// As the ledger knows it, where it was begun.
    pub(crate) record: Option<PhaseRecord>,
    /// The program of a phase that is still to begin, unless something stands in its way.
    pub(crate) planned: Option<Program>,
    /// What planning it found.
    pub(crate) findings: Vec<Finding>,
}

impl LookedAt {
    /// The program that runs, or ran.
    pub(crate) fn program(&self) -> Option<&Program> {
        self.record
            .as_ref()
            .map(|record| &record.program)
            .or(self.planned.as_ref())
    }

    /// The catalog that the program was made for.
    pub(crate) fn catalog<'a>(&'a self, now: &'a Snapshot) -> &'a Snapshot {
        self.record.as_ref().map_or(now, |record| &record.before)
    }

    /// Whether `up` has anything left to plan or build for it.
    fn is_ahead(&self) -> bool {
        matches!(self.state, PhaseState::Pending | PhaseState::Expanding)
    }
}

/// Looks at the database and plans every phase that has not been begun.
pub(crate) async fn look(loaded: &Loaded, target: &PostgresTarget) -> Result<Look, Failure> {
    let plan = loaded.plan();
    let snapshot = snapshot(target, &plan.target).await?;
    let records = if target.has_ledger().await? {
        target.phases(&plan.name).await?
    } else {
        vec![]
    };
    let record_of = |phase: &Phase| {
        records
            .iter()
            .find(|record| record.phase == phase.id && record.state != PhaseState::Pending)
    };
    let begun: BTreeSet<&str> = plan
        .phases
        .iter()
        .filter(|phase| record_of(phase).is_some())
        .map(|phase| phase.id.as_str())
        .collect();
    loaded.check_against(&snapshot, &begun)?;
    let pending = plan
        .phases
        .iter()
        .filter(|phase| !begun.contains(phase.id.as_str()));
    let mut planned = programs(&snapshot, pending, &live_versions(&records)).into_iter();
    let phases = plan
        .phases
        .iter()
        .map(|phase| match record_of(phase) {
            Some(record) => LookedAt {
                phase: phase.clone(),
                state: record.state,
                record: Some(record.clone()),
                planned: None,
                findings: vec![],
            },
            None => {
                let (planned, findings) = match planned.next() {
                    Some((_, Ok(PhaseProgram { program, findings }))) => (Some(program), findings),
                    Some((_, Err(findings))) => (None, findings),
                    None => (None, vec![]),
                };
                LookedAt {
                    phase: phase.clone(),
                    state: PhaseState::Pending,
                    record: None,
                    planned,
                    findings,
                }
            }
        })
        .collect();
    Ok(Look { snapshot, phases })
}

/// A finding, with the phases that it belongs to; none when it is about the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) finding: Finding,
    pub(crate) phases: Vec<String>,
}

/// What preflight came to, heaviest first.
pub(crate) struct Verdict {
    pub(crate) found: Vec<Found>,
    /// Whether a phase of this plan was begun before.
    pub(crate) resumes: bool,
}

impl Verdict {
    pub(crate) fn is_go(&self) -> bool {
        self.of(Weight::NoGo).next().is_none()
    }

    pub(crate) fn of(&self, weight: Weight) -> impl Iterator<Item = &Found> {
        self.found
            .iter()
            .filter(move |found| found.finding.weight == weight)
    }

    pub(crate) fn of_rule(&self, code: &'static str) -> impl Iterator<Item = &Found> {
        self.found
            .iter()
            .filter(move |found| found.finding.code == code)
    }

    pub(crate) fn findings(&self) -> impl Iterator<Item = &Finding> + Clone {
        self.found.iter().map(|found| &found.finding)
    }
}

/// Where the flags of canaries are kept.
#[derive(Clone, Copy)]
pub(crate) enum KeptIn<'a> {
    /// A control store that may not be there yet.
    Place(&'a StorePlace),
    /// One that is open.
    Store(&'a ControlStore),
}

/// Everything that stands in the way, or that somebody should know, of the phases up to and
/// including `to`; of all when there is no such limit. `store` is the control store, whose flags
/// canaries need; canaries are left out without it.
pub(crate) async fn preflight(
    loaded: &Loaded,
    target: &PostgresTarget,
    store: Option<KeptIn<'_>>,
    to: Option<&str>,
) -> Result<Verdict, Failure> {
    let look = look(loaded, target).await?;
    let end = to
        .and_then(|to| look.phases.iter().position(|phase| phase.phase.id == to))
        .map_or(look.phases.len(), |last| last + 1);
    let phases = &look.phases[..end];
    let mut found = Vec::new();
    for phase in phases {
        for finding in phase.findings.iter().cloned().chain(irreversible(phase)) {
            note(&mut found, finding, Some(&phase.phase.id));
        }
    }
    for phase in phases.iter().filter(|phase| phase.record.is_none()) {
        for finding in trials(target, phase).await? {
            note(&mut found, finding, Some(&phase.phase.id));
        }
    }
    for (finding, phases) in undeclared_references(target, &look.snapshot, phases).await? {
        found.push(Found { finding, phases });
    }
    let resumes = look.phases.iter().any(|phase| phase.record.is_some());
    for finding in server(loaded, target, &look.snapshot, phases).await? {
        // A run of ours that was killed may still be dying; the lease itself decides.
        if !(resumes && finding.code == ANOTHER_RUN) {
            note(&mut found, finding, None);
        }
    }
    for (phase, finding) in backups(loaded, phases).await? {
        note(&mut found, finding, Some(&phase));
    }
    for (finding, phases) in guards(loaded, target, phases).await? {
        found.push(Found { finding, phases });
    }
    if let Some(store) = store {
        for (phase, finding) in canaries(store, &loaded.plan().name, phases).await {
            note(&mut found, finding, Some(&phase));
        }
    }
    for finding in outward_findings(loaded.plan()) {
        note(&mut found, finding, None);
    }
    for finding in past_the_irreversible(loaded.plan()) {
        note(&mut found, finding, None);
    }
    // Stable: within a weight, findings stay in the order of the phases.
    found.sort_by_key(|found| std::cmp::Reverse(found.finding.weight));
    Ok(Verdict { found, resumes })
}

/// The rule that finds SQL without a way back.
pub(crate) const IRREVERSIBLE: &str = "irreversible";
/// The rule that finds a lease that somebody holds.
const ANOTHER_RUN: &str = "run-in-progress";

/// The same finding in several phases is one.
fn note(found: &mut Vec<Found>, finding: Finding, phase: Option<&str>) {
    let phase = phase.map(str::to_owned);
    match found.iter_mut().find(|known| known.finding == finding) {
        Some(known) => known.phases.extend(phase),
        None => found.push(Found {
            finding,
            phases: phase.into_iter().collect(),
        }),
    }
}

fn irreversible(phase: &LookedAt) -> Vec<Finding> {
    let parts = match phase.program() {
        Some(program) if phase.is_ahead() => program.irreversible.as_slice(),
        _ => &[],
    };
    parts
        .iter()
        .map(|part| {
            Finding::warning(
                IRREVERSIBLE,
                format!("phase {}", phase.phase.id),
                format!("{part}; `turnback back` stops short of this phase"),
                "Take a backup that you have restored once, or write a `down`",
            )
        })
        .collect()
}

/// Backups that the plan requires before phases that are still to begin.
async fn backups(loaded: &Loaded, phases: &[LookedAt]) -> Result<Vec<(String, Finding)>, Failure> {
    let mut found = Vec::new();
    for phase in phases.iter().filter(|phase| phase.record.is_none()) {
        let program = phase.planned.as_ref();
        let demand = Demand::Phase {
            id: &phase.phase.id,
            irreversible: program.is_some_and(|program| !program.irreversible.is_empty()),
        };
        for finding in required::findings(loaded, &[demand]).await? {
            found.push((phase.phase.id.clone(), finding));
        }
    }
    Ok(found)
}

/// What each guard measures now, of the first phase that it will watch.
async fn guards(
    loaded: &Loaded,
    target: &PostgresTarget,
    phases: &[LookedAt],
) -> Result<Vec<(Finding, Vec<String>)>, Failure> {
    let plan = loaded.plan();
    if plan.guards.is_empty() {
        return Ok(vec![]);
    }
    let probes = probes(plan, target)?;
    let looks = plan.guards.iter().filter_map(|guard| {
        let watched = phases.iter().filter(|phase| {
            guard.watches(&phase.phase.id)
                && phase.state != PhaseState::Contracted
                && (guard.of == Of::Everybody || phase.phase.canary.is_some())
        });
        let names: Vec<String> = watched
            .clone()
            .map(|phase| phase.phase.id.clone())
            .collect();
        let (first, program) = watched
            .filter_map(|phase| Some((phase, phase.program()?)))
            .next()?;
        let scene = Scene {
            program: Arc::new(program.clone()),
            state: first.state,
            share: None,
        };
        let probes = &probes;
        let (asked, applies) = match (guard.of, &first.phase.canary) {
            // The rest is there before the canary.
            (Of::Canary, Some(canary)) => (of_side(guard, &canary.compare, Side::Rest), true),
            _ => (guard.clone(), guard.applies_in(first.state)),
        };
        applies.then_some(async move {
            let reading = probes.read(&asked, &scene).await;
            (guard_finding(guard, &reading), names)
        })
    });
    Ok(join_all(looks).await)
}

/// Views whose text does not fit the new types.
async fn trials(target: &PostgresTarget, phase: &LookedAt) -> Result<Vec<Finding>, Failure> {
    let trials = phase.program().map(|program| program.trials.as_slice());
    let Some(trials) = trials.filter(|trials| !trials.is_empty()) else {
        return Ok(vec![]);
    };
    let mut session = target.session().await?;
    let failed = failures(&mut session, trials)
        .await
        .map_err(|error| Failure::new(ExitCode::Stopped, format!("trying out views: {error}")))?;
    Ok(failed
        .into_iter()
        .map(|(view, message)| unfit_view(&view, &message))
        .collect())
}

/// References that no foreign key declares, and that phases which are still to begin would leave
/// behind.
async fn undeclared_references(
    target: &PostgresTarget,
    snapshot: &Snapshot,
    phases: &[LookedAt],
) -> Result<Vec<(Finding, Vec<String>)>, Failure> {
    let ahead: Vec<_> = phases
        .iter()
        .filter(|phase| phase.record.is_none())
        .map(|phase| (&phase.phase.id, keys_of(&phase.phase, snapshot)))
        .collect();
    let keys = ahead.iter().flat_map(|(_, keys)| keys.clone()).collect();
    let references = undeclared(snapshot, &keys);
    if references.is_empty() {
        return Ok(vec![]);
    }
    let mut session = target.session().await?;
    let seen = seen(&mut session, &references).await.map_err(|error| {
        let what = "looking at columns without foreign keys";
        Failure::new(ExitCode::Stopped, format!("{what}: {error}"))
    })?;
    let judged = references.iter().zip(&seen);
    let found = judged.filter_map(|(reference, seen)| undeclared_finding(reference, seen.as_ref()));
    Ok(found
        .map(|loose| {
            let leaves_behind = |keys: &BTreeMap<TableName, Ident>| {
                loose.tables.iter().any(|table| keys.contains_key(table))
            };
            let phases = ahead.iter().filter(|(_, keys)| leaves_behind(keys));
            let names = phases.map(|(id, _)| (*id).clone()).collect();
            (loose.finding, names)
        })
        .collect())
}

async fn server(
    loaded: &Loaded,
    target: &PostgresTarget,
    snapshot: &Snapshot,
    phases: &[LookedAt],
) -> Result<Vec<Finding>, Failure> {
    let mut facts = target.facts().await.map_err(|error| {
        Failure::new(ExitCode::Stopped, format!("looking at the server: {error}"))
    })?;
    let plan = loaded.plan();
    let measures_target = plan.guards.iter().any(|guard| guard.probe.is_of_target());
    facts.connections.needed = Connections::needed_for(plan.settings.workers, measures_target);
    let ahead: Vec<&Program> = phases
        .iter()
        .filter(|phase| phase.is_ahead())
        .filter_map(LookedAt::program)
        .collect();
    Ok(server_findings(&facts, &ahead, snapshot))
}

/// What keeps canaries from beginning. Looking makes no control store.
async fn canaries(place: KeptIn<'_>, plan: &str, phases: &[LookedAt]) -> Vec<(String, Finding)> {
    let mut found = Vec::new();
    for phase in phases {
        let Some(canary) = &phase.phase.canary else {
            continue;
        };
        let flags = settable_flags(place, plan, &canary.flag).await;
        let flags = flags.as_ref().map_err(String::as_str);
        let finding = canary_finding(canary, phase.state, flags);
        found.extend(finding.map(|finding| (phase.phase.id.clone(), finding)));
    }
    found
}

/// The flags of a control store, once it is known that this one could be changed there.
async fn settable_flags(kept: KeptIn<'_>, plan: &str, key: &str) -> Result<FlagSet, String> {
    let store = match kept {
        KeptIn::Store(store) => store.clone(),
        KeptIn::Place(place) => {
            let file = place.file();
            if file.is_some_and(|file| matches!(file.try_exists(), Ok(false))) {
                return Ok(FlagSet::default());
            }
            let opened = in_time(ControlStore::open(place, plan)).await;
            opened.map_err(|error| error.to_string())?
        }
    };
    let flags = TimedFlags(store);
    let words = |error: FlagsError| error.to_string();
    let stored = flags.stored().await.map_err(words)?;
    if let Some(share) = stored.set.flag(key).and_then(Flag::share) {
        let same = Change::Rollout {
            key: key.to_owned(),
            from: None,
            share,
        };
        let by = By {
            who: "turnback check".to_owned(),
            why: None,
        };
        // What is so already is not written, but the store must be one that can be.
        match flags.change(&same, &by).await {
            Ok(_) | Err(FlagsError::Refused(_)) => {}
            Err(error) => return Err(words(error)),
        }
    }
    Ok(stored.set)
}
