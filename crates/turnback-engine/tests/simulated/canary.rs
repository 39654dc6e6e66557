//! A canary on its way and turned back, stopped at every point: no share is skipped, the flag is at
//! 0% before anything of the new shape goes, and nobody's change is written over.

use std::time::Duration;

use turnback_core::canary::{Canary, CanaryStep, Compare, Share, Side, ToldBy};
use turnback_core::decision::{Action, Ask, Condition, Matrix, Otherwise, Row};
use turnback_core::flag::{By, Change, FlagSet, Record, Stored};
use turnback_core::guard::{
    Baseline, Belief, Guard, Level, Moment, Of, Probe, Reading, Sample, Threshold, Unit,
};
use turnback_core::plan::Plan;
use turnback_core::scope::Scope;
use turnback_core::state::PhaseState;
use turnback_core::watch::{Answer, Question};
use turnback_engine::edges::Boxed;
use turnback_engine::error::{EngineError, JournalError};
use turnback_engine::flags::{Changed, Flags, FlagsError};
use turnback_engine::watch::{Answered, Probes, Scene, WatchStore, Watchers};

use crate::clock;
use crate::fault::{Fault, Kind};
use crate::programs::{Piece, two_shapes};
use crate::server::Server;
use crate::target::Wire;
use crate::world::{Command, Ended, World};

const FLAG: &str = "users-uuid";
const WAITS: &str = "the canary waits for a person";

/// What is outside of the server: the flags, the clients' measurements, a person.
#[derive(Clone, Debug)]
pub struct Outside {
    pub flags: FlagSet,
    version: u64,
    /// The control store cannot be used.
    pub is_broken: bool,
    /// What the canary's clients measure, from a share on.
    pub canary: Reading,
    pub from: Share,
    /// What a person answers to every question.
    pub answer: Option<Answer>,
    asked: Vec<u32>,
    /// What was measured of the rest.
    kept: Option<Baseline>,
}

impl Default for Outside {
    fn default() -> Self {
        Self {
            flags: FlagSet::default(),
            version: 0,
            is_broken: false,
            canary: Reading::single(20.0),
            from: Share::NONE,
            answer: None,
            asked: vec![],
            kept: None,
        }
    }
}

impl Outside {
    fn share(&self) -> Share {
        let flag = self.flags.flag(FLAG);
        flag.and_then(|flag| flag.share()).unwrap_or_default()
    }

    /// A person sets the share.
    pub fn set(&mut self, percent: u16) {
        let change = Change::Rollout {
            key: FLAG.to_owned(),
            from: None,
            share: share(percent),
        };
        self.flags = change.apply(&self.flags).expect("it is a rollout");
        self.version += 1;
    }
}

impl Server {
    /// While the flag sends anybody to the new shape, that is there.
    pub fn must_have_the_shape_that_the_flag_sends_to(&self) {
        let sends = self.outside.share() > Share::NONE && !self.outside.is_broken;
        for record in self.now.ledger.phases.values().filter(|_| sends) {
            let both = matches!(record.state, PhaseState::Expanded | PhaseState::CutOver);
            assert!(
                both,
                "{} users are sent to a phase that is {}",
                self.outside.share(),
                record.state
            );
        }
    }
}

