//! Who is measured. Each serves an echo at an address, and loads it.

mod floor;
mod go_zbus;
mod nats;
mod tarpc;
mod zbus;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::figures::{Case, Figures};
use crate::load::Load;

/// A contender, over one transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Contender {
    /// Two blocking programs that issue the Redis commands of zbus with canned payloads, over TCP.
    FloorTcp,
    /// The same over a unix socket.
    FloorUnix,
    /// zbus over TCP, client and server each on a runtime of one thread.
    ZbusTcp,
    /// The same over a unix socket.
    ZbusUnix,
    /// zbus over a unix socket, client and server each on a runtime of two threads.
    ZbusUnixThreads,
    /// The Go library, generation 1, over TCP.
    GoZbus,
    /// NATS request and reply, over TCP.
    Nats,
    /// tarpc over a unix socket: no broker at all.
    Tarpc,
}

impl Contender {
    /// All, in the order of the tables.
    pub const ALL: [Self; 8] = [
        Self::FloorTcp,
        Self::FloorUnix,
        Self::ZbusTcp,
        Self::ZbusUnix,
        Self::ZbusUnixThreads,
        Self::GoZbus,
        Self::Nats,
        Self::Tarpc,
    ];

    /// Serves until the process is killed. Prints `ready` when it does.
    pub fn serve(self, address: &str) -> Result<(), Box<dyn Error>> {
        match self {
            Self::FloorTcp | Self::FloorUnix => floor::serve(address),
            Self::ZbusTcp | Self::ZbusUnix => zbus::serve(address, 1),
            Self::ZbusUnixThreads => zbus::serve(address, 2),
            Self::GoZbus => Err("the Go program serves itself".into()),
            Self::Nats => nats::serve(address),
            Self::Tarpc => tarpc::serve(address),
        }
    }

    /// Loads the server at an address.
    pub fn load(
        self,
        address: &str,
        in_flight: usize,
        payload: usize,
        time: Duration,
    ) -> Result<Figures, Box<dyn Error>> {
        let load = match self {
            Self::FloorTcp | Self::FloorUnix => floor::load(address, in_flight, payload, time)?,
            Self::ZbusTcp | Self::ZbusUnix => zbus::load(address, in_flight, payload, time, 1)?,
            Self::ZbusUnixThreads => zbus::load(address, in_flight, payload, time, 2)?,
            Self::GoZbus => go_zbus::load(address, in_flight, payload, time)?,
            Self::Nats => nats::load(address, in_flight, payload, time)?,
            Self::Tarpc => tarpc::load(address, in_flight, payload, time)?,
        };
        let Load { rate, latencies } = load;
        let microseconds = |quantile| latencies.value_at_quantile(quantile) as f64 / 1000.0;
        let case = Case { contender: self, in_flight, payload };
        Ok(Figures { case, rate, p50: microseconds(0.5), p99: microseconds(0.99) })
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::FloorTcp => "floor, TCP",
            Self::FloorUnix => "floor, unix socket",
            Self::ZbusTcp => "zbus, TCP",
            Self::ZbusUnix => "zbus, unix socket",
            Self::ZbusUnixThreads => "zbus, unix socket, 2 threads",
            Self::GoZbus => "Go zbus 1.0.1, TCP",
            Self::Nats => "NATS, TCP",
            Self::Tarpc => "tarpc, unix socket, no broker",
        })
    }
}

/// A runtime of this many threads.
fn runtime(threads: usize) -> std::io::Result<tokio::runtime::Runtime> {
    match threads {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        threads => tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build(),
    }
}

/// What the benchmark waits for before it loads.
fn ready() {
    println!("ready");
}
