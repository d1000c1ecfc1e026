//! Carries the bus over unix sockets, without Redis: `cargo run --example custom-broker`.
//!
//! `hub.rs` is the process in the middle, which keeps lists and channels. `socket_broker.rs` is what makes it a broker for clients and
//! servers: an implementation of `zbus::broker::Broker`. `frames.rs` is what the two say to each other. Here all run in one process; they
//! could as well be three.

mod frames;
mod hub;
mod socket_broker;

use std::sync::Arc;

use futures::StreamExt;
use zbus::{Client, Server};
use zbus_examples::TapeCalculator;
use zbus_examples::calculator::{CalculatorClient, CalculatorServer};

use self::socket_broker::SocketBroker;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("zbus-hub-{}.sock", std::process::id()));
    let hub = tokio::spawn(hub::serve(hub::listen(&path)?));
    println!("a hub listens at a unix socket");

    let server = Server::new("calc").register(CalculatorServer::new(TapeCalculator::default()))?;
    let server = server.start_with(Arc::new(SocketBroker::new(&path))).await?;

    let client = Client::builder().connect_with(Arc::new(SocketBroker::new(&path))).await?;
    let calculator = CalculatorClient::new(client.clone());
    let mut entries = calculator.entries().await?;
    println!("1 + 2 = {}", calculator.add(1.0, 2.0).await?);
    if let Err(error) = calculator.div_mod(17, 0).await {
        println!("17 / 0 fails: {error}");
    }
    for _ in 0..2 {
        if let Some(entry) = entries.next().await {
            println!("event: {}", entry?.operation);
        }
    }
    println!("the server has {} workers", client.status("calc").await?.workers.len());

    server.shutdown().await;
    hub.abort();
    std::fs::remove_file(&path)?;
    println!("done");
    Ok(())
}
