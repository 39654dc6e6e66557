//! How things stand: from the plan, the ledger in the target, the control store.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use turnback_core::canary::Side;
use turnback_core::guard::{Guard, LONGEST_REST, Moment, Of, Sample};
use turnback_core::incident::report::{Page, html, markdown};
use turnback_core::lock_report::worst_locks;
use turnback_core::scope::{Scope, as_asked, phases_to_turn_back};
use turnback_core::state::PhaseState;
use turnback_engine::edges::{PhaseRecord, Target};
use turnback_engine::error::JournalError;
use turnback_engine::standings;
use turnback_engine::watch::WatchStore;
use turnback_postgres::{PostgresTarget, Throttle};
use turnback_server::edges::{Answer, Boxed, Looks, Refusal};
use turnback_server::model;
use turnback_store::{ControlStore, Entry, Leader};

use super::edges::{of_failure, of_store, of_target};
use super::guards::{self, Heard};
use super::lately::Lately;
use super::lead::Lead;
use super::stage::Stage;
use super::{backups, canaries, leader, limits, phases, records};
use crate::commands::backup::shelf;
use crate::commands::incident::{Case, Cases};
use crate::commands::preflight::{KeptIn, preflight};
use crate::context::Loaded;
use crate::journal::in_time;
use crate::telling::now;

/// What changes from one moment to the next is looked at so often at most.
const MOMENT: Duration = Duration::from_millis(900);
/// What takes longer to read, or changes seldom.
const WHILE: Duration = Duration::from_secs(5);
/// As many closed questions are shown.
const CLOSED: u32 = 20;

/// How things stand.
pub(super) struct Sight {
    pub(super) loaded: Arc<Loaded>,
    pub(super) target: PostgresTarget,
    pub(super) store: ControlStore,
    pub(super) stage: Arc<Stage>,
    lead: Arc<Lead>,
    phases: Lately<Vec<model::Phase>>,
    heard: Lately<Heard>,
    canaries: Lately<Vec<model::Canary>>,
    throttle: Lately<Throttle>,
    incidents: Lately<Vec<model::Incident>>,
    backups: Lately<Vec<model::Backup>>,
    backup_rule: Lately<model::BackupRule>,
    findings: Lately<Vec<model::Finding>>,
    ready: Lately<Vec<model::Check>>,
    leader: Lately<Result<Option<Leader>, String>>,
}

impl Sight {
    pub(super) fn new(
        loaded: Arc<Loaded>,
        target: PostgresTarget,
        store: ControlStore,
        stage: Arc<Stage>,
        lead: Arc<Lead>,
    ) -> Self {
        Self {
            loaded,
            target,
            store,
            stage,
            lead,
            phases: Lately::new(MOMENT),
            heard: Lately::new(MOMENT),
            canaries: Lately::new(MOMENT),
            throttle: Lately::new(MOMENT),
            incidents: Lately::new(WHILE),
            backups: Lately::new(WHILE),
            backup_rule: Lately::new(WHILE),
            findings: Lately::new(WHILE),
            ready: Lately::new(MOMENT),
            leader: Lately::new(MOMENT),
        }
    }

    fn name(&self) -> &str {
        &self.loaded.plan().name
    }

    async fn records(&self) -> Result<Vec<PhaseRecord>, Refusal> {
        if !self.target.has_ledger().await.map_err(of_target)? {
            return Ok(vec![]);
        }
        self.target.phases(self.name()).await.map_err(of_target)
    }

    async fn find_phases(&self) -> Result<Vec<model::Phase>, Refusal> {
        let records = self.records().await?;
        let heard = self.heard().await?;
        let locks = stored(self.store.about_locks()).await?;
        let locks = worst_locks(&locks);
        let mut shown = Vec::new();
        for phase in &self.loaded.plan().phases {
            let record = records.iter().find(|record| record.phase == phase.id);
            let begun = record.filter(|record| record.state != PhaseState::Pending);
            let done = match begun {
                Some(_) => self.target.done_steps(self.name(), &phase.id).await,
                None => Ok(vec![]),
            };
            shown.push(phases::phase(
                &phase.id,
                record,
                done.map_err(of_target)?.len(),
                locks.get(&phase.id),
                heard.bakes_until.get(&phase.id).copied(),
            ));
        }
        Ok(shown)
    }

