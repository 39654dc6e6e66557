//! Commands: a program with a time limit, its output bounded, ended with all that it has started.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// As much of each output as is kept: its end, in bytes.
const MOST: usize = 64 << 10;
/// Between asking a program to end and ending it.
const GRACE: Duration = Duration::from_secs(2);
/// How long output is waited for once the program has ended: what it left running in the
/// background may hold the pipes open for ever.
const LINGER: Duration = Duration::from_millis(500);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// By us, since its time was up.
    TimedOut,
}

/// What came of a program.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) ended: Ended,
    /// The end of what it printed.
    pub(crate) stdout: String,
    /// The end of what it complained about.
    pub(crate) stderr: String,
}

/// Runs a program with its arguments. When its time is up, or when nobody waits any more, it is
/// ended with every process that it has started.
///
/// # Errors
///
/// A sentence where it cannot be started.
pub(crate) async fn run(
    program: &[String],
    env: &BTreeMap<String, String>,
    limit: Duration,
) -> Result<Ran, String> {
    let Some((name, arguments)) = program.split_first() else {
        return Err("there is no program to run".to_owned());
    };
    let mut child = Command::new(name)
        .args(arguments)
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that it can be ended with all that it starts.
        .process_group(0)
        .spawn()
        .map_err(|error| format!("{name} cannot be started: {error}"))?;
    let mut group = Group::of(&child);
    let stdout = Output::of(child.stdout.take());
    let stderr = Output::of(child.stderr.take());
    let status = timeout(limit, child.wait()).await;
    let ended = match status {
        Ok(Ok(status)) => {
            group.leave();
            match (status.code(), status.signal()) {
                (Some(code), _) => Ended::Code(code),
                (None, signal) => Ended::Signal(signal.unwrap_or_default()),
            }
        }
        Ok(Err(error)) => return Err(format!("{name} cannot be waited for: {error}")),
        Err(_) => {
            group.send(Signal::TERM);
            let _ = timeout(GRACE, child.wait()).await;
            group.send(Signal::KILL);
            let _ = child.wait().await;
            group.leave();
            Ended::TimedOut
        }
    };
    Ok(Ran {
        ended,
        stdout: stdout.end().await,
        stderr: stderr.end().await,
    })
}

/// The process group of a running program; ended when it is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        Self(pid.and_then(Pid::from_raw))
    }

    fn send(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // It may have ended meanwhile.
            let _ = kill_process_group(group, signal);
        }
    }

    /// The program has ended; what it has put into the background goes on.
    fn leave(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.send(Signal::KILL);
    }
}

/// The end of an output, read as it comes so that the program never waits for us.
struct Output {
    end: Arc<Mutex<Vec<u8>>>,
    reader: tokio::task::JoinHandle<()>,
}

impl Output {
    fn of(pipe: Option<impl AsyncRead + Send + Unpin + 'static>) -> Self {
        let end = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&end);
        let reader = tokio::spawn(async move {
            let Some(mut pipe) = pipe else { return };
            let mut chunk = vec![0; 8 << 10];
            while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&chunk[..read]);
                let surplus = kept.len().saturating_sub(MOST);
                kept.drain(..surplus);
            }
        });
        Self { end, reader }
    }

    async fn end(mut self) -> String {
        if timeout(LINGER, &mut self.reader).await.is_err() {
            self.reader.abort();
        }
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&end).trim().to_owned()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str, limit: Duration) -> Ran {
        let program = ["sh", "-c", script].map(str::to_owned);
        run(&program, &BTreeMap::new(), limit).await.unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_program_gives_its_exit_code_and_its_output() {
        let ran = shell("echo out; echo err >&2; exit 3", LONG).await;
        assert_eq!(ran.ended, Ended::Code(3));
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("out", "err"));
        assert_eq!(shell("kill -9 $$", LONG).await.ended, Ended::Signal(9));
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_ended_with_all_that_it_has_started() {
        // The grandchild ignores polite requests, and tells its own id.
        let script = "sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & wait";
        let ran = shell(script, Duration::from_millis(500)).await;
        assert_eq!(ran.ended, Ended::TimedOut);
        let pid: i32 = ran.stdout.parse().unwrap();
        let alive = || {
            // One that has ended and is not buried yet is no longer at work.
            std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
                !stat
                    .rsplit(')')
                    .next()
                    .is_some_and(|rest| rest.starts_with(" Z"))
            })
        };
        while alive() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_flood_of_output_is_read_and_its_end_is_kept() {
        let ran = shell("yes | head -c 5000000; echo last", LONG).await;
        assert_eq!(ran.ended, Ended::Code(0));
        assert!(ran.stdout.len() <= MOST && ran.stdout.ends_with("last"));
    }

    #[tokio::test]
    async fn what_a_program_leaves_in_the_background_holds_nobody_up() {
        let ran = shell("echo $$; sleep 300 & echo $!", LONG).await;
        assert_eq!(ran.ended, Ended::Code(0));
        let sleeper = ran.stdout.lines().last().unwrap().parse().unwrap();
        let sleeper = Pid::from_raw(sleeper).unwrap();
        // It went on, and is ours to end.
        assert!(rustix::process::kill_process(sleeper, Signal::KILL).is_ok());
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let program = ["/nowhere/at/all".to_owned()];
        let refused = run(&program, &BTreeMap::new(), LONG).await.unwrap_err();
        assert!(
            refused.contains("/nowhere/at/all cannot be started"),
            "{refused}"
        );
    }
}
