//! One connection to Redis: commands go out, and their replies come in, in the same order.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut, BytesMut};
use futures::FutureExt;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisError, RedisResult};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::CONNECTION_TIMEOUT;
use super::address::Place;
use super::errors::no_answer;
use super::resp::{Decoder, Reply};
use super::stream::{self, Stream};

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
    /// What is received lies in more memory than is kept.
    swollen: bool,
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
        Ok(Self { stream, outgoing: BytesMut::new(), incoming, swollen: false, decoder: Decoder::default() })
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
        let large = self.outgoing.len() > KEPT;
        self.stream.write_all_buf(&mut self.outgoing).await?;
        if large {
            self.outgoing = BytesMut::new();
        }
        self.stream.flush().await?;
        Ok(())
    }

    /// The next reply. Where the future is dropped, nothing of it is lost.
    pub(super) async fn receive(&mut self) -> RedisResult<Reply> {
        loop {
            if let Some(reply) = self.decoder.decode(&mut self.incoming)? {
                return Ok(reply);
            }
            if self.incoming.is_empty() && self.swollen {
                self.incoming = BytesMut::with_capacity(RECEIVED);
                self.swollen = false;
            }
            let lacking = self.decoder.lacking();
            self.incoming.reserve(lacking.clamp(*ROOM.start(), *ROOM.end()));
            self.swollen |= self.incoming.capacity() > KEPT;
            // A large text's memory is to end with it: a small one behind it would keep all of it.
            let most = if self.swollen && lacking > 0 { lacking } else { usize::MAX };
            if self.stream.read_buf(&mut (&mut self.incoming).limit(most)).await? == 0 {
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

#[cfg(test)]
mod tests {
    use super::super::resp;
    use super::super::scripted::{Peer, Scripted};
    use super::*;

    async fn linked() -> (Link, Peer) {
        let scripted = Scripted::start().await;
        let place = scripted.place();
        let (link, peer) = tokio::join!(Link::open(&place), scripted.greeted());
        (link.unwrap(), peer)
    }

    /// Whether a text shares its memory with nothing else, and so is all that its memory is kept for.
    fn is_alone(text: Reply) -> bool {
        matches!(text, Reply::Text(text) if text.is_unique())
    }

    #[tokio::test]
    async fn a_large_text_shares_its_memory_with_no_small_one() {
        let (mut link, mut peer) = linked().await;
        // So much that its memory grows beyond it.
        let large = "x".repeat(12 * KEPT);
        let said = format!("$5\r\nsmall\r\n${}\r\n{large}\r\n$5\r\nsmall\r\n", large.len());
        let received = async {
            let (before, large, after) =
                (link.receive().await.unwrap(), link.receive().await.unwrap(), link.receive().await.unwrap());
            drop(before);
            (large, after)
        };
        let ((large, after), ()) = tokio::join!(received, peer.say(&said));
        assert_eq!(after, Reply::Text("small".into()));
        assert!(is_alone(large));
        assert!(link.incoming.capacity() <= RECEIVED, "{}", link.incoming.capacity());
    }

    #[tokio::test]
    async fn what_was_sent_takes_no_memory_where_it_was_much() {
        let (mut link, mut peer) = linked().await;
        let large = "x".repeat(4 * KEPT);
        resp::command(link.commands(), 1);
        resp::word(link.commands(), large.as_bytes());
        let (sent, got) = tokio::join!(link.send(), peer.command());
        sent.unwrap();
        assert_eq!(got, [large]);
        // What is empty could still hold on to what it was.
        assert!(!link.outgoing.try_reclaim(1));
    }

    #[tokio::test]
    async fn a_reply_that_is_waited_for_again_and_again_is_read_once_and_whole() {
        let (mut link, mut peer) = linked().await;
        for part in ["*2\r", "\n$3\r\no", "ne", "\r", "\n:", "2\r"] {
            peer.say(part).await;
            let waited = tokio::time::timeout(std::time::Duration::from_millis(2), link.receive()).await;
            assert!(waited.is_err(), "{waited:?}");
        }
        peer.say("\n").await;
        let list = Reply::List(vec![Reply::Text("one".into()), Reply::Int(2)]);
        assert_eq!(link.receive().await.unwrap(), list);
    }
}
