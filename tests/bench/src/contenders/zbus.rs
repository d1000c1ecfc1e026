//! This library, as its users use it: generated stubs.

use std::error::Error;
use std::sync::Arc;

use futures::{Stream, StreamExt};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use zbus::{Client, Server};

use super::{grants, ready};
use crate::events::{BATCH, Pace, Progress};
use crate::figures::{Load, SMALL};
use crate::load::{Caller, Calls};

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

pub async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let server = server()?.start(address).await?;
    ready();
    std::future::pending::<()>().await;
    server.shutdown().await;
    Ok(())
}

#[derive(Clone)]
struct Stub {
    client: EchoClient,
    payload: Arc<Vec<u8>>,
}

impl Caller for Stub {
    type Error = zbus::Error;

    async fn call(&self) -> Result<(), zbus::Error> {
        let same = self.client.echo(&self.payload).await?;
        debug_assert_eq!(same, *self.payload);
        Ok(())
    }
}

pub async fn load(address: &str, payload: usize, calls: Calls) -> Result<Load, Box<dyn Error>> {
    let client = EchoClient::new(Client::connect(address).await?);
    calls.of(Stub { client, payload: Arc::new(vec![7; payload]) }).await
}

/// Serves and loads in this one process.
pub async fn load_memory(payload: usize, calls: Calls) -> Result<Load, Box<dyn Error>> {
    const ADDRESS: &str = "memory://bench";
    let _server = server()?.start(ADDRESS).await?;
    load(ADDRESS, payload, calls).await
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

pub async fn publish(address: &str) -> Result<(), Box<dyn Error>> {
    let ticker = TickerServer::new(Granted(Arc::new(Mutex::new(grants()))));
    let server = Server::new("bench").register(ticker)?.start(address).await?;
    std::future::pending::<()>().await;
    server.shutdown().await;
    Ok(())
}
