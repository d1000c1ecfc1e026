//! The links of a broker: the one that everything is written over, and how the others follow it.
//!
//! A message may be taken only from the server that its answer is written to. So a link that pops or subscribes leads to the same server
//! as the shared link, or is closed: after a failover all of them move together.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult};
use tokio::sync::watch;

use super::client::{Endpoint, Exchanged, Link, Priority, Reply, SharedLink, identify, read};
use super::errors::{broker_error, connection_error, exchange_error, is_demoted};
use super::outages::{Outages, Watched};
use crate::broker::{BrokerError, BrokerErrorKind};

/// How long another link waits for the shared one to lead to the same server.
const AGREEMENT: Duration = Duration::from_secs(2);

pub(super) struct Links {
    endpoint: Arc<Endpoint>,
    shared: SharedLink,
    /// Those of the links that pop.
    pub(super) pops: Outages,
    /// Those of the links that subscribe.
    pub(super) subscriptions: Outages,
}

/// The run of a server. An empty name is an unknown one.
type Server = Arc<str>;

/// A link beside the shared one, to the same server.
pub(super) struct Beside {
    pub(super) link: Link,
    pub(super) course: Course,
}

/// Where a link leads, and where it should.
pub(super) struct Course {
    server: Server,
    shared: watch::Receiver<Server>,
}

impl Course {
    /// Waits until the shared link leads to another server.
    pub(super) async fn moved(&mut self) {
        if self.shared.wait_for(|shared| **shared != *self.server).await.is_err() {
            // The shared link is gone for good, and with it what would use this one.
            std::future::pending::<()>().await;
        }
    }
}

impl Links {
    pub(super) async fn open(endpoint: Arc<Endpoint>) -> Result<Self, BrokerError> {
        let shared = SharedLink::open(Arc::clone(&endpoint), Watched(Outages::of("writes"))).await;
        let shared = shared.map_err(|error| connection_error(&endpoint.to_string(), error))?;
        Ok(Self { endpoint, shared, pops: Outages::of("pops"), subscriptions: Outages::of("subscriptions") })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Opens a link to the server that the shared link leads to.
    pub(super) async fn open_beside(&self) -> Result<Beside, BrokerError> {
        let mut link = Link::open(&self.endpoint).await.map_err(|error| self.connection_error(error))?;
        let server = identify(&mut link).await.map_err(|error| self.connection_error(error))?;
        let mut shared = self.shared.server();
        let server = server.unwrap_or_else(|| Arc::clone(&shared.borrow()));
        if *shared.borrow() != server {
            // Whichever is the right one, a new connection leads there.
            self.shared.leave(None);
            let agreed = async {
                // Also has a link opened if there is none.
                let _ = self.query::<redis::Value>(&redis::cmd("PING")).await;
                let _ = shared.wait_for(|shared| *shared == server).await;
            };
            if tokio::time::timeout(AGREEMENT, agreed).await.is_err() || *shared.borrow() != server {
                let message = format!("the address {} leads to several servers", self.endpoint);
                return Err(BrokerError::new(BrokerErrorKind::Unready, message));
            }
        }
        Ok(Beside { link, course: Course { server, shared } })
    }

    /// Sends commands, and waits for so many replies.
    pub(super) async fn exchange(
        &self,
        commands: BytesMut,
        replies: usize,
        priority: Priority,
    ) -> Result<Exchanged, BrokerError> {
        let exchanged = self.shared.exchange(commands, replies, priority).await;
        exchanged.map_err(|failed| exchange_error(&self.endpoint.to_string(), failed))
    }

    /// Sends commands some time, and minds no reply.
    pub(super) fn send(&self, commands: BytesMut, replies: usize) {
        self.shared.send(commands, replies);
    }

    /// What a command answers.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, BrokerError> {
        self.query_with(command, Priority::Normal).await
    }

    /// What a command answers that is in a hurry, or not.
    pub(super) async fn query_with<T: FromRedisValue>(
        &self,
        command: &Cmd,
        priority: Priority,
    ) -> Result<T, BrokerError> {
        let exchanged = self.exchange(BytesMut::from(&*command.get_packed_command()), 1, priority).await?;
        let reply = exchanged.replies.into_iter().next().unwrap_or(Reply::Nil);
        read(reply).map_err(|error| self.answered(error, exchanged.link))
    }

    /// What each command of a pipeline answers; an error if one of them fails.
    pub(super) async fn query_each(&self, pipeline: &Pipeline) -> Result<Vec<Reply>, BrokerError> {
        let commands = BytesMut::from(&*pipeline.get_packed_pipeline());
        let exchanged = self.exchange(commands, pipeline.len(), Priority::Normal).await?;
        let replies = exchanged.replies.into_iter().map(Reply::checked).collect::<RedisResult<_>>();
        replies.map_err(|error| self.answered(error, exchanged.link))
    }

    /// An error that came as an answer over the shared link of this number. If it says that the server is no master any more, the links
    /// move.
    pub(super) fn answered(&self, error: RedisError, link: u64) -> BrokerError {
        if is_demoted(&error) {
            self.shared.leave(Some(link));
        }
        self.error(error)
    }

    /// The same for an answer over a link beside the shared one.
    pub(super) fn answered_beside(&self, error: RedisError, course: &Course) -> BrokerError {
        if is_demoted(&error) && *self.shared.server().borrow() == course.server {
            self.shared.leave(None);
        }
        self.error(error)
    }

    pub(super) fn error(&self, error: RedisError) -> BrokerError {
        broker_error(&self.endpoint.to_string(), error)
    }

    fn connection_error(&self, error: RedisError) -> BrokerError {
        connection_error(&self.endpoint.to_string(), error)
    }
}
