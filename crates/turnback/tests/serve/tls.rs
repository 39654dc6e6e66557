//! TLS, with a real client and a certificate made for the test.

use std::process::Command;

use reqwest::StatusCode;
use turnback_testkit::Cluster;

use crate::serving::Serving;
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_certificate_it_speaks_tls_and_nothing_else() {
    let world = World::chat(Cluster::shared(), "serve_tls", 100).await;
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .arg("-keyout")
        .arg(world.path("key.pem"))
        .arg("-out")
        .arg(world.path("cert.pem"))
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        eprintln!("skipped: there is no openssl here that makes a certificate");
        return;
    }
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let serving = Serving::start(&world, &tls).await;
    assert!(serving.url.starts_with("https://"), "{}", serving.url);
    let got = serving.ask("GET /api/v1/plan", None, None).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.body);
    // Whoever looks at certificates does not believe this one.
    let careful = reqwest::Client::builder().no_proxy().build().unwrap();
    let refused = careful.get(format!("{}/health", serving.url)).send().await;
    assert!(refused.is_err_and(|error| error.is_connect()));
    let plain = serving.url.replace("https://", "http://");
    let refused = serving.client.get(format!("{plain}/health")).send().await;
    assert!(refused.is_err());
    assert_eq!(serving.end().await.code, 0);
    let wrong = [
        "serve",
        "--check",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        "cert.pem",
        "--tls-key",
        "cert.pem",
    ];
    let said = world.must(&wrong, 2).await;
    assert!(said.contains("tls: cert.pem"), "{said}");
}
