//! One stage of a phase: inspects each step before it acts, writes the intent, acts, writes
//! what came of it.

use std::collections::BTreeSet;
use std::time::Instant;

use turnback_core::fact::Inspection;
use turnback_core::journal::{JournalEvent, LockTimes};
use turnback_core::name::Ident;
use turnback_core::program::{Program, Stage};
use turnback_core::sql_operation;
use turnback_core::state::PhaseState;
use turnback_core::step::{Check, Step, Work};

use crate::edges::{Journal, Mark, StepKey, Target};
use crate::error::{EngineError, TargetError};
use crate::progress::Progress;
use crate::run::Run;

impl<T: Target, J: Journal> Run<T, J> {
    /// Runs what is left of a stage. `becomes` is the state that its last step, if it is a
    /// transaction, brings about in that very transaction.
    pub(crate) async fn stage(
        &self,
        program: &Program,
        stage: Stage,
        becomes: Option<PhaseState>,
    ) -> Result<Option<LockTimes>, EngineError> {
        let phase = &program.phase;
        let steps = program.steps(stage);
        let done = self
            .target
            .done_steps(&self.plan, phase)
            .await
            .map_err(EngineError::while_doing("reading the ledger"))?;
        let done_of = |wanted: Stage| -> BTreeSet<&str> {
            done.iter()
                .filter(|(of, _)| *of == wanted)
                .map(|(_, step)| step.as_str())
                .collect()
        };
        let (done_here, expanded) = (done_of(stage), done_of(Stage::Expand));
        let needless = match stage {
            Stage::Withdraw => sql_operation::nothing_to_undo(program, &expanded),
            _ => BTreeSet::new(),
        };
        let left: Vec<&Step> = steps
            .iter()
            .filter(|step| {
                !done_here.contains(step.id.as_str()) && !needless.contains(step.id.as_str())
            })
            .collect();
        self.show(Progress::StageBegun {
            phase: phase.clone(),
            stage,
            steps: left.len(),
        });
        let mut last = None;
        for step in left {
            self.safe_point()?;
            let is_last = steps.last().is_some_and(|l| l.id == step.id);
            last = self
                .step(phase, stage, step, becomes.filter(|_| is_last))
                .await?;
        }
        Ok(last)
    }

    async fn step(
        &self,
        phase: &str,
        stage: Stage,
        step: &Step,
        becomes: Option<PhaseState>,
    ) -> Result<Option<LockTimes>, EngineError> {
        let key = StepKey {
            plan: self.plan.clone(),
            phase: phase.to_owned(),
            stage,
            step: step.id.clone(),
        };
        let mark = match becomes {
            None => Mark::Step(key.clone()),
            Some(state) => Mark::State {
                plan: key.plan.clone(),
                phase: phase.to_owned(),
                state,
                step: Some(key.clone()),
            },
        };
        self.write(JournalEvent::StepIntended {
            phase: phase.to_owned(),
            stage,
            step: step.id.clone(),
            title: step.title.clone(),
        })
        .await?;
        self.show(Progress::StepBegun {
            phase: phase.to_owned(),
            step: step.id.clone(),
            title: step.title.clone(),
        });
        let begun = Instant::now();
        let mut rows = None;
        let mut lock = None;
        match &step.work {
            Work::Transaction { locks, statements } => {
                lock = Some(self.transact(&key, locks, statements, &mark).await?);
            }
            Work::Online {
                statement, clean, ..
            } => {
                self.online(&key, step, statement, clean.as_deref()).await?;
                self.mark(&mark).await?;
            }
            Work::Backfill(backfill) => {
                rows = Some(self.fill(&key, backfill).await?);
                self.mark(&mark).await?;
            }
            Work::Verify { checks } => {
                for check in checks {
                    self.check(check).await?;
                }
                self.mark(&mark).await?;
            }
            Work::Script {
                sql,
                transaction: true,
            } => {
                let statements = [
                    format!("SET LOCAL {}", search_path(&self.schema)),
                    sql.clone(),
                    "SET LOCAL search_path = pg_catalog, pg_temp".to_owned(),
                ];
                lock = Some(self.transact(&key, &[], &statements, &mark).await?);
            }
            Work::Script {
                sql,
                transaction: false,
            } => {
                let ran = async {
                    self.target.heartbeat(self.fence).await?;
                    self.target.script(sql, &search_path(&self.schema)).await
                };
                ran.await.map_err(EngineError::while_doing(&step.title))?;
                self.mark(&mark).await?;
            }
        }
        let millis = begun.elapsed().as_millis() as u64;
        self.write(JournalEvent::StepDone {
            phase: phase.to_owned(),
            stage,
            step: step.id.clone(),
            millis,
            rows,
            lock,
        })
        .await?;
        self.show(Progress::StepDone {
            phase: phase.to_owned(),
            stage,
            step: step.id.clone(),
            title: step.title.clone(),
            millis,
            rows,
        });
        Ok(lock)
    }