impl Flags for Wire {
    fn version(&self) -> Boxed<'_, Result<u64, FlagsError>> {
        Box::pin(async { Ok(self.server().outside.version) })
    }

    fn stored(&self) -> Boxed<'_, Result<Stored, FlagsError>> {
        Box::pin(async move {
            // No matter of the server's: only the process itself can end here.
            let _ = self.point().await;
            let outside = &self.server().outside;
            if outside.is_broken {
                return Err(FlagsError::Store("the file is damaged".to_owned()));
            }
            Ok(Stored {
                version: outside.version,
                set: outside.flags.clone(),
            })
        })
    }

    fn change<'a>(
        &'a self,
        change: &'a Change,
        _by: &'a By,
    ) -> Boxed<'a, Result<Changed, FlagsError>> {
        Box::pin(async move {
            let _ = self.point().await;
            let changed = {
                let mut server = self.server();
                let before = server.outside.flags.clone();
                let after = change.apply(&before)?;
                let differences = before.differences(&after);
                server.outside.flags = after.clone();
                server.outside.version += 1;
                let share = server.outside.share();
                server.hooks.push(share.to_string());
                server.must_have_the_shape_that_the_flag_sends_to();
                Changed {
                    stored: Stored {
                        version: server.outside.version,
                        set: after,
                    },
                    differences,
                }
            };
            let _ = self.point().await;
            Ok(changed)
        })
    }

    fn history<'a>(
        &'a self,
        _key: Option<&'a str>,
        _most: u32,
    ) -> Boxed<'a, Result<Vec<Record>, FlagsError>> {
        Box::pin(std::future::ready(Ok(vec![])))
    }
}

impl Probes for Wire {
    async fn read(&self, guard: &Guard, _scene: &Scene) -> Reading {
        let outside = &self.server().outside;
        match Side::of_sample(&guard.name).1 {
            Side::Canary if outside.share() >= outside.from => outside.canary.clone(),
            _ => Reading::single(20.0),
        }
    }
}

impl WatchStore for Wire {
    async fn keep_samples(&self, _phase: &str, _samples: &[Sample]) -> Result<(), JournalError> {
        Ok(())
    }

    async fn baseline(&self, _phase: &str) -> Result<Option<Baseline>, JournalError> {
        Ok(self.server().outside.kept.clone())
    }

    async fn keep_baseline(&self, _phase: &str, baseline: &Baseline) -> Result<(), JournalError> {
        self.server().outside.kept = Some(baseline.clone());
        Ok(())
    }

    async fn has_baked(&self, _phase: &str) -> Result<bool, JournalError> {
        Ok(false)
    }

    async fn ask(
        &self,
        _phase: &str,
        question: &Question,
        _until: Option<Moment>,
    ) -> Result<i64, JournalError> {
        self.server().outside.asked.push(question.id);
        Ok(i64::from(question.id))
    }

    async fn answers(&self, _phase: &str) -> Result<Vec<Answered>, JournalError> {
        let outside = &mut self.server().outside;
        let Some(answer) = outside.answer else {
            return Ok(vec![]);
        };
        let answered = outside.asked.drain(..).map(|question| Answered {
            question,
            answer,
            by: "on-call".to_owned(),
        });
        Ok(answered.collect())
    }

    async fn refuse(&self, _: &str, _: u32, _: &str) -> Result<(), JournalError> {
        Ok(())
    }

    async fn close(&self, _: &str, _: Option<u32>, _: &str) -> Result<(), JournalError> {
        Ok(())
    }
}

/// Those who watch.
pub fn watchers(wire: &Wire, plan: &Plan) -> Watchers<Wire, Wire> {
    Watchers {
        guards: plan.guards.clone(),
        matrix: plan.decisions.clone(),
        probes: wire.clone(),
        store: wire.clone(),
        now: clock::now,
    }
}

/// A breach of any of these turns back.
pub fn rolls_back(guards: &[Guard]) -> Matrix {
    let row = Row {
        when: Condition {
            guards: guards.iter().map(|guard| guard.name.clone()).collect(),
            levels: vec![Level::Critical],
            ..Condition::default()
        },
        action: Action::Rollback {
            scope: Scope::Current,
        },
        disable_flags: false,
        line: None,
    };
    Matrix { rows: vec![row] }
}

fn share(percent: u16) -> Share {
    Share::tenths(percent * 10).expect("at most everybody")
}

