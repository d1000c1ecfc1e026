//! A server for the tests of signals: serves an object whose methods take as long as their callers say, and prints what happens.

use std::time::Duration;

use zbus::codegen::Same;
use zbus::server::{Call, Object, ObjectOptions, Rejection, Returns};
use zbus::{ObjectId, Server};

struct Slow;

impl Object for Slow {
    fn id(&self) -> ObjectId {
        ObjectId::from_static("slow", "1.0")
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let milliseconds = call.arguments(1)?.next::<Same, u64>("milliseconds")?;
        println!("taken");
        let time = Duration::from_millis(milliseconds);
        match call.method() {
            "Block" => std::thread::sleep(time),
            _ => tokio::time::sleep(time).await,
        }
        Ok(call.returns())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("the broker's address is missing")?;
    let runtime = tokio::runtime::Runtime::new()?;
    let server = Server::new("slow").register_with(Slow, ObjectOptions::new().blocking())?;
    runtime.block_on(server.serve(&address))?;
    println!("stopped");
    // Dropped, it would wait for a method that still blocks its thread.
    runtime.shutdown_background();
    Ok(())
}
