//! The simulated server's ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use turnback_core::program::Stage;
use turnback_core::state::PhaseState;
use turnback_engine::edges::{AskedBack, Mark, PhaseRecord, StepKey, StepMark, Stripe, Withdrawn};
use turnback_engine::error::TargetError;

/// Phases, steps and progress, as the real one keeps them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    pub phases: BTreeMap<String, Arc<PhaseRecord>>,
    /// The way back whose end was not told.
    pub asked_back: AskedBack,
    steps: BTreeSet<(String, &'static str, String)>,
    stripes: BTreeMap<(String, String), Vec<(i64, i64)>>,
}

impl Ledger {
    /// Takes down that a step is done; gives whether it was not before.
    pub fn claim(&mut self, step: &StepMark) -> Result<bool, TargetError> {
        let key = &step.key;
        if self.steps.contains(&entry(key, &key.step)) {
            return Ok(false);
        }
        self.joins(step)?;
        let progress = self.stripes.get(&(key.phase.clone(), key.step.clone()));
        if progress.is_some_and(|stripes| stripes.iter().any(|(next, end)| next < end)) {
            return Err(TargetError::Forgotten(format!("batches of {}", key.step)));
        }
        Ok(self.steps.insert(entry(key, &key.step)))
    }

    /// Refuses where a step does not stand on what it should.
    pub fn joins(&self, step: &StepMark) -> Result<(), TargetError> {
        let key = &step.key;
        let state = self.phases.get(&key.phase).map(|record| record.state);
        if !state.is_some_and(|state| key.stage.runs_in().contains(&state)) {
            return Err(TargetError::Forgotten(format!("phase {}", key.phase)));
        }
        match &step.after {
            Some(after) if !self.steps.contains(&entry(key, after)) => {
                Err(TargetError::Forgotten(format!("step {after}")))
            }
            _ => Ok(()),
        }
    }

    /// Takes down a phase's state.
    pub fn become_state(&mut self, mark: &Mark) -> Result<(), TargetError> {
        if let Mark::State {
            phase,
            from,
            state,
            after,
            ..
        } = mark
        {
            self.holds(after.as_ref())?;
            let record = Arc::make_mut(self.phases.get_mut(phase).expect("it was begun"));
            if record.state != *from && record.state != *state {
                return Err(TargetError::Forgotten(format!("{phase} was {from}")));
            }
            record.state = *state;
        }
        Ok(())
    }

    pub fn done_steps(&self, phase: &str) -> Vec<(Stage, String)> {
        let stage = |title: &str| Stage::ALL.into_iter().find(|stage| stage.title() == title);
        self.steps
            .iter()
            .filter(|(of, _, _)| of == phase)
            .map(|(_, title, step)| (stage(title).expect("a stage's title"), step.clone()))
            .collect()
    }

    fn holds(&self, step: Option<&StepKey>) -> Result<(), TargetError> {
        match step {
            Some(key) if !self.steps.contains(&entry(key, &key.step)) => {
                Err(TargetError::Forgotten(format!("step {}", key.step)))
            }
            _ => Ok(()),
        }
    }

    pub fn forget(&mut self, withdrawn: &Withdrawn) -> Result<(), TargetError> {
        self.holds(withdrawn.after.as_ref())?;
        let phase = &withdrawn.phase;
        self.steps.retain(|(of, _, _)| of != phase);
        self.stripes.retain(|(of, _), _| of != phase);
        let record = self.phases.get_mut(phase).expect("it was begun");
        Arc::make_mut(record).state = PhaseState::Pending;
        Ok(())
    }

    /// Stripes that are not done, after dividing so many pages the first time.
    pub fn stripes(&mut self, key: &StepKey, pages: i64) -> Vec<Stripe> {
        let known = (key.phase.clone(), key.step.clone());
        let stripes = self
            .stripes
            .entry(known)
            // The first is long enough for two batches.
            .or_insert_with(|| vec![(0, pages * 3 / 4), (pages * 3 / 4, pages)]);
        let numbered = (0..).zip(stripes.iter());
        numbered
            .filter(|(_, (next, end))| next < end)
            .map(|(number, &(next, end))| Stripe { number, next, end })
            .collect()
    }

    /// Notes a batch where it joins on.
    pub fn progress(
        &mut self,
        key: &StepKey,
        stripe: &Stripe,
        until: i64,
    ) -> Result<(), TargetError> {
        let stripes = self.stripes.get_mut(&(key.phase.clone(), key.step.clone()));
        let noted = stripes.and_then(|stripes| stripes.get_mut(stripe.number as usize));
        match noted {
            Some((next, _)) if *next == stripe.next => {
                *next = until;
                Ok(())
            }
            _ => Err(TargetError::Forgotten(format!("batches of {}", key.step))),
        }
    }
}

fn entry(key: &StepKey, step: &str) -> (String, &'static str, String) {
    (key.phase.clone(), key.stage.title(), step.to_owned())
}