fn canary(percents: &[u16], asks: bool) -> Canary {
    let step = |percent: &u16| CanaryStep {
        share: share(*percent),
        hold: Duration::from_secs(2),
        ask: asks.then(|| Ask {
            scope: Scope::Current,
            deadline: Duration::from_secs(60),
            otherwise: Otherwise::Hold,
            who: vec![],
        }),
    };
    Canary {
        flag: FLAG.to_owned(),
        compare: Compare {
            by: ToldBy::Label,
            canary: "new".to_owned(),
            rest: "old".to_owned(),
        },
        steps: percents.iter().map(step).collect(),
        drain: Duration::from_secs(2),
    }
}

/// It compares the canary's clients with the rest, ten times a second.
pub fn guard() -> Guard {
    Guard {
        name: "slow".to_owned(),
        probe: Probe::Sql("SELECT ms WHERE app = {group}".to_owned()),
        unit: Unit::Milliseconds,
        warning: None,
        critical: Threshold::parse("x2").ok(),
        belief: Belief { beyond: 3, of: 5 },
        interval: Duration::from_millis(100),
        initial_delay: Duration::ZERO,
        timeout: Duration::from_millis(100),
        baseline: Duration::from_secs(1),
        phases: None,
        of: Of::Canary,
    }
}

/// A phase whose canary has these steps of two seconds.
pub fn world(percents: &[u16], asks: bool) -> World {
    let program = two_shapes("first", &[Piece::Add]);
    let mut world = World::with_canary(program, canary(percents, asks), vec![guard()]);
    world.outside().set(0);
    world
}

/// The clients of the new shape fare worse from a share on.
pub fn slow_from(percent: u16) -> World {
    let mut world = world(&[1, 10, 100], false);
    world.outside().canary = Reading::single(80.0);
    world.outside().from = share(percent);
    world
}

/// Where its phase stands.
pub fn state(world: &World) -> PhaseState {
    let database = world.database();
    let record = database.ledger.phases.values().next();
    record.expect("there is a phase").state
}

#[test]
fn a_canary_that_fares_no_worse_goes_on_to_everybody_and_then_is_cut_over() {
    let mut world = world(&[1, 10, 100], false);
    world.must(Command::Watched);
    assert_eq!(*world.hooks(), ["1%", "10%", "100%"]);
    assert_eq!(state(&world), PhaseState::CutOver);
}

#[test]
fn whatever_goes_wrong_at_any_point_of_a_canary_no_share_is_skipped() {
    let start = world(&[1, 100], false);
    let mut undisturbed = start.clone();
    let points = undisturbed.must(Command::Watched);
    assert!(points > 50, "{points}");
    for kind in [Kind::Kill, Kind::Lost, Kind::Crash, Kind::Gone] {
        for at in 1..=points {
            let fault = Fault { at, kind };
            let mut world = start.clone();
            world.disturbed(Command::Watched, &[fault]);
            world.again(Command::Watched);
            assert_eq!(*world.hooks(), ["1%", "100%"], "{fault:?}");
            assert_eq!(world.database(), undisturbed.database(), "{fault:?}");
        }
    }
}

#[test]
fn whatever_goes_wrong_the_flag_is_at_nobody_before_anything_of_the_new_shape_goes() {
    let start = slow_from(10);
    let mut undisturbed = start.clone();
    let points = undisturbed.must(Command::Watched);
    assert_eq!(*undisturbed.hooks(), ["1%", "10%", "0%"]);
    undisturbed.must_be_as_before();
    for kind in [Kind::Kill, Kind::Lost, Kind::Crash, Kind::Gone] {
        for at in 1..=points {
            let fault = Fault { at, kind };
            let mut world = start.clone();
            world.disturbed(Command::Watched, &[fault]);
            world.again(Command::EndCanary);
            world.must_be_as_before();
            assert_eq!(world.outside().share(), Share::NONE, "{fault:?}");
        }
    }
}

