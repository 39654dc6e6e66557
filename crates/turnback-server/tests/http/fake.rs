//! A made-up world, and requests to an app in it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt;
use turnback_core::flag::{By, Change, Record, Stored};
use turnback_engine::flags::{Changed, FlagsError};
use turnback_server::access::{Doorkeeper, Fingerprint, NewSecret, Role};
use turnback_server::edges::{Acts, Answer, Audit, Boxed, Edges, Flags, Keys, Looks, Refusal};
use turnback_server::model::*;
use turnback_server::{Limits, Server, Shared, app};

/// What the world holds; tests change it as they please.
#[derive(Default)]
pub struct World {
    pub plan: Plan,
    pub phases: Vec<Phase>,
    pub progress: Option<Progress>,
    pub guards: Vec<Guard>,
    pub samples: Vec<Samples>,
    pub canaries: Vec<Canary>,
    pub questions: Vec<Question>,
    pub journal: Vec<JournalEntry>,
    pub runs: Vec<Run>,
    pub throttle: Throttle,
    pub incidents: Vec<Incident>,
    /// The report of every incident.
    pub report: String,
    pub backups: Vec<Backup>,
    pub backup_rule: BackupRule,
    pub checks: Vec<Check>,
    pub lead: Lead,
    pub tokens: Vec<(Fingerprint, Token)>,
    pub sessions: Vec<(Fingerprint, i64)>,
    pub audit: Vec<NewAuditEntry>,
    pub flags: Stored,
    pub flag_changes: Vec<Record>,
    /// How often flags were read or looked at.
    pub flag_looks: usize,
    /// Every look at the phases waits until this is given.
    pub held: Option<Arc<tokio::sync::Semaphore>>,
    /// Why nothing can be looked at.
    pub down: Option<Refusal>,
}

/// Shared by the edges.
#[derive(Clone, Default)]
pub struct Fake(Arc<Mutex<World>>);

impl Fake {
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server in this world, listening on loopback alone.
    pub fn server(&self) -> Shared {
        self.server_with(true, Limits::default())
    }

    pub fn server_with(&self, local_may: bool, limits: Limits) -> Shared {
        let of = Arc::new(self.clone());
        let edges = Edges {
            looks: of.clone(),
            acts: of.clone(),
            keys: of.clone(),
            audit: of.clone(),
            flags: of,
        };
        let doorkeeper = Doorkeeper::new(local_may).expect("there is randomness");
        Server::new(edges, doorkeeper, limits, "1.2.3")
    }

    /// A token of a role, as it is sent.
    pub fn token(&self, name: &str, role: Role) -> String {
        let secret = NewSecret::draw().expect("there is randomness");
        let mut world = self.world();
        let token = Token {
            number: world.tokens.len() as i64 + 1,
            name: name.to_owned(),
            role,
            made_at: 0,
            expires_at: None,
            used_at: None,
            revoked_at: None,
        };
        world.tokens.push((secret.fingerprint(), token));
        secret.expose().to_owned()
    }

    fn look<R>(&self, what: impl FnOnce(&World) -> R) -> Answer<'_, R>
    where
        R: Send + 'static,
    {
        let world = self.world();
        let answer = match &world.down {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(what(&world)),
        };
        Box::pin(std::future::ready(answer))
    }
}

