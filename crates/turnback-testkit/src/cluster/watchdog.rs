//! Ends the server and removes its directory when the process that started it is gone.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Binaries, ClusterError, account::Account};

/// Waits until its standard input ends: the only write end is ours, so it ends when we close it
/// or when we die, however we die. One word dismisses it. Signals to our terminal's
/// process group must not take the watchdog along. A server that a test has made stand still is
/// waked, so that it hears that it is to stop; it sees to those of its processes that still sleep.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
read -r word
[ "$word" = keep ] && exit 0
read -r postmaster < "$2/data/postmaster.pid" && kill -CONT "$postmaster"
"$1" -D "$2/data" -m immediate -s -t 60 stop
cd / && rm -rf "$2"
"#;

/// The watching process; dropping it makes it act, and waits until it has.
#[derive(Debug)]
pub(super) struct Watchdog {
    child: Child,
}

impl Watchdog {
    pub(super) fn spawn(
        binaries: &Binaries,
        directory: &Path,
        account: &Account,
    ) -> Result<Self, ClusterError> {
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "turnback-watchdog"])
            .arg(binaries.program("pg_ctl"))
            .arg(directory)
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        account.run_as(&mut command);
        let child = command
            .spawn()
            .map_err(|e| ClusterError::io("start the cluster's watchdog", e))?;
        Ok(Self { child })
    }
}

impl Watchdog {
    /// Ends the watch: server and directory stay.
    pub(super) fn dismiss(mut self) -> Result<(), ClusterError> {
        let told = match &mut self.child.stdin {
            Some(stdin) => stdin.write_all(b"keep\n"),
            None => Ok(()),
        };
        told.map_err(|e| ClusterError::io("dismiss the cluster's watchdog", e))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Nothing to be done in a drop when it fails; the directory is a temporary one.
        let _ = self.child.wait();
    }
}
