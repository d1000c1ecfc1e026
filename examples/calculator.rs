//! The calculator of `schemas/calculator.zbus`, which all examples use.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures::{Stream, StreamExt};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use zbus::Failure;
use zbus::types::Timestamp;

zbus::include_schema!("calculator");

use calculator::{Calculator, Entry, MAX_TAPE, Operation};

/// A calculator that keeps a tape.
#[derive(Debug)]
pub struct TapeCalculator {
    tape: Mutex<VecDeque<Entry>>,
    written: broadcast::Sender<Entry>,
}

impl Default for TapeCalculator {
    fn default() -> Self {
        Self { tape: Mutex::default(), written: broadcast::channel(64).0 }
    }
}

impl TapeCalculator {
    fn write(&self, operation: Operation, values: Vec<f64>, result: Option<f64>) {
        let entry = Entry { at: Timestamp::now(), operation, values, result };
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        if tape.len() >= MAX_TAPE as usize {
            tape.pop_front();
        }
        tape.push_back(entry.clone());
        // An error says that nobody listens.
        let _ = self.written.send(entry);
    }
}

impl Calculator for TapeCalculator {
    async fn add(&self, a: f64, b: f64) -> f64 {
        self.write(Operation::Add, vec![a, b], Some(a + b));
        a + b
    }

    async fn sum(&self, values: Vec<f64>) -> f64 {
        let sum = values.iter().sum();
        self.write(Operation::Sum, values, Some(sum));
        sum
    }

    #[expect(clippy::cast_precision_loss, reason = "the tape is for people")]
    async fn div_mod(&self, a: i64, b: i64) -> Result<(i64, i64), Failure> {
        let quotient = a.checked_div_euclid(b);
        self.write(Operation::Divide, vec![a as f64, b as f64], quotient.map(|quotient| quotient as f64));
        match (quotient, a.checked_rem_euclid(b)) {
            (Some(quotient), Some(remainder)) => Ok((quotient, remainder)),
            _ if b == 0 => Err(Failure::new("division by zero")),
            _ => Err(Failure::new("the quotient does not fit in 64 bits")),
        }
    }

    async fn last(&self, count: u32) -> Vec<Entry> {
        let tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = tape.len().saturating_sub(count as usize);
        tape.iter().skip(skipped).cloned().collect()
    }

    fn entries(&self) -> impl Stream<Item = Entry> + Send {
        // Who is too slow misses entries; the tape has them.
        BroadcastStream::new(self.written.subscribe()).filter_map(|entry| async { entry.ok() })
    }
}
