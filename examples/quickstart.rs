//! A server, a client and a subscription in one process.
//!
//! `cargo run --example quickstart` needs no broker: it uses one inside the process. With an address, such as
//! `redis://127.0.0.1:6379`, all goes over the broker there.

use futures::StreamExt;
use zbus::{Client, Server};
use zbus_examples::TapeCalculator;
use zbus_examples::calculator::{CalculatorClient, CalculatorServer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "memory://quickstart".to_owned());

    // A server: an object of the schema's trait, under the name of the schema's module.
    let server =
        Server::new("calc").register(CalculatorServer::new(TapeCalculator::default()))?.start(&address).await?;
    println!("serving calc.calculator@1.0 at {address}");

    // A client. It could live in any process that reaches the broker.
    let calculator = CalculatorClient::new(Client::connect(&address).await?);

    // Subscribed when this returns: no event after it is missed.
    let mut entries = calculator.entries().await?;

    println!("1 + 2 = {}", calculator.add(1.0, 2.0).await?);
    println!("1 + 2 + 3 + 4 = {}", calculator.sum(&[1.0, 2.0, 3.0, 4.0]).await?);
    let (quotient, remainder) = calculator.div_mod(17, 5).await?;
    println!("17 / 5 = {quotient}, remainder {remainder}");
    match calculator.div_mod(17, 0).await {
        Ok(_) => println!("17 / 0 has a result?"),
        Err(error) => println!("17 / 0 fails: {error}"),
    }
    println!("the tape has {} entries", calculator.last(10).await?.len());

    for _ in 0..4 {
        if let Some(entry) = entries.next().await {
            let entry = entry?;
            println!("event: {} of {:?} gave {:?}", entry.operation, entry.values, entry.result);
        }
    }

    server.shutdown().await;
    println!("done");
    Ok(())
}
