//! Open dashboards, as their script behaves (`dashboard.js` of the server): each listens to events,
//! and fetches its page anew when it hears one, at most every second and a half.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::Failure;
use super::connection::Connection;

/// Where dashboards stand: of ten, so many at each page.
const PLACES: [(&str, u64); 3] = [("/", 7), ("/guards", 2), ("/risks", 1)];
/// The same in words.
pub const PLACES_IN_WORDS: &str =
    "of ten seven at the overview, two at the guards, one at the risks";
/// From one look to the next, at least.
const APART: Duration = Duration::from_millis(1_500);
/// A look comes so long after the event that asks for it, at least and at most.
const SOON: (Duration, u64) = (Duration::from_millis(60), 250);
/// What a look shows may be this old: after one so soon after an event comes another.
const OLD: Duration = Duration::from_secs(1);
/// Nothing shown is older than this, whatever is heard.
const STALE: Duration = Duration::from_secs(15);

/// What all who look were answered.
#[derive(Clone)]
pub struct Seen {
    /// How long pages took, in microseconds.
    pub times: Histogram<u64>,
    /// How often there was no place for the request; the script asks again later.
    pub refused: u64,
}

/// The same, of all viewers together.
pub type Shared = Arc<Mutex<Seen>>;

impl Seen {
    /// Nothing yet.
    pub fn nothing() -> Result<Shared, Failure> {
        let times = Histogram::new(3)?;
        Ok(Arc::new(Mutex::new(Self { times, refused: 0 })))
    }

    /// Nothing again.
    pub fn forget(&mut self) {
        self.times.reset();
        self.refused = 0;
    }
}

/// What was seen until now.
pub fn lock(seen: &Shared) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One open dashboard. It ends only with the server, or with an answer that is none.
pub async fn view(address: SocketAddr, number: u64, seen: Shared) -> Result<(), Failure> {
    let place = place(number);
    let mut events = TcpStream::connect(address).await?;
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n"
    );
    events.write_all(request.as_bytes()).await?;
    let mut lines = BufReader::new(events).lines();
    let mut pages = Connection::open(address).await?;
    // Browsers take chance; this is as even, and the same in every run.
    let mut chance = number;
    let mut last = Instant::now();
    let mut heard = last;
    let mut due = Some(last);
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else {
                    return Err("the stream of events ended".into());
                };
                if !line.starts_with("data:") {
                    continue;
                }
                heard = Instant::now();
                if due.is_some() {
                    continue;
                }
            }
            () = sleep_until(due.unwrap_or(last + STALE)) => {
                last = Instant::now();
                due = None;
                look(&mut pages, place, &seen).await?;
                if last >= heard + OLD {
                    continue;
                }
            }
        }
        chance = (chance * 7_919 + 104_729) % 1_000_003;
        let jitter = Duration::from_millis(chance % SOON.1);
        due = Some((last + APART).max(Instant::now() + SOON.0) + jitter);
    }
}

async fn look(pages: &mut Connection, place: &str, seen: &Shared) -> Result<(), Failure> {
    let asked = Instant::now();
    let (status, answer) = pages.ask("GET", place, "").await?;
    let micros = u64::try_from(asked.elapsed().as_micros())?;
    let mut seen = lock(seen);
    match status {
        200 => seen.times.record(micros)?,
        503 => seen.refused += 1,
        _ => return Err(format!("{place} was answered with {status}: {answer}").into()),
    }
    Ok(())
}

fn place(number: u64) -> &'static str {
    let mut left = number % PLACES.iter().map(|(_, share)| share).sum::<u64>();
    for (place, share) in PLACES {
        if left < share {
            return place;
        }
        left -= share;
    }
    "/"
}
