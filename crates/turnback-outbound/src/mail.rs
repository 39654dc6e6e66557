//! Mail over SMTP.

use std::error::Error as _;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mime, Tokio1Executor};
use turnback_core::guard::Moment;
use turnback_core::hide::hide;
use turnback_core::notify::backoff::Missed;
use turnback_core::notify::{Letter, Mail, Tls};

/// Sends a letter, and waits no longer than this for the server to take it.
pub(crate) async fn send(
    mail: &Mail,
    letter: &Letter,
    at: Moment,
    timeout: Duration,
) -> Result<(), Missed> {
    let place = format!("the mail server {}:{}", mail.host, mail.port);
    let unusable = |reason: String| Missed {
        reason,
        refused: true,
        wait: None,
    };
    let mime = written(mail, letter, at)
        .map_err(|reason| unusable(format!("the mail cannot be written: {reason}")))?;
    let transport = transport(mail, timeout)
        .map_err(|error| unusable(format!("{place} cannot be used: {}", root_of(mail, &error))))?;
    match tokio::time::timeout(timeout, transport.send(mime)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Missed {
            reason: format!("{place} did not take the mail: {}", root_of(mail, &error)),
            refused: error.is_permanent(),
            wait: None,
        }),
        Err(_) => Err(Missed {
            reason: format!(
                "{place} did not take the mail within {} s",
                timeout.as_secs_f64()
            ),
            refused: false,
            wait: None,
        }),
    }
}

fn transport(mail: &Mail, timeout: Duration) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
    let builder: AsyncSmtpTransportBuilder = match mail.tls {
        Tls::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&mail.host)?,
        Tls::Wrapped => AsyncSmtpTransport::<Tokio1Executor>::relay(&mail.host)?,
        // The plan takes a password in the clear for a server on the same machine alone.
        Tls::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host),
    };
    let builder = builder.port(mail.port).timeout(Some(timeout));
    let builder = match &mail.login {
        Some((user, password)) => builder.credentials(Credentials::new(
            user.expose_secret().to_owned(),
            password.expose_secret().to_owned(),
        )),
        None => builder,
    };
    Ok(builder.build())
}

fn written(mail: &Mail, letter: &Letter, at: Moment) -> Result<Mime, String> {
    let mailbox = |text: &str| {
        text.parse::<Mailbox>()
            .map_err(|error| format!("`{text}` is not an address ({error})"))
    };
    let mut builder = Mime::builder()
        .from(mailbox(&mail.from)?)
        .subject(&letter.subject)
        .message_id(Some(format!("<{}>", letter.id)))
        .date(UNIX_EPOCH + Duration::from_millis(at.0))
        .header(ContentType::TEXT_PLAIN)
        // Absence notes are for people (RFC 3834, 5).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    if let Some(thread) = &letter.thread {
        builder = builder.references(format!("<{thread}>"));
    }
    for address in &mail.to {
        builder = builder.to(mailbox(address)?);
    }
    builder
        .body(letter.text.clone())
        .map_err(|error| error.to_string())
}

/// What went wrong, without the password.
fn root_of(mail: &Mail, error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = inner.to_string();
        cause = inner.source();
    }
    let login = mail.login.iter();
    hide(&words, login.map(|(_, password)| password.expose_secret()))
}
