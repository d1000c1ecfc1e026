//! What is measured of a case.

use serde::{Deserialize, Serialize};

use crate::contenders::Contender;

/// One way of loading one contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Who.
    pub contender: Contender,
    /// Calls under way at once.
    pub in_flight: usize,
    /// Bytes of an argument and of its result.
    pub payload: usize,
}

/// The figures of one run of a case.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// The case.
    pub case: Case,
    /// Calls a second.
    pub rate: f64,
    /// The median latency of a call, in microseconds.
    pub p50: f64,
    /// The latency that one call in a hundred exceeds, in microseconds.
    pub p99: f64,
}
