//! The course of a rehearsal: up, back, up again, contract; clients all along, and comparisons
//! at the quiet moments in between.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use turnback_core::exit::ExitCode;
use turnback_core::name::{Ident, TableName};
use turnback_core::plan::{Operations, Plan};
use turnback_core::program::Program;
use turnback_core::schema::Snapshot;
use turnback_core::scope::Scope;
use turnback_engine::edges::{PhaseRecord, Target};
use turnback_engine::error::EngineError;
use turnback_engine::stop::Stop;
use turnback_engine::{BackTo, Run, Until, back, contract, up};
use turnback_postgres::PostgresTarget;
use turnback_store::{ControlStore, StorePlace};

use super::catalog;
use super::load::{Compared, Kind, Open, Side, Traffic};
use super::locks::{self, Watch};
use super::screen::Screen;
use super::verdict::{Catalog, Moved, Report, Written};
use super::{Options, hints};
use crate::commands::forward::LiveRun;
use crate::failure::Failure;

/// A plan on a copy.
pub(super) struct Course<'a> {
    pub(super) plan: &'a Plan,
    pub(super) target: PostgresTarget,
    /// File of the journal.
    pub(super) journal: std::path::PathBuf,
    pub(super) screen: &'a Arc<Screen>,
    pub(super) options: &'a Options,
    /// The phases whose version schemas are open, newest first.
    pub(super) versioned: Vec<String>,
}

