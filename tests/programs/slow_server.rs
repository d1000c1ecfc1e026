//! A server for the tests of signals: serves an object whose method takes as long as its caller says, and prints what happens.

use std::time::Duration;

use zbus::codegen::Same;
use zbus::server::{Call, Object, Rejection, Returns};
use zbus::{ObjectId, Server};

struct Slow;

impl Object for Slow {
    fn id(&self) -> ObjectId {
        ObjectId::from_static("slow", "1.0")
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let milliseconds = call.arguments(1)?.next::<Same, u64>("milliseconds")?;
        println!("taken");
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(call.returns())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("the broker's address is missing")?;
    Server::new("slow").register(Slow)?.serve(&address).await?;
    println!("stopped");
    Ok(())
}
