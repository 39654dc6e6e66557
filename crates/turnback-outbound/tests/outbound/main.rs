//! Probes, hooks and messages against real counterparts on loopback.

mod counterpart;
mod hooks;
mod messages;
mod private_mail;
mod probes;

use turnback_outbound::Http;

fn http() -> Http {
    Http::new().expect("TLS can be set up")
}
