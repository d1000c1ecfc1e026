//! What is measured.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::contenders::Contender;
use crate::environment::Environment;

/// What a contender is loaded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Workload {
    /// Calls of an echo.
    Calls {
        /// Bytes of an argument and of its result.
        payload: usize,
        /// Processes that serve.
        servers: usize,
        /// Calls under way at once.
        in_flight: usize,
    },
    /// Events of 64 B, published as fast as the slowest subscriber takes them.
    Events {
        /// Each over a connection of its own.
        subscribers: usize,
    },
}

impl Workload {
    /// Calls of 64 B to one server.
    pub fn calls(in_flight: usize) -> Self {
        Self::Calls { payload: SMALL, servers: 1, in_flight }
    }
}

/// Bytes of the smallest payload, and of every event.
pub const SMALL: usize = 64;

/// Calls in flight where payloads and server processes vary.
pub const CROWD: usize = 64;

/// Calls in flight where memory is looked at.
pub const MULTITUDE: usize = 10_000;

impl fmt::Display for Workload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calls { payload, servers, in_flight } => {
                write!(formatter, "{in_flight} in flight, {payload} B, servers: {servers}")
            }
            Self::Events { subscribers } => write!(formatter, "events to {subscribers}"),
        }
    }
}

/// One contender under one workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Case {
    /// Who.
    pub contender: Contender,
    /// With what.
    pub workload: Workload,
}

/// What the loading process itself measures.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Load {
    /// Calls, or events published, a second.
    pub rate: f64,
    /// The median latency of a call, in microseconds; of events 0.
    pub p50: f64,
    /// The latency that one call in a hundred exceeds, in microseconds; of events 0.
    pub p99: f64,
    /// Calls or events in all, those of the warm-up among them.
    pub operations: u64,
    /// Processor time of the process, user and system, in microseconds.
    pub cpu: f64,
}

/// Something of each process of a case.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Processes {
    /// The one that loads.
    pub client: f64,
    /// All that serve.
    pub servers: f64,
    /// Redis or NATS; 0 where there is none.
    pub broker: f64,
}

impl Processes {
    /// That of all.
    pub fn sum(&self) -> f64 {
        self.client + self.servers + self.broker
    }
}

/// The figures of one round of a case.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// The case.
    pub case: Case,
    /// The round, from 0.
    pub round: usize,
    /// What the loading process says.
    pub load: Load,
    /// Microseconds of processor time, user and system, a call or event.
    pub cpu: Processes,
    /// The most resident memory that was seen, in bytes.
    pub memory: Processes,
}

/// Resident memory at a moment of a long run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Seconds since the start.
    pub at: f64,
    /// Bytes.
    pub memory: Processes,
}

/// A run, as its JSON has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Where and when.
    pub environment: Environment,
    /// Seconds of each case.
    pub seconds: f64,
    /// Every round of every case.
    pub figures: Vec<Figures>,
    /// Memory over the long run of zbus over a unix socket, where there was one.
    pub long_run: Vec<Sample>,
}
