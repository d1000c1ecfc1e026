//! A method may be run on any thread, so what it holds while it waits has to be `Send`.

include!("../golden/errors.rs");

use std::rc::Rc;

use errors::{Math, MathError, Plain};

struct Strict;

impl Math for Strict {
    async fn divide(&self, a: i64, b: i64) -> Result<i64, MathError> {
        let shared = Rc::new(a);
        std::future::ready(()).await;
        Ok(*shared / b)
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
}

fn main() {}
