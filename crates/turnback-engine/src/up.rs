//! Going forward: phase by phase, expand, cut over, settle; resumes where a crash left off.

use std::time::Instant;

use serde::Serialize;
use turnback_core::convert_key::LiveVersion;
use turnback_core::hook::HookMoment;
use turnback_core::journal::JournalEvent;
use turnback_core::phases::{self, program};
use turnback_core::plan::{Phase, Plan};
use turnback_core::preflight::{Finding, Weight};
use turnback_core::program::Stage;
use turnback_core::schema::Snapshot;
use turnback_core::state::{PhaseEvent, PhaseState};

use crate::edges::{Journal, Mark, PhaseRecord, StepKey, Target};
use crate::error::EngineError;
use crate::gate::Point;
use crate::progress::Progress;
use crate::run::Run;
use crate::stage::Becomes;

/// How far to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// The last phase to do; all of them when absent.
    pub phase: Option<String>,
    /// Stop in that last phase once both shapes are live, before the cut-over.
    pub expanded_only: bool,
}

/// What going forward came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UpReport {
    /// Phases and their states at the end.
    pub phases: Vec<(String, PhaseState)>,
    /// How long each cut-over of this run held its locks, in milliseconds.
    pub cut_overs: Vec<(String, f64)>,
    /// How long it all took, in milliseconds.
    pub millis: u64,
}

/// Goes forward as far as asked. `preflight` judges each phase just before it begins, on the
/// catalog as it then is.
///
/// # Errors
///
/// See [`EngineError`]; whatever was done is in the ledger, and the same call goes on.
pub async fn up<T: Target, J: Journal>(
    run: &Run<T, J>,
    plan: &Plan,
    until: &Until,
) -> Result<UpReport, EngineError> {
    run.explained(go_forward(run, plan, until).await).await
}

async fn go_forward<T: Target, J: Journal>(
    run: &Run<T, J>,
    plan: &Plan,
    until: &Until,
) -> Result<UpReport, EngineError> {
    let begun = Instant::now();
    run.ask_back(&[]).await?;
    let mut report = UpReport::default();
    for (ordinal, phase) in plan.phases.iter().enumerate() {
        let is_last = until.phase.as_deref() == Some(phase.id.as_str());
        let state = forward(
            run,
            phase,
            ordinal,
            is_last && until.expanded_only,
            &mut report,
        )
        .await?;
        if state == PhaseState::CutOver {
            run.forward_hooks(HookMoment::AfterPhase, &phase.id).await?;
        }
        report.phases.push((phase.id.clone(), state));
        if is_last {
            break;
        }
    }
    report.millis = begun.elapsed().as_millis() as u64;
    Ok(report)
}

pub(crate) async fn forward<T: Target, J: Journal>(
    run: &Run<T, J>,
    phase: &Phase,
    ordinal: usize,
    expanded_only: bool,
    report: &mut UpReport,
) -> Result<PhaseState, EngineError> {
    let records = run.phases().await?;
    let record = records
        .iter()
        .find(|record| record.phase == phase.id && record.state != PhaseState::Pending);
    let record = match record {
        Some(record) => record.clone(),
        None => begin(run, phase, ordinal, &records).await?,
    };
    let mut state = record.state;
    loop {
        state = match state {
            PhaseState::Pending | PhaseState::Expanding => {
                let expand = run.stage(&record.program, Stage::Expand, None).await?;
                let next = state.next(PhaseEvent::Expanded)?;
                run.become_state(&phase.id, state, next, expand.last)
                    .await?
            }
            PhaseState::Expanded if expanded_only => return Ok(state),
            PhaseState::Expanded => {
                run.pass(Point::CutOver).await?;
                run.forward_hooks(HookMoment::BeforeCutOver, &phase.id)
                    .await?;
                let next = state.next(PhaseEvent::CutOver)?;
                let cut_over = run
                    .stage(
                        &record.program,
                        Stage::CutOver,
                        Some(Becomes {
                            from: state,
                            state: next,
                        }),
                    )
                    .await?;
                if record.program.cut_over.is_empty() {
                    // SQL of the user's has no second shape: nothing to swap.
                    run.become_state(&phase.id, state, next, None).await?;
                } else {
                    let hold = cut_over.lock.map_or(0.0, |times| times.hold_millis);
                    report.cut_overs.push((phase.id.clone(), hold));
                    run.became(&phase.id, next, Some(hold)).await?;
                }
                next
            }
            PhaseState::CutOver => {
                run.forward_hooks(HookMoment::AfterCutOver, &phase.id)
                    .await?;
                run.stage(&record.program, Stage::Settle, None).await?;
                return Ok(state);
            }
            PhaseState::Contracted => return Ok(state),
            PhaseState::Withdrawing => {
                return Err(EngineError::WrongState {
                    phase: phase.id.clone(),
                    state,
                    advice: "a way back was begun; finish it with `turnback back`, then `turnback up` starts it anew".to_owned(),
                });
            }
            PhaseState::Contracting => {
                return Err(EngineError::WrongState {
                    phase: phase.id.clone(),
                    state,
                    advice: "finish with `turnback contract`, or turn back with `turnback back`"
                        .to_owned(),
                });
            }
        };
    }
}

