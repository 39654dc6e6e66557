//! A bad release of the application: first it is slow, then it breaks a foreign key.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

use super::chat::Chat;
use super::failed;
use crate::failure::Failure;

/// Its clients.
const CLIENTS: usize = 2;
/// Whom its clients connect as: no superuser, as no application should be.
pub(super) const ROLE: &str =
    "CREATE ROLE release LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO release";
/// What each takes for its new query.
const SLOW: &str =
    "SELECT count(*), pg_sleep(0.2 + 0.2 * random()) FROM (SELECT FROM messages LIMIT 1) newest";
/// What the release script runs: the constraint is made anew, and never validated.
const BROKEN: &str = "SET lock_timeout = '600ms'; \
     ALTER TABLE messages DROP CONSTRAINT messages_reply_to_fkey, \
     ADD CONSTRAINT messages_reply_to_fkey FOREIGN KEY (reply_to) REFERENCES messages NOT VALID";
/// How often the release script is tried: it waits for locks like anybody.
const TRIES: u32 = 20;

/// A bad release. It ends with this value.
pub(super) struct Release {
    url: String,
    _clients: JoinSet<()>,
}

impl Release {
    /// Deploys it: from now on its clients are slow.
    pub(super) fn deploy(chat: &Chat) -> Self {
        let url = chat.url().to_owned();
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(query(url.clone()));
        }
        Self {
            url,
            _clients: clients,
        }
    }

    /// Runs its release script.
    pub(super) async fn break_a_foreign_key(&self) -> Result<(), Failure> {
        let mut session = PgConnection::connect(&self.url).await.map_err(failed)?;
        let mut tries = 0;
        loop {
            tries += 1;
            match sqlx::raw_sql(BROKEN).execute(&mut session).await {
                Ok(_) => return Ok(()),
                Err(_) if tries < TRIES => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

/// One client. What it meets, when its queries are cancelled and its tables change, is what a bad
/// release deserves.
async fn query(url: String) {
    let Ok(options) = PgConnectOptions::from_str(&url) else {
        return;
    };
    let options = options.application_name("chat 2.0").username("release");
    while let Ok(mut session) = PgConnection::connect_with(&options).await {
        while sqlx::raw_sql(SLOW).execute(&mut session).await.is_ok() {}
    }
}
