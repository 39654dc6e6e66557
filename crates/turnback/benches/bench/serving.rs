//! What open dashboards and flag evaluations cost a watch: whether guards are still asked on time.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

use super::Failure;
use super::connection::Connection;
use super::report::{Report, count};
use super::viewers::{self, Seen, lock};
use super::world::{CHAT_TABLES, World};

/// How many guards watch, each with a query of its own, and how often each is asked.
const GUARDS: (usize, Duration) = (100, Duration::from_secs(1));
/// How many dashboards are open.
const VIEWERS: u64 = 500;
/// Flag evaluations in a second, and over how many connections.
const EVALUATIONS: (u32, u32) = (5_000, 50);
/// The flag that is evaluated.
const FLAG: &str = "new-keys";

/// What is asked of the process beside its watch.
#[derive(Clone, Copy)]
struct Load {
    viewers: u64,
    evaluations: u32,
}

/// A watch with and without load, for so many seconds each.
pub async fn run(seconds: u64) -> Result<Report, Failure> {
    let serving = Serving::start(GUARDS.0).await?;
    let mut rows = Vec::new();
    for (name, viewers, evaluations) in [
        ("nothing", 0, 0),
        ("dashboards", VIEWERS, 0),
        ("evaluations", 0, EVALUATIONS.0),
        ("both", VIEWERS, EVALUATIONS.0),
    ] {
        let load = Load {
            viewers,
            evaluations,
        };
        rows.push(measure(&serving, name, load, seconds).await?);
    }
    Ok(Report {
        title: "A watch under load",
        about: format!(
            "`turnback serve` watches a phase that bakes, with {} guards that each ask the \
             database every second. Beside that {} dashboards are open, {}: each listens to events and \
             fetches its page anew when it hears one, as the dashboard's script does; and flags are \
             evaluated by OFREP {} times a second over {} connections, all from the same machine. \
             `late`: how much longer than a second it was from one sample of a guard to the next. An \
             evaluation's time counts from when it was due.",
            GUARDS.0,
            VIEWERS,
            viewers::PLACES_IN_WORDS,
            count(EVALUATIONS.0.into()),
            EVALUATIONS.1,
        ),
        columns: vec![
            "beside the watch",
            "late, 99 %",
            "late at most",
            "evaluations/s",
            "median",
            "99 %",
            "pages/s",
            "median",
            "99 %",
            "refused",
            "memory",
        ],
        rows,
    })
}

async fn measure(
    serving: &Serving,
    name: &str,
    load: Load,
    seconds: u64,
) -> Result<Vec<String>, Failure> {
    let mut viewers = JoinSet::new();
    let seen = Seen::nothing()?;
    for number in 0..load.viewers {
        viewers.spawn(viewers::view(serving.address, number, seen.clone()));
    }
    // It counts from when everybody has a page. A viewer ends only when it was sent away.
    let looked = || {
        let seen = lock(&seen);
        seen.times.len() + seen.refused
    };
    while looked() < load.viewers {
        all_stay(&mut viewers)?;
        sleep(Duration::from_millis(50)).await;
    }
    lock(&seen).forget();
    let since = now();
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let mut clients = JoinSet::new();
    if load.evaluations > 0 {
        let pace = Duration::from_secs(1) * EVALUATIONS.1 / load.evaluations;
        for client in 0..EVALUATIONS.1 {
            clients.spawn(evaluate(serving.address, client, pace, end));
        }
    }
    tokio::time::sleep_until(end).await;
    let seen = lock(&seen).clone();
    let mut times = Histogram::<u64>::new(3)?;
    while let Some(done) = clients.join_next().await {
        times.add(done??)?;
    }
    let lasted = begun.elapsed().as_secs_f64();
    all_stay(&mut viewers)?;
    viewers.abort_all();
    let late = serving.late(since).await?;
    let mut row = vec![
        name.to_owned(),
        format!("{} ms", late.value_at_quantile(0.99)),
        format!("{} ms", late.max()),
    ];
    for (times, seconds) in [(times, lasted), (seen.times, seconds as f64)] {
        row.extend(answered(&times, seconds));
    }
    row.push(count(seen.refused as f64));
    row.push(serving.memory()?);
    Ok(row)
}

fn all_stay(viewers: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    match viewers.try_join_next() {
        None => Ok(()),
        Some(ended) => {
            ended??;
            Err("a viewer was sent away".into())
        }
    }
}

/// How many a second, the median and the slowest hundredth; dashes where none were asked for.
fn answered(times: &Histogram<u64>, seconds: f64) -> [String; 3] {
    if times.is_empty() {
        return ["—", "—", "—"].map(str::to_owned);
    }
    [
        count(times.len() as f64 / seconds),
        millis(times.value_at_quantile(0.5)),
        millis(times.value_at_quantile(0.99)),
    ]
}

