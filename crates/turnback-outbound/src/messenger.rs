//! Messages: made ready by the core, brought by mail or by a request.

use turnback_core::hide::hide;
use turnback_core::notify::backoff::Missed;
use turnback_core::notify::{Channel, Counterpart, Message, Parcel, Request, parcel};
use turnback_engine::delivery::Messenger;

use crate::http::{Answer, Http, NoAnswer};
use crate::mail;

/// As much of an answer as stands in a sentence, in characters.
const MOST: usize = 200;

/// Brings messages to their channels.
#[derive(Clone, Debug)]
pub struct Post {
    http: Http,
}

impl Post {
    /// Sends requests with this client.
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    async fn request(&self, channel: &Channel, request: &Request) -> Result<(), Missed> {
        match self.http.send(request, channel.timeout).await {
            Ok(answer) if request.succeeded(answer.status) => Ok(()),
            Ok(answer) => Err(Missed {
                refused: is_refusal(answer.status),
                wait: answer.retry_after,
                reason: unexpected(channel, request, &answer),
            }),
            Err(error) => Err(Missed {
                refused: matches!(error, NoAnswer::Unusable(_)),
                wait: None,
                reason: error.reason().to_owned(),
            }),
        }
    }
}

impl Messenger for Post {
    async fn send(&self, channel: &Channel, message: &Message) -> Result<(), Missed> {
        let refused = |reason: String| Missed {
            reason,
            refused: true,
            wait: None,
        };
        if let Some(variable) = channel.missing.first() {
            return Err(refused(format!(
                "the environment variable {variable} has no value"
            )));
        }
        let parcel = parcel(channel, message).map_err(|bad| {
            refused(format!(
                "its template does not take this message: {}",
                bad.message
            ))
        })?;
        match (&parcel, &channel.counterpart) {
            (Parcel::Letter(letter), Counterpart::Mail(server)) => {
                mail::send(server, letter, message.at, channel.timeout).await
            }
            (Parcel::Letter(_), _) => Err(refused("letters go by mail".to_owned())),
            (Parcel::Request(request), _) => self.request(channel, request).await,
        }
    }
}

/// Whether the same request will be refused again: the client's fault (RFC 9110, 15.5), but for
/// those that speak of time.
fn is_refusal(status: u16) -> bool {
    !matches!(status, 408 | 425 | 429) && (300..500).contains(&status)
}

fn unexpected(channel: &Channel, request: &Request, answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    let words: Vec<&str> = body.split_whitespace().collect();
    // The answer may quote what was sent, and a page of HTML tells nobody anything.
    let said: String = words.join(" ").chars().take(MOST).collect();
    let said = hide(&said, channel.counterpart.secrets());
    let said = if said.is_empty() || said.starts_with('<') {
        String::new()
    } else {
        format!(": {said}")
    };
    format!(
        "{} answered with status {}{said}",
        request.url, answer.status
    )
}
