//! Mail that nobody reads on its way: over TLS, to a server that proves who it is.

use std::path::PathBuf;
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value as Json;
use turnback_core::notify::{Counterpart as To, Mail, Tls};
use turnback_core::secret::Secret;

use crate::counterpart::Counterpart;
use crate::messages::{channel, issue, mail, send};

/// What a process that a test starts is to do: how to be private, and the port. Whom it trusts is
/// told by its environment alone, as for the program itself.
const ERRAND: &str = "TURNBACK_TEST_ERRAND";

/// Somebody who vouches for servers.
struct Authority {
    directory: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key is made");
        let mut params = CertificateParams::new(vec![]).expect("it has no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.self_signed(&key).expect("it vouches for itself");
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("authority.pem"), own.pem()).expect("it is written");
        Self {
            directory,
            issuer: Issuer::new(params, key),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A server with a certificate of this name that talks privately in this way; it lets in those
    /// alone who know the password.
    fn server(&self, name: &str, option: &str) -> Option<Counterpart> {
        let key = KeyPair::generate().expect("a key is made");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("it is a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("it is signed");
        let files = [
            (self.file("server.pem"), certificate.pem()),
            (self.file("server.key"), key.serialize_pem()),
        ];
        for (path, text) in &files {
            std::fs::write(path, text).expect("it is written");
        }
        let [certificate, key] = files.map(|(path, _)| path.display().to_string());
        Counterpart::smtp(&["--login", option, &certificate, &key])
    }

    /// Has a process send a mail that trusts this authority and no other; gives what it says.
    fn sent(&self, tls: &str, port: u16) -> String {
        let own = std::env::current_exe().expect("a test has a program");
        let output = Command::new(own)
            .args(["--exact", "private_mail::a_mail_goes_in_private_to_a_server_that_proves_who_it_is_and_to_no_other"])
            .arg("--nocapture")
            .env("SSL_CERT_FILE", self.file("authority.pem"))
            .env_remove("SSL_CERT_DIR")
            .env(ERRAND, format!("{tls} {port}"))
            .output()
            .expect("it runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Sends a mail, and says what became of it.
async fn run(errand: &str) {
    let (tls, port) = errand.split_once(' ').expect("two words");
    let by_mail = channel(To::Mail(Mail {
        tls: if tls == "wrapped" {
            Tls::Wrapped
        } else {
            Tls::StartTls
        },
        login: Some((Secret::new("on-call"), Secret::new("hunter2hunter2"))),
        ..mail(port.parse().expect("a port"), &["team-lead@example.org"])
    }));
    match send(&by_mail, &issue()).await {
        Ok(()) => println!("it arrived"),
        Err(missed) => println!("it was missed: {}", missed.reason),
    }
}

#[tokio::test]
async fn a_mail_goes_in_private_to_a_server_that_proves_who_it_is_and_to_no_other() {
    if let Ok(errand) = std::env::var(ERRAND) {
        return run(&errand).await;
    }
    let (known, stranger) = (Authority::new(), Authority::new());
    for (tls, option) in [("starttls", "--tls"), ("wrapped", "--wrapped")] {
        let Some(mut server) = known.server("127.0.0.1", option) else {
            return;
        };
        let said = known.sent(tls, server.port);
        assert!(said.contains("it arrived"), "{tls}: {said}");
        let arrived: Json = server.next();
        assert_eq!(
            (&arrived["private"], &arrived["login"]),
            (&Json::Bool(true), &Json::from("on-call")),
            "{tls}"
        );
        // One whom nobody vouches for, and one who shows somebody else's name.
        let elsewhere = known.server("mail.example.org", option).expect("as before");
        for said in [
            stranger.sent(tls, server.port),
            known.sent(tls, elsewhere.port),
        ] {
            assert!(
                said.contains("it was missed") && said.contains("certificate"),
                "{tls}: {said}"
            );
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