/// Evaluates the flag for one user after the other, at a pace; gives how long each took, in
/// microseconds.
async fn evaluate(
    address: SocketAddr,
    client: u32,
    pace: Duration,
    end: Instant,
) -> Result<Histogram<u64>, Failure> {
    let mut connection = Connection::open(address).await?;
    let mut times = Histogram::<u64>::new(3)?;
    let mut due = interval(pace);
    let path = format!("/ofrep/v1/evaluate/flags/{FLAG}");
    let mut user = 0_u64;
    loop {
        let due = due.tick().await;
        if due >= end {
            return Ok(times);
        }
        user += 1;
        let body = format!(r#"{{"context":{{"targetingKey":"user-{client}-{user}"}}}}"#);
        let (status, answer) = connection.ask("POST", &path, &body).await?;
        if status != 200 {
            return Err(format!("an evaluation was answered with {status}: {answer}").into());
        }
        times.record(u64::try_from(due.elapsed().as_micros())?)?;
    }
}

/// `turnback serve`, watching a phase that bakes.
struct Serving {
    process: Child,
    address: SocketAddr,
    /// The control store and the plan.
    _folder: tempfile::TempDir,
    _world: World,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Serving {
    async fn start(guards: usize) -> Result<Self, Failure> {
        let world = World::chat(20_000).await?;
        let folder = tempfile::tempdir()?;
        let plan = folder.path().join("turnback.yaml");
        std::fs::write(&plan, plan_text(&world.url("chat"), guards))?;
        let set = turnback(
            folder.path(),
            &["flag", "set", FLAG, "--rollout", "10%", "--by", "bench"],
        )
        .status()?;
        if !set.success() {
            return Err("the flag could not be set".into());
        }
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = turnback(folder.path(), &["serve", "--listen", &address.to_string()])
            .stdout(Stdio::null())
            .spawn()?;
        let serving = Self {
            process,
            address,
            _folder: folder,
            _world: world,
        };
        serving.until("/ready", |status, _| status == 200).await?;
        let run = r#"{"order":{"command":"up"},"why":"a benchmark"}"#;
        let (status, answer) = Connection::open(address)
            .await?
            .ask("POST", "/api/v1/runs", run)
            .await?;
        if !(200..300).contains(&status) {
            return Err(format!("the run was answered with {status}: {answer}").into());
        }
        serving
            .until("/api/v1/phases", |_, answer| answer.contains("cut_over"))
            .await?;
        Ok(serving)
    }

    /// Asks until the answer is as it should be, for two minutes.
    async fn until(&self, path: &str, fits: impl Fn(u16, &str) -> bool) -> Result<(), Failure> {
        let asked = async {
            loop {
                if let Ok(mut connection) = Connection::open(self.address).await
                    && let Ok((status, answer)) = connection.ask("GET", path, "").await
                    && fits(status, &answer)
                {
                    return;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(120), asked)
            .await
            .map_err(|_| format!("{path} was never as it should be").into())
    }

    /// How late samples were since a moment, in milliseconds: from one of a guard to its next.
    async fn late(&self, since: u64) -> Result<Histogram<u64>, Failure> {
        let mut late = Histogram::<u64>::new(3)?;
        let mut connection = Connection::open(self.address).await?;
        for guard in 0..GUARDS.0 {
            let path = format!("/api/v1/guards/g{guard}/samples?since={since}&most=1000");
            let (status, answer) = connection.ask("GET", &path, "").await?;
            let answer: Value = serde_json::from_str(&answer)?;
            let samples = answer["samples"].as_array().map_or(&[][..], Vec::as_slice);
            let at: Vec<u64> = samples
                .iter()
                .filter_map(|one| one["at"].as_u64())
                .collect();
            if status != 200 || at.len() < 2 {
                return Err(format!("guard g{guard} has {} samples: {status}", at.len()).into());
            }
            for pair in at.windows(2) {
                let apart = Duration::from_millis(pair[1].saturating_sub(pair[0]));
                late.record(u64::try_from(apart.saturating_sub(GUARDS.1).as_millis())?)?;
            }
        }
        Ok(late)
    }

    /// What the process has in memory (`VmRSS`, proc_pid_status(5)).
    fn memory(&self) -> Result<String, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let kilobytes: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().split(' ').next())
            .ok_or("the kernel does not say how much memory a process has")?
            .parse()?;
        Ok(format!("{:.0} MB", kilobytes / 1024.0))
    }
}

/// A command of the program, in a directory.
fn turnback(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_turnback"));
    command
        .args(arguments)
        .current_dir(directory)
        .env_remove("TURNBACK_TARGET")
        .env_remove("TURNBACK_STORE")
        .stdin(Stdio::null());
    command
}

fn plan_text(url: &str, guards: usize) -> String {
    let operations: String = CHAT_TABLES
        .iter()
        .map(|table| format!("      - convert_key: {{ table: {table}, to: uuid }}\n"))
        .collect();
    let guards: String = (0..guards)
        .map(|guard| {
            format!(
                "  g{guard}: {{ sql: \"SELECT {guard}\", critical: \"> 1000\", interval: 1s }}\n"
            )
        })
        .collect();
    format!(
        "version: 1\nname: bench\ntarget: {url}\nschema: public\n\
         phases:\n  - id: keys\n    operations:\n{operations}    bake: 1h\nguards:\n{guards}"
    )
}

fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn millis(micros: u64) -> String {
    format!("{:.1} ms", micros as f64 / 1_000.0)
}
