//! Who is measured. Each serves an echo at an address, and loads it; some publish events, and listen to them.

mod floor;
mod go_zbus;
mod nats;
mod tarpc;
mod tonic;
mod zbus;

use std::error::Error;
use std::fmt;
use std::io::Read;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::events::Pace;
use crate::figures::{CROWD, Load, Workload};

/// A contender, over one transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Contender {
    /// Two blocking programs that issue the Redis commands of zbus with canned payloads.
    FloorTcp,
    /// The same over a unix socket.
    FloorUnix,
    /// zbus, client and server each on a runtime of one thread.
    ZbusTcp,
    /// The same over a unix socket.
    ZbusUnix,
    /// zbus over a unix socket, client and server each on a runtime of two threads.
    ZbusUnixThreads,
    /// zbus, client and server in one process on a runtime of one thread.
    ZbusMemory,
    /// The Go library, generation 1.
    GoZbusTcp,
    /// The same over a unix socket.
    GoZbusUnix,
    /// NATS request and reply; it knows no unix sockets.
    NatsTcp,
    /// gRPC: no broker.
    TonicTcp,
    /// The same over a unix socket.
    TonicUnix,
    /// tarpc: no broker.
    TarpcTcp,
    /// The same over a unix socket.
    TarpcUnix,
}

/// What the processes of a contender talk over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// 127.0.0.1.
    Tcp,
    /// A unix socket.
    Unix,
    /// The memory of one process.
    Memory,
}

/// What stands between client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broker {
    /// Redis.
    Redis,
    /// nats-server.
    Nats,
    /// Nothing.
    None,
}

impl Contender {
    /// All, in the order of the tables.
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// What its processes talk over.
    pub fn transport(self) -> Transport {
        match self {
            Self::FloorTcp | Self::ZbusTcp | Self::GoZbusTcp | Self::NatsTcp | Self::TonicTcp | Self::TarpcTcp => {
                Transport::Tcp
            }
            Self::ZbusMemory => Transport::Memory,
            _ => Transport::Unix,
        }
    }

    /// What stands between its client and its server.
    pub fn broker(self) -> Broker {
        match self {
            Self::NatsTcp => Broker::Nats,
            Self::ZbusMemory | Self::TonicTcp | Self::TonicUnix | Self::TarpcTcp | Self::TarpcUnix => Broker::None,
            _ => Broker::Redis,
        }
    }

    /// The floor on the same transport.
    pub fn floor(self) -> Option<Self> {
        match self.transport() {
            Transport::Tcp => Some(Self::FloorTcp),
            Transport::Unix => Some(Self::FloorUnix),
            Transport::Memory => None,
        }
    }

    /// Threads of the runtime of each of its processes.
    fn threads(self) -> usize {
        if self == Self::ZbusUnixThreads { 2 } else { 1 }
    }

    /// Whether it can do that at all.
    pub fn takes(self, workload: Workload) -> bool {
        match workload {
            // The Go library holds at most 100 connections, and each call under way needs one.
            Workload::Calls { in_flight, .. } if self.is_go() => in_flight <= CROWD,
            // Without a broker nobody spreads the calls.
            Workload::Calls { servers, .. } if servers > 1 => self.broker() != Broker::None,
            Workload::Calls { .. } => true,
            Workload::Events { .. } => {
                matches!(self, Self::FloorTcp | Self::FloorUnix | Self::ZbusTcp | Self::ZbusUnix | Self::NatsTcp)
            }
        }
    }

    /// Whether its programs are Go's.
    pub fn is_go(self) -> bool {
        matches!(self, Self::GoZbusTcp | Self::GoZbusUnix)
    }

    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Serves until the process is killed. Prints `ready` when it does.
    pub fn serve(self, address: &str) -> Result<(), Box<dyn Error>> {
        std::thread::spawn(|| {
            // The benchmark holds the other end: without it there is nobody to serve.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        match self {
            Self::FloorTcp | Self::FloorUnix => floor::serve(address),
            Self::ZbusTcp | Self::ZbusUnix | Self::ZbusUnixThreads => zbus::serve(address, self.threads()),
            Self::NatsTcp => nats::serve(address),
            Self::TonicTcp | Self::TonicUnix => tonic::serve(address),
            Self::TarpcTcp | Self::TarpcUnix => tarpc::serve(address),
            Self::ZbusMemory => Err("the client serves itself".into()),
            Self::GoZbusTcp | Self::GoZbusUnix => Err("the Go program serves itself".into()),
        }
    }

    /// Loads what is served at an address.
    pub fn load(self, address: &str, workload: Workload, time: Duration) -> Result<Load, Box<dyn Error>> {
        let (payload, in_flight) = match workload {
            Workload::Calls { payload, in_flight, .. } => (payload, in_flight),
            Workload::Events { subscribers } => return self.listen(address, subscribers, time),
        };
        match self {
            Self::FloorTcp | Self::FloorUnix => floor::load(address, in_flight, payload, time),
            Self::ZbusTcp | Self::ZbusUnix | Self::ZbusUnixThreads => {
                zbus::load(address, in_flight, payload, time, self.threads())
            }
            Self::ZbusMemory => zbus::load_memory(in_flight, payload, time),
            Self::GoZbusTcp | Self::GoZbusUnix => go_zbus::load(address, in_flight, payload, time),
            Self::NatsTcp => nats::load(address, in_flight, payload, time),
            Self::TonicTcp | Self::TonicUnix => tonic::load(address, in_flight, payload, time),
            Self::TarpcTcp | Self::TarpcUnix => tarpc::load(address, in_flight, payload, time),
        }
    }

    fn listen(self, address: &str, subscribers: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
        runtime(self.threads())?.block_on(async {
            let pace = Arc::new(Pace::new(subscribers));
            for _ in 0..subscribers {
                match self {
                    Self::FloorTcp | Self::FloorUnix => floor::subscribe(address, &pace)?,
                    Self::NatsTcp => nats::subscribe(address, &pace).await?,
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
        match self {
            Self::FloorTcp | Self::FloorUnix => floor::publish(address),
            Self::NatsTcp => nats::publish(address),
            _ => zbus::publish(address, self.threads()),
        }
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::FloorTcp => "floor, TCP",
            Self::FloorUnix => "floor, unix",
            Self::ZbusTcp => "zbus, TCP, 1 thread",
            Self::ZbusUnix => "zbus, unix, 1 thread",
            Self::ZbusUnixThreads => "zbus, unix, 2 threads",
            Self::ZbusMemory => "zbus, memory://, 1 thread",
            Self::GoZbusTcp => "Go zbus, TCP",
            Self::GoZbusUnix => "Go zbus, unix",
            Self::NatsTcp => "NATS, TCP, 1 thread",
            Self::TonicTcp => "tonic, TCP, 1 thread",
            Self::TonicUnix => "tonic, unix, 1 thread",
            Self::TarpcTcp => "tarpc, TCP, 1 thread",
            Self::TarpcUnix => "tarpc, unix, 1 thread",
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
