//! The Go library: its server and its client, each a process of its own. The client prints the latency of every call.

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use crate::load::{Load, histogram};
use crate::process::go_program;

pub fn load(address: &str, in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    let seconds = time.as_secs_f64().to_string();
    let output = Command::new(go_program()?)
        .args(["load", address, &in_flight.to_string(), &payload.to_string(), &seconds])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let mut latencies = histogram();
    for line in String::from_utf8(output.stdout)?.lines() {
        latencies.saturating_record(line.parse()?);
    }
    let rate = latencies.len() as f64 / time.as_secs_f64();
    Ok(Load { rate, latencies })
}
