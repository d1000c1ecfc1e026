//! A method that is in no schema is neither served nor called.

include!("../golden/errors.rs");

use errors::{Math, MathClient, MathError, Plain};

struct Strict;

impl Math for Strict {
    async fn divide(&self, a: i64, b: i64) -> Result<i64, MathError> {
        Ok(a / b)
    }

    async fn div_mod(&self, a: i64, b: i64) -> Result<(i64, i64), MathError> {
        Ok((a, b))
    }

    async fn check(&self, _: String, _: u8) -> Result<(), MathError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), Plain> {
        Ok(())
    }

    async fn tell(&self, _: String) {}

    async fn modulo(&self, a: i64, b: i64) -> i64 {
        a % b
    }
}

async fn call(math: MathClient) {
    let _ = math.divid(1, 2).await;
}

fn main() {}
