//! The connection that everybody shares for what is answered at once: one exchange after the other, and a new one where it was lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult};
use tokio::sync::{Mutex, MutexGuard};

use super::RESPONSE_TIMEOUT;
use super::address::Place;
use super::errors::{broker_error, connection_error, no_answer};
use super::limit::Limit;
use super::link::{Link, read};
use super::resp::Reply;
use crate::broker::{BrokerError, BrokerErrorKind};
use crate::telemetry;

/// After this long without use, a connection is asked whether it still works before it is written to.
const IDLE: Duration = Duration::from_millis(100);

/// A broker that is out of reach is tried once more, this much later, before a command fails; the next command starts anew.
const CONNECTION_BACKOFF: Duration = Duration::from_millis(50);

pub(super) struct Connection {
    place: Arc<Place>,
    /// None after a loss, and while an exchange is under way: one that is dropped leaves none behind, whose reply would be the next one's.
    link: Mutex<Option<Used>>,
}

struct Used {
    link: Link,
    limit: Limit,
    /// When it was last seen to work.
    at: Instant,
}

impl Used {
    fn new(link: Link) -> Self {
        Self { link, limit: Limit::new(), at: Instant::now() }
    }
}

impl Connection {
    pub(super) async fn open(place: Arc<Place>) -> RedisResult<Self> {
        let used = Used::new(Link::open(&place).await?);
        Ok(Self { place, link: Mutex::new(Some(used)) })
    }

    /// Sends commands, and waits for so many replies.
    pub(super) async fn exchange(&self, commands: BytesMut, replies: usize) -> Result<Vec<Reply>, BrokerError> {
        let mut kept = tokio::time::timeout(RESPONSE_TIMEOUT, self.link.lock()).await.map_err(|_| self.silent())?;
        let mut used = self.working(&mut kept).await?;
        let Used { link, limit, .. } = &mut used;
        let exchange = async {
            link.commands().unsplit(commands);
            link.send().await?;
            link.receive_each(replies).await
        };
        let outcome = limit.hold(RESPONSE_TIMEOUT, exchange).await;
        if outcome.is_ok() {
            used.at = Instant::now();
            *kept = Some(used);
        }
        outcome.map_err(|error| self.error(error))
    }

