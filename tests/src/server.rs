//! The example API of the Go library, served by this library.

use std::time::Duration;

use futures::{Stream, StreamExt};
use zbus::Failure;
use zbus::server::RunningServer;
use zbus::types::Timestamp;

use crate::api::extras::{Extras, ExtrasServer};
use crate::api::server::{Calculator, CalculatorServer, Utils, UtilsServer};

/// The numbers.
#[derive(Clone, Copy, Debug)]
pub struct Numbers;

impl Calculator for Numbers {
    async fn add(&self, a: f64, b: f64) -> f64 {
        a + b
    }

    async fn add_sub(&self, a: f64, b: f64) -> (f64, f64) {
        (a + b, a - b)
    }

    async fn divide(&self, a: f64, b: f64) -> Result<f64, Failure> {
        if b == 0.0 {
            return Err(Failure::new("division by zero"));
        }
        Ok(a / b)
    }

    async fn pow(&self, a: f64, b: f64) -> f64 {
        a.powf(b)
    }

    async fn avg(&self, values: Vec<f64>) -> f64 {
        let count = u32::try_from(values.len()).unwrap();
        if count == 0 { 0.0 } else { values.iter().sum::<f64>() / f64::from(count) }
    }
}

/// The rest.
#[derive(Clone, Copy, Debug)]
pub struct Tools {
    /// Between two events of `TikTok`.
    pub interval: Duration,
}

impl Utils for Tools {
    async fn capitalize(&self, text: String) -> String {
        text.to_uppercase()
    }

    async fn tuple(&self) -> Result<(i64, String, f64), Failure> {
        Ok((10, "hello world".to_owned(), 0.5))
    }

    fn tik_tok(&self) -> impl Stream<Item = Timestamp> + Send {
        tokio_stream::wrappers::IntervalStream::new(tokio::time::interval(self.interval)).map(|_| Timestamp::now())
    }

    async fn panic(&self) -> i64 {
        panic!("Aaaaah!")
    }

    async fn sleep(&self, time: zbus::types::Duration) -> Result<(), Failure> {
        tokio::time::sleep(Duration::try_from(time)?).await;
        Ok(())
    }
}

/// What the Go peers serve beside the example.
#[derive(Clone, Copy, Debug)]
pub struct More;

impl Extras for More {
    async fn sum(&self, values: Vec<f64>) -> f64 {
        values.iter().sum()
    }

    async fn join(&self, separator: String, parts: Vec<String>) -> Result<String, Failure> {
        if separator.is_empty() {
            return Err(Failure::new("no separator"));
        }
        Ok(parts.join(&separator))
    }

    async fn later(&self, at: Timestamp, by: zbus::types::Duration) -> Timestamp {
        at + by
    }
}

/// Serves all objects, with an event every 50 ms.
pub async fn start_server(address: &str, workers: u32) -> RunningServer {
    start_server_with_interval(address, workers, Duration::from_millis(50)).await
}

/// The same with another interval of the stream `TikTok`.
pub async fn start_server_with_interval(address: &str, workers: u32, interval: Duration) -> RunningServer {
    zbus::Server::new("server")
        .workers(workers)
        .register(CalculatorServer::new(Numbers))
        .and_then(|server| server.register(UtilsServer::new(Tools { interval })))
        .and_then(|server| server.register(ExtrasServer::new(More)))
        .expect("the objects are the module's")
        .start(address)
        .await
        .expect("the broker is there")
}
