//! Commands on the simulated server, disturbed and not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use turnback_core::canary::Canary;
use turnback_core::exit::ExitCode;
use turnback_core::guard::Guard;
use turnback_core::plan::{Phase, Plan};
use turnback_core::program::Program;
use turnback_core::scope::{BackRefused, Scope};
use turnback_core::state::PhaseState;
use turnback_engine::edges::PhaseRecord;
use turnback_engine::error::EngineError;
use turnback_engine::stop::Stop;
use turnback_engine::watch::up_watched;
use turnback_engine::{BackTo, Recovery, Run, Until, back, contract, recover, up};

use crate::canary::{Outside, rolls_back, watchers};
use crate::clock;
use crate::fault::{Fault, Kind};
use crate::hooks::helpers;
use crate::ledger::Ledger;
use crate::programs;
use crate::server::{Database, Server};
use crate::target::{Shared, Wire};

/// What a user types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Up,
    Back,
    /// Of the last phase alone.
    BackOne,
    Contract,
    /// Back as a whole, with hooks.
    Recover,
    /// Forward, watched, with what a canary needs.
    Watched,
    /// Back as a whole, with flags.
    EndCanary,
    /// The same, with the flags as they are.
    LeaveFlags,
}

/// How a command ended.
#[derive(Debug)]
pub enum Ended {
    Done,
    Killed,
    Failed(EngineError),
}

impl From<Result<(), EngineError>> for Ended {
    fn from(outcome: Result<(), EngineError>) -> Self {
        match outcome {
            Ok(()) => Self::Done,
            Err(error) => Self::Failed(error),
        }
    }
}

/// A plan, and a server on which it is carried out.
#[derive(Clone)]
pub struct World {
    plan: Arc<Plan>,
    server: Server,
}

impl World {
    /// Phases of two shapes, begun but with nothing done, and then phases of SQL.
    pub fn new(two_shapes: &[Program], sql: &[Phase]) -> Self {
        let mut ledger = Ledger::default();
        for (ordinal, program) in (0..).zip(two_shapes) {
            let record = PhaseRecord {
                phase: program.phase.clone(),
                ordinal,
                state: PhaseState::Expanding,
                program: program.clone(),
                before: Server::default().snapshot(),
            };
            ledger
                .phases
                .insert(program.phase.clone(), Arc::new(record));
        }
        Self {
            plan: Arc::new(programs::plan(two_shapes, sql)),
            server: Server::with(ledger),
        }
    }

    /// A phase of two shapes with a canary, begun but with nothing done.
    pub fn with_canary(program: Program, canary: Canary, guards: Vec<Guard>) -> Self {
        let mut world = Self::new(&[program], &[]);
        let mut plan = (*world.plan).clone();
        plan.phases[0].canary = Some(canary);
        plan.decisions = rolls_back(&guards);
        plan.guards = guards;
        world.plan = Arc::new(plan);
        world
    }

    /// The plan, to be changed.
    pub fn plan(&mut self) -> &mut Plan {
        Arc::make_mut(&mut self.plan)
    }

    /// What is outside of the server, to be changed.
    pub fn outside(&mut self) -> &mut Outside {
        &mut self.server.outside
    }

    /// Runs a command while these things go wrong; gives how it ended and how many points it
    /// passed.
    pub fn run(&mut self, command: Command, faults: &[Fault]) -> (Ended, usize) {
        // What earlier commands did has reached the standby by now.
        self.server.commit();
        self.server.commit();
        let server: Shared = Arc::new(Mutex::new(self.server.clone()));
        let wire = Wire::new(server.clone(), faults);
        let ended = runtime().block_on(async {
            tokio::select! {
                outcome = carry_out(wire.clone(), self.plan.clone(), command) => outcome.into(),
                () = wire.killed() => Ended::Killed,
            }
        });
        self.take(&server);
        (ended, wire.points())
    }

    /// Runs a command until it ends, or has been at work for so long and is killed.
    pub fn run_for(&mut self, command: Command, time: Duration) -> (Ended, usize) {
        self.server.commit();
        self.server.commit();
        let server: Shared = Arc::new(Mutex::new(self.server.clone()));
        let wire = Wire::new(server.clone(), &[]);
        let ended = runtime().block_on(async {
            tokio::select! {
                outcome = carry_out(wire.clone(), self.plan.clone(), command) => outcome.into(),
                () = tokio::time::sleep(time) => Ended::Killed,
            }
        });
        self.take(&server);
        (ended, wire.points())
    }

    /// Runs a command that comes to its end.
    pub fn must(&mut self, command: Command) -> usize {
        let (ended, points) = self.run(command, &[]);
        assert!(matches!(ended, Ended::Done), "{command:?}: {ended:?}");
        points
    }

    /// Runs a command while these things go wrong. However it ended, it can be started again.
    pub fn disturbed(&mut self, command: Command, faults: &[Fault]) {
        let (ended, _) = self.run(command, faults);
        if let Ended::Failed(error) = ended {
            assert_eq!(error.exit_code(), ExitCode::Stopped, "{faults:?}: {error}");
        }
    }

