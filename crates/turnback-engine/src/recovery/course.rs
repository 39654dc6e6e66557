//! The parts of one way back, one after the other.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Instant;

use turnback_core::hook::Hook;
use turnback_core::journal::JournalEvent;
use turnback_core::plan::{Plan, show_duration};
use turnback_core::recovery::{Ahead, Part, SoFar, ValidationLine, hooks_of, parts};
use turnback_core::state::PhaseState;

use super::standing::Standing;
use super::{PartReport, Recovery, RecoveryReport, compare, millis};
use crate::back::{BackReport, BackTo, old_again_unless_dropped};
use crate::edges::{Helpers, Journal, Target};
use crate::error::{EngineError, Halt};
use crate::progress::Progress;
use crate::proof::Proof;
use crate::run::Run;
use crate::way::{Swapped, Way};

/// One way back, as far as it has come.
pub(super) struct Course<'a, T, J> {
    pub(super) run: &'a Run<T, J>,
    pub(super) plan: &'a Plan,
    pub(super) recovery: Recovery<'a>,
    /// Runs the hooks of the plan; none run without it.
    pub(super) helpers: Option<Helpers>,
    pub(super) way: Way,
    /// All phases that were asked for, last first.
    phases: Vec<String>,
    /// What was done for this way back beside what the database shows.
    pub(super) so_far: SoFar,
    pub(super) lines: Vec<ValidationLine>,
    order: Vec<Part>,
    ended: Vec<PartReport>,
    swapped: Option<Swapped>,
    pub(super) proof: Option<Proof>,
    /// The catalog as it is after the drop.
    pub(super) after: Option<turnback_core::schema::Snapshot>,
    begun: bool,
    millis_to_old_shape: Option<u64>,
    /// Flags that may send users to the new shape of a phase.
    canaries: Vec<Ending>,
    /// Why one of them may still do so, as a sentence.
    still_sends: Option<String>,
}

impl<'a, T: Target, J: Journal> Course<'a, T, J> {
    pub(super) async fn new(
        run: &'a Run<T, J>,
        plan: &'a Plan,
        recovery: Recovery<'a>,
        way: Way,
    ) -> Result<Self, EngineError> {
        let phases: Vec<String> = way.all().map(|record| record.phase.clone()).collect();
        let helpers = run.helpers.clone().filter(|_| !recovery.no_hooks);
        let hooks: &[Hook] = helpers.as_ref().map_or(&[], |helpers| &helpers.plan);
        let goes_on = phases.iter().any(|phase| way.asked.phases.contains(phase));
        let kept_before = way
            .turning()
            .all(|record| record.state == PhaseState::Withdrawing);
        let canaries = if recovery.leave_flags {
            vec![]
        } else {
            canaries(run, plan, &phases).await?
        };
        let order = parts(&Ahead {
            phases: &phases,
            hooks,
            canary: !canaries.is_empty(),
            tells: !plan.notify.rules.is_empty(),
            swaps: way.swaps(),
            drops: recovery.to == BackTo::Start,
            only_drops: kept_before && !goes_on,
        });
        Ok(Self {
            run,
            plan,
            helpers,
            so_far: way.asked.so_far.clone(),
            recovery,
            way,
            phases,
            lines: vec![],
            order,
            ended: vec![],
            swapped: None,
            proof: None,
            after: None,
            begun: false,
            millis_to_old_shape: None,
            canaries,
            still_sends: None,
        })
    }

    /// Does every part. `begun` is when the first one, whose work is done, began.
    pub(super) async fn go(&mut self, begun: Instant) -> Result<(), EngineError> {
        for part in self.order.clone() {
            let begun = if part == Part::Confirm {
                begun
            } else {
                Instant::now()
            };
            if part > Part::MaintenanceOn {
                self.tell().await?;
            }
            if self.is_done(part) {
                continue;
            }
            let outcome = self.part(part).await;
            let failure = outcome.as_ref().err().map(ToString::to_string);
            let failure = failure.or_else(|| {
                let is_left = part == Part::EndCanary;
                self.still_sends.clone().filter(|_| is_left)
            });
            self.part_ended(part, begun, failure).await?;
            outcome?;
        }
        Ok(())
    }

