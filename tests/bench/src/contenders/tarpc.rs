//! tarpc: a direct connection, no broker between.

use std::error::Error;
use std::time::Duration;

use futures::StreamExt;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::{client, context, serde_transport};

use super::{ready, runtime};
use crate::load::{Load, load as run};

#[tarpc::service]
trait Echo {
    async fn echo(payload: Vec<u8>) -> Vec<u8>;
}

#[derive(Clone)]
struct Same;

impl Echo for Same {
    async fn echo(self, _: context::Context, payload: Vec<u8>) -> Vec<u8> {
        payload
    }
}

pub fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    runtime(1)?.block_on(async {
        let mut connections = serde_transport::unix::listen(address, Bincode::default).await?;
        ready();
        while let Some(connection) = connections.next().await {
            let channel = BaseChannel::with_defaults(connection?);
            tokio::spawn(channel.execute(Same.serve()).for_each(|response| async {
                tokio::spawn(response);
            }));
        }
        Ok(())
    })
}

pub fn load(address: &str, in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    runtime(1)?.block_on(async {
        let connection = serde_transport::unix::connect(address, Bincode::default).await?;
        let config = {
            let mut config = client::Config::default();
            config.max_in_flight_requests = 4096;
            config
        };
        let client = EchoClient::new(config, connection).spawn();
        let payload = vec![7; payload];
        Ok(run(in_flight, time, || async {
            client.echo(context::current(), payload.clone()).await?;
            Ok::<_, client::RpcError>(())
        })
        .await?)
    })
}
