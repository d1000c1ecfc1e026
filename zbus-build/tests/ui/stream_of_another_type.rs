//! A stream has the items of the schema.

include!("../golden/calculator.rs");

use calculator::{Calculator, Entry};
use futures::Stream;
use zbus::Failure;

struct Calc;

impl Calculator for Calc {
    async fn add(&self, a: f64, b: f64) -> f64 {
        a + b
    }

    async fn sum(&self, values: Vec<f64>) -> f64 {
        values.iter().sum()
    }

    async fn div_mod(&self, a: i64, b: i64) -> Result<(i64, i64), Failure> {
        Ok((a / b, a % b))
    }

    async fn last(&self, _: u32) -> Vec<Entry> {
        Vec::new()
    }

    fn entries(&self) -> impl Stream<Item = f64> + Send {
        futures::stream::empty()
    }
}

fn main() {}
