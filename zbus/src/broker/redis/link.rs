//! One connection to Redis: commands go out, and their replies come in, in the same order.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use futures::FutureExt;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisError, RedisResult};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::address::Place;
use super::resp::{Decoder, Reply};
use super::stream::{self, Stream};
use super::{CONNECTION_TIMEOUT, no_answer};

/// How much is read at once, where no more is known to come.
const RECEIVED: usize = 16 << 10;

/// Room for as much is made before more is read: what a text lacks, within these bounds.
const ROOM: std::ops::RangeInclusive<usize> = 4 << 10..=1 << 20;

/// Memory beyond this is given back as soon as it is empty.
const KEPT: usize = 256 << 10;

pub(super) struct Link {
    stream: Box<dyn Stream>,
    outgoing: BytesMut,
    incoming: BytesMut,
    decoder: Decoder,
}

impl Link {
    /// In [`CONNECTION_TIMEOUT`] or not at all.
    pub(super) async fn open(place: &Place) -> RedisResult<Self> {
        tokio::time::timeout(CONNECTION_TIMEOUT, Self::greet(place)).await.unwrap_or_else(|_| Err(no_answer()))
    }

    /// The `redis` crate says who we are, and which database it is about.
    async fn greet(place: &Place) -> RedisResult<Self> {
        let lent = Lent(Arc::new(Mutex::new(stream::connect(place).await?)));
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        drop(MultiplexedConnection::new_with_config(place.settings(), lent.clone(), config).await?);
        let stream =
            Arc::into_inner(lent.0).ok_or_else(|| io::Error::other("the stream is still in use"))?.into_inner();
        let incoming = BytesMut::with_capacity(RECEIVED);
        Ok(Self { stream, outgoing: BytesMut::new(), incoming, decoder: Decoder::default() })
    }

    /// Whether the other end has closed it, or sent what nobody has asked for.
    pub(super) fn is_lost(&mut self) -> bool {
        !self.incoming.is_empty() || self.stream.read_buf(&mut self.incoming).now_or_never().is_some()
    }

    /// What goes out next: commands are written behind what is there.
    pub(super) fn commands(&mut self) -> &mut BytesMut {
        &mut self.outgoing
    }

    /// Sends what was added. Where the future is dropped, the next goes on where it ended.
    pub(super) async fn send(&mut self) -> RedisResult<()> {
        self.stream.write_all_buf(&mut self.outgoing).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// The next reply. Where the future is dropped, nothing of it is lost.
    pub(super) async fn receive(&mut self) -> RedisResult<Reply> {
        loop {
            if let Some(reply) = self.decoder.decode(&mut self.incoming)? {
                return Ok(reply);
            }
            if self.incoming.is_empty() && self.incoming.capacity() > KEPT {
                self.incoming = BytesMut::with_capacity(RECEIVED);
            }
            self.incoming.reserve(self.decoder.lacking().clamp(*ROOM.start(), *ROOM.end()));
            if self.stream.read_buf(&mut self.incoming).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }

    /// So many replies.
    pub(super) async fn receive_each(&mut self, count: usize) -> RedisResult<Vec<Reply>> {
        let mut replies = Vec::with_capacity(count);
        for _ in 0..count {
            replies.push(self.receive().await?);
        }
        Ok(replies)
    }

    /// What a single command answers.
    pub(super) async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        self.outgoing.extend_from_slice(&command.get_packed_command());
        self.send().await?;
        read(self.receive().await?)
    }
}

/// A reply as a value of Rust.
pub(super) fn read<T: FromRedisValue>(reply: Reply) -> RedisResult<T> {
    T::from_redis_value(reply.value()?).map_err(RedisError::from)
}

/// A stream that is given away, and comes back.
#[derive(Clone)]
struct Lent(Arc<Mutex<Box<dyn Stream>>>);

impl AsyncRead for Lent {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_read(context, buffer)
    }
}

impl AsyncWrite for Lent {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.lock()).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock()).poll_shutdown(context)
    }
}
