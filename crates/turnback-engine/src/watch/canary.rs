//! Leads the canary of a phase: asks the core what is next, and has it done. The ledger is told
//! that a step begins before its share is set, and that it is set afterwards.

use std::time::Duration;

use turnback_core::canary::{Canary, Next, Noted, Rollout, Seen, Share, Waits};
use turnback_core::decision::Ask;
use turnback_core::flag::{By, Change, FlagSet, FlagState};
use turnback_core::guard::Moment;
use turnback_core::journal::JournalEvent;
use turnback_core::plan::show_duration;
use turnback_core::program::Stage;

use crate::edges::{Journal, Mark, StepKey, StepMark, Target};
use crate::error::EngineError;
use crate::flags::{Flags, FlagsError};
use crate::progress::Progress;
use crate::run::Run;

/// What keeps a canary that is not through from being cut over.
const UNDER_WAY: &str = "its canary is not through";

/// The canary of one phase, as far as it has come.
pub(super) struct Lead {
    phase: String,
    rollout: Rollout,
    /// Why it waits for a person, once that was told.
    stopped: Option<String>,
    /// Whether the step that it is in was told.
    told: bool,
    shown: Option<(u64, Option<String>)>,
}

/// What the watch has to do because of a canary.
#[derive(Debug, PartialEq)]
pub(super) enum Led {
    /// Nothing.
    Nothing,
    /// A step is to begin ([`Lead::enter`]).
    Enter {
        /// The share that stands.
        from: Share,
        /// The share to set.
        to: Share,
    },
    /// People are to be asked.
    Ask(Ask, String),
}

impl Lead {
    /// Finds out from the ledger how far the canary has come.
    pub(super) async fn new<T: Target, J: Journal>(
        run: &Run<T, J>,
        phase: &str,
        canary: &Canary,
    ) -> Result<Self, EngineError> {
        let noted = run.noted(phase).await?;
        Ok(Self {
            phase: phase.to_owned(),
            rollout: Rollout::new(canary.clone(), &noted),
            stopped: None,
            told: false,
            shown: None,
        })
    }

    /// The share that it has set.
    pub(super) fn share(&self) -> Share {
        self.rollout.share()
    }

    /// What holds the cut-over back; nothing once it is through.
    pub(super) fn holds(&self) -> Option<String> {
        let through = self.rollout.is_through();
        (!through).then(|| format!("phase {}: {UNDER_WAY}", self.phase))
    }

    /// A question is asked, by this number.
    pub(super) fn asked(&mut self, number: u32) {
        self.rollout.asked(number);
    }

    /// A moment has passed. `watch` is what the watch has to say: what holds, what is unheard,
    /// and which questions are open.
    pub(super) async fn goes_on<T: Target, J: Journal>(
        &mut self,
        run: &Run<T, J>,
        now: Moment,
        (holds, unheard, open): (Option<String>, Option<String>, Vec<u32>),
    ) -> Result<Led, EngineError> {
        if self.rollout.is_through() || run.stop.is_asked() {
            return Ok(Led::Nothing);
        }
        let seen = Seen {
            share: self.ask_flag(run).await,
            holds,
            unheard,
            open,
        };
        let next = self.rollout.look(now, &seen);
        let because = match &next {
            Next::Wait {
                why: Waits::Flag(why),
            } => Some(why.clone()),
            _ => None,
        };
        self.tell_of_flag(run, because).await?;
        // A run that goes on after another begins the step's time anew.
        if !self.told && matches!(next, Next::Hold { .. }) {
            self.tell_of_step(run).await?;
        }
        match next {
            Next::Enter { from, to, .. } => Ok(Led::Enter { from, to }),
            Next::Hold { left } => {
                self.show(run, left, None);
                Ok(Led::Nothing)
            }
            Next::Wait { why } => {
                let left = self.rollout.left();
                self.show(run, left, Some(why.sentence().to_owned()));
                Ok(Led::Nothing)
            }
            Next::Ask { ask } => Ok(Led::Ask(ask, self.question())),
            Next::Through => {
                let (phase, flag) = (self.phase.clone(), self.flag().to_owned());
                run.write(JournalEvent::CanaryPassed {
                    phase: phase.clone(),
                    flag,
                })
                .await?;
                run.show(Progress::CanaryPassed { phase });
                Ok(Led::Nothing)
            }
        }
    }

