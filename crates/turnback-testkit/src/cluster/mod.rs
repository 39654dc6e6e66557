//! A throw-away PostgreSQL cluster: started from installed binaries, gone without a trace.

mod account;
mod binaries;
mod database;
mod error;
mod watchdog;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub use self::binaries::Binaries;
pub use self::database::Database;
pub use self::error::ClusterError;
use self::{account::Account, watchdog::Watchdog};
use crate::url::Url;

/// Names a running cluster (superuser URL) that [`Cluster::shared`] uses instead of its own.
const SHARED_URL: &str = "TURNBACK_TEST_CLUSTER_URL";

/// A free port may be taken between the look and the start; then another one is tried.
const START_ATTEMPTS: usize = 5;

/// A Unix socket's path may have about 107 bytes; below a deep temporary directory there is none.
const LONGEST_SOCKET_DIRECTORY: usize = 80;

/// How a cluster is started.
#[derive(Clone, Debug, Default)]
pub struct ClusterOptions {
    /// Whether commits are flushed to disk. Off (the default) is faster and survives
    /// [`Cluster::crash`], though not a power failure; on gives honest times.
    pub fsync: bool,
    /// Reached by nobody but its owner: no TCP, and a socket in a directory that its owner
    /// alone can read. For data that is somebody's.
    pub private: bool,
    /// Binaries to use instead of those that [`Binaries::find`] finds.
    pub binaries: Option<Binaries>,
    /// Further settings, as in `postgresql.conf`; the last one of a name wins.
    pub settings: Vec<(String, String)>,
}

/// A PostgreSQL cluster on the loopback address, or on a socket alone when it is private, with
/// `trust` authentication.
///
/// A cluster that was started here is stopped and its directory removed when the value is
/// dropped, and also when the process dies in any other way (see [`Cluster::start`]).
#[derive(Debug)]
pub struct Cluster {
    url: Url,
    binaries: Binaries,
    home: Option<Home>,
}

/// What belongs to a cluster that we started ourselves.
#[derive(Debug)]
struct Home {
    directory: PathBuf,
    account: Account,
    port: u16,
    watchdog: Watchdog,
}

impl Cluster {
    /// Makes a new cluster in the temporary directory and starts it; takes a second or two.
    ///
    /// Run as root, the server runs as user `postgres`, or `nobody` where there is none. A
    /// watchdog process ends the server and removes the directory when the calling process
    /// is gone, `kill -9` included.
    ///
    /// # Errors
    ///
    /// When there are no binaries, or one of them fails; the message quotes the server's log.
    pub fn start(options: ClusterOptions) -> Result<Self, ClusterError> {
        let binaries = match &options.binaries {
            Some(binaries) => binaries.clone(),
            None => Binaries::find()?,
        };
        let mut home = Home::make(&binaries)?;
        let place = home.directory.to_string_lossy().into_owned();
        if options.private && place.len() > LONGEST_SOCKET_DIRECTORY {
            return Err(ClusterError::LongPath(place));
        }
        home.initialise(&binaries, &options)?;
        home.start_somewhere(&binaries)?;
        let url = if options.private {
            home.socket_url()
        } else {
            home.url()
        };
        Ok(Self {
            url,
            binaries,
            home: Some(home),
        })
    }

