//! Unix sockets that wake their task for what is to be read alone.
//!
//! Linux tells of room to write each time that the other end has read, whether or not there was a lack of it. tokio's own stream always
//! listens for that, and so is woken once more for each write; its pipes listen for one direction alone.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::pipe;

pub(super) struct QuietUnixStream {
    /// What reads a pipe reads any stream.
    reads: pipe::Receiver,
    writes: UnixStream,
    /// There while there is no room to write.
    waits: Option<pipe::Sender>,
}

impl QuietUnixStream {
    pub(super) async fn connect(path: &Path) -> io::Result<Self> {
        let writes = tokio::net::UnixStream::connect(path).await?.into_std()?;
        let reads = pipe::Receiver::from_owned_fd_unchecked(writes.try_clone()?.into())?;
        Ok(Self { reads, writes, waits: None })
    }
}

impl AsyncRead for QuietUnixStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().reads).poll_read(context, buffer)
    }
}

impl AsyncWrite for QuietUnixStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            if let Some(waits) = &mut this.waits {
                let written = ready!(Pin::new(waits).poll_write(context, bytes));
                this.waits = None;
                return Poll::Ready(written);
            }
            match this.writes.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    this.waits = Some(pipe::Sender::from_owned_fd_unchecked(this.writes.try_clone()?.into())?);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.writes.shutdown(std::net::Shutdown::Write))
    }
}