impl Course<'_> {
    /// There and back, there again and to the end.
    pub(super) async fn act(
        &mut self,
        before: &Snapshot,
        programs: &[&Program],
        report: &mut Report,
    ) -> Result<(), Failure> {
        let touched: BTreeSet<(TableName, Ident)> = programs
            .iter()
            .flat_map(|program| program.columns.iter().cloned())
            .collect();
        let tables = catalog::tables(self.plan, before, programs);
        self.screen.doing("trying out what clients can do");
        let mut traffic = Traffic::prepare(
            self.plan.target.expose_secret(),
            before,
            &tables,
            &touched,
            self.options,
        )
        .await?;
        report.tables = traffic.recipes().iter().map(Written::of).collect();
        // From here on the catalog holds what the rehearsal itself needs.
        let before = self.target.snapshot().await?;
        let watch = Watch::begin(self.target.session().await?, self.screen.clone()).await?;
        let writers = self.options.writers;
        // What is compared there, before anybody writes, is the measure for later.
        traffic.compare("before", &Open::One(Side::Old)).await?;
        traffic.add(&Kind::Old, Side::Old, writers).await?;
        traffic.add(&Kind::Public, Side::Old, writers).await?;
        let begun = Instant::now();
        self.flow(&traffic, "clients write, nothing else happens")
            .await;
        report.quiet = traffic.stats().between(begun, Instant::now());
        self.screen.told(&format!(
            "{} clients write to {} tables, {:.0} transactions a second",
            2 * writers,
            traffic.recipes().len(),
            report.quiet.transactions as f64 / begun.elapsed().as_secs_f64()
        ));
        if let Err(stopped) = self.rounds(&before, programs, &mut traffic, report).await? {
            report.reasons.push(stopped);
        }
        traffic.withdraw(|_| true).await;
        let now = Instant::now();
        report.total = traffic.stats().between(begun, now);
        for transition in self.screen.transitions() {
            let felt = traffic.stats().between(transition.begun, transition.ended);
            report.transitions.push(Moved::of(&transition, felt));
        }
        let events = self.events().await?;
        let own: BTreeSet<String> = programs
            .iter()
            .flat_map(|program| &program.version_schemas)
            .map(|schema| format!("{schema}."))
            .collect();
        report.locks = locks::taken(&events, watch.seen());
        report
            .locks
            .retain(|lock| !own.iter().any(|schema| lock.relation.starts_with(schema)));
        report.hints = hints::hints(&events, programs, &report.locks, &report.copied);
        Ok(())
    }

    /// The four rounds; the inner error is a sentence: what stopped them.
    async fn rounds(
        &mut self,
        before: &Snapshot,
        programs: &[&Program],
        traffic: &mut Traffic,
        report: &mut Report,
    ) -> Result<Result<(), String>, Failure> {
        let stuck = self
            .plan
            .phases
            .iter()
            .zip(programs)
            .position(|(_, p)| !p.irreversible.is_empty());
        let there = stuck.unwrap_or(programs.len());
        if let Some(stuck) = stuck {
            report.no_way_back.push(format!(
                "phase {} cannot be turned back: the way back was rehearsed for the phases before it only",
                self.plan.phases[stuck].id
            ));
        }
        if there > 0 {
            let last = self.plan.phases[there - 1].id.clone();
            if let Err(stopped) = self
                .forward("up", &programs[..there], Some(last), traffic)
                .await?
            {
                return Ok(Err(stopped));
            }
            report
                .compared
                .push(self.compare(traffic, "after going forward").await?);
            let (records, top) = (self.records().await?, self.target.snapshot().await?);
            match self.backward(traffic, report).await? {
                Ok(()) => {}
                Err(stopped) => {
                    report.catalog = self.catalog(before, &records, &top).await?;
                    return Ok(Err(stopped));
                }
            }
            report.catalog = self.catalog(before, &records, &top).await?;
            report
                .compared
                .push(self.compare(traffic, "after turning back").await?);
            if report.catalog.identical == Some(false) {
                return Ok(Ok(()));
            }
        }
        if let Err(stopped) = self.forward("up again", programs, None, traffic).await? {
            return Ok(Err(stopped));
        }
        report
            .compared
            .push(self.compare(traffic, "after going forward again").await?);
        self.finish(traffic, report).await
    }

    /// Goes forward, with clients of the new shape from the moment there is one.
    async fn forward(
        &mut self,
        round: &'static str,
        programs: &[&Program],
        to: Option<String>,
        traffic: &mut Traffic,
    ) -> Result<Result<(), String>, Failure> {
        self.screen.round(round);
        let plan = self.plan;
        let versioned: Vec<String> = programs
            .iter()
            .rev()
            .filter(|program| !program.version_schemas.is_empty())
            .map(|program| program.phase.clone())
            .collect();
        if let Some(newest) = versioned.first() {
            let until = Until {
                phase: Some(newest.clone()),
                expanded_only: true,
            };
            let done = self
                .engine("up", async |run| up(run, plan, &until).await.map(drop))
                .await?;
            if let Err(error) = done {
                return Ok(Err(format!("going forward stopped: {error}")));
            }
            self.screen.rest();
            traffic.learn().await?;
            let kind = Kind::New(versioned.clone());
            traffic.add(&kind, Side::New, self.options.writers).await?;
            self.versioned = versioned;
            self.flow(traffic, "clients of both shapes write").await;
        }
        let until = Until {
            phase: to,
            expanded_only: false,
        };
        let done = self
            .engine("up", async |run| up(run, plan, &until).await.map(drop))
            .await?;
        if let Err(error) = done {
            return Ok(Err(format!("going forward stopped: {error}")));
        }
        self.screen.ended(if round == "up" {
            "forward"
        } else {
            "forward again"
        });
        self.flow(traffic, "clients write on the new shape and the old one")
            .await;
        Ok(Ok(()))
    }

    /// Turns everything back; clients of the new shape are withdrawn once `public` is old.
    async fn backward(
        &mut self,
        traffic: &mut Traffic,
        report: &mut Report,
    ) -> Result<Result<(), String>, Failure> {
        self.screen.round("back");
        let is_new = |kind: &Kind| matches!(kind, Kind::New(_));
        // SQL of the user's may have to go before an earlier phase can swap: then all goes at once.
        let has_sql = self
            .plan
            .phases
            .iter()
            .any(|phase| matches!(phase.operations, Operations::Sql(_)));
        if !has_sql {
            let done = self
                .engine("back", async |run| {
                    back(run, &Scope::All, BackTo::OldShape).await.map(drop)
                })
                .await?;
            if let Err(error) = done {
                return Ok(Err(format!("turning back stopped: {error}")));
            }
            self.screen.rest();
            self.flow(
                traffic,
                "public is old again; clients of the new shape go on",
            )
            .await;
        }
        traffic.withdraw(is_new).await;
        if !self.versioned.is_empty() {
            report.compared.push(
                self.compare(traffic, "with the new shape still open")
                    .await?,
            );
            for wrong in traffic.turn(Side::Old, is_new).await? {
                report.reasons.push(wrong);
            }
        }
        let done = self
            .engine("back", async |run| {
                back(run, &Scope::All, BackTo::Start).await.map(drop)
            })
            .await?;
        if let Err(error) = done {
            return Ok(Err(format!("turning back stopped: {error}")));
        }
        self.versioned.clear();
        self.screen.ended("back");
        self.flow(traffic, "clients write as if nothing had been")
            .await;
        Ok(Ok(()))
    }

    async fn finish(
        &mut self,
        traffic: &mut Traffic,
        report: &mut Report,
    ) -> Result<Result<(), String>, Failure> {
        self.screen.round("contract");
        let side = if !self.versioned.is_empty() {
            traffic.withdraw(|kind| *kind == Kind::Old).await;
            for wrong in traffic.give_up_old().await? {
                report.reasons.push(wrong);
            }
            Side::New
        } else {
            Side::Old
        };
        let done = self
            .engine("contract", async |run| contract(run, None).await.map(drop))
            .await?;
        if let Err(error) = done {
            return Ok(Err(format!("contract stopped: {error}")));
        }
        self.versioned.clear();
        self.screen.ended("contracted");
        self.flow(traffic, "clients write, the old shape is gone")
            .await;
        traffic.withdraw(|_| true).await;
        let compared = traffic.compare("after contract", &Open::One(side)).await?;
        report.compared.push(compared);
        Ok(Ok(()))
    }

    /// One command of the engine, as `turnback` runs it.
    async fn engine(
        &self,
        command: &str,
        work: impl AsyncFnOnce(&LiveRun<ControlStore>) -> Result<(), EngineError>,
    ) -> Result<Result<(), EngineError>, Failure> {
        let begun = Run::begin(
            self.target.clone(),
            self.store().await?,
            self.screen.clone(),
            &self.plan.name,
            self.plan.schema.as_str(),
            self.plan.settings.clone(),
            Stop::default(),
            command,
        )
        .await;
        let run = match begun {
            Ok(run) => run,
            Err(error) => return Ok(Err(error)),
        };
        let done = work(&run).await;
        let (outcome, code) = match &done {
            Ok(()) => ("done".to_owned(), ExitCode::Done),
            Err(error) => (error.to_string(), error.exit_code()),
        };
        run.end(&outcome, code).await;
        if done.is_err() {
            self.screen.rest();
        }
        Ok(done)
    }

    async fn store(&self) -> Result<ControlStore, Failure> {
        Ok(ControlStore::open(&StorePlace::from(self.journal.as_path()), &self.plan.name).await?)
    }

    async fn events(&self) -> Result<Vec<turnback_core::journal::JournalEvent>, Failure> {
        let entries = self.store().await?.last(u32::MAX).await?;
        Ok(entries.into_iter().map(|entry| entry.event).collect())
    }

    async fn records(&self) -> Result<Vec<PhaseRecord>, Failure> {
        Ok(self.target.phases(&self.plan.name).await?)
    }

    async fn compare(&self, traffic: &mut Traffic, when: &str) -> Result<Compared, Failure> {
        self.screen.doing("comparing every acknowledged write");
        let open = if self.versioned.is_empty() {
            Open::One(Side::Old)
        } else {
            Open::Both(self.versioned.clone())
        };
        traffic.compare(when, &open).await
    }

    /// Lets the clients work for a while.
    async fn flow(&self, traffic: &Traffic, what: &str) {
        let begun = Instant::now();
        while let Some(left) = self.options.pause.checked_sub(begun.elapsed()) {
            self.screen.doing(&format!(
                "{what} ({} transactions)",
                traffic.stats().count()
            ));
            tokio::time::sleep(left.min(Duration::from_millis(250))).await;
        }
    }

    async fn catalog(
        &self,
        before: &Snapshot,
        records: &[PhaseRecord],
        top: &Snapshot,
    ) -> Result<Catalog, Failure> {
        let after = self.target.snapshot().await?;
        Ok(catalog::compared(before, &after, records, top))
    }
}