impl Looks for Fake {
    fn plan(&self) -> Plan {
        self.world().plan.clone()
    }
    fn findings(&self) -> Answer<'_, Vec<Finding>> {
        self.look(|_| vec![])
    }
    fn phases(&self) -> Answer<'_, Vec<Phase>> {
        let held = self.world().held.clone();
        let phases = self.look(|world| world.phases.clone());
        Box::pin(async move {
            if let Some(held) = held {
                let _ = held.acquire().await;
            }
            phases.await
        })
    }
    fn progress(&self) -> Answer<'_, Option<Progress>> {
        self.look(|world| world.progress.clone())
    }
    fn guards(&self) -> Answer<'_, Vec<Guard>> {
        self.look(|world| world.guards.clone())
    }
    fn samples(&self, guard: &str, _: u64, _: u32) -> Answer<'_, Samples> {
        let guard = guard.to_owned();
        self.look(|world| {
            let found = world.samples.iter().find(|of| of.guard == guard);
            found.cloned().unwrap_or(Samples {
                guard,
                samples: vec![],
            })
        })
    }
    fn canaries(&self) -> Answer<'_, Vec<Canary>> {
        self.look(|world| world.canaries.clone())
    }
    fn baselines(&self) -> Answer<'_, Vec<Baseline>> {
        self.look(|_| vec![])
    }
    fn questions(&self) -> Answer<'_, Vec<Question>> {
        self.look(|world| world.questions.clone())
    }
    fn journal(&self, after: i64, most: u32) -> Answer<'_, Vec<JournalEntry>> {
        self.look(|world| {
            let later = world.journal.iter().filter(|entry| entry.number > after);
            later.take(most as usize).cloned().collect()
        })
    }
    fn last_of_journal(&self, most: u32) -> Answer<'_, Vec<JournalEntry>> {
        self.look(|world| {
            let skipped = world.journal.len().saturating_sub(most as usize);
            world.journal[skipped..].to_vec()
        })
    }
    fn journal_end(&self) -> Answer<'_, i64> {
        self.look(|world| world.journal.last().map_or(0, |entry| entry.number))
    }
    fn incidents(&self) -> Answer<'_, Vec<Incident>> {
        self.look(|world| world.incidents.clone())
    }
    fn report(&self, incident: usize, _: ReportFormat) -> Answer<'_, String> {
        if (1..=self.world().incidents.len()).contains(&incident) {
            return self.look(|world| world.report.clone());
        }
        let refusal = Refusal::not_there(format!("there is no incident {incident}"));
        Box::pin(std::future::ready(Err(refusal)))
    }
    fn backups(&self) -> Answer<'_, Vec<Backup>> {
        self.look(|world| world.backups.clone())
    }
    fn backup_rule(&self) -> Answer<'_, BackupRule> {
        self.look(|world| world.backup_rule.clone())
    }
    fn throttle(&self) -> Answer<'_, Throttle> {
        self.look(|world| world.throttle.clone())
    }
    fn way_back(&self, scope: &str) -> Answer<'_, WayBack> {
        let scope = scope.to_owned();
        self.look(|_| WayBack {
            scope,
            ..WayBack::default()
        })
    }
    fn lead(&self) -> Boxed<'_, Lead> {
        Box::pin(std::future::ready(self.world().lead.clone()))
    }
    fn ready(&self) -> Boxed<'_, Vec<Check>> {
        Box::pin(std::future::ready(self.world().checks.clone()))
    }
}

impl Acts for Fake {
    fn ask(&self, run: NewRun, by: &str) -> Answer<'_, Run> {
        let mut world = self.world();
        if world.runs.iter().any(|run| run.state == RunState::Running) {
            let refusal = Refusal::conflict("another run is at work");
            return Box::pin(std::future::ready(Err(refusal)));
        }
        let run = Run {
            number: world.runs.len() as i64 + 1,
            typed: run.order.to_string(),
            order: run.order,
            asked_by: by.to_owned(),
            why: run.why,
            asked_at: 0,
            state: RunState::Running,
            began_at: Some(0),
            resumed: 0,
            stopped_by: None,
            ended_at: None,
            exit_code: None,
            outcome: None,
            next: None,
        };
        world.runs.push(run.clone());
        Box::pin(std::future::ready(Ok(run)))
    }
    fn runs(&self, most: u32) -> Answer<'_, Vec<Run>> {
        self.look(|world| {
            let last_first = world.runs.iter().rev();
            last_first.take(most as usize).cloned().collect()
        })
    }
    fn run(&self, number: i64) -> Answer<'_, Run> {
        let run = self
            .world()
            .runs
            .iter()
            .find(|run| run.number == number)
            .cloned();
        let run = run.ok_or_else(|| Refusal::not_there(format!("there is no run {number}")));
        Box::pin(std::future::ready(run))
    }
    fn stop(&self, number: i64, by: &str) -> Answer<'_, Run> {
        if let Some(run) = self
            .world()
            .runs
            .iter_mut()
            .find(|run| run.number == number)
        {
            run.stopped_by = Some(by.to_owned());
        }
        self.run(number)
    }
    fn answer(&self, question: i64, answer: NewAnswer, by: &str) -> Answer<'_, Question> {
        let mut world = self.world();
        let found = world.questions.iter_mut().find(|q| q.number == question);
        let answered = found.map(|question| {
            question.answer = Some(answer.answer);
            question.answered_by = Some(by.to_owned());
            question.clone()
        });
        let answered = answered.ok_or_else(|| Refusal::not_there("there is no such question"));
        Box::pin(std::future::ready(answered))
    }
    fn set_throttle(&self, wish: SetThrottle) -> Answer<'_, Throttle> {
        self.world().throttle.set = wish;
        self.throttle()
    }
}

