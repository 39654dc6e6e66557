//! Listening: on a socket, with or without TLS, until it is told to stop.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::DefaultAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::connections::{self, Connections};

/// How long requests that are at work may take yet when the process ends.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long a client may take to send the headers of a request, or to answer a sign of life.
const HEADERS: Duration = Duration::from_secs(10);
/// Between two signs of life on a connection of HTTP/2.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A certificate with its key.
#[derive(Clone)]
pub struct Tls(RustlsConfig);

/// Why a certificate cannot be used, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(String);

impl Tls {
    /// Reads a chain of certificates and its key, both PEM.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or the two do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let failed = |file: &Path, error: &dyn std::fmt::Display| {
            TlsError(format!("{}: {error}", file.display()))
        };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|error| failed(certificate, &error))?;
        if chain.is_empty() {
            return Err(failed(certificate, &"there is no certificate in it"));
        }
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(certificate, &error))?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .map_err(|error| failed(key, &error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(RustlsConfig::from_config(Arc::new(config))))
    }
}

/// A process that listens.
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// Serves an app on a socket that is bound already.
///
/// # Errors
///
/// When the socket cannot be used.
pub fn listen(socket: TcpListener, tls: Option<Tls>, app: Router) -> std::io::Result<Listening> {
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    let handle = Handle::new();
    let service = app.into_make_service();
    let task = match tls {
        Some(Tls(config)) => {
            let acceptor = borne(RustlsAcceptor::new(config));
            let server = axum_server::from_tcp(socket)?.acceptor(acceptor);
            let mut server = server.handle(handle.clone());
            patient(server.http_builder());
            tokio::spawn(server.serve(service))
        }
        None => {
            let server = axum_server::from_tcp(socket)?.acceptor(borne(DefaultAcceptor));
            let mut server = server.handle(handle.clone());
            patient(server.http_builder());
            tokio::spawn(server.serve(service))
        }
    };
    Ok(Listening {
        address,
        handle,
        task,
    })
}

/// Not more connections than this process can bear.
fn borne<A>(acceptor: A) -> Connections<A> {
    Connections::new(acceptor, connections::most(), HEADERS)
}

/// Whoever takes long to say what they want, or is gone without a word, is not waited for.
fn patient(builder: &mut Builder<TokioExecutor>) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(HEADERS);
}

impl Listening {
    /// Takes no more connections, waits a moment for what is at work, and ends.
    ///
    /// # Errors
    ///
    /// When serving had failed, as a sentence.
    pub async fn end(self) -> Result<(), String> {
        self.handle.graceful_shutdown(Some(FAREWELL));
        match self.task.await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}
