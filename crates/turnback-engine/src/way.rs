//! The way back: which phases it is about, the swaps, the drop, and the proof.

use turnback_core::program::Stage;
use turnback_core::recovery::SoFar;
use turnback_core::schema::Snapshot;
use turnback_core::scope::{Scope, as_asked, phases_to_turn_back};
use turnback_core::state::{PhaseEvent, PhaseState};

use crate::back::{BackTo, standings};
use crate::contract::retire;
use crate::edges::{AskedBack, Journal, PhaseRecord, Target, Withdrawn};
use crate::error::EngineError;
use crate::proof::Proof;
use crate::run::Run;
use crate::stage::Becomes;

/// Phases that are turned back together, as the ledger had them when it was asked for.
pub(crate) struct Way {
    /// Every phase of the plan that was begun, in order.
    pub(crate) records: Vec<PhaseRecord>,
    /// Those that were turned back before, last first: places in `records`.
    over: Vec<usize>,
    /// Those that are turned back now, last first.
    turning: Vec<usize>,
    /// What was asked for and done before this call, where nobody was told of its end.
    pub(crate) asked: AskedBack,
}

/// What the swaps came to.
#[derive(Default)]
pub(crate) struct Swapped {
    /// How long each swap held its locks, in milliseconds.
    pub(crate) swaps: Vec<(String, f64)>,
    withdrawn: Vec<Withdrawn>,
    /// Phases whose new shape is still to be dropped.
    left: Vec<usize>,
}

impl Way {
    /// Makes sure that there is a way back and takes down which phases it is about.
    ///
    /// # Errors
    ///
    /// When nothing can be turned back, or not as far as was asked.
    pub(crate) async fn confirm<T: Target, J: Journal>(
        run: &Run<T, J>,
        scope: &Scope,
    ) -> Result<Self, EngineError> {
        let records = run.phases().await?;
        let (phases, asked) = asked(run, &records, scope).await?;
        let (over, turning): (Vec<usize>, Vec<usize>) = phases
            .iter()
            .filter_map(|phase| records.iter().position(|record| &record.phase == phase))
            .partition(|at| records[*at].state == PhaseState::Pending);
        Ok(Self {
            records,
            over,
            turning,
            asked,
        })
    }

    /// The phases that are turned back now, last first.
    pub(crate) fn turning(&self) -> impl Iterator<Item = &PhaseRecord> {
        self.of(&self.turning)
    }

    /// All that was asked for, also what was turned back before, last first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &PhaseRecord> {
        self.of(&self.over).chain(self.turning())
    }

    /// Names of the phases that are turned back now.
    pub(crate) fn phases(&self) -> Vec<String> {
        self.turning().map(|record| record.phase.clone()).collect()
    }

    /// Names of the phases that were asked for and had been turned back before.
    pub(crate) fn before(&self) -> Vec<String> {
        let over = self.of(&self.over);
        over.map(|record| record.phase.clone()).collect()
    }

    /// Whether `public` shows the new shape of one of them.
    pub(crate) fn swaps(&self) -> bool {
        self.turning().any(is_shown)
    }

    fn of<'w>(&'w self, places: &'w [usize]) -> impl Iterator<Item = &'w PhaseRecord> {
        places.iter().filter_map(|at| self.records.get(*at))
    }

    /// Until `public` shows the old shape in every phase. `before_drop` hears of phases whose
    /// new shape has to go before another phase can swap.
    pub(crate) async fn swap<T: Target, J: Journal>(
        &self,
        run: &Run<T, J>,
        to: BackTo,
        mut before_drop: impl AsyncFnMut(&[&PhaseRecord]) -> Result<(), EngineError>,
    ) -> Result<Swapped, EngineError> {
        let mut swapped = Swapped::default();
        for at in &self.turning {
            let Some(record) = self.records.get(*at) else {
                continue;
            };
            if is_shown(record) {
                let next = record.state.next(PhaseEvent::SwappedBack)?;
                let hold = swap(run, record, next).await?;
                swapped.swaps.push((record.phase.clone(), hold));
            }
            swapped.left.push(*at);
            // SQL of the user's may have put something on the new keys of a phase before it, and
            // what came after it on what it made: all that goes before that phase can swap.
            if to == BackTo::Start && record.program.swap_back.is_empty() {
                before_drop(&self.left(&swapped)).await?;
                self.withdraw_left(run, &mut swapped).await?;
            }
        }
        Ok(swapped)
    }

    /// The phases whose new shape is still to be dropped.
    pub(crate) fn left(&self, swapped: &Swapped) -> Vec<&PhaseRecord> {
        let places = swapped.left.iter();
        places.filter_map(|at| self.records.get(*at)).collect()
    }

    async fn withdraw_left<T: Target, J: Journal>(
        &self,
        run: &Run<T, J>,
        swapped: &mut Swapped,
    ) -> Result<(), EngineError> {
        for at in std::mem::take(&mut swapped.left) {
            if let Some(record) = self.records.get(at) {
                swapped.withdrawn.push(withdraw(run, record).await?);
            }
        }
        Ok(())
    }

    /// Drops what is left of the new shape, compares with the catalog before, and forgets the
    /// phases. Gives the comparison and the catalog as it is now.
    pub(crate) async fn drop_new_shape<T: Target, J: Journal>(
        &self,
        run: &Run<T, J>,
        swapped: &mut Swapped,
    ) -> Result<(Proof, Snapshot), EngineError> {
        self.withdraw_left(run, swapped).await?;
        retire(run, &self.phases()).await?;
        let all: Vec<&PhaseRecord> = self.all().collect();
        let proven = prove(run, &all, &self.records).await?;
        if !swapped.withdrawn.is_empty() {
            forget(run, &swapped.withdrawn).await?;
        }
        Ok(proven)
    }
}

