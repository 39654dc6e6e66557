//! One stage of a phase: inspects each step before it acts, writes the intent, acts, writes
//! what came of it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use turnback_core::exit::ExitCode;
use turnback_core::fact::Inspection;
use turnback_core::journal::{JournalEvent, LockTimes};
use turnback_core::name::Ident;
use turnback_core::program::{Program, Stage};
use turnback_core::sql_operation;
use turnback_core::state::PhaseState;
use turnback_core::step::{Check, Step, Work};

use crate::edges::{Journal, Mark, StepKey, StepMark, Target};
use crate::error::{EngineError, TargetError};
use crate::gate::Point;
use crate::progress::Progress;
use crate::run::Run;

/// How often a step that takes its time says so.
const TELL: Duration = Duration::from_secs(10);

/// What a stage came to.
pub(crate) struct Staged {
    /// How long its last step waited for strong locks and held them, if it ran and took any.
    pub(crate) lock: Option<LockTimes>,
    /// Its last step, where it has any.
    pub(crate) last: Option<StepKey>,
}

/// What a step's work came to.
#[derive(Default)]
struct Came {
    /// Rows it wrote, where that is known.
    rows: Option<u64>,
    /// The locks it took, and how long it waited for them and held them.
    lock: Option<LockTimes>,
}

/// The state that a stage leads to.
#[derive(Clone, Copy)]
pub(crate) struct Becomes {
    pub(crate) from: PhaseState,
    pub(crate) state: PhaseState,
}

impl<T: Target, J: Journal> Run<T, J> {
    /// Runs what is left of a stage. `becomes` is the state that its last step, if it is a
    /// transaction, brings about in that very transaction.
    pub(crate) async fn stage(
        &self,
        program: &Program,
        stage: Stage,
        becomes: Option<Becomes>,
    ) -> Result<Staged, EngineError> {
        let phase = &program.phase;
        let steps = program.steps(stage);
        let done = self
            .persist("reading the ledger", async || {
                self.target.done_steps(&self.plan, phase).await
            })
            .await?;
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
        let wanted: Vec<&Step> = steps
            .iter()
            .filter(|step| !needless.contains(step.id.as_str()))
            .collect();
        let is_done = |step: &Step| done_here.contains(step.id.as_str());
        self.show(Progress::StageBegun {
            phase: phase.clone(),
            stage,
            steps: wanted.iter().filter(|step| !is_done(step)).count(),
        });
        let mut lock = None;
        let mut after: Option<StepKey> = None;
        for step in wanted {
            if !is_done(step) {
                self.point(stage).await?;
                let is_last = steps.last().is_some_and(|l| l.id == step.id);
                let joint = StepMark {
                    key: self.key(phase, stage, step),
                    after: after.map(|key| key.step),
                    holds: match &step.work {
                        Work::Online { .. } => step.done_when.clone(),
                        _ => vec![],
                    },
                };
                lock = match self.step(&joint, step, becomes.filter(|_| is_last)).await {
                    Err(error) => return Err(self.unless_forgotten(&joint, error).await),
                    Ok(lock) => lock,
                };
            }
            after = Some(self.key(phase, stage, step));
        }
        Ok(Staged { lock, last: after })
    }

    /// Before a step: ways back stop where a person says so, and for nobody else.
    async fn point(&self, stage: Stage) -> Result<(), EngineError> {
        match stage {
            Stage::Expand | Stage::Settle | Stage::Contract => self.pass(Point::Within).await,
            Stage::CutOver => self.pass(Point::Threshold).await,
            Stage::SwapBack | Stage::Withdraw | Stage::Retire => self.safe_point(),
        }
    }

    /// Says why a step really failed: what it stands on may not be there any more.
    async fn unless_forgotten(&self, step: &StepMark, error: EngineError) -> EngineError {
        let key = &step.key;
        if matches!(error.exit_code(), ExitCode::Stopped) {
            return error;
        }
        let ledger = self
            .persist("reading the ledger", async || {
                let phases = self.target.phases(&key.plan).await?;
                let done = self.target.done_steps(&key.plan, &key.phase).await?;
                Ok((phases, done))
            })
            .await;
        let (phases, done) = match ledger {
            Ok(ledger) => ledger,
            // Whoever goes on finds out which of the two it was.
            Err(unknown) => return unknown,
        };
        let stands = phases
            .iter()
            .any(|record| record.phase == key.phase && key.stage.runs_in().contains(&record.state));
        let joins = step
            .after
            .as_ref()
            .is_none_or(|after| done.contains(&(key.stage, after.clone())));
        if stands && joins {
            return error;
        }
        EngineError::Target {
            doing: "stopped".to_owned(),
            source: TargetError::Forgotten(format!("what step {} stands on", key.step)),
        }
    }

    fn key(&self, phase: &str, stage: Stage, step: &Step) -> StepKey {
        StepKey {
            plan: self.plan.clone(),
            phase: phase.to_owned(),
            stage,
            step: step.id.clone(),
        }
    }

