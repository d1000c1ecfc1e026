//! The Go library: its server and its client, each a process of its own. The client prints the latency of every call.

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use crate::figures::Load;
use crate::load::Latencies;
use crate::process::go_program;

pub fn load(address: &str, in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    let seconds = time.as_secs_f64().to_string();
    let output = Command::new(go_program()?)
        .args(["load", address, &in_flight.to_string(), &payload.to_string(), &seconds])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut lines = text.lines();
    let mut latencies = Latencies::new();
    latencies.warmed_up(lines.next().ok_or("the Go program has printed nothing")?.parse()?);
    for line in lines {
        latencies.add(Duration::from_nanos(line.parse()?));
    }
    Ok(latencies.over(time)?)
}
