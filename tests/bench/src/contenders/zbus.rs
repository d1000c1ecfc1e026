//! This library, as its users use it: generated stubs.

use std::error::Error;
use std::time::Duration;

use zbus::{Client, Server};

use super::{ready, runtime};
use crate::load::{Load, load as run};

zbus::include_schema!("echo");
use echo::{Echo, EchoClient, EchoServer};

struct Same;

impl Echo for Same {
    async fn echo(&self, payload: Vec<u8>) -> Vec<u8> {
        payload
    }
}

/// More than the most calls in flight, so that the workers are no limit.
const WORKERS: u32 = 2048;

pub fn serve(address: &str, threads: usize) -> Result<(), Box<dyn Error>> {
    runtime(threads)?.block_on(async {
        let server = Server::new("bench").workers(WORKERS).register(EchoServer::new(Same))?.start(address).await?;
        ready();
        std::future::pending::<()>().await;
        server.shutdown().await;
        Ok(())
    })
}

pub fn load(
    address: &str,
    in_flight: usize,
    payload: usize,
    time: Duration,
    threads: usize,
) -> Result<Load, Box<dyn Error>> {
    runtime(threads)?.block_on(async {
        let echo = EchoClient::new(Client::connect(address).await?);
        let payload = vec![7; payload];
        Ok(run(in_flight, time, || async {
            let same = echo.echo(&payload).await?;
            debug_assert_eq!(same, payload);
            Ok::<_, zbus::Error>(())
        })
        .await?)
    })
}