    async fn ask_flag<T: Target, J: Journal>(&self, run: &Run<T, J>) -> Result<Share, String> {
        let Some(flags) = &run.flags else {
            return Err(NO_STORE.to_owned());
        };
        let stored = flags.stored().await.map_err(|error| error.to_string())?;
        share_of(&stored.set, self.flag())
    }

    /// Begins a step, and says whether it has begun. What a crash leaves undone of it is done by
    /// whoever goes on.
    pub(super) async fn enter<T: Target, J: Journal>(
        &mut self,
        run: &Run<T, J>,
        from: Share,
        to: Share,
    ) -> Result<bool, EngineError> {
        let step = self.rollout.step();
        let of = self.rollout.canary().steps.len();
        run.note_step(&self.phase, self.noted(to, false)).await?;
        if self.ask_flag(run).await != Ok(to)
            && let Err(why) = self.set(run, from, to, (step, of)).await
        {
            // It is asked again what the flag is at, and this is tried again.
            self.tell_of_flag(run, Some(why)).await?;
            return Ok(false);
        }
        run.note_step(&self.phase, self.noted(to, true)).await?;
        self.rollout.entered();
        self.shown = None;
        self.tell_of_step(run).await?;
        Ok(true)
    }

    async fn tell_of_step<T: Target, J: Journal>(
        &mut self,
        run: &Run<T, J>,
    ) -> Result<(), EngineError> {
        self.told = true;
        let (step, steps) = (self.rollout.step(), &self.rollout.canary().steps);
        let (of, hold) = (steps.len(), steps[step].hold);
        run.write(JournalEvent::CanaryStep {
            phase: self.phase.clone(),
            flag: self.flag().to_owned(),
            step: step as u32 + 1,
            of: of as u32,
            share: self.share(),
            hold_millis: hold.as_millis() as u64,
        })
        .await?;
        run.show(Progress::CanaryStep {
            phase: self.phase.clone(),
            flag: self.flag().to_owned(),
            step: step + 1,
            of,
            share: self.share(),
        });
        Ok(())
    }

    async fn set<T: Target, J: Journal>(
        &self,
        run: &Run<T, J>,
        from: Share,
        to: Share,
        (step, of): (usize, usize),
    ) -> Result<(), String> {
        let Some(flags) = &run.flags else {
            return Err(NO_STORE.to_owned());
        };
        let change = Change::Rollout {
            key: self.flag().to_owned(),
            from: Some(from),
            share: to,
        };
        let why = format!(
            "step {} of {of} of the canary of phase {}",
            step + 1,
            self.phase
        );
        let set = flags.change(&change, &by(why)).await;
        set.map(drop).map_err(|error| error.to_string())
    }

    /// Says once that it waits for a person, and once that it does not any more.
    async fn tell_of_flag<T: Target, J: Journal>(
        &mut self,
        run: &Run<T, J>,
        because: Option<String>,
    ) -> Result<(), EngineError> {
        if self.stopped == because {
            return Ok(());
        }
        let (phase, flag) = (self.phase.clone(), self.flag().to_owned());
        match &because {
            Some(why) => {
                run.write(JournalEvent::CanaryStopped {
                    phase: phase.clone(),
                    flag,
                    because: why.clone(),
                })
                .await?;
                run.show(Progress::CanaryStopped {
                    phase,
                    why: why.clone(),
                });
            }
            None => {
                run.write(JournalEvent::CanaryGoesOn { phase, flag })
                    .await?
            }
        }
        self.stopped = because;
        Ok(())
    }

    /// Shows how it stands, once a second.
    fn show<T: Target, J: Journal>(
        &mut self,
        run: &Run<T, J>,
        left: Duration,
        waits: Option<String>,
    ) {
        let shown = Some((left.as_secs(), waits.clone()));
        if self.shown == shown {
            return;
        }
        self.shown = shown;
        let (step, steps) = (self.rollout.step(), &self.rollout.canary().steps);
        run.show(Progress::Canary {
            phase: self.phase.clone(),
            step: step + 1,
            of: steps.len(),
            share: self.share(),
            left,
            hold: steps[step].hold,
            waits,
        });
    }

    fn question(&self) -> String {
        let (step, steps) = (self.rollout.step(), &self.rollout.canary().steps);
        let next = match steps.get(step + 1) {
            Some(next) => format!("{} follows", next.share),
            None => "the cut-over follows".to_owned(),
        };
        format!(
            "The canary of {} has held at {} for {}, and nothing holds it: {next}.",
            self.phase,
            self.share(),
            show_duration(steps[step].hold)
        )
    }

