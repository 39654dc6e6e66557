//! Hooks on the way forward.

use std::collections::BTreeMap;

use turnback_core::hook::HookMoment;
use turnback_core::program::Stage;

use crate::edges::{Journal, Mark, StepKey, StepMark, Target};
use crate::error::{EngineError, Halt};
use crate::run::Run;

impl<T: Target, J: Journal> Run<T, J> {
    /// Runs the hooks of a moment on the way forward, in the order of the plan. What comes after
    /// the cut-over is taken down in the ledger with the phase, for nothing else says whether it
    /// was done; what comes before something runs again until that is done.
    ///
    /// # Errors
    ///
    /// When a hook fails and the plan, or a person, says to stop.
    pub(crate) async fn forward_hooks(
        &self,
        when: HookMoment,
        phase: &str,
    ) -> Result<(), EngineError> {
        let Some(helpers) = self.helpers.clone() else {
            return Ok(());
        };
        let once = matches!(when, HookMoment::AfterCutOver | HookMoment::AfterPhase);
        for hook in helpers.plan.iter().filter(|hook| hook.applies(when, phase)) {
            let key = StepKey {
                plan: self.plan.clone(),
                phase: phase.to_owned(),
                stage: Stage::Settle,
                step: format!("hook.{}", hook.name),
            };
            if once && self.is_done(&key).await? {
                continue;
            }
            let hooked = self.hook(&helpers, hook, phase, &BTreeMap::new()).await?;
            if let Some(code) = hooked.stops {
                return Err(EngineError::Halted(Box::new(Halt {
                    what: hooked.sentence(),
                    how_it_stands: how_it_stands(when, phase),
                    next: "`turnback up` goes on from here, and runs that hook again; `turnback back` turns back; `turnback status` shows where every phase stands.".to_owned(),
                    code,
                })));
            }
            if once {
                self.mark(&Mark::Step(StepMark {
                    key,
                    after: None,
                    holds: vec![],
                }))
                .await?;
            }
        }
        Ok(())
    }

    async fn is_done(&self, key: &StepKey) -> Result<bool, EngineError> {
        let done = self
            .persist("reading the ledger", async || {
                self.target.done_steps(&key.plan, &key.phase).await
            })
            .await?;
        Ok(done.contains(&(key.stage, key.step.clone())))
    }
}

/// What clients meet where the way forward stops.
fn how_it_stands(when: HookMoment, phase: &str) -> String {
    match when {
        HookMoment::BeforePhase => {
            format!("Phase {phase} was not begun: nothing of it is there")
        }
        HookMoment::BeforeCutOver => format!(
            "Phase {phase} is expanded: public shows the old shape, both shapes are live, and clients read and write"
        ),
        _ => format!(
            "Phase {phase} is cut over: public shows the new shape, the old one stays live, and clients read and write"
        ),
    }
}
