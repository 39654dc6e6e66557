//! A server and a database on it, for the driver and for PostgreSQL's own tools.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, Row};
use turnback_core::plan::Target as Url;

use super::error::BackupError;
use crate::error::target_error;
use crate::session;

/// A database on a server.
#[derive(Clone)]
pub struct Server {
    options: PgConnectOptions,
    database: String,
}

/// Databases that are there for connecting to a server, whatever becomes of the others.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

impl Server {
    /// Reads a connection string.
    ///
    /// # Errors
    ///
    /// When it is not one; the message does not repeat it.
    pub fn new(url: &Url) -> Result<Self, BackupError> {
        let options = session::options(url).map_err(BackupError::server("connecting"))?;
        let database = options
            .get_database()
            .unwrap_or(options.get_username())
            .to_owned();
        Ok(Self { options, database })
    }

    /// Name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Another database of the same server.
    #[must_use]
    pub fn other(&self, database: &str) -> Self {
        Self {
            options: self.options.clone().database(database),
            database: database.to_owned(),
        }
    }

    /// What to call it: no user, no password.
    pub fn redacted(&self) -> String {
        let host = match self.options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => self.options.get_host().to_owned(),
        };
        format!("{host}:{}/{}", self.options.get_port(), self.database)
    }

    /// A session with turnback's settings, that may stay idle in a transaction: other sessions
    /// and tools look at its snapshot.
    ///
    /// # Errors
    ///
    /// When the server does not let us in.
    pub async fn session(&self) -> Result<PgConnection, BackupError> {
        let doing = || BackupError::server(format!("connecting to {}", self.redacted()));
        let mut session = session::single(&self.options).await.map_err(doing())?;
        session::run(
            &mut session,
            "SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0",
        )
        .await
        .map_err(doing())?;
        Ok(session)
    }

    /// A session on another database of the server, for work on this one as a whole.
    pub(crate) async fn maintenance(&self) -> Result<PgConnection, BackupError> {
        let mut last = None;
        for name in MAINTENANCE {
            if name == self.database {
                continue;
            }
            match self.other(name).session().await {
                Ok(session) => return Ok(session),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            BackupError::refused(
                "there is no other database on the server to connect to",
                "Create the database `postgres`.",
            )
        }))
    }

    /// Major version of the server.
    pub(crate) async fn version(session: &mut PgConnection) -> Result<u32, BackupError> {
        let row = sqlx::raw_sql("SELECT current_setting('server_version_num') AS version")
            .fetch_one(session)
            .await
            .map_err(BackupError::sql("asking for the server's version"))?;
        let text: String = row
            .try_get_unchecked("version")
            .map_err(|error| target_error(error, ""))
            .map_err(BackupError::server("asking for the server's version"))?;
        Ok(text.parse().unwrap_or_default())
    }

    /// The connection as libpq's environment: a command line is there for everybody to read.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let url = self.options.to_url_lossy();
        let host = match self.options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => self.options.get_host().to_owned(),
        };
        let mut environment = vec![
            ("PGHOST", host),
            ("PGPORT", self.options.get_port().to_string()),
            ("PGUSER", self.options.get_username().to_owned()),
            ("PGDATABASE", self.database.clone()),
            ("PGAPPNAME", "turnback".to_owned()),
            ("PGCONNECT_TIMEOUT", "10".to_owned()),
        ];
        if let Some(password) = url.password() {
            environment.push(("PGPASSWORD", decoded(password)));
        }
        for (name, value) in url.query_pairs() {
            let name = match name.as_ref() {
                "sslmode" | "ssl-mode" => "PGSSLMODE",
                "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
                "sslcert" | "ssl-cert" => "PGSSLCERT",
                "sslkey" | "ssl-key" => "PGSSLKEY",
                _ => continue,
            };
            environment.push((name, value.into_owned()));
        }
        environment
    }
}

/// Undoes the percent signs of a URL.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_told_to_the_tools_as_it_is_and_to_nobody_else() {
        let url = Url::new("postgres://app:a%40b%25c@db.example:5433/shop?sslmode=disable");
        let server = Server::new(&url).unwrap();
        let environment = server.environment();
        let of = |name| {
            environment
                .iter()
                .find(|(of, _)| *of == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(of("PGPASSWORD"), Some("a@b%c"));
        assert_eq!(of("PGDATABASE"), Some("shop"));
        assert_eq!(of("PGSSLMODE"), Some("disable"));
        assert_eq!(server.other("x").redacted(), "db.example:5433/x");
        assert_eq!(decoded("a%40b%25c%"), "a@b%c%");
    }
}
