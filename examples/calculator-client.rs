//! Calls the calculator of another process: `cargo run --example calculator-client [address]`, `redis://127.0.0.1:6379` unless
//! another is given. `calculator-server` has to run beside it.

use std::time::Duration;

use futures::StreamExt;
use zbus::Client;
use zbus_examples::calculator::CalculatorClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let client = Client::builder().timeout(Duration::from_secs(5)).connect(&address).await?;

    let calculator = CalculatorClient::new(client.clone());
    let mut entries = calculator.entries().await?;
    for number in 1..=3 {
        let number = f64::from(number);
        println!("{number} + {number} = {}", calculator.add(number, number).await?);
    }
    match calculator.div_mod(1, 0).await {
        Ok((quotient, _)) => println!("1 / 0 = {quotient}?"),
        Err(error) => println!("1 / 0 fails: {error}"),
    }
    for _ in 0..4 {
        if let Some(entry) = entries.next().await {
            let entry = entry?;
            println!("event: {} of {:?} at {}", entry.operation, entry.values, entry.at);
        }
    }
    for instance in client.instances("calc").await? {
        match instance.status {
            Ok(status) => println!("the server {} has {} workers", instance.id, status.workers.len()),
            Err(error) => println!("the server {} does not answer: {error}", instance.id),
        }
    }
    Ok(())
}
