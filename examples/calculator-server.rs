//! Serves the calculator until Ctrl-C: `cargo run --example calculator-server [address]`, `redis://127.0.0.1:6379` unless another
//! is given.

use zbus::Server;
use zbus_examples::TapeCalculator;
use zbus_examples::calculator::CalculatorServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let server = Server::new("calc").workers(8).register(CalculatorServer::new(TapeCalculator::default()))?;
    println!("serving calc.calculator@1.0 at {address} until Ctrl-C");
    server.serve(&address).await?;
    println!("stopped: every call that was taken is answered");
    Ok(())
}
