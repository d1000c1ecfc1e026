//! NATS: request and reply, publish and subscribe, over its own broker.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;

use super::{grants, ready, runtime};
use crate::events::{BATCH, Pace, Progress};
use crate::figures::{Load, SMALL};
use crate::load::load as run;

const REQUESTS: &str = "bench.echo";
const EVENTS: &str = "bench.events";

pub fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    runtime(1)?.block_on(async {
        let client = async_nats::connect(address).await?;
        // In a group each request goes to one server.
        let mut requests = client.queue_subscribe(REQUESTS, "servers".to_owned()).await?;
        client.flush().await?;
        ready();
        while let Some(request) = requests.next().await {
            if let Some(reply) = request.reply {
                client.publish(reply, request.payload).await?;
            }
        }
        Ok(())
    })
}

pub fn load(address: &str, in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    runtime(1)?.block_on(async {
        let client = async_nats::connect(address).await?;
        let payload: Bytes = vec![7; payload].into();
        run(in_flight, time, || async {
            client.request(REQUESTS, payload.clone()).await?;
            Ok::<_, async_nats::RequestError>(())
        })
        .await
    })
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

pub fn publish(address: &str) -> Result<(), Box<dyn Error>> {
    runtime(1)?.block_on(async {
        let client = async_nats::connect(address).await?;
        let payload: Bytes = vec![7; SMALL].into();
        let mut grants = grants();
        while let Some(batches) = grants.recv().await {
            for _ in 0..batches * BATCH {
                client.publish(EVENTS, payload.clone()).await?;
            }
        }
        Ok(())
    })
}
