//! One client: draws operations, runs them, remembers what was acknowledged.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::model::Model;
use super::operation::{End, Operation, Statement, Way};
use super::planner::Planner;
use super::session::{Backend, Failure, Session, TextRow};
use super::shape::Shape;
use super::stats::{ErrorCount, Meter, Stall};
use super::table::RowName;
use crate::url::Url;
use crate::waits::Waits;

/// How often one operation is tried again before it counts as an error.
const ATTEMPTS: u32 = 100;

/// Between two attempts to connect, and between two looks at whether a session has ended.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// How long a writer that shall stop goes on asking a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many anomalies a writer keeps.
const MOST_ANOMALIES: usize = 50;

/// What a writer is told; it looks between two operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) shape: Shape,
    pub(super) stop: bool,
}

/// What a writer hands back.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) model: Model,
    /// What it saw that must not be, in sentences.
    pub(super) anomalies: Vec<String>,
}

impl Memory {
    /// Keeps what must not be; one fault may show in every later operation, so not all of it.
    pub(super) fn notice(&mut self, anomaly: String) {
        if self.anomalies.len() < MOST_ANOMALIES {
            self.anomalies.push(anomaly);
        }
    }
}

/// One client of the database.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) name: String,
    pub(super) url: Url,
    pub(super) orders: watch::Receiver<Order>,
    /// Tells which shape it works on.
    pub(super) working_on: watch::Sender<Shape>,
    pub(super) meter: Meter,
    pub(super) planner: Planner,
    /// Least time from the start of one operation to the start of the next.
    pub(super) pace: Option<Duration>,
    pub(super) shape: Shape,
    pub(super) session: Option<Session>,
    /// Keys in the present shape.
    pub(super) keys: HashMap<RowName, String>,
    pub(super) memory: Memory,
    /// Each statement's wait.
    pub(super) waits: Waits,
    /// How long the client itself thought during the present operation.
    pub(super) rested: Duration,
}

impl Writer {
    /// Works until told to stop, or until nobody is left to tell.
    pub(super) async fn work(mut self) -> Memory {
        loop {
            let order = self.orders.borrow_and_update().clone();
            if order.stop || self.orders.has_changed().is_err() {
                return self.memory;
            }
            if order.shape != self.shape {
                self.change_shape(order.shape).await;
            }
            let started = Instant::now();
            let operation = self.planner.next(&self.memory.model, &self.shape);
            self.perform(operation).await;
            if let Some(rest) = self
                .pace
                .and_then(|pace| pace.checked_sub(started.elapsed()))
            {
                // An order ends the rest.
                let _ = tokio::time::timeout(rest, self.orders.changed()).await;
            }
        }
    }

    async fn change_shape(&mut self, shape: Shape) {
        self.shape = shape;
        self.keys.clear();
        if let Some(session) = &mut self.session
            && session.take_shape(&self.shape).await.is_err()
        {
            self.session = None;
        }
        self.working_on.send_replace(self.shape.clone());
    }

    /// Runs an operation to its end: acknowledged, refused or given up.
    async fn perform(&mut self, operation: Operation) {
        let (at, started) = (SystemTime::now(), Instant::now());
        self.rested = Duration::ZERO;
        self.attempts(&operation).await;
        self.meter.waited(&Stall {
            duration: started.elapsed().saturating_sub(self.rested),
            at,
            operation: operation.name,
            shape: self.shape.clone(),
        });
    }

    async fn attempts(&mut self, operation: &Operation) {
        for _ in 0..ATTEMPTS {
            let Some(backend) = self.connect().await else {
                return;
            };
            let failure = match self.attempt(operation).await {
                Ok(true) => return self.succeed(operation),
                Ok(false) => return,
                Err(failure) => failure,
            };
            match failure {
                Failure::Retry(code) => {
                    self.meter.count(|report| {
                        *report.retries.entry(code.clone()).or_default() += 1;
                    });
                    let pause = Duration::from_millis(self.planner.rng.u64(1..20));
                    tokio::time::sleep(pause).await;
                }
                Failure::ShapeChanged(_) => {
                    self.keys.clear();
                    self.forget_prepared().await;
                    let version = u64::from(self.shape != Shape::Public);
                    self.meter.count(|report| {
                        report.shape_changes += 1;
                        report.version_changes += version;
                    });
                }
                Failure::PlanChanged => {
                    self.forget_prepared().await;
                    self.meter.count(|report| report.prepared_again += 1);
                }
                Failure::Refused { code, message } => {
                    return self.refused(operation, code, &message);
                }
                Failure::Unknown(_) => {
                    self.session = None;
                    match self.was_committed(operation, &backend).await {
                        Some(true) => {
                            self.meter.count(|report| report.lost_but_committed += 1);
                            return self.succeed(operation);
                        }
                        Some(false) => self.meter.count(|report| report.lost_and_undone += 1),
                        None => return,
                    }
                }
            }
            if self.must_stop() {
                return;
            }
        }
        let message = format!("given up after {ATTEMPTS} attempts");
        self.refused(operation, "retries".to_owned(), &message);
    }

    fn must_stop(&self) -> bool {
        self.orders.borrow().stop || self.orders.has_changed().is_err()
    }

