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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use futures::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{UnixListener, UnixStream as Other};

    use super::*;

    /// More than fits into a socket.
    const MUCH: usize = 4 << 20;

    async fn connected() -> (QuietUnixStream, Other) {
        let path: PathBuf = std::env::temp_dir().join(format!("zbus-{}.sock", uuid::Uuid::new_v4().simple()));
        let listener = UnixListener::bind(&path).unwrap();
        let (ours, other) = tokio::join!(QuietUnixStream::connect(&path), listener.accept());
        std::fs::remove_file(&path).unwrap();
        (ours.unwrap(), other.unwrap().0)
    }

    fn pattern() -> Vec<u8> {
        (0..MUCH).map(|index| u8::try_from(index % 251).unwrap()).collect()
    }

    #[tokio::test]
    async fn what_finds_no_room_waits_for_it_and_arrives_in_order() {
        let (mut ours, mut other) = connected().await;
        for _ in 0..2 {
            let bytes = pattern();
            let mut writing = Box::pin(ours.write_all(&bytes));
            assert!(writing.as_mut().now_or_never().is_none(), "nobody reads");
            let mut read = vec![0; MUCH];
            let (written, received) = tokio::join!(writing, other.read_exact(&mut read));
            written.unwrap();
            received.unwrap();
            assert!(read == bytes);
        }
        assert!(ours.waits.is_none(), "it listens for room no more");
    }

    #[tokio::test]
    async fn what_waits_for_room_reads_meanwhile() {
        let (ours, mut other) = connected().await;
        let (mut reads, mut writes) = tokio::io::split(ours);
        let bytes = pattern();
        let exchange = async {
            other.write_all(b"first").await.unwrap();
            let mut read = vec![0; MUCH];
            other.read_exact(&mut read).await.unwrap();
            read
        };
        let mut first = [0; 5];
        let (written, received, read) = tokio::join!(writes.write_all(&bytes), reads.read_exact(&mut first), exchange);
        written.unwrap();
        received.unwrap();
        assert!(&first == b"first" && read == bytes);
    }

    #[tokio::test]
    async fn who_waits_for_room_learns_that_the_other_end_is_gone() {
        let (mut ours, other) = connected().await;
        let bytes = pattern();
        let mut writing = Box::pin(ours.write_all(&bytes));
        assert!(writing.as_mut().now_or_never().is_none());
        drop(other);
        assert!(writing.await.is_err());
        assert!(ours.write_all(b"more").await.is_err());
    }

    #[tokio::test]
    async fn who_reads_learns_that_the_other_end_is_gone_behind_what_it_sent() {
        let (mut ours, mut other) = connected().await;
        other.write_all(b"last").await.unwrap();
        drop(other);
        let mut read = Vec::new();
        ours.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, b"last");
        let (mut ours, mut other) = connected().await;
        ours.shutdown().await.unwrap();
        assert_eq!(other.read(&mut [0; 1]).await.unwrap(), 0);
    }
}