    async fn heard(&self) -> Result<Heard, Refusal> {
        let find = async {
            let events = stored(self.store.about_watch()).await?;
            Ok(Heard::of(events))
        };
        self.heard.or_find(find).await
    }

    /// What limits a backfill; nothing where there is no ledger yet.
    pub(super) async fn limits(&self) -> Result<Throttle, Refusal> {
        let find = async {
            if self.target.has_ledger().await.map_err(of_target)? {
                return self.target.throttle(self.name()).await.map_err(of_target);
            }
            Err(Refusal::conflict(
                "turnback has changed nothing on the target yet, so there is no ledger to keep this in",
            )
            .next("Before the first run the plan's `settings` say how fast it goes."))
        };
        self.throttle.or_find(find).await
    }

    async fn find_way_back(&self, scope: &str) -> Result<model::WayBack, Refusal> {
        let scope: Scope = match scope.parse() {
            Ok(scope) => scope,
            Err(never) => match never {},
        };
        let records = self.records().await?;
        let phases = if records.is_empty() {
            phases_to_turn_back(&[], &Scope::All)
        } else {
            let asked = self
                .target
                .asked_back(self.name())
                .await
                .map_err(of_target)?;
            phases_to_turn_back(&as_asked(&standings(&records), &asked.phases), &scope)
        };
        let mut shown = phases::way_back(self.loaded.plan(), &scope, phases, &records);
        shown.last_hold_millis = stored(self.store.last_swap_back()).await?;
        Ok(shown)
    }

    async fn cases(&self) -> Result<Cases, Refusal> {
        // Incidents are of every plan in the store; those of this one keep their numbers.
        let mut cases = Cases::read(&self.store.about(""))
            .await
            .map_err(of_failure)?;
        cases.all.retain(|case| case.incident.plan == self.name());
        Ok(cases)
    }

    async fn case(&self, incident: usize) -> Result<Case, Refusal> {
        let mut all = self.cases().await?.all.into_iter();
        all.find(|case| case.incident.number as usize == incident)
            .ok_or_else(|| {
                Refusal::not_there(format!("there is no incident {incident} of this plan"))
            })
    }

    async fn find_canaries(
        &self,
        progress: Option<model::Progress>,
    ) -> Result<Vec<model::Canary>, Refusal> {
        let heard = self.heard().await?;
        let plan = self.loaded.plan();
        let mut shown = Vec::new();
        for state in &heard.canaries {
            let phase = plan.phase(&state.phase);
            let Some(canary) = phase.and_then(|phase| phase.canary.as_ref()) else {
                continue;
            };
            let mut one = canaries::canary(canary, state, progress.as_ref(), now());
            let guards = plan.guards.iter();
            for guard in guards.filter(|of| of.of == Of::Canary && of.watches(&state.phase)) {
                let began = heard.became.get(&state.phase).copied();
                let said = heard.says.get(&guard.name);
                let said = said.and_then(|says| says.iter().find(|of| of.phase == state.phase));
                let (ours, rest) = self.both(guard, state.since, began).await?;
                one.compared
                    .push(canaries::compared(guard, &ours, &rest, said));
            }
            shown.push(one);
        }
        Ok(shown)
    }

    /// What a guard of a canary measured at this step, and of the rest as far as it compares.
    async fn both(
        &self,
        guard: &Guard,
        step: Option<Moment>,
        began: Option<Moment>,
    ) -> Result<(Vec<Sample>, Vec<Sample>), Refusal> {
        let from = |since: Option<Moment>| since.unwrap_or(Moment(0));
        let (ours, rest) = (&guard.name, Side::Rest.sampled_as(&guard.name));
        let most = LONGEST_REST as u32;
        Ok((
            stored(self.store.last_samples(ours, from(step), most)).await?,
            stored(self.store.last_samples(&rest, from(began), most)).await?,
        ))
    }

    async fn find_ready(&self) -> Result<Vec<model::Check>, Refusal> {
        let check = |name: &str, failure: Option<String>| model::Check {
            name: name.to_owned(),
            failure,
        };
        let records = self.records().await;
        let ledger = match &records {
            Ok(records) => unknown_phase(&self.loaded, records),
            Err(_) => None,
        };
        let target = records.err().map(|refusal| refusal.what);
        let store = in_time(self.store.prove_writable()).await.err();
        Ok(vec![
            check("target", target),
            check("ledger", ledger),
            check("store", store.map(|error| error.to_string())),
        ])
    }
}