    async fn step(
        &self,
        joint: &StepMark,
        step: &Step,
        becomes: Option<Becomes>,
    ) -> Result<Option<LockTimes>, EngineError> {
        let key = joint.key.clone();
        let (phase, stage) = (key.phase.as_str(), key.stage);
        let mark = match becomes {
            None => Mark::Step(joint.clone()),
            Some(Becomes { from, state }) => Mark::State {
                plan: key.plan.clone(),
                phase: phase.to_owned(),
                from,
                state,
                after: None,
                step: Some(joint.clone()),
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
        let Came { rows, lock } = self.telling(step, self.work(joint, step, &mark)).await?;
        let millis = begun.elapsed().as_millis() as u64;
        self.write(JournalEvent::StepDone {
            phase: phase.to_owned(),
            stage,
            step: step.id.clone(),
            millis,
            rows,
            lock: lock.clone(),
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

    async fn work(&self, joint: &StepMark, step: &Step, mark: &Mark) -> Result<Came, EngineError> {
        let key = &joint.key;
        let mut came = Came::default();
        match &step.work {
            Work::Transaction { locks, statements } => {
                came.lock = Some(self.transact(key, locks, statements, mark).await?);
            }
            Work::Online {
                statement, clean, ..
            } => {
                came.lock = self
                    .online(joint, step, statement, clean.as_deref())
                    .await?;
                self.mark(mark).await?;
            }
            Work::Backfill(backfill) => {
                let (rows, held) = self.fill(key, backfill, mark).await?;
                came.rows = Some(rows);
                came.lock = Some(held);
            }
            Work::Verify { checks } => {
                for check in checks {
                    self.check(check).await?;
                }
                self.mark(mark).await?;
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
                came.lock = Some(self.transact(key, &[], &statements, mark).await?);
            }
            Work::Script {
                sql,
                transaction: false,
            } => {
                self.target
                    .script(self.fence, mark, sql, &search_path(&self.schema))
                    .await
                    .map_err(EngineError::while_doing(&step.title))?;
            }
        }
        Ok(came)
    }

    /// Waits for a step's work, and says now and then that it is still at it.
    async fn telling<R>(&self, step: &Step, work: impl Future<Output = R>) -> R {
        let begun = Instant::now();
        tokio::pin!(work);
        loop {
            tokio::select! {
                came = &mut work => return came,
                () = tokio::time::sleep(TELL) => self.show(Progress::Working {
                    title: step.title.clone(),
                    seconds: begun.elapsed().as_secs(),
                }),
            }
        }
    }

    /// Takes a mark down by itself, through lost connections.
    pub(crate) async fn mark(&self, mark: &Mark) -> Result<(), EngineError> {
        self.persist("writing the ledger", async || {
            self.target.mark(self.fence, mark).await
        })
        .await
    }

    /// A statement outside a transaction: what is there is found out first, the remains of a
    /// failed try are removed, and it is tried again when another session won a race.
    async fn online(
        &self,
        joint: &StepMark,
        step: &Step,
        statement: &str,
        clean: Option<&str>,
    ) -> Result<Option<LockTimes>, EngineError> {
        let waiting = |blockers| {
            self.show(Progress::Waiting {
                step: joint.key.step.clone(),
                blockers,
            })
        };
        let doing = || EngineError::while_doing(step.title.clone());
        let removal = self.removal_in(joint.key.stage);
        let mut attempt = 0;
        loop {
            let outcome = async {
                let facts = self.target.inspect(&step.done_when).await?;
                match (Inspection::of(&facts), clean) {
                    (Inspection::Done, _) => return Ok(None),
                    (Inspection::Partial, Some(clean)) => {
                        self.target
                            .online(self.fence, joint, clean, &self.stop, removal, &waiting)
                            .await?;
                    }
                    (Inspection::Partial | Inspection::Absent, _) => {}
                }
                let times = self
                    .target
                    .online(self.fence, joint, statement, &self.stop, removal, &waiting)
                    .await?;
                Ok(Some(times))
            }
            .await;
            match outcome {
                Ok(times) => return Ok(times),
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
        let path = search_path(&self.schema);
        let wrong = self
            .persist(&format!("checking that {}", check.promise), async || {
                // It only reads, and may read for long.
                tokio::select! {
                    wrong = self.target.count(&check.sql, &path) => wrong,
                    () = self.stop.asked() => Err(TargetError::Stopped),
                }
            })
            .await?;
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
                check.shows()
            ),
        })
    }
}

/// The path under which SQL of the user's finds its tables, as a setting.
pub fn search_path(schema: &str) -> String {
    let public = Ident::new("public");
    match Ident::new(schema) {
        schema if schema == public => format!("search_path = {public}"),
        schema => format!("search_path = {schema}, {public}"),
    }
}