/// Whether `public` shows its new shape.
fn is_shown(record: &PhaseRecord) -> bool {
    matches!(record.state, PhaseState::CutOver | PhaseState::Contracting)
}

/// The phases that the scope means, taken down before anything is done about them. Until the end
/// has been told ([`Run::end`]), scopes count from where things stood: whoever was killed and is
/// started again does what was asked for, and no more.
async fn asked<T: Target, J: Journal>(
    run: &Run<T, J>,
    records: &[PhaseRecord],
    scope: &Scope,
) -> Result<(Vec<String>, AskedBack), EngineError> {
    let before = run
        .persist("reading the ledger", async || {
            run.target.asked_back(&run.plan).await
        })
        .await?;
    let mut untold = before.phases.clone();
    let phases = phases_to_turn_back(&as_asked(&standings(records), &untold), scope)?;
    untold.retain(|phase| !phases.contains(phase));
    let all: Vec<String> = phases.iter().chain(&untold).cloned().collect();
    // Another way back than the one that was begun begins anew.
    let mut asked = before;
    if asked.phases != all {
        asked.so_far = SoFar::default();
    }
    run.ask_back(&all).await?;
    Ok((phases, asked))
}

impl<T: Target, J: Journal> Run<T, J> {
    /// Takes down which phases a way back is about; none for another command, with which the one
    /// asked for before is over.
    pub(crate) async fn ask_back(&self, phases: &[String]) -> Result<(), EngineError> {
        self.persist("writing the ledger", async || {
            self.target.ask_back(self.fence, &self.plan, phases).await
        })
        .await
    }
}

async fn swap<T: Target, J: Journal>(
    run: &Run<T, J>,
    record: &PhaseRecord,
    next: PhaseState,
) -> Result<f64, EngineError> {
    if record.program.swap_back.is_empty() {
        run.become_state(&record.phase, record.state, next, None)
            .await?;
        return Ok(0.0);
    }
    let becomes = Becomes {
        from: record.state,
        state: next,
    };
    let swapped = run
        .stage(&record.program, Stage::SwapBack, Some(becomes))
        .await?;
    let hold = swapped.lock.map_or(0.0, |times| times.hold_millis);
    run.became(&record.phase, next, Some(hold)).await?;
    Ok(hold)
}

async fn withdraw<T: Target, J: Journal>(
    run: &Run<T, J>,
    record: &PhaseRecord,
) -> Result<Withdrawn, EngineError> {
    if matches!(record.state, PhaseState::Expanding | PhaseState::Expanded) {
        let next = record.state.next(PhaseEvent::WithdrawBegun)?;
        run.become_state(&record.phase, record.state, next, None)
            .await?;
    }
    let dropped = run.stage(&record.program, Stage::Withdraw, None).await?;
    Ok(Withdrawn {
        phase: record.phase.clone(),
        after: dropped.last,
    })
}

/// The last thing of a way back: until here the ledger knows which phases it is about, and
/// the same call goes on with these and no others.
async fn forget<T: Target, J: Journal>(
    run: &Run<T, J>,
    phases: &[Withdrawn],
) -> Result<(), EngineError> {
    let state = PhaseState::Withdrawing.next(PhaseEvent::Withdrawn)?;
    run.persist("writing the ledger", async || {
        run.target.forget_phases(run.fence, &run.plan, phases).await
    })
    .await?;
    for Withdrawn { phase, .. } in phases {
        run.became(phase, state, None).await?;
    }
    Ok(())
}

/// Compares with the catalog before the earliest of the phases, or of those before them that
/// `public` does not show any more.
async fn prove<T: Target, J: Journal>(
    run: &Run<T, J>,
    turned: &[&PhaseRecord],
    records: &[PhaseRecord],
) -> Result<(Proof, Snapshot), EngineError> {
    let after = run.snapshot().await?;
    let Some(earliest) = turned.last() else {
        return Ok((Proof::default(), after));
    };
    let kept = records
        .iter()
        .find(|r| r.ordinal < earliest.ordinal && r.state == PhaseState::Withdrawing);
    let earliest = kept.unwrap_or(earliest);
    let programs = turned.iter().map(|record| &record.program);
    let contracted_meanwhile = records
        .iter()
        .any(|r| r.ordinal < earliest.ordinal && r.state == PhaseState::Contracted);
    let proof = if contracted_meanwhile {
        Proof::after_contract(&earliest.before, &after, programs)
    } else {
        Proof::of(&earliest.before, &after, programs)
    };
    let proof = match kept {
        Some(_) => proof.beside_kept(),
        None => proof,
    };
    Ok((proof, after))
}