    /// What a command answers.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, BrokerError> {
        let replies = self.exchange(BytesMut::from(&*command.get_packed_command()), 1).await?;
        let reply = replies.into_iter().next().unwrap_or(Reply::Nil);
        read(reply).map_err(|error| self.error(error))
    }

    /// What each command of a pipeline answers; an error where one of them fails.
    pub(super) async fn query_each(&self, pipeline: &Pipeline) -> Result<Vec<Reply>, BrokerError> {
        let replies = self.exchange(BytesMut::from(&*pipeline.get_packed_pipeline()), pipeline.len()).await?;
        replies.into_iter().map(Reply::checked).collect::<RedisResult<_>>().map_err(|error| self.error(error))
    }

    pub(super) fn error(&self, error: RedisError) -> BrokerError {
        broker_error(&self.place.to_string(), error)
    }

    /// A connection that works, as far as can be known before something is written that may be done or not.
    async fn working(&self, kept: &mut MutexGuard<'_, Option<Used>>) -> Result<Used, BrokerError> {
        if let Some(mut used) = kept.take()
            && !used.link.is_lost()
        {
            if used.at.elapsed() < IDLE {
                return Ok(used);
            }
            let Used { link, limit, .. } = &mut used;
            match limit.hold(RESPONSE_TIMEOUT, link.query::<redis::Value>(&redis::cmd("PING"))).await {
                Err(error) if error.is_timeout() => return Err(self.silent()),
                Err(error) if error.is_io_error() => {}
                // Whatever else it is, the write will be told.
                _ => return Ok(used),
            }
        }
        Box::pin(self.reopened()).await
    }

    async fn reopened(&self) -> Result<Used, BrokerError> {
        let link = match Link::open(&self.place).await {
            Err(error) if error.is_io_error() => {
                tokio::time::sleep(CONNECTION_BACKOFF).await;
                Link::open(&self.place).await
            }
            outcome => outcome,
        };
        let link = link.map_err(|error| connection_error(&self.place.to_string(), error))?;
        telemetry::reconnected("writes");
        Ok(Used::new(link))
    }

    fn silent(&self) -> BrokerError {
        let message = format!("the broker at {} does not answer", self.place);
        BrokerError::new(BrokerErrorKind::Unreachable, message).with_source(no_answer())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::scripted::{Peer, Scripted};
    use super::*;

    async fn connected() -> (Scripted, Connection, Peer) {
        let scripted = Scripted::start().await;
        let (connection, peer) = tokio::join!(Connection::open(Arc::new(scripted.place())), scripted.greeted());
        (scripted, connection.unwrap(), peer)
    }

    async fn ask(connection: &Connection) -> Result<String, BrokerError> {
        connection.query(&redis::cmd("ASK")).await
    }

    #[tokio::test]
    async fn replies_that_come_byte_by_byte_are_read_and_the_connection_is_kept() {
        let (_scripted, connection, mut peer) = connected().await;
        for _ in 0..2 {
            let answer = async {
                peer.command().await;
                peer.say_slowly("$6\r\nan\r\ner\r\n").await;
            };
            let (asked, ()) = tokio::join!(ask(&connection), answer);
            assert_eq!(asked.unwrap(), "an\r\ner");
        }
    }

    #[tokio::test]
    async fn garbage_half_a_reply_and_a_farewell_leave_open_what_was_done_and_the_next_command_has_a_connection_of_its_own()
     {
        for answer in ["garbage\r\n", "$6\r\nhalf", "", "*99999999999999999999\r\n"] {
            let (scripted, connection, mut peer) = connected().await;
            let closing = async move {
                peer.answer("ASK", answer).await;
                drop(peer);
            };
            let (asked, ()) = tokio::join!(ask(&connection), closing);
            assert_eq!(asked.unwrap_err().kind(), BrokerErrorKind::Lost, "{answer:?}");
            let next = async { scripted.greeted().await.answer("ASK", "+next\r\n").await };
            assert_eq!(tokio::join!(ask(&connection), next).0.unwrap(), "next");
        }
    }

    #[tokio::test]
    async fn what_nobody_asked_for_is_the_answer_of_no_command() {
        let (scripted, connection, mut peer) = connected().await;
        let asked_for = peer.answer("ASK", "+one\r\n+too much\r\n");
        assert_eq!(tokio::join!(ask(&connection), asked_for).0.unwrap(), "one");
        let next = async { scripted.greeted().await.answer("ASK", "+two\r\n").await };
        assert_eq!(tokio::join!(ask(&connection), next).0.unwrap(), "two");

        // Too early, on a connection that was asked nothing.
        let (scripted, connection, mut peer) = connected().await;
        peer.say("+too early\r\n").await;
        // The runtime has to learn of it.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let next = async { scripted.greeted().await.answer("ASK", "+one\r\n").await };
        assert_eq!(tokio::join!(ask(&connection), next).0.unwrap(), "one");
    }

    #[tokio::test]
    async fn the_reply_to_a_command_that_was_given_up_is_not_the_next_ones() {
        let (scripted, connection, mut peer) = connected().await;
        {
            let mut given_up = Box::pin(ask(&connection));
            tokio::select! {
                biased;
                _ = &mut given_up => panic!("it was not answered"),
                command = peer.command() => assert_eq!(command, ["ASK"]),
            }
        }
        let next = async { scripted.greeted().await.answer("ASK", "+two\r\n").await };
        assert_eq!(tokio::join!(ask(&connection), next).0.unwrap(), "two");
        assert_eq!(peer.next().await, None, "what was given up is closed");
    }

    #[tokio::test]
    async fn a_connection_closed_in_an_idle_time_is_replaced_before_anything_is_written() {
        let (scripted, connection, peer) = connected().await;
        drop(peer);
        tokio::time::sleep(Duration::from_millis(5)).await;
        let next = async { scripted.greeted().await.answer("ASK", "+one\r\n").await };
        assert_eq!(tokio::join!(ask(&connection), next).0.unwrap(), "one");
    }

    #[tokio::test]
    async fn a_broker_that_says_nothing_is_given_up_in_time() {
        let (scripted, connection, mut peer) = connected().await;
        tokio::time::pause();
        // The first is written, and so may have been done; the second waits for it in vain.
        let (first, second) = tokio::join!(ask(&connection), ask(&connection));
        let kinds = [first, second].map(|asked| asked.unwrap_err().kind());
        assert_eq!(kinds[0], BrokerErrorKind::Lost);
        assert_eq!(kinds[1], BrokerErrorKind::Unreachable);
        assert_eq!(peer.command().await, ["ASK"]);
        assert_eq!(peer.next().await, None, "nothing more was written");
        drop(scripted);
        assert_eq!(ask(&connection).await.unwrap_err().kind(), BrokerErrorKind::Unreachable);
    }
}
