//! Calls the calculator of another process without async: `cargo run --example blocking-client [address]`,
//! `redis://127.0.0.1:6379` unless another is given. `calculator-server` has to run beside it.

use std::time::Duration;

use zbus::blocking::Client;
use zbus_examples::calculator::blocking::CalculatorClient;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let client = Client::connect(&address)?;

    let calculator = CalculatorClient::new(client).with_timeout(Duration::from_secs(5));
    let mut entries = calculator.entries()?;
    println!("2 + 3 = {}", calculator.add(2.0, 3.0)?);
    if let Err(error) = calculator.div_mod(1, 0) {
        println!("1 / 0 fails: {error}");
    }

    // The events are an iterator, which waits for ever; this one gives up after a second without any.
    while let Some(Ok(entry)) = entries.next_timeout(Duration::from_secs(1)) {
        println!("event: {} of {:?}", entry.operation, entry.values);
    }
    Ok(())
}
