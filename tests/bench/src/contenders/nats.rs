//! NATS: request and reply over its own broker.

use std::error::Error;
use std::time::Duration;

use futures::StreamExt;

use super::{ready, runtime};
use crate::load::{Load, load as run};

pub fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    runtime(1)?.block_on(async {
        let client = async_nats::connect(address).await?;
        let mut requests = client.subscribe("bench.echo").await?;
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
        let payload: bytes::Bytes = vec![7; payload].into();
        Ok(run(in_flight, time, || async {
            client.request("bench.echo", payload.clone()).await?;
            Ok::<_, async_nats::RequestError>(())
        })
        .await?)
    })
}