impl Keys for Fake {
    fn any(&self) -> Answer<'_, bool> {
        self.look(|world| !world.tokens.is_empty())
    }
    fn token(&self, of: Fingerprint) -> Answer<'_, Option<Token>> {
        self.look(|world| {
            let found = world.tokens.iter().find(|(kept, _)| *kept == of);
            found.map(|(_, token)| token.clone())
        })
    }
    fn used(&self, token: i64) -> Answer<'_, ()> {
        for (_, kept) in &mut self.world().tokens {
            if kept.number == token {
                kept.used_at = Some(1);
            }
        }
        Box::pin(std::future::ready(Ok(())))
    }
    fn open_session(&self, of: Fingerprint, token: i64, _: u64) -> Answer<'_, ()> {
        self.world().sessions.push((of, token));
        Box::pin(std::future::ready(Ok(())))
    }
    fn session(&self, of: Fingerprint) -> Answer<'_, Option<Token>> {
        self.look(|world| {
            let (_, token) = world.sessions.iter().find(|(kept, _)| *kept == of)?;
            let found = world
                .tokens
                .iter()
                .find(|(_, kept)| kept.number == *token)?;
            Some(found.1.clone())
        })
    }
    fn close_session(&self, of: Fingerprint) -> Answer<'_, ()> {
        self.world().sessions.retain(|(kept, _)| *kept != of);
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Audit for Fake {
    fn record(&self, entry: NewAuditEntry) -> Answer<'_, ()> {
        self.world().audit.push(entry);
        Box::pin(std::future::ready(Ok(())))
    }
    fn entries(&self, _: Option<i64>, _: u32) -> Answer<'_, Vec<AuditEntry>> {
        self.look(|_| vec![])
    }
}

fn ready<'a, R: Send + 'a>(answer: R) -> Boxed<'a, R> {
    Box::pin(std::future::ready(answer))
}

impl Flags for Fake {
    fn version(&self) -> Boxed<'_, Result<u64, FlagsError>> {
        let mut world = self.world();
        world.flag_looks += 1;
        let version = world.flags.version;
        ready(up(&world).map(|()| version))
    }
    fn stored(&self) -> Boxed<'_, Result<Stored, FlagsError>> {
        let mut world = self.world();
        world.flag_looks += 1;
        let stored = world.flags.clone();
        ready(up(&world).map(|()| stored))
    }
    fn change<'a>(
        &'a self,
        change: &'a Change,
        by: &'a By,
    ) -> Boxed<'a, Result<Changed, FlagsError>> {
        let mut world = self.world();
        let set = match up(&world).and_then(|()| Ok(change.apply(&world.flags.set)?)) {
            Ok(set) => set,
            Err(error) => return ready(Err(error)),
        };
        let differences = world.flags.set.differences(&set);
        let version = world.flags.version + 1;
        for difference in &differences {
            world.flag_changes.push(Record {
                version,
                key: difference.key.clone(),
                old: difference.old.clone(),
                new: difference.new.clone(),
                by: by.clone(),
                at: "2026-11-21T13:25:34.000Z".to_owned(),
            });
        }
        if !differences.is_empty() {
            world.flags = Stored { version, set };
        }
        ready(Ok(Changed {
            stored: world.flags.clone(),
            differences,
        }))
    }
    fn history<'a>(
        &'a self,
        key: Option<&'a str>,
        most: u32,
    ) -> Boxed<'a, Result<Vec<Record>, FlagsError>> {
        let world = self.world();
        let last_first = world.flag_changes.iter().rev();
        let wanted = last_first.filter(|record| key.is_none_or(|key| record.key == key));
        ready(Ok(wanted.take(most as usize).cloned().collect()))
    }
}

fn up(world: &World) -> Result<(), FlagsError> {
    match &world.down {
        Some(refusal) => Err(FlagsError::Store(refusal.what.clone())),
        None => Ok(()),
    }
}

/// What came back.
pub struct Got {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }
}

/// Sends a request to an app.
pub async fn send(app: &Router, request: Request<Body>) -> Got {
    let response = match app.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("the body comes");
    Got {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// `METHOD PATH`, from this machine, with a token where one is given, and a body of JSON.
pub fn request(what: &str, token: Option<&str>, body: Option<Value>) -> Request<Body> {
    let (method, path) = what.split_once(' ').expect("METHOD PATH");
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "127.0.0.1:7432");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = match body {
        Some(body) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    request.body(body).expect("a request")
}

/// The app of a world that listens on loopback and has no tokens.
pub fn app_of(fake: &Fake) -> Router {
    app(fake.server())
}