    /// Takes a mark down by itself, through lost connections.
    pub(crate) async fn mark(&self, mark: &Mark) -> Result<(), EngineError> {
        let mut attempt = 0;
        loop {
            match self.target.mark(self.fence, mark).await {
                Ok(()) => return Ok(()),
                Err(TargetError::Lost(reason)) if attempt < 30 => {
                    attempt += 1;
                    self.show(Progress::Reconnecting { reason, attempt });
                    self.pause(attempt + 2).await?;
                }
                Err(error) => return Err(EngineError::while_doing("writing the ledger")(error)),
            }
        }
    }

    /// A statement outside a transaction: what is there is found out first, the remains of a
    /// failed try are removed, and it is tried again when another session won a race.
    async fn online(
        &self,
        key: &StepKey,
        step: &Step,
        statement: &str,
        clean: Option<&str>,
    ) -> Result<(), EngineError> {
        let waiting = |blockers| {
            self.show(Progress::Waiting {
                step: key.step.clone(),
                blockers,
            })
        };
        let doing = || EngineError::while_doing(step.title.clone());
        let mut attempt = 0;
        loop {
            let outcome = async {
                // No transaction of ours encloses the statement: this is its fence.
                self.target.heartbeat(self.fence).await?;
                let facts = self.target.inspect(&step.done_when).await?;
                match (Inspection::of(&facts), clean) {
                    (Inspection::Done, _) => return Ok(()),
                    (Inspection::Partial, Some(clean)) => {
                        self.target.online(clean, &self.stop, &waiting).await?
                    }
                    (Inspection::Partial | Inspection::Absent, _) => {}
                }
                self.target.online(statement, &self.stop, &waiting).await
            }
            .await;
            match outcome {
                Ok(()) => return Ok(()),
                Err(TargetError::TryAgain(reason) | TargetError::Lost(reason)) if attempt < 20 => {
                    attempt += 1;
                    self.show(Progress::Reconnecting { reason, attempt });
                    self.pause(attempt).await?;
                }
                Err(error) => return Err(doing()(error)),
            }
        }
    }

    async fn check(&self, check: &Check) -> Result<(), EngineError> {
        let wrong = self
            .target
            .count(&check.sql, &search_path(&self.schema))
            .await
            .map_err(EngineError::while_doing(format!(
                "checking that {}",
                check.promise
            )))?;
        if wrong == 0 {
            return Ok(());
        }
        Err(EngineError::NeedsPerson {
            what: format!(
                "it must hold that {}, and {wrong} row(s) say otherwise",
                check.promise
            ),
            next: format!(
                "See them with: {} — then go on with `turnback up` or back with `turnback back`",
                check.sql.replace("count(*)", "*")
            ),
        })
    }
}

/// The path under which SQL of the user's finds its tables, as a setting.
fn search_path(schema: &str) -> String {
    let public = Ident::new("public");
    match Ident::new(schema) {
        schema if schema == public => format!("search_path = {public}"),
        schema => format!("search_path = {schema}, {public}"),
    }
}