    /// The cluster that all tests of this process share; started at the first call.
    ///
    /// Where the environment variable `TURNBACK_TEST_CLUSTER_URL` names a running cluster
    /// (a superuser's URL), that one is used, so that a whole test run shares one.
    ///
    /// # Panics
    ///
    /// When no cluster can be started: no test can go on without.
    #[expect(clippy::panic, reason = "a test cannot go on without a database")]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| {
            let cluster = match std::env::var(SHARED_URL) {
                Ok(url) if !url.is_empty() => Self::borrow(url),
                _ => Self::start(ClusterOptions::default()),
            };
            cluster.unwrap_or_else(|error| panic!("{error}"))
        })
    }

    /// Uses a cluster that somebody else started and will stop; `url` is a superuser's.
    ///
    /// # Errors
    ///
    /// When there are no client binaries.
    pub fn borrow(url: impl Into<String>) -> Result<Self, ClusterError> {
        Ok(Self {
            url: Url::new(url),
            binaries: Binaries::find()?,
            home: None,
        })
    }

    /// Superuser URL of the maintenance database `postgres`.
    pub fn url(&self) -> &str {
        self.url.expose()
    }

    /// The binaries that run it.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Its directory with data and log; none for a borrowed cluster.
    pub fn directory(&self) -> Option<&Path> {
        self.home.as_ref().map(|home| home.directory.as_path())
    }

    /// The server's log file; none for a borrowed cluster.
    pub fn log_file(&self) -> Option<PathBuf> {
        self.home.as_ref().map(Home::log_file)
    }

    /// Creates an empty database with a unique name that starts with `prefix`.
    ///
    /// # Panics
    ///
    /// When it cannot be created; see [`Cluster::try_database`].
    #[expect(clippy::panic, reason = "a test cannot go on without a database")]
    pub fn database(&self, prefix: &str) -> Database {
        self.try_database(prefix)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Creates an empty database with a unique name that starts with `prefix`.
    ///
    /// # Errors
    ///
    /// When the server refuses or does not answer.
    pub fn try_database(&self, prefix: &str) -> Result<Database, ClusterError> {
        // template0: nobody else's session can be in the way of copying it.
        Database::create(&self.binaries, self.url(), prefix, "template0")
    }

    /// Stops the server as a crash would (`immediate`): no checkpoint, every session cut.
    ///
    /// # Errors
    ///
    /// When the cluster is borrowed, or is not running.
    pub fn crash(&self) -> Result<(), ClusterError> {
        let home = self.own("crash")?;
        home.server_tool(&self.binaries, "pg_ctl", |command| {
            command.args(["-D", "data", "-m", "immediate", "-s", "-w", "stop"]);
        })
    }

    /// Starts the server again on the same port, after [`Cluster::crash`] or while it runs
    /// (then after a `fast` stop); returns when it accepts connections.
    ///
    /// # Errors
    ///
    /// When the cluster is borrowed, or does not come up.
    pub fn restart(&self) -> Result<(), ClusterError> {
        let home = self.own("restart")?;
        if home.is_running(&self.binaries) {
            home.server_tool(&self.binaries, "pg_ctl", |command| {
                command.args(["-D", "data", "-m", "fast", "-s", "-w", "stop"]);
            })?;
        }
        home.start_server(&self.binaries)
    }

    /// A standby that streams from this cluster under an `application_name`, as a cluster of
    /// its own. This one is stopped for as long as its files are copied.
    ///
    /// # Errors
    ///
    /// When the cluster is borrowed, or one of the two does not come up.
    pub fn standby(&self, name: &str) -> Result<Self, ClusterError> {
        let home = self.own("make a standby of")?;
        home.server_tool(&self.binaries, "pg_ctl", |command| {
            command.args(["-D", "data", "-m", "fast", "-s", "-w", "stop"]);
        })?;
        let mut standby = Home::make(&self.binaries)?;
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(home.directory.join("data"));
        copy.arg(standby.directory.join("data"));
        error::run("cp", &mut copy)?;
        home.start_server(&self.binaries)?;
        let failed = |e| ClusterError::io("write the standby's settings", e);
        let path = standby.directory.join("data/postgresql.auto.conf");
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        // The last one of a name wins.
        let own = format!(
            "{text}unix_socket_directories = ''\nprimary_conninfo = 'host=127.0.0.1 port={} user=postgres application_name={name}'\n",
            home.port
        );
        std::fs::write(&path, own).map_err(failed)?;
        std::fs::write(standby.directory.join("data/standby.signal"), "").map_err(failed)?;
        standby.start_somewhere(&self.binaries)?;
        Ok(Self {
            url: standby.url(),
            binaries: self.binaries.clone(),
            home: Some(standby),
        })
    }

    /// Leaves it running when this process ends; gives its directory. Whoever wants to be rid
    /// of it stops the server (`pg_ctl -D DIRECTORY/data stop`) and removes the directory.
    ///
    /// # Errors
    ///
    /// When the cluster is borrowed, or its watchdog does not let go.
    pub fn keep(self) -> Result<PathBuf, ClusterError> {
        let home = self.home.ok_or(ClusterError::Borrowed { doing: "keep" })?;
        home.watchdog.dismiss()?;
        Ok(home.directory)
    }

    fn own(&self, doing: &'static str) -> Result<&Home, ClusterError> {
        self.home.as_ref().ok_or(ClusterError::Borrowed { doing })
    }
}