    /// Connects where there is no session, and waits for a server that is away; `None` when
    /// it stays away and the writer is told to stop.
    pub(super) async fn connect(&mut self) -> Option<Backend> {
        let mut impatient_since: Option<Instant> = None;
        loop {
            if let Some(session) = &self.session {
                return Some(session.backend.clone());
            }
            match Session::open(self.url.expose(), &self.shape, &self.name).await {
                Ok(session) => self.session = Some(session),
                Err(_) if self.must_stop() => {
                    let since = impatient_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > PATIENCE {
                        return None;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn forget_prepared(&mut self) {
        if let Some(session) = &mut self.session
            && session.forget().await.is_err()
        {
            self.session = None;
        }
    }

    pub(super) async fn run(&mut self, sql: &str) -> Result<Vec<TextRow>, Failure> {
        let _wait = self.waits.begin(&self.shape, sql);
        match &mut self.session {
            Some(session) => session.run(sql).await,
            None => Err(no_session()),
        }
    }

    /// Runs the operation once. When it fails inside a transaction, that is rolled back.
    /// False: not begun, because a row that it needs is missing.
    async fn attempt(&mut self, operation: &Operation) -> Result<bool, Failure> {
        let mut fresh: HashMap<RowName, String> = HashMap::new();
        let in_transaction = matches!(operation.end, End::Commit | End::Rollback);
        for row in operation
            .statements
            .iter()
            .flat_map(|statement| statement.keys())
        {
            let made_here = !operation.needs_key
                && operation
                    .statements
                    .iter()
                    .any(|statement| statement.returns.contains(row));
            if !made_here && !self.keys.contains_key(row) && !self.look_up(row).await? {
                return Ok(false);
            }
        }
        if in_transaction {
            let level = if !operation.fresh_rows || self.planner.rng.bool() {
                "READ COMMITTED"
            } else {
                "REPEATABLE READ"
            };
            self.run(&format!("BEGIN ISOLATION LEVEL {level}")).await?;
        }
        let done = self.statements(operation, &mut fresh).await;
        match operation.end {
            End::Autocommit | End::Refused(_) => done?,
            End::Commit | End::Rollback if done.is_err() => {
                if !matches!(done, Err(Failure::Unknown(_))) && self.run("ROLLBACK").await.is_err()
                {
                    self.session = None;
                }
                done?;
            }
            End::Commit => drop(self.run("COMMIT").await?),
            End::Rollback => {
                fresh.clear();
                self.run("ROLLBACK").await?;
            }
        }
        self.keys.extend(fresh);
        Ok(true)
    }

    async fn statements(
        &mut self,
        operation: &Operation,
        fresh: &mut HashMap<RowName, String>,
    ) -> Result<(), Failure> {
        for statement in &operation.statements {
            let sql = statement
                .render(|row| fresh.get(row).or_else(|| self.keys.get(row)))
                .expect("keys were looked up, or come from an earlier statement");
            let rows = match (self.send(statement, &sql).await, statement.refused) {
                (Err(Failure::Refused { code, .. }), Some(expected)) if code == expected => {
                    continue;
                }
                (Ok(_), Some(expected)) => {
                    self.memory.notice(format!(
                        "{} through {} was accepted; it must be refused with {expected}: {sql}",
                        operation.name, self.shape
                    ));
                    continue;
                }
                (rows, _) => rows?,
            };
            if !statement.rest.is_zero() {
                tokio::time::sleep(statement.rest).await;
                self.rested += statement.rest;
            }
            if rows.len() != statement.rows && !matches!(operation.end, End::Refused(_)) {
                self.memory.notice(format!(
                    "{} through {} touched {} rows instead of {}: {sql}",
                    operation.name,
                    self.shape,
                    rows.len(),
                    statement.rows
                ));
            }
            for (row, returned) in statement.returns.iter().zip(rows) {
                if let Some(key) = returned.into_iter().next().flatten() {
                    fresh.insert(row.clone(), key);
                }
            }
        }
        Ok(())
    }

    /// Sends a statement the way it goes.
    async fn send(&mut self, statement: &Statement, sql: &str) -> Result<Vec<TextRow>, Failure> {
        match statement.way {
            Way::Plain => self.run(sql).await,
            Way::WholeRow(table) => self.copy_row(table, sql).await,
            Way::Copy(copy) => self.copy(copy, sql).await,
            Way::Prepared(name, text) => {
                let _wait = self.waits.begin(&self.shape, name);
                match &mut self.session {
                    Some(session) => session.prepare(name, text).await?,
                    None => return Err(no_session()),
                }
                self.run(sql).await
            }
        }
    }

    /// Sends data by `COPY`.
    pub(super) async fn copy(&mut self, copy: &str, data: &str) -> Result<Vec<TextRow>, Failure> {
        let _wait = self.waits.begin(&self.shape, copy);
        match &mut self.session {
            Some(session) => session.copy(copy, data).await,
            None => Err(no_session()),
        }
    }

    fn succeed(&mut self, operation: &Operation) {
        match operation.end {
            End::Refused(code) => self.memory.notice(format!(
                "{} through {} was accepted; it must be refused with {code}",
                operation.name, self.shape
            )),
            End::Rollback => {}
            End::Autocommit | End::Commit => {
                self.meter.count(|report| report.acknowledged += 1);
                self.memory.model.apply(&operation.changes);
                for change in &operation.changes {
                    if change.after.is_none() {
                        self.keys.remove(&change.row);
                    }
                }
            }
        }
    }

    fn refused(&mut self, operation: &Operation, code: String, message: &str) {
        if let End::Refused(expected) = operation.end
            && expected == code
        {
            return self.meter.count(|report| report.refused += 1);
        }
        self.meter.count(|report| {
            let error = report
                .errors
                .entry(code.clone())
                .or_insert_with(|| ErrorCount {
                    count: 0,
                    example: format!("{}: {message}", operation.name),
                });
            error.count += 1;
        });
    }
}

fn no_session() -> Failure {
    Failure::Unknown("there is no session".to_owned())
}
