//! Who is measured. Each serves an echo at an address, and loads it; some publish events, and listen to them.

mod contender;
mod floor;
mod go_zbus;
mod nats;
mod tarpc;
mod tonic;
mod zbus;

use std::error::Error;
use std::io::Read;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::events::Pace;
use crate::figures::{Load, Workload};
use crate::load::Calls;

pub use contender::{Broker, Contender, Library, Transport};

impl Contender {
    /// Serves until the process is killed. Prints `ready` when it does.
    pub fn serve(self, address: &str) -> Result<(), Box<dyn Error>> {
        std::thread::spawn(|| {
            // The benchmark holds the other end: without it there is nobody to serve.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        let runtime = || runtime(self.threads);
        match self.library {
            Library::Floor => floor::serve(address),
            Library::Zbus if self.transport == Transport::Memory => Err("the client serves itself".into()),
            Library::Zbus => runtime()?.block_on(zbus::serve(address)),
            Library::GoZbus => Err("the Go program serves itself".into()),
            Library::Nats => runtime()?.block_on(nats::serve(address)),
            Library::Tonic => runtime()?.block_on(tonic::serve(address)),
            Library::Tarpc => runtime()?.block_on(tarpc::serve(address)),
        }
    }

    /// Loads what is served at an address.
    pub fn load(self, address: &str, workload: Workload, time: Duration) -> Result<Load, Box<dyn Error>> {
        let (payload, in_flight) = match workload {
            Workload::Calls { payload, in_flight, .. } => (payload, in_flight),
            Workload::Events { subscribers } => return self.listen(address, subscribers, time),
        };
        let calls = Calls { in_flight, time, threads: self.threads };
        let runtime = || runtime(self.threads);
        match self.library {
            Library::Floor => floor::load(address, in_flight, payload, time),
            Library::Zbus if self.transport == Transport::Memory => {
                runtime()?.block_on(zbus::load_memory(payload, calls))
            }
            Library::Zbus => runtime()?.block_on(zbus::load(address, payload, calls)),
            Library::GoZbus => go_zbus::load(address, in_flight, payload, time),
            Library::Nats => runtime()?.block_on(nats::load(address, payload, calls)),
            Library::Tonic => runtime()?.block_on(tonic::load(address, payload, calls)),
            Library::Tarpc => runtime()?.block_on(tarpc::load(address, payload, calls)),
        }
    }

    fn listen(self, address: &str, subscribers: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
        runtime(self.threads)?.block_on(async {
            let pace = Arc::new(Pace::new(subscribers));
            for _ in 0..subscribers {
                match self.library {
                    Library::Floor => floor::subscribe(address, &pace)?,
                    Library::Nats => nats::subscribe(address, &pace).await?,
                    _ => zbus::subscribe(address, &pace).await?,
                }
            }
            let mut publisher = Command::new(std::env::current_exe()?);
            publisher.args(["publish", &self.name(), address]);
            pace.measure(publisher, time).await
        })
    }

    /// Publishes as many batches of events as the standard input has bytes.
    pub fn publish(self, address: &str) -> Result<(), Box<dyn Error>> {
        let runtime = || runtime(self.threads);
        match self.library {
            Library::Floor => floor::publish(address),
            Library::Nats => runtime()?.block_on(nats::publish(address)),
            _ => runtime()?.block_on(zbus::publish(address)),
        }
    }
}

/// A runtime of this many threads. More than one are the runtime that `#[tokio::main]` makes, which would take all processors.
fn runtime(threads: usize) -> std::io::Result<tokio::runtime::Runtime> {
    match threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        threads => tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build(),
    }
}

/// What the benchmark waits for before it loads.
fn ready() {
    println!("ready");
}

/// How many batches of events are granted next: the bytes of the standard input, as they come. None at its end.
fn grants() -> tokio::sync::mpsc::UnboundedReceiver<usize> {
    let (granted, grants) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while let Ok(batches @ 1..) = std::io::stdin().read(&mut bytes) {
            if granted.send(batches).is_err() {
                return;
            }
        }
    });
    grants
}
