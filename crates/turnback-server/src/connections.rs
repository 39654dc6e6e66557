//! Connections: how many are borne, and how long one may stay silent before it has said what it speaks.
//!
//! Each takes an open file, and the process needs those for its own work: sessions on the target, the
//! control store, probes. So there is a place for so many, and one too many is closed at once.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// As many as listeners and requests at once need, and as many again.
const MOST: usize = 2_500;
/// Open files that are kept for the process itself.
const KEPT: u64 = 192;
/// However few files may be open, so many people can look.
const LEAST: usize = 16;
/// What a client of HTTP/2 says first (RFC 9113, 3.4); until what came is something else, the server
/// does not know what it speaks, and its own time limits have not begun.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Lets connections in, as long as there is a place; `inner` does the rest of accepting them.
#[derive(Clone, Debug)]
pub(crate) struct Connections<A> {
    inner: A,
    places: Arc<Semaphore>,
    patience: Duration,
}

/// A connection with its place.
pub(crate) struct Placed<S> {
    stream: S,
    /// When it is closed, if it has not said by then what it speaks, and how much of [`PREFACE`] it has
    /// said.
    silent: Option<(Pin<Box<Sleep>>, usize)>,
    _place: OwnedSemaphorePermit,
}

/// How many connections this process can bear: fewer where it may open few files.
pub(crate) fn most() -> usize {
    let files = getrlimit(Resource::Nofile).current;
    let left = files.map_or(u64::MAX, |files| files.saturating_sub(KEPT));
    usize::try_from(left).unwrap_or(MOST).clamp(LEAST, MOST)
}

impl<A> Connections<A> {
    /// So many at once; each must say what it speaks within `patience`.
    pub(crate) fn new(inner: A, most: usize, patience: Duration) -> Self {
        Self {
            inner,
            places: Arc::new(Semaphore::new(most)),
            patience,
        }
    }
}

impl<A, S> Accept<TcpStream, S> for Connections<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
    A::Stream: Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = Placed<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            // Dropped with its connection.
            return Box::pin(std::future::ready(Err(
                io::ErrorKind::ConnectionRefused.into()
            )));
        };
        let (accepted, patience) = (self.inner.accept(stream, service), self.patience);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let placed = Placed {
                stream,
                silent: Some((Box::pin(sleep(patience)), 0)),
                _place: place,
            };
            Ok((placed, service))
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Placed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let Some((silent, said)) = &mut self.silent else {
            return read;
        };
        if read.is_pending() {
            return match silent.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            };
        }
        let new = &buffer.filled()[before..];
        *said += new.len();
        let begins = PREFACE.get(*said - new.len()..*said);
        if begins != Some(new) || *said == PREFACE.len() {
            self.silent = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Placed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::Router;
    use axum::routing::get;
    use axum_server::accept::DefaultAcceptor;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::{Instant, timeout};

    use super::*;

    /// Longer than anything in these tests takes.
    const LONG: Duration = Duration::from_secs(60);
    const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    async fn serving(most: usize, patience: Duration) -> SocketAddr {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let connections = Connections::new(DefaultAcceptor, most, patience);
        let server = axum_server::from_tcp(socket).unwrap();
        let app = Router::new().route("/", get(|| async { "all is well" }));
        tokio::spawn(server.acceptor(connections).serve(app.into_make_service()));
        address
    }

    /// Says this much on a connection of its own, and what is heard until it is closed.
    async fn heard(address: SocketAddr, words: &str) -> String {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let _ = connection.write_all(words.as_bytes()).await;
        let mut heard = Vec::new();
        // Reset is closed, too.
        let ended = timeout(LONG, connection.read_to_end(&mut heard)).await;
        assert!(ended.is_ok(), "{words:?} was not hung up on");
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// A connection that asks and stays; nothing where it is closed instead.
    async fn asks_and_stays(address: SocketAddr) -> Option<TcpStream> {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(REQUEST.as_bytes()).await.ok()?;
        let mut heard = Vec::new();
        while !heard.ends_with(b"all is well") {
            let read = timeout(LONG, connection.read_buf(&mut heard)).await;
            if read.expect("it is answered or closed").ok()? == 0 {
                return None;
            }
        }
        Some(connection)
    }

    #[tokio::test]
    async fn whoever_does_not_say_what_they_speak_is_hung_up_on() {
        let address = serving(8, Duration::from_millis(50)).await;
        for words in ["", "P", "PRI * HTTP/2"] {
            assert_eq!(heard(address, words).await, "", "{words:?}");
        }
        assert!(asks_and_stays(address).await.is_some());
    }

    #[tokio::test]
    async fn one_too_many_is_closed_at_once_and_a_place_that_is_left_is_given_again() {
        let address = serving(2, LONG * 60).await;
        let first = asks_and_stays(address).await.unwrap();
        let second = asks_and_stays(address).await.unwrap();
        assert!(asks_and_stays(address).await.is_none(), "there are two");
        drop(first);
        let deadline = Instant::now() + LONG;
        while asks_and_stays(address).await.is_none() {
            assert!(Instant::now() < deadline, "its place is not given again");
        }
        drop(second);
    }
}