    fn flag(&self) -> &str {
        &self.rollout.canary().flag
    }

    fn noted(&self, share: Share, is_set: bool) -> Noted {
        Noted {
            flag: self.flag().to_owned(),
            share,
            is_set,
        }
    }
}

impl<T: Target, J: Journal> Run<T, J> {
    /// What the ledger holds of the canary of a phase.
    pub(crate) async fn noted(&self, phase: &str) -> Result<Vec<Noted>, EngineError> {
        let done = self
            .persist("reading the ledger", async || {
                self.target.done_steps(&self.plan, phase).await
            })
            .await?;
        let notes = done.iter().filter(|(stage, _)| *stage == Stage::CutOver);
        Ok(notes.filter_map(|(_, step)| Noted::read(step)).collect())
    }

    async fn note_step(&self, phase: &str, noted: Noted) -> Result<(), EngineError> {
        self.mark(&Mark::Step(StepMark {
            key: StepKey {
                plan: self.plan.clone(),
                phase: phase.to_owned(),
                stage: Stage::CutOver,
                step: noted.step(),
            },
            after: None,
            holds: vec![],
        }))
        .await
    }

    /// Sets the flag of a canary to nobody, before its phase is turned back.
    ///
    /// # Errors
    ///
    /// Why it may still send users to a shape that is about to go, as a sentence.
    pub(crate) async fn end_canary(&self, phase: &str, flag: &str) -> Result<(), String> {
        let could_not = |why: &str| format!("flag {flag} could not be set to 0%: {why}");
        let Some(flags) = &self.flags else {
            return Err(could_not(NO_STORE));
        };
        let mut attempt = 0;
        loop {
            match set_to_nobody(&**flags, phase, flag).await {
                Ok(None) => return Ok(()),
                Ok(Some(from)) => {
                    let event = JournalEvent::CanaryEnded {
                        phase: phase.to_owned(),
                        flag: flag.to_owned(),
                        from,
                    };
                    // It is at nobody: the journal's trouble is told by the journal.
                    let _ = self.write(event).await;
                    self.show(Progress::CanaryEnded {
                        phase: phase.to_owned(),
                        flag: flag.to_owned(),
                        from,
                    });
                    return Ok(());
                }
                Err(FlagsError::Store(reason)) if attempt + 1 < ATTEMPTS => {
                    attempt += 1;
                    self.show(Progress::Reconnecting { reason, attempt });
                    tokio::time::sleep(BETWEEN).await;
                }
                Err(error) => return Err(could_not(&error.to_string())),
            }
        }
    }
}

/// Sets a flag to nobody, and gives the share that it had; nothing where it sends nobody already.
async fn set_to_nobody(
    flags: &dyn Flags,
    phase: &str,
    flag: &str,
) -> Result<Option<Share>, FlagsError> {
    let stored = flags.stored().await?;
    let Some(found) = stored.set.flag(flag) else {
        return Ok(None);
    };
    let from = found.share();
    if from == Some(Share::NONE) {
        return Ok(None);
    }
    let change = Change::Rollout {
        key: flag.to_owned(),
        from: None,
        share: Share::NONE,
    };
    let why = format!("phase {phase} is turned back");
    flags.change(&change, &by(why)).await?;
    Ok(from)
}

/// The share that a flag gives, or why it gives none, as a sentence.
fn share_of(set: &FlagSet, key: &str) -> Result<Share, String> {
    let Some(flag) = set.flag(key) else {
        return Err(format!(
            "there is no flag {key}, so applications cannot ask for it. `turnback flag set {key} --rollout 0%` makes it"
        ));
    };
    if flag.state() == FlagState::Disabled {
        return Err(format!(
            "flag {key} is disabled, so it sends nobody anywhere. `turnback flag enable {key}` lets the canary go on, `turnback back` turns back"
        ));
    }
    flag.share().ok_or_else(|| {
        format!("flag {key} is not spread over `on` and `off`, so it has no share to set")
    })
}

fn by(why: String) -> By {
    By {
        who: "turnback".to_owned(),
        why: Some(why),
    }
}

const NO_STORE: &str = "there is no control store, which keeps flags";
/// Tries to set a flag to nobody: a way back does not wait longer for it.
const ATTEMPTS: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(300);
