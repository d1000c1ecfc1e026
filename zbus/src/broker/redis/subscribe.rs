//! Subscriptions: one connection for all of a process, kept by a task that listens anew on each channel after a loss.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use backon::BackoffBuilder;
use bytes::Bytes;
use futures::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, Msg, RedisResult};
use tokio::sync::{mpsc, oneshot};

use super::{CONNECTION_TIMEOUT, RESPONSE_TIMEOUT, broker_error, connection_error, no_answer};
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};
use crate::broker::{BrokerError, BrokerErrorKind, Deliveries, Delivery, DeliverySender};
use crate::telemetry;

/// The handle of the task that keeps the subscriptions; it ends with the last of these.
#[derive(Debug)]
pub(super) struct Subscriptions {
    orders: mpsc::UnboundedSender<Order>,
}

enum Order {
    Subscribe {
        channel: Arc<str>,
        done: oneshot::Sender<Result<Deliveries, BrokerError>>,
    },
    /// Somebody stopped listening; there may be others.
    Release {
        channel: Arc<str>,
    },
}

impl Subscriptions {
    pub(super) fn new(client: Client) -> Self {
        // Unbounded, because a release is sent in drop; still bounded by the subscriptions that are held.
        let (orders, received) = mpsc::unbounded_channel();
        let keeper = Keeper { client, channels: HashMap::new(), connection: None, releases: orders.downgrade() };
        tokio::spawn(keeper.run(received));
        Self { orders }
    }

    pub(super) async fn subscribe(&self, channel: Arc<str>) -> Result<Deliveries, BrokerError> {
        let (done, subscribed) = oneshot::channel();
        let ended =
            || BrokerError::new(BrokerErrorKind::Unreachable, "the runtime that keeps the subscriptions has ended");
        self.orders.send(Order::Subscribe { channel, done }).map_err(|_| ended())?;
        subscribed.await.map_err(|_| ended())?
    }
}

/// Tells the keeper that somebody stopped listening.
struct Release {
    channel: Arc<str>,
    orders: mpsc::WeakUnboundedSender<Order>,
}

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(orders) = self.orders.upgrade() {
            // Where the keeper has ended there is nothing to release.
            let _ = orders.send(Order::Release { channel: Arc::clone(&self.channel) });
        }
    }
}

struct Keeper {
    client: Client,
    channels: HashMap<Arc<str>, Vec<DeliverySender>>,
    connection: Option<(PubSubSink, PubSubStream)>,
    releases: mpsc::WeakUnboundedSender<Order>,
}

/// What wakes the keeper.
enum Wake {
    Order(Option<Order>),
    Message(Option<Msg>),
}

impl Keeper {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            let wake = match &mut self.connection {
                Some((_, messages)) => tokio::select! {
                    order = orders.recv() => Wake::Order(order),
                    message = messages.next() => Wake::Message(message),
                },
                None => Wake::Order(orders.recv().await),
            };
            match wake {
                Wake::Order(Some(Order::Subscribe { channel, done })) => {
                    // Nobody waits for it any more: then the deliveries are dropped, which releases the channel.
                    let _ = done.send(self.subscribe(channel).await);
                }
                Wake::Order(Some(Order::Release { channel })) => self.release(&channel).await,
                Wake::Order(None) => return,
                Wake::Message(Some(message)) => self.deliver(&message).await,
                Wake::Message(None) => {
                    self.connection = None;
                    if !self.reconnect(&orders).await {
                        return;
                    }
                }
            }
        }
    }

    async fn deliver(&mut self, message: &Msg) {
        let channel = message.get_channel_name();
        let Some(subscribers) = self.channels.get_mut(channel) else { return };
        let message = Bytes::copy_from_slice(message.get_payload_bytes());
        subscribers.retain(|subscriber| subscriber.send(Delivery::Message(message.clone())));
        if subscribers.is_empty() {
            self.release(&channel.into()).await;
        }
    }

    async fn subscribe(&mut self, channel: Arc<str>) -> Result<Deliveries, BrokerError> {
        if !self.channels.contains_key(&channel) {
            self.listen(&channel).await?;
        }
        let release = Release { channel: Arc::clone(&channel), orders: self.releases.clone() };
        let (sender, deliveries) = Deliveries::channel(release);
        self.channels.entry(channel).or_default().push(sender);
        Ok(deliveries)
    }

    async fn release(&mut self, channel: &Arc<str>) {
        let Some(subscribers) = self.channels.get_mut(channel) else { return };
        subscribers.retain(DeliverySender::is_open);
        if subscribers.is_empty() {
            self.channels.remove(channel);
            if let Some((sink, _)) = &mut self.connection {
                // Where it fails the connection is lost, and the channel is not among those of the next.
                let _ = answered(sink.unsubscribe(&**channel)).await;
            }
        }
    }

    async fn listen(&mut self, channel: &str) -> Result<(), BrokerError> {
        let (sink, _) = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect(&self.client).await?),
        };
        answered(sink.subscribe(channel)).await.map_err(|error| lost(&self.client, error))
    }

    /// Comes back with all channels subscribed and told of the gap; false where nobody is left to come back for.
    async fn reconnect(&mut self, orders: &mpsc::UnboundedReceiver<Order>) -> bool {
        let since = Instant::now();
        let mut delays = reconnect_backoff().build();
        loop {
            // Orders wait meanwhile: a subscription to a broker that is away is answered when it is back.
            if orders.is_closed() && orders.is_empty() {
                return false;
            }
            match self.resubscribe(since).await {
                Ok(()) => return true,
                Err(error) => tracing::warn!(%error, "subscriptions are interrupted"),
            }
            tokio::time::sleep(delays.next().unwrap_or(LONGEST_DELAY)).await;
        }
    }

    async fn resubscribe(&mut self, since: Instant) -> Result<(), BrokerError> {
        self.channels.retain(|_, subscribers| {
            subscribers.retain(DeliverySender::is_open);
            !subscribers.is_empty()
        });
        let (mut sink, messages) = connect(&self.client).await?;
        for channel in self.channels.keys() {
            answered(sink.subscribe(&**channel)).await.map_err(|error| lost(&self.client, error))?;
        }
        self.connection = Some((sink, messages));
        telemetry::reconnected("subscriptions");
        let lasted = since.elapsed();
        for subscriber in self.channels.values().flatten() {
            // Who listens no more is let go with the next message.
            let _ = subscriber.send(Delivery::Gap { lasted });
        }
        Ok(())
    }
}

async fn connect(client: &Client) -> Result<(PubSubSink, PubSubStream), BrokerError> {
    let connection = tokio::time::timeout(CONNECTION_TIMEOUT, client.get_async_pubsub()).await;
    match connection.unwrap_or_else(|_| Err(no_answer())) {
        Ok(connection) => Ok(connection.split()),
        Err(error) => Err(connection_error(&client.get_connection_info().addr().to_string(), error)),
    }
}

/// What a broker answers in time: all subscriptions wait for it.
async fn answered<T>(answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    tokio::time::timeout(RESPONSE_TIMEOUT, answer).await.unwrap_or_else(|_| Err(no_answer()))
}

fn lost(client: &Client, error: redis::RedisError) -> BrokerError {
    broker_error(&client.get_connection_info().addr().to_string(), error)
}