impl Home {
    /// A directory, the server's user and the watchdog.
    fn make(binaries: &Binaries) -> Result<Self, ClusterError> {
        // For its owner alone, whatever the umask is.
        let directory = tempfile::Builder::new()
            .prefix("turnback-cluster-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir()
            .map_err(|e| ClusterError::io("make a directory for the cluster", e))?;
        let account = Account::for_owner_of(directory.path())?;
        account.give(directory.path())?;
        let watchdog = Watchdog::spawn(binaries, directory.path(), &account)?;
        // From here on the watchdog removes the directory, whatever happens.
        Ok(Self {
            directory: directory.keep(),
            account,
            port: 0,
            watchdog,
        })
    }

    fn url(&self) -> Url {
        Url::new(format!(
            "postgres://postgres@127.0.0.1:{}/postgres",
            self.port
        ))
    }

    /// By the socket in its own directory.
    fn socket_url(&self) -> Url {
        let host = self.directory.to_string_lossy();
        let host = host.replace('%', "%25").replace('/', "%2F");
        Url::new(format!("postgres://postgres@{host}:{}/postgres", self.port))
    }

    /// Starts the server on a port that is free.
    fn start_somewhere(&mut self, binaries: &Binaries) -> Result<(), ClusterError> {
        let mut attempt = 1;
        loop {
            self.port = free_port()?;
            match self.start_server(binaries) {
                Ok(()) => return Ok(()),
                Err(_) if attempt < START_ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn log_file(&self) -> PathBuf {
        self.directory.join("log")
    }

    fn initialise(
        &self,
        binaries: &Binaries,
        options: &ClusterOptions,
    ) -> Result<(), ClusterError> {
        self.server_tool(binaries, "initdb", |command| {
            command.args(["-D", "data", "-U", "postgres", "-A", "trust"]);
            command.args(["-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
        })?;
        let path = self.directory.join("data/postgresql.auto.conf");
        let text = self.settings(options);
        // Opened by its present owner's mode, so it stays readable for the server.
        std::fs::write(&path, text).map_err(|e| ClusterError::io("write the cluster's settings", e))
    }

    fn settings(&self, options: &ClusterOptions) -> String {
        let socket = self.directory.to_string_lossy().into_owned();
        let socket = if socket.len() <= LONGEST_SOCKET_DIRECTORY {
            socket
        } else {
            String::new()
        };
        let durable = if options.fsync { "on" } else { "off" };
        let addresses = if options.private { "" } else { "127.0.0.1" };
        let own = [
            ("listen_addresses", addresses),
            ("unix_socket_directories", &socket),
            ("max_connections", "200"),
            ("autovacuum", "on"),
            ("wal_level", "logical"),
            ("shared_buffers", "256MB"),
            ("max_wal_size", "4GB"),
            ("fsync", durable),
            ("full_page_writes", durable),
            ("synchronous_commit", "on"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("log_line_prefix", "%m [%p] %d %a "),
            ("log_lock_waits", "on"),
        ];
        let own = own
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        own.chain(options.settings.iter().cloned())
            .map(|(name, value)| format!("{name} = '{}'\n", value.replace('\'', "''")))
            .collect()
    }

    fn start_server(&self, binaries: &Binaries) -> Result<(), ClusterError> {
        let started = self.server_tool(binaries, "pg_ctl", |command| {
            command.args(["-D", "data", "-l", "log", "-s", "-w", "-t", "120"]);
            command.args(["-o", &format!("-p {}", self.port), "start"]);
        });
        started.map_err(|error| error.with_log(&self.log_file()))
    }

    fn is_running(&self, binaries: &Binaries) -> bool {
        self.server_tool(binaries, "pg_ctl", |command| {
            command.args(["-D", "data", "-s", "status"]);
        })
        .is_ok()
    }

    /// Runs a server program in the cluster's directory, as the server's user.
    fn server_tool(
        &self,
        binaries: &Binaries,
        program: &'static str,
        arguments: impl FnOnce(&mut Command),
    ) -> Result<(), ClusterError> {
        let mut command = Command::new(binaries.program(program));
        command.current_dir(&self.directory).env("LC_ALL", "C");
        self.account.run_as(&mut command);
        arguments(&mut command);
        error::run(program, &mut command).map(drop)
    }
}

/// Asks the kernel for a port that is free now.
fn free_port() -> Result<u16, ClusterError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|e| ClusterError::io("find a free port on 127.0.0.1", e))
}
