//! NATS: request and reply, publish and subscribe, over its own broker.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;

use super::{grants, ready};
use crate::events::{BATCH, Pace, Progress};
use crate::figures::{Load, SMALL};
use crate::load::{Caller, Calls};

const REQUESTS: &str = "bench.echo";
const EVENTS: &str = "bench.events";

pub async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let client = async_nats::connect(address).await?;
    // In a group each request goes to one server.
    let mut requests = client.queue_subscribe(REQUESTS, "servers".to_owned()).await?;
    client.flush().await?;
    ready();
    // A task, since what the runtime blocks on runs on none of its threads.
    let answering = tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            if let Some(reply) = request.reply {
                client.publish(reply, request.payload).await?;
            }
        }
        Ok::<_, async_nats::PublishError>(())
    });
    Ok(answering.await??)
}

#[derive(Clone)]
struct Requests {
    client: async_nats::Client,
    payload: Bytes,
}

impl Caller for Requests {
    type Error = async_nats::RequestError;

    async fn call(&self) -> Result<(), Self::Error> {
        self.client.request(REQUESTS, self.payload.clone()).await?;
        Ok(())
    }
}

pub async fn load(address: &str, payload: usize, calls: Calls) -> Result<Load, Box<dyn Error>> {
    let client = async_nats::connect(address).await?;
    calls.of(Requests { client, payload: vec![7; payload].into() }).await
}

/// Subscribes over a connection of its own.
pub async fn subscribe(address: &str, pace: &Arc<Pace>) -> Result<(), Box<dyn Error>> {
    let client = async_nats::connect(address).await?;
    let mut events = client.subscribe(EVENTS).await?;
    client.flush().await?;
    let pace = Arc::clone(pace);
    tokio::spawn(async move {
        let _client = client;
        let mut progress = Progress::default();
        while events.next().await.is_some() {
            pace.arrived(&mut progress);
        }
        pace.failed("the subscription has ended");
    });
    Ok(())
}

pub async fn publish(address: &str) -> Result<(), Box<dyn Error>> {
    let client = async_nats::connect(address).await?;
    let payload: Bytes = vec![7; SMALL].into();
    let mut grants = grants();
    while let Some(batches) = grants.recv().await {
        for _ in 0..batches * BATCH {
            client.publish(EVENTS, payload.clone()).await?;
        }
    }
    Ok(())
}