/// Plans the phase on the catalog as it is now and takes down, before anything is changed,
/// what it will do and how the catalog looks.
async fn begin<T: Target, J: Journal>(
    run: &Run<T, J>,
    phase: &Phase,
    ordinal: usize,
    records: &[PhaseRecord],
) -> Result<PhaseRecord, EngineError> {
    run.pass(Point::Threshold).await?;
    run.forward_hooks(HookMoment::BeforePhase, &phase.id)
        .await?;
    let before = run.snapshot().await?;
    let planned = plan_phase(&before, phase, records).map_err(EngineError::NoGo)?;
    let record = PhaseRecord {
        phase: phase.id.clone(),
        ordinal: ordinal as i32,
        state: PhaseState::Pending.next(PhaseEvent::ExpandBegun)?,
        program: planned,
        before,
    };
    run.persist("writing the ledger", async || {
        run.target.begin_phase(run.fence, &run.plan, &record).await
    })
    .await?;
    run.became(&phase.id, record.state, None).await?;
    Ok(record)
}

/// Plans a phase on a catalog.
pub(crate) fn plan_phase(
    before: &Snapshot,
    phase: &Phase,
    records: &[PhaseRecord],
) -> Result<turnback_core::program::Program, Vec<Finding>> {
    let planned = program(before, phase, &live_versions(records))?;
    if planned
        .findings
        .iter()
        .any(|finding| finding.weight == Weight::NoGo)
    {
        return Err(planned.findings);
    }
    Ok(planned.program)
}

/// The version schemas that phases of this plan keep at the moment.
pub fn live_versions(records: &[PhaseRecord]) -> Vec<LiveVersion> {
    phases::live_versions(records.iter().map(|record| (&record.program, record.state)))
}

impl<T: Target, J: Journal> Run<T, J> {
    pub(crate) async fn phases(&self) -> Result<Vec<PhaseRecord>, EngineError> {
        self.persist("reading the ledger", async || {
            self.target.phases(&self.plan).await
        })
        .await
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, EngineError> {
        self.persist("looking at the catalog", async || {
            self.target.snapshot().await
        })
        .await
    }

    /// Marks a state that no transaction of its own brought about.
    pub(crate) async fn become_state(
        &self,
        phase: &str,
        from: PhaseState,
        state: PhaseState,
        after: Option<StepKey>,
    ) -> Result<PhaseState, EngineError> {
        self.mark(&Mark::State {
            plan: self.plan.clone(),
            phase: phase.to_owned(),
            from,
            state,
            after,
            step: None,
        })
        .await?;
        self.became(phase, state, None).await?;
        Ok(state)
    }

    /// Tells of a state that the ledger has already.
    pub(crate) async fn became(
        &self,
        phase: &str,
        state: PhaseState,
        hold_millis: Option<f64>,
    ) -> Result<(), EngineError> {
        self.states.send_modify(|states| {
            states.insert(phase.to_owned(), state);
        });
        self.write(JournalEvent::PhaseBecame {
            phase: phase.to_owned(),
            state,
        })
        .await?;
        self.show(Progress::PhaseBecame {
            phase: phase.to_owned(),
            state,
            hold_millis,
        });
        Ok(())
    }
}
