//! Real counterparts: programs that run on loopback for as long as a test needs them.

use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use turnback_testkit::counterparts;

const LONG: Duration = Duration::from_secs(60);

/// A program that ends with the test.
pub struct Counterpart {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Option<Lines<BufReader<ChildStdout>>>,
    pub port: u16,
}

impl Drop for Counterpart {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the test has to go without a counterpart, since this machine can fetch none. Says so.
fn goes_without(name: &str) -> bool {
    let without = std::env::var_os("TURNBACK_WITHOUT_COUNTERPARTS").is_some();
    if without {
        println!("skipped: {name} could not be fetched (TURNBACK_WITHOUT_COUNTERPARTS)");
    }
    without
}

fn program(name: &str) -> PathBuf {
    let unpacked = counterparts().join("usr/bin").join(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|place| place.join(name))
        .chain([unpacked])
        .find(|program| program.is_file())
        .unwrap_or_else(|| {
            panic!(
                "this test talks to {name}, which is not here: `scripts/counterparts.sh` fetches it"
            )
        })
}

/// Makes ready to run a program. One that reads files from where its package puts them, and was
/// unpacked elsewhere, sees them there all the same: in a mount namespace of its own.
fn command(name: &str) -> Command {
    let program = program(name);
    let shared = counterparts().join("usr/share");
    let reads = "prometheus/alertmanager/default.tmpl";
    let elsewhere = !Path::new("/usr/share").join(reads).exists();
    if name != "prometheus-alertmanager" || !elsewhere {
        return Command::new(program);
    }
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "sh", "-c"])
        .arg("mount -t overlay overlay -o \"lowerdir=$1:/usr/share\" /usr/share && shift && exec \"$@\"")
        .args([Path::new("sh"), &shared, &program]);
    command
}

impl Counterpart {
    /// A script beside this file, which prints its port first.
    fn script(script: &str, arguments: &[&str]) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/outbound")
            .join(script);
        let mut child = Command::new("python3")
            .arg(path)
            .args(arguments)
            .env(
                "PYTHONPATH",
                counterparts().join("usr/lib/python3/dist-packages"),
            )
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs Python 3: install it (on Debian: python3)");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("it is piped");
        let mut said = BufReader::new(stdout).lines();
        let port = said
            .next()
            .and_then(Result::ok)
            .and_then(|line| line.trim().parse().ok())
            .unwrap_or_else(|| {
                panic!("{script} did not start; its words are above. `scripts/counterparts.sh` fetches what it needs")
            });
        Self {
            child,
            stdin,
            said: Some(said),
            port,
        }
    }

    /// An HTTP server that tells what it was sent.
    pub fn receiver() -> Self {
        Self::script("receiver.py", &[])
    }

    /// An SMTP server that tells what it was sent. None of these where this machine goes without.
    pub fn smtp(arguments: &[&str]) -> Option<Self> {
        (!goes_without("aiosmtpd")).then(|| Self::script("smtp.py", arguments))
    }

    /// Prometheus, which watches itself every 100 ms.
    pub async fn prometheus(directory: &Path) -> Option<Self> {
        let config = directory.join("prometheus.yml");
        let text = "scrape_configs:\n- job_name: self\n  scrape_interval: 100ms\n  scrape_timeout: 100ms\n  static_configs: [{ targets: ['127.0.0.1:@'] }]\n";
        let storage = format!("--storage.tsdb.path={}", directory.join("data").display());
        Self::server(
            "prometheus",
            &config,
            text,
            "--web.listen-address",
            &[&storage],
            "/-/ready",
        )
        .await
    }

    /// Alertmanager, which tells nobody.
    pub async fn alertmanager(directory: &Path) -> Option<Self> {
        let config = directory.join("alertmanager.yml");
        let text = "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n";
        let storage = format!("--storage.path={}", directory.join("alerts").display());
        let alone = "--cluster.listen-address=";
        Self::server(
            "prometheus-alertmanager",
            &config,
            text,
            "--web.listen-address",
            &[&storage, alone],
            "/-/ready",
        )
        .await
    }

    /// A server on a free port of this machine; `@` in its configuration is that port.
    async fn server(
        name: &str,
        config: &Path,
        text: &str,
        listen: &str,
        arguments: &[&str],
        ready: &str,
    ) -> Option<Self> {
        if goes_without(name) {
            return None;
        }
        let mut command = command(name);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has one").port();
        drop(listener);
        std::fs::write(config, text.replace('@', &port.to_string())).expect("it can be written");
        let log = std::fs::File::create(config.with_extension("log")).expect("it can be written");
        let child = command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("{listen}=127.0.0.1:{port}"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("it can be started");
        let counterpart = Self {
            child,
            stdin: None,
            said: None,
            port,
        };
        let url = format!("{}{ready}", counterpart.url());
        let begun = Instant::now();
        while !reqwest::get(&url)
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            if begun.elapsed() > LONG {
                let log = std::fs::read_to_string(config.with_extension("log")).unwrap_or_default();
                panic!("{name} is not ready after a minute; it says:\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Some(counterpart)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it was sent next.
    pub fn next(&mut self) -> Json {
        let said = self.said.as_mut().expect("it tells what it was sent");
        let line = said
            .next()
            .and_then(Result::ok)
            .expect("it was sent something");
        serde_json::from_str(&line).expect("it tells in JSON")
    }
}
