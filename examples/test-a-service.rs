//! Tests a service without a broker beside: `cargo test --test test-a-service`.

use futures::StreamExt;
use zbus_examples::TapeCalculator;
use zbus_examples::calculator::{CalculatorClient, CalculatorServer};

#[tokio::test]
async fn adds() -> Result<(), Box<dyn std::error::Error>> {
    let client = zbus::testing::serve(CalculatorServer::new(TapeCalculator::default())).await?;
    let calculator = CalculatorClient::new(client);
    assert_eq!(calculator.sum(&[1.0, 2.0]).await?.to_string(), "3");
    Ok(())
}

#[tokio::test]
async fn division_by_zero_fails_and_is_on_the_tape() -> Result<(), Box<dyn std::error::Error>> {
    let client = zbus::testing::serve(CalculatorServer::new(TapeCalculator::default())).await?;
    let calculator = CalculatorClient::new(client);
    let mut entries = calculator.entries().await?;

    let error = calculator.div_mod(1, 0).await.unwrap_err();
    assert_eq!(error.to_string(), "division by zero");
    let entry = entries.next().await.expect("the division is an event")?;
    assert_eq!((entry.values, entry.result), (vec![1.0, 0.0], None));
    Ok(())
}
