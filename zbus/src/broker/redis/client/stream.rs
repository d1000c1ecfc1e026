//! The bytes' way to Redis: TCP, TLS over it, or a unix socket.

use std::io;
use std::time::Duration;

use redis::ConnectionAddr;
use redis::io::tcp::socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::endpoint::Endpoint;

/// The system probes a connection that was silent for this long, and again that often.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// A connection whose other end acknowledges nothing for this long is lost: its host or the network is gone without closing it.
#[cfg(target_os = "linux")]
const HALF_OPEN: Duration = Duration::from_secs(15);

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

pub(super) async fn connect(endpoint: &Endpoint) -> io::Result<Box<dyn Stream>> {
    match endpoint.address() {
        #[cfg(unix)]
        ConnectionAddr::Unix(path) => Ok(Box::new(super::quiet::QuietUnixStream::connect(path).await?)),
        ConnectionAddr::Tcp(host, port) => {
            let stream = tcp(host, *port).await?;
            #[cfg(feature = "tls")]
            if let Some(config) = &endpoint.tls {
                let name = rustls::pki_types::ServerName::try_from(host.clone()).map_err(io::Error::other)?;
                let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::clone(config));
                return Ok(Box::new(connector.connect(name, stream).await?));
            }
            Ok(Box::new(stream))
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    // What is written comes in batches already.
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    let keepalive = keepalive.with_interval(KEEPALIVE).with_retries(3);
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(HALF_OPEN))?;
    Ok(stream)
}