/// A phase that the ledger has begun and the plan does not know.
fn unknown_phase(loaded: &Loaded, records: &[PhaseRecord]) -> Option<String> {
    let unknown = records.iter().find(|record| {
        record.state != PhaseState::Pending && loaded.plan().phase(&record.phase).is_none()
    })?;
    Some(format!(
        "the ledger has begun phase {}, which the plan that this process reads does not have",
        unknown.phase
    ))
}

/// Asks the control store, in time.
async fn stored<R>(work: impl Future<Output = Result<R, JournalError>>) -> Result<R, Refusal> {
    in_time(work).await.map_err(of_store)
}

/// An entry of the journal as it is shown.
pub(super) fn entry(entry: Entry) -> model::JournalEntry {
    model::JournalEntry {
        number: entry.number,
        at: entry.at,
        event: serde_json::to_value(&entry.event).unwrap_or_default(),
    }
}

impl Looks for Sight {
    fn plan(&self) -> model::Plan {
        phases::plan(self.loaded.plan())
    }

    fn findings(&self) -> Answer<'_, Vec<model::Finding>> {
        Box::pin(self.findings.or_find(async {
            let kept = KeptIn::Store(&self.store);
            let found = preflight(&self.loaded, &self.target, Some(kept), None).await;
            let verdict = found.map_err(of_failure)?;
            Ok(verdict.found.into_iter().map(records::finding).collect())
        }))
    }

    fn phases(&self) -> Answer<'_, Vec<model::Phase>> {
        Box::pin(self.phases.or_find(self.find_phases()))
    }

    fn progress(&self) -> Answer<'_, Option<model::Progress>> {
        Box::pin(async {
            if let Some(progress) = self.stage.progress() {
                return Ok(Some(progress));
            }
            // Another process may be at work: the lease names it.
            let Ok(now) = self.limits().await else {
                return Ok(None);
            };
            let Some(holder) = now.holder.clone() else {
                return Ok(None);
            };
            Ok(Some(model::Progress {
                holder: Some(holder),
                filling: limits::throttle(self.loaded.plan(), &now).filling,
                ..model::Progress::default()
            }))
        })
    }

    fn guards(&self) -> Answer<'_, Vec<model::Guard>> {
        Box::pin(async {
            let mut heard = self.heard().await?;
            let guards = self.loaded.plan().guards.iter();
            Ok(guards
                .map(|guard| model::Guard {
                    terms: guards::terms(guard),
                    says: heard.says.remove(&guard.name).unwrap_or_default(),
                })
                .collect())
        })
    }

    fn samples(&self, guard: &str, since: u64, most: u32) -> Answer<'_, model::Samples> {
        let name = guard.to_owned();
        Box::pin(async move {
            let (guard, side) = Side::of_sample(&name);
            let guard = self.loaded.plan().guard(guard);
            let guard = guard.filter(|guard| side == Side::Canary || guard.of == Of::Canary);
            if guard.is_none() {
                return Err(Refusal::not_there(format!(
                    "there is no guard {name} in this plan"
                )));
            }
            let samples = self.store.last_samples(&name, Moment(since), most);
            let samples = stored(samples).await?.into_iter();
            Ok(model::Samples {
                guard: name.clone(),
                samples: samples.map(guards::reading).collect(),
            })
        })
    }

    fn canaries(&self) -> Answer<'_, Vec<model::Canary>> {
        Box::pin(async {
            let progress = self.progress().await?;
            let find = self.canaries.or_find(self.find_canaries(progress));
            find.await
        })
    }

    fn baselines(&self) -> Answer<'_, Vec<model::Baseline>> {
        Box::pin(async {
            let mut shown = Vec::new();
            for phase in &self.loaded.plan().phases {
                let kept = stored(self.store.baseline(&phase.id)).await?;
                shown.extend(kept.map(|kept| guards::baseline(&phase.id, &kept)));
            }
            Ok(shown)
        })
    }

    fn questions(&self) -> Answer<'_, Vec<model::Question>> {
        Box::pin(async {
            let mut asked = stored(self.store.open_questions()).await?;
            asked.extend(stored(self.store.closed_questions(CLOSED)).await?);
            Ok(asked.into_iter().map(guards::question).collect())
        })
    }

    fn journal(&self, after: i64, most: u32) -> Answer<'_, Vec<model::JournalEntry>> {
        Box::pin(async move {
            let entries = stored(self.store.after(after, most)).await?;
            Ok(entries.into_iter().map(entry).collect())
        })
    }

    fn last_of_journal(&self, most: u32) -> Answer<'_, Vec<model::JournalEntry>> {
        Box::pin(async move {
            let entries = stored(self.store.last(most)).await?;
            Ok(entries.into_iter().map(entry).collect())
        })
    }

    fn journal_end(&self) -> Answer<'_, i64> {
        Box::pin(stored(self.store.end()))
    }

    fn incidents(&self) -> Answer<'_, Vec<model::Incident>> {
        Box::pin(self.incidents.or_find(async {
            let cases = self.cases().await?;
            Ok(cases.all.iter().rev().map(records::incident).collect())
        }))
    }

    fn report(&self, incident: usize, format: model::ReportFormat) -> Answer<'_, String> {
        Box::pin(async move {
            let head = stored(self.store.head()).await?;
            let case = self.case(incident).await?;
            let facts = case.facts(head);
            Ok(match format {
                model::ReportFormat::Html => html(&facts),
                model::ReportFormat::Markdown => markdown(&facts),
                model::ReportFormat::Json => case.as_json().to_string(),
            })
        })
    }

    fn backups(&self) -> Answer<'_, Vec<model::Backup>> {
        Box::pin(self.backups.or_find(async {
            let shelf = shelf(&self.loaded);
            let read = tokio::task::spawn_blocking(move || shelf.entries());
            let entries = read.await.map_err(|error| {
                Refusal::new(
                    turnback_server::edges::RefusalKind::Failed,
                    error.to_string(),
                )
            })?;
            let entries = entries.map_err(|error| of_failure(error.into()))?;
            Ok(entries.iter().rev().map(records::backup).collect())
        }))
    }

    fn backup_rule(&self) -> Answer<'_, model::BackupRule> {
        Box::pin(self.backup_rule.or_find(async {
            let records = self.records().await?;
            let demands = backups::demands(self.loaded.plan(), |phase| {
                let record = records.iter().find(|record| record.phase == phase.id);
                record.map_or(PhaseState::Pending, |record| record.state)
            });
            let rule = backups::rule(&self.loaded, &demands).await;
            rule.map_err(of_failure)
        }))
    }

    fn throttle(&self) -> Answer<'_, model::Throttle> {
        Box::pin(async {
            let now = self.limits().await?;
            Ok(limits::throttle(self.loaded.plan(), &now))
        })
    }

    fn way_back(&self, scope: &str) -> Answer<'_, model::WayBack> {
        let scope = scope.to_owned();
        Box::pin(async move { self.find_way_back(&scope).await })
    }

    fn tallies(&self) -> model::Tallies {
        let counts = self.stage.counts();
        let pool = |name: &str, (open, busy): (u32, u32)| model::Pool {
            name: name.to_owned(),
            open,
            busy,
        };
        model::Tallies {
            lock_refusals: counts.lock_refusals,
            rows: counts.rows,
            pools: vec![
                pool("target", self.target.sessions()),
                pool("store", self.store.sessions()),
            ],
        }
    }

    fn report_page(&self, incident: usize) -> Answer<'_, Page> {
        Box::pin(async move {
            let head = stored(self.store.head()).await?;
            let case = self.case(incident).await?;
            Ok(Page::of(&case.facts(head)))
        })
    }

    fn lead(&self) -> Boxed<'_, model::Lead> {
        Box::pin(async {
            let ask = async {
                let leader = in_time(self.store.leader()).await;
                Ok::<_, Infallible>(leader.map_err(|error| error.to_string()))
            };
            let Ok(kept) = self.leader.or_find(ask).await;
            leader::lead(self.lead.name(), self.lead.role(), kept)
        })
    }

    fn ready(&self) -> Boxed<'_, Vec<model::Check>> {
        Box::pin(async {
            let found = self.ready.or_find(self.find_ready()).await;
            found.unwrap_or_default()
        })
    }
}
