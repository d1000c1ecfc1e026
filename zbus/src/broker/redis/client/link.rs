//! One connection to Redis: commands go out, and their replies come in, in the same order.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use redis::{Cmd, FromRedisValue, RedisError, RedisResult};
use tokio::io::{AsyncReadExt, AsyncWrite as _};

use super::CONNECTION_TIMEOUT;
use super::endpoint::Endpoint;
use super::error::{closed, no_answer};
use super::resp::{Decoder, Reply, command, number, word};
use super::stall::Stall;
use super::stream::{self, Stream};

/// How much is read at once, if no more is known to come.
const RECEIVED: usize = 16 << 10;

/// Room for this much is made before more is read: what a text lacks, within these bounds.
const ROOM: std::ops::RangeInclusive<usize> = 4 << 10..=1 << 20;

/// Memory beyond this is given back as soon as it is empty.
const KEPT: usize = 256 << 10;

pub(crate) struct Link {
    stream: Box<dyn Stream>,
    outgoing: BytesMut,
    /// What went out may still lie in a buffer of the stream.
    unflushed: bool,
    incoming: BytesMut,
    /// What is received lies in more memory than is kept.
    swollen: bool,
    decoder: Decoder,
    /// The other end has closed it.
    ended: bool,
    written: u64,
    received: u64,
}

impl Link {
    /// In [`CONNECTION_TIMEOUT`] or not at all.
    pub(crate) async fn open(endpoint: &Endpoint) -> RedisResult<Self> {
        let opened = async {
            let mut link = Self::new(stream::connect(endpoint).await?);
            link.log_in(endpoint).await?;
            Ok(link)
        };
        tokio::time::timeout(CONNECTION_TIMEOUT, opened).await.unwrap_or_else(|_| Err(no_answer()))
    }

    fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            outgoing: BytesMut::new(),
            unflushed: false,
            incoming: BytesMut::with_capacity(RECEIVED),
            swollen: false,
            decoder: Decoder::default(),
            ended: false,
            written: 0,
            received: 0,
        }
    }

    /// Says who we are, and which database it is about.
    async fn log_in(&mut self, endpoint: &Endpoint) -> RedisResult<()> {
        let settings = endpoint.settings();
        let logs_in = settings.password().is_some();
        if let Some(password) = settings.password() {
            let user = settings.username();
            command(&mut self.outgoing, 2 + usize::from(user.is_some()));
            word(&mut self.outgoing, b"AUTH");
            if let Some(user) = user {
                word(&mut self.outgoing, user.as_bytes());
            }
            word(&mut self.outgoing, password.as_bytes());
        }
        let selects = u64::try_from(settings.db()).is_ok_and(|number| number > 0);
        if selects {
            command(&mut self.outgoing, 2);
            word(&mut self.outgoing, b"SELECT");
            number(&mut self.outgoing, settings.db().unsigned_abs());
        }
        // A user may have no right to name its library, and Redis would log each try. Without a user this is also what finds out that
        // Redis has no room for another connection.
        let names = settings.username().is_none();
        if names {
            for (what, value) in [("LIB-NAME", env!("CARGO_PKG_NAME")), ("LIB-VER", env!("CARGO_PKG_VERSION"))] {
                command(&mut self.outgoing, 4);
                for text in ["CLIENT", "SETINFO", what, value] {
                    word(&mut self.outgoing, text.as_bytes());
                }
            }
        }
        self.send().await?;
        for _ in 0..usize::from(logs_in) + usize::from(selects) {
            self.receive().await?.checked()?;
        }
        for _ in 0..2 * usize::from(names) {
            // Before Redis 7.2 there is no such command.
            if let Err(error) = self.receive().await?.checked()
                && super::error::is_crowded(&error)
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Whether the other end has closed it, or sent what nobody has asked for.
    pub(crate) fn is_lost(&mut self) -> bool {
        let mut context = Context::from_waker(std::task::Waker::noop());
        self.poll_lost(&mut context).is_ready()
    }

    /// Ready when the other end has closed it, or has sent something that was not read yet.
    pub(crate) fn poll_lost(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.incoming.is_empty() && !self.ended {
            let read = ready!(pin!(self.stream.read_buf(&mut self.incoming)).poll(context));
            self.ended = !matches!(read, Ok(1..));
        }
        Poll::Ready(())
    }

    /// What goes out next: commands are written behind what is there.
    pub(crate) fn commands(&mut self) -> &mut BytesMut {
        &mut self.outgoing
    }

    /// How many bytes have moved, in either direction: while they grow, the other end is there.
    pub(crate) fn moved(&self) -> u64 {
        self.written + self.received
    }

    /// How many bytes the stream has taken.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// How many bytes it is to take before all is written.
    pub(crate) fn unwritten(&self) -> usize {
        self.outgoing.len()
    }

    /// Sends what was added.
    pub(crate) fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<RedisResult<()>> {
        if !self.outgoing.is_empty() {
            let large = self.outgoing.len() > KEPT;
            self.unflushed = true;
            while !self.outgoing.is_empty() {
                let taken = ready!(Pin::new(&mut self.stream).poll_write(context, &self.outgoing))?;
                if taken == 0 {
                    return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero).into()));
                }
                self.outgoing.advance(taken);
                self.written += taken as u64;
            }
            if large {
                self.outgoing = BytesMut::new();
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends what was added. If the future is dropped, the next one goes on where it ended.
    pub(crate) async fn send(&mut self) -> RedisResult<()> {
        poll_fn(|context| self.poll_send(context)).await
    }

    /// The next reply.
    pub(crate) fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<RedisResult<Reply>> {
        loop {
            if let Some(reply) = self.decoder.decode(&mut self.incoming)? {
                return Poll::Ready(Ok(reply));
            }
            if self.incoming.is_empty() && self.swollen {
                self.incoming = BytesMut::with_capacity(RECEIVED);
                self.swollen = false;
            }
            if self.ended {
                return Poll::Ready(Err(closed()));
            }
            let lacking = self.decoder.lacking();
            self.incoming.reserve(lacking.clamp(*ROOM.start(), *ROOM.end()));
            self.swollen |= self.incoming.capacity() > KEPT;
            // A large text's memory is to end with it: a small one behind it would keep all of it.
            let most = if self.swollen && lacking > 0 { lacking } else { usize::MAX };
            let mut room = (&mut self.incoming).limit(most);
            match ready!(pin!(self.stream.read_buf(&mut room)).poll(context))? {
                0 => self.ended = true,
                count => self.received += count as u64,
            }
        }
    }

    /// The next reply. If the future is dropped, nothing of it is lost.
    pub(crate) async fn receive(&mut self) -> RedisResult<Reply> {
        poll_fn(|context| self.poll_receive(context)).await
    }

    /// Sends what was added, and waits for the next reply: it may take `time` until something moves. If the future is dropped, nothing
    /// is lost.
    pub(crate) async fn reply_within(&mut self, stall: &mut Stall, time: Duration) -> RedisResult<Reply> {
        let reply = self.reply_unless(stall, time, std::future::pending()).await?;
        reply.ok_or_else(no_answer)
    }

    /// The same; none if `unless` comes before anything of the reply.
    pub(crate) async fn reply_unless(
        &mut self,
        stall: &mut Stall,
        time: Duration,
        unless: impl Future<Output = ()>,
    ) -> RedisResult<Option<Reply>> {
        stall.start(self.moved(), time);
        let (before, mut unless) = (self.received, pin!(unless));
        poll_fn(|context| {
            if let Poll::Ready(Err(error)) = self.poll_send(context) {
                return Poll::Ready(Err(error));
            }
            if let Poll::Ready(reply) = self.poll_receive(context) {
                return Poll::Ready(reply.map(Some));
            }
            if self.received == before && unless.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(None));
            }
            stall.poll(context, self.moved()).map(|()| Err(no_answer()))
        })
        .await
    }

    /// What a single command answers.
    pub(crate) async fn query<T: FromRedisValue>(&mut self, stall: &mut Stall, command: &Cmd) -> RedisResult<T> {
        self.outgoing.extend_from_slice(&command.get_packed_command());
        read(self.reply_within(stall, super::STALLED).await?)
    }
}

/// A reply as a value of Rust.
pub(crate) fn read<T: FromRedisValue>(reply: Reply) -> RedisResult<T> {
    T::from_redis_value(reply.value()?).map_err(RedisError::from)
}

#[cfg(test)]
mod tests {
    use super::super::resp;
    use super::super::scripted::{Peer, Scripted};
    use super::*;

    async fn linked() -> (Link, Peer) {
        let scripted = Scripted::start().await;
        let endpoint = scripted.endpoint();
        let (link, peer) = tokio::join!(Link::open(&endpoint), scripted.greeted());
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