#[test]
fn a_way_back_of_a_phase_that_is_cut_over_sets_the_flag_to_nobody_first() {
    let mut start = world(&[100], false);
    start.outside().canary = Reading::single(20.0);
    let mut start = {
        // A first step of everybody has no rest to compare with; a limit of its own will do.
        let limit = Guard {
            critical: Threshold::parse("> 50ms").ok(),
            ..guard()
        };
        let program = two_shapes("first", &[Piece::Add]);
        let mut world = World::with_canary(program, canary(&[100], false), vec![limit]);
        *world.outside() = start.outside().clone();
        world
    };
    start.must(Command::Watched);
    assert_eq!(state(&start), PhaseState::CutOver);
    let points = start.clone().must(Command::EndCanary);
    for kind in [Kind::Kill, Kind::Lost, Kind::Crash, Kind::Gone] {
        for at in 1..=points {
            let mut world = start.clone();
            world.disturbed(Command::EndCanary, &[Fault { at, kind }]);
            world.again(Command::EndCanary);
            world.must_be_as_before();
            assert_eq!(world.hooks().last().map(String::as_str), Some("0%"));
        }
    }
}

#[test]
fn a_persons_zero_is_kept_also_by_whoever_goes_on_after_a_crash() {
    let mut world = slow_from(10);
    world.outside().canary = Reading::NoData;
    let (ended, _) = world.run_for(Command::Watched, Duration::from_secs(600));
    assert!(
        matches!(ended, Ended::Killed),
        "no data is no step: {ended:?}"
    );
    assert_eq!(*world.hooks(), ["1%", "10%"]);
    world.outside().canary = Reading::single(20.0);
    world.outside().set(0);
    let (ended, _) = world.run_for(Command::Watched, Duration::from_secs(600));
    assert!(matches!(ended, Ended::Killed), "{ended:?}");
    assert_eq!(*world.hooks(), ["1%", "10%", WAITS]);
    // Put back by hand, it goes on from there.
    world.outside().set(10);
    world.must(Command::Watched);
    assert_eq!(*world.hooks(), ["1%", "10%", WAITS, "100%"]);
}

#[test]
fn a_step_that_asks_waits_for_the_answer_and_turns_back_where_it_says_so() {
    let mut waiting = world(&[10, 100], true);
    let (ended, _) = waiting.run_for(Command::Watched, Duration::from_secs(600));
    assert!(matches!(ended, Ended::Killed), "{ended:?}");
    assert_eq!(*waiting.hooks(), ["10%"]);

    let mut agreed = waiting.clone();
    agreed.outside().answer = Some(Answer::GoOn);
    agreed.must(Command::Watched);
    assert_eq!(*agreed.hooks(), ["10%", "100%"]);
    assert_eq!(state(&agreed), PhaseState::CutOver);

    waiting.outside().answer = Some(Answer::TurnBack);
    waiting.must(Command::Watched);
    assert_eq!(*waiting.hooks(), ["10%", "0%"]);
    waiting.must_be_as_before();
}

#[test]
fn where_the_flag_cannot_be_set_the_new_shape_is_kept_for_those_whom_it_sends_there() {
    let mut world = world(&[1, 10], false);
    world.must(Command::Watched);
    world.outside().is_broken = true;
    let (ended, _) = world.run(Command::EndCanary, &[]);
    let Ended::Failed(EngineError::NeedsPerson { what, .. }) = ended else {
        panic!("{ended:?}");
    };
    assert!(what.contains("could not be set to 0%"), "{what}");
    assert_eq!(
        state(&world),
        PhaseState::Withdrawing,
        "public shows the old shape"
    );
    assert!(
        !world.database().things.is_empty(),
        "the new shape is there"
    );
    // Mended, the same command goes on; and so does one that is told to leave flags alone.
    let mut left = world.clone();
    left.must(Command::LeaveFlags);
    left.must_be_as_before();
    world.outside().is_broken = false;
    world.outside().set(0);
    world.must(Command::EndCanary);
    world.must_be_as_before();
}