    /// Writes that it begins: whoever hears of it hears of this.
    async fn tell(&mut self) -> Result<(), EngineError> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        self.run
            .write(JournalEvent::RecoveryBegun {
                phases: self.phases.clone(),
                because: self.recovery.because.clone(),
            })
            .await?;
        Ok(())
    }

    async fn part_ended(
        &mut self,
        part: Part,
        begun: Instant,
        failure: Option<String>,
    ) -> Result<(), EngineError> {
        let report = PartReport {
            part,
            millis: millis(begun.elapsed()),
            objective_millis: self.plan.objectives.of(part).map(millis),
            failure,
        };
        self.run
            .write(JournalEvent::RecoveryPart {
                part,
                millis: report.millis,
                objective_millis: report.objective_millis,
                failure: report.failure.clone(),
            })
            .await?;
        self.run.show(Progress::PartEnded {
            part,
            millis: report.millis,
            objective_millis: report.objective_millis,
            failure: report.failure.clone(),
        });
        self.ended.push(report);
        Ok(())
    }

    /// Whether a part is nothing but hooks, all of which were done by a call before.
    fn is_done(&self, part: Part) -> bool {
        let hooks = self.hooks(part);
        part != Part::Validate
            && !hooks.is_empty()
            && hooks.iter().all(|(hook, _)| self.so_far.has(&hook.name))
    }

    async fn part(&mut self, part: Part) -> Result<(), EngineError> {
        match part {
            Part::Confirm | Part::Tell => Ok(()),
            Part::EndCanary => {
                self.end_canaries().await;
                Ok(())
            }
            Part::Database => self.swap().await,
            Part::DropNewShape => self.drop_new_shape().await,
            Part::Validate => self.validate().await,
            _ => self.run_hooks(part).await,
        }
    }

    /// Sets their flags to nobody before anything of the new shape goes. Where one cannot be set,
    /// `public` shows the old shape all the same, and the new one is kept for those whom the flag
    /// still sends there.
    async fn end_canaries(&mut self) {
        for canary in &self.canaries {
            if let Err(why) = self.run.end_canary(&canary.phase, &canary.flag).await {
                self.still_sends = Some(why);
            }
        }
    }

    async fn swap(&mut self) -> Result<(), EngineError> {
        let mut lines = Vec::new();
        let to = self.recovery.to;
        let swapped = self
            .way
            .swap(self.run, to, async |left| {
                lines.extend(compare::not_compared(left));
                Ok(())
            })
            .await?;
        self.so_far.lines.extend(lines);
        self.swapped = Some(swapped);
        self.millis_to_old_shape = Some(millis(self.recovery.decided.elapsed()));
        Ok(())
    }

    async fn drop_new_shape(&mut self) -> Result<(), EngineError> {
        if self.swapped.is_none() {
            self.swap().await?;
        }
        if let Some(why) = &self.still_sends {
            return Err(EngineError::NeedsPerson {
                what: format!(
                    "{why}. So public shows the old shape, and the new one is kept for whoever is still sent there"
                ),
                next: "Set the flag to 0% where it is kept, then `turnback back` goes on; `turnback back --leave-flags` goes on with the flag as it is".to_owned(),
            });
        }
        self.drain().await?;
        self.compare().await?;
        let Some(swapped) = &mut self.swapped else {
            return Ok(());
        };
        let (proof, after) = self.way.drop_new_shape(self.run, swapped).await?;
        self.proof = Some(proof);
        self.after = Some(after);
        Ok(())
    }

    /// Gives clients time to ask their flag again, and to leave the new shape while it is there.
    /// `public` shows the old shape by now.
    async fn drain(&self) -> Result<(), EngineError> {
        let run = self.run;
        let begun = self.canaries.iter().filter(|canary| canary.was_begun);
        let drain = begun
            .filter_map(|canary| self.plan.phase(&canary.phase)?.canary.as_ref())
            .map(|canary| canary.drain)
            .max();
        let Some(drain) = drain.filter(|drain| !drain.is_zero()) else {
            return Ok(());
        };
        run.show(Progress::Held {
            why: format!(
                "clients of the new shape have {} to leave it, before it is dropped",
                show_duration(drain)
            ),
        });
        tokio::select! {
            () = tokio::time::sleep(drain) => Ok(()),
            () = run.stop.asked() => run.safe_point(),
        }
    }

    /// Compares both shapes while both are there, and stops where they differ: with the new
    /// shape would go what only it has.
    pub(super) async fn compare(&mut self) -> Result<(), EngineError> {
        let swapped = self.swapped.take().unwrap_or_default();
        let left = self.way.left(&swapped);
        let before = self.so_far.lines.clone();
        let known: Vec<&str> = before.iter().map(|line| line.promise.as_str()).collect();
        let found = compare::both_shapes(self.run, &left, self.patience()).await;
        self.swapped = Some(swapped);
        let found = found?;
        let differs = found.iter().find(|line| line.fails()).cloned();
        let new = found
            .into_iter()
            .filter(|line| !known.contains(&line.promise.as_str()));
        let mut lines = before.clone();
        lines.extend(new);
        match differs {
            Some(line) if !self.recovery.drop_anyway => Err(EngineError::NeedsPerson {
                what: format!(
                    "it must hold that {}, and it does not: {}. The new shape is kept, for with it would go what only it has",
                    line.promise, line.evidence
                ),
                next: "Look at those rows; `turnback back --drop-anyway` then drops the new shape as it is".to_owned(),
            }),
            _ => {
                self.so_far.lines = lines;
                self.note().await
            }
        }
    }

    /// The hooks of a part, each with the phase that it runs for.
    pub(super) fn hooks(&self, part: Part) -> Vec<(Hook, String)> {
        let hooks = self
            .helpers
            .as_ref()
            .map_or(&[][..], |helpers| &helpers.plan);
        hooks_of(hooks, part, &self.phases)
            .into_iter()
            .map(|(hook, phase)| (hook.clone(), phase.to_owned()))
            .collect()
    }

    async fn run_hooks(&mut self, part: Part) -> Result<(), EngineError> {
        let Some(helpers) = self.helpers.clone() else {
            return Ok(());
        };
        for (hook, phase) in self.hooks(part) {
            if self.so_far.has(&hook.name) {
                continue;
            }
            self.run_hook(&helpers, &hook, &phase).await?;
            self.so_far.hooks.push(hook.name.clone());
            self.note().await?;
        }
        Ok(())
    }

    async fn run_hook(
        &self,
        helpers: &Helpers,
        hook: &Hook,
        phase: &str,
    ) -> Result<(), EngineError> {
        let more = self.variables();
        let hooked = self.run.hook(helpers, hook, phase, &more).await?;
        match hooked.stops {
            None => Ok(()),
            Some(code) => Err(EngineError::Halted(Box::new(Halt {
                what: hooked.sentence(),
                how_it_stands: self.standing().how_it_stands(),
                next: self.standing().next(),
                code,
            }))),
        }
    }

    /// What hooks of turning back are told beside what every hook is.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("TURNBACK_PHASES".to_owned(), self.phases.join(" ")),
            ("TURNBACK_REASON".to_owned(), self.recovery.because.clone()),
        ])
    }

    /// Takes down what was done, for the same command when it is typed again.
    async fn note(&self) -> Result<(), EngineError> {
        let run = self.run;
        run.persist("writing the ledger", async || {
            run.target
                .note_so_far(run.fence, &run.plan, &self.so_far)
                .await
        })
        .await
    }

    /// How things stand, for people.
    pub(super) fn standing(&self) -> Standing<'_> {
        Standing {
            plan: self.plan,
            so_far: &self.so_far,
            done: self
                .ended
                .iter()
                .filter(|report| report.failure.is_none())
                .map(|report| report.part)
                .collect(),
            has_hooks: self.helpers.is_some()
                && Part::ALL
                    .into_iter()
                    .any(|part| !self.hooks(part).is_empty()),
            shows_new: self.way.swaps() && self.swapped.is_none(),
            is_dropped: self.proof.is_some(),
        }
    }

    /// Writes how it ended, and says so.
    pub(super) async fn end(
        self,
        outcome: Result<(), EngineError>,
    ) -> Result<RecoveryReport, EngineError> {
        let standing = self.standing();
        let outcome = match outcome {
            Err(error) if standing.has_hooks => {
                // Maintenance may be on: until all is done, the same command means this way back.
                self.run.unfinished.store(true, Ordering::Relaxed);
                Err(standing.explain(error))
            }
            outcome => outcome,
        };
        let total = millis(self.recovery.decided.elapsed());
        let objective_millis = self.plan.objectives.total.map(millis);
        self.run
            .write(JournalEvent::RecoveryEnded {
                millis: total,
                objective_millis,
                failure: outcome.as_ref().err().map(ToString::to_string),
            })
            .await?;
        outcome?;
        let hooks = self.so_far.hooks.len() + self.hooks(Part::Validate).len();
        Ok(RecoveryReport {
            back: BackReport {
                phases: self.way.phases(),
                before: self.way.before(),
                swaps: self
                    .swapped
                    .map(|swapped| swapped.swaps)
                    .unwrap_or_default(),
                millis_to_old_shape: self.millis_to_old_shape.unwrap_or(total),
                millis: total,
                proof: self.proof,
                old_again: old_again_unless_dropped(&self.way, self.recovery.to),
            },
            parts: self.ended,
            lines: self.lines,
            hooks,
            millis: total,
            objective_millis,
        })
    }
}

/// A canary that comes to its end, because its phase is turned back.
struct Ending {
    phase: String,
    flag: String,
    /// It was begun, so that clients may be there.
    was_begun: bool,
}

/// The flags of canaries of these phases: what the ledger says that was begun, and what the plan
/// names.
async fn canaries<T: Target, J: Journal>(
    run: &Run<T, J>,
    plan: &Plan,
    phases: &[String],
) -> Result<Vec<Ending>, EngineError> {
    let mut found: Vec<Ending> = Vec::new();
    for phase in phases {
        let noted = run.noted(phase).await?;
        // One that was never begun matters only where it can be looked up.
        let planned = plan.phase(phase).and_then(|phase| phase.canary.as_ref());
        let planned = planned.filter(|_| run.flags.is_some());
        let noted = noted.into_iter().map(|noted| (noted.flag, true));
        for (flag, was_begun) in noted.chain(planned.map(|canary| (canary.flag.clone(), false))) {
            if !found
                .iter()
                .any(|one| one.phase == *phase && one.flag == flag)
            {
                found.push(Ending {
                    phase: phase.clone(),
                    flag,
                    was_begun,
                });
            }
        }
    }
    Ok(found)
}
