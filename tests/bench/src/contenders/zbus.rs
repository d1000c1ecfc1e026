//! This library, as its users use it: generated stubs.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use zbus::{Client, Server};

use super::{grants, ready, runtime};
use crate::events::{BATCH, Pace, Progress};
use crate::figures::{Load, SMALL};
use crate::load::load as run;

zbus::include_schema!("echo");
use echo::{Echo, EchoClient, EchoServer, Ticker, TickerClient, TickerServer};

struct Same;

impl Echo for Same {
    async fn echo(&self, payload: Vec<u8>) -> Vec<u8> {
        payload
    }
}

/// More than the most calls in flight but for those that only take memory, so that the workers are no limit.
const WORKERS: u32 = 2048;

fn server() -> Result<Server, Box<dyn Error>> {
    Ok(Server::new("bench").workers(WORKERS).register(EchoServer::new(Same))?)
}

pub fn serve(address: &str, threads: usize) -> Result<(), Box<dyn Error>> {
    runtime(threads)?.block_on(async {
        let server = server()?.start(address).await?;
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
    runtime(threads)?.block_on(call(address, in_flight, payload, time))
}

/// Serves and loads in this one process.
pub fn load_memory(in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    const ADDRESS: &str = "memory://bench";
    runtime(1)?.block_on(async {
        let _server = server()?.start(ADDRESS).await?;
        call(ADDRESS, in_flight, payload, time).await
    })
}

async fn call(address: &str, in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    let echo = EchoClient::new(Client::connect(address).await?);
    let payload = vec![7; payload];
    run(in_flight, time, || async {
        let same = echo.echo(&payload).await?;
        debug_assert_eq!(same, payload);
        Ok::<_, zbus::Error>(())
    })
    .await
}

/// Subscribes over connections of its own.
pub async fn subscribe(address: &str, pace: &Arc<Pace>) -> Result<(), Box<dyn Error>> {
    let mut ticks = TickerClient::new(Client::connect(address).await?).ticks().await?;
    let pace = Arc::clone(pace);
    tokio::spawn(async move {
        let mut progress = Progress::default();
        while let Some(tick) = ticks.next().await {
            match tick {
                Ok(_) => pace.arrived(&mut progress),
                Err(error) => pace.failed(error),
            }
        }
        pace.failed("the subscription has ended");
    });
    Ok(())
}

struct Granted(Arc<Mutex<UnboundedReceiver<usize>>>);

impl Ticker for Granted {
    fn ticks(&self) -> impl Stream<Item = Vec<u8>> + Send {
        let grants = Arc::clone(&self.0);
        futures::stream::unfold(grants, |grants| async {
            let batches = grants.lock().await.recv().await?;
            let events = std::iter::repeat_n(vec![7; SMALL], batches * BATCH);
            Some((futures::stream::iter(events), grants))
        })
        .flatten()
        // The end of the grants ends the process.
        .chain(futures::stream::once(async { std::process::exit(0) }))
    }
}

pub fn publish(address: &str, threads: usize) -> Result<(), Box<dyn Error>> {
    runtime(threads)?.block_on(async {
        let ticker = TickerServer::new(Granted(Arc::new(Mutex::new(grants()))));
        let server = Server::new("bench").register(ticker)?.start(address).await?;
        std::future::pending::<()>().await;
        server.shutdown().await;
        Ok(())
    })
}