    /// Starts a command again; what it was about may be over.
    pub fn again(&mut self, command: Command) {
        match self.run(command, &[]).0 {
            Ended::Done | Ended::Failed(EngineError::Back(BackRefused::NothingDone)) => {}
            ended => panic!("{command:?} again: {ended:?}"),
        }
    }

    /// A controller stands still at a point; another runs a command meanwhile; the first goes
    /// on. Gives how each ended, and what the second left.
    pub fn overtaken(
        &mut self,
        first: Command,
        at: usize,
        second: Command,
    ) -> (Ended, Ended, Database) {
        let server: Shared = Arc::new(Mutex::new(self.server.clone()));
        let stall = Fault {
            at,
            kind: Kind::Stall,
        };
        let late = Wire::new(server.clone(), &[stall]);
        let (ended, overtook, left) = runtime().block_on(async {
            let mut working = std::pin::pin!(carry_out(late.clone(), self.plan.clone(), first));
            let early = tokio::select! {
                outcome = &mut working => Some(outcome),
                () = late.stalled() => None,
            };
            // Nothing was heard of it for long, so it may be succeeded.
            server.lock().unwrap_or_else(PoisonError::into_inner).held = false;
            let overtaking = Wire::new(server.clone(), &[]);
            let outcome = carry_out(overtaking, self.plan.clone(), second).await;
            let left = database(&server);
            late.resume();
            let late = match early {
                Some(outcome) => outcome,
                None => working.await,
            };
            (Ended::from(late), Ended::from(outcome), left)
        });
        self.take(&server);
        (ended, overtook, left)
    }

    /// The process that held the lease is gone.
    fn take(&mut self, server: &Shared) {
        self.server = server
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        self.server.held = false;
    }

    /// What is committed, the number of leases aside.
    pub fn database(&self) -> Database {
        Database {
            epoch: 0,
            ..self.server.now.clone()
        }
    }

    /// Hooks that ran, in order.
    pub fn hooks(&self) -> &Vec<String> {
        &self.server.hooks
    }

    /// How many phases have gone forward.
    pub fn forward(&self) -> usize {
        let phases = self.server.now.ledger.phases.values();
        phases.filter(|r| r.state != PhaseState::Pending).count()
    }

    /// Whether a way back was asked for and nobody was told of its end.
    pub fn is_untold(&self) -> bool {
        !self.server.now.ledger.asked_back.phases.is_empty()
    }

    /// Whether the whole plan is contracted, so that nothing can be turned back.
    pub fn is_contracted(&self) -> bool {
        let mut phases = self.server.now.ledger.phases.values();
        phases.any(|record| record.state == PhaseState::Contracted)
    }

    /// Nothing may be left of any phase.
    pub fn must_be_as_before(&self) {
        let now = &self.server.now;
        assert!(now.things.is_empty(), "{:?} was left", now.things);
        assert!(now.filled.is_empty(), "{:?} was left", now.filled);
        for record in now.ledger.phases.values() {
            assert_eq!(record.state, PhaseState::Pending, "{}", record.phase);
            assert_eq!(now.ledger.done_steps(&record.phase), []);
        }
    }
}

/// What is committed, the number of leases aside.
fn database(server: &Shared) -> Database {
    Database {
        epoch: 0,
        ..server
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .now
            .clone()
    }
}

/// One thread and a clock that jumps: the same faults give the same run.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be made")
}

async fn carry_out(wire: Wire, plan: Arc<Plan>, command: Command) -> Result<(), EngineError> {
    clock::begins();
    let mut run = Run::begin(
        wire.clone(),
        wire.clone(),
        Arc::new(wire.clone()),
        &plan.name,
        "public",
        plan.settings.clone(),
        Stop::default(),
        "test",
    )
    .await?;
    let outcome = match command {
        Command::Up => up(&run, &plan, &Until::default()).await.map(drop),
        Command::Back => back(&run, &Scope::All, BackTo::Start).await.map(drop),
        Command::BackOne => back(&run, &Scope::Current, BackTo::Start).await.map(drop),
        Command::Contract => contract(&run, None).await.map(drop),
        Command::Watched => {
            run.flags = Some(Arc::new(wire.clone()));
            let watchers = watchers(&wire, &plan);
            up_watched(&run, &plan, &Until::default(), &watchers)
                .await
                .map(drop)
        }
        Command::EndCanary | Command::LeaveFlags => {
            run.flags = Some(Arc::new(wire.clone()));
            let recovery = Recovery {
                leave_flags: command == Command::LeaveFlags,
                ..Recovery::because("it was typed")
            };
            recover(&run, &plan, &Scope::All, recovery).await.map(drop)
        }
        Command::Recover => {
            run.helpers = Some(helpers(&wire));
            recover(&run, &plan, &Scope::All, Recovery::because("it was typed"))
                .await
                .map(drop)
        }
    };
    let code = match &outcome {
        Ok(()) => ExitCode::Done,
        Err(error) => error.exit_code(),
    };
    run.end("over", code).await;
    outcome
}
