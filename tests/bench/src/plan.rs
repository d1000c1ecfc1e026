//! Which cases a run has, and in which order.

use clap::ValueEnum;

use crate::contenders::Contender;
use crate::figures::{CROWD, Case, MULTITUDE, SMALL, Workload};

/// A part of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// Calls of 64 B, over the number of calls in flight.
    Calls,
    /// Calls of 4 KiB and 256 KiB.
    Payloads,
    /// Calls to 2 and 4 server processes.
    Servers,
    /// Events to 1, 10 and 100 subscribers.
    Events,
    /// Resident memory with 10,000 calls in flight.
    Memory,
    /// Resident memory of zbus over a longer run.
    LongRun,
}

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How often each case is.
    pub rounds: usize,
    /// Seconds for each.
    pub seconds: f64,
    /// Seconds for the long run, if there is one.
    pub long_run: Option<f64>,
    /// The cases of a round: each workload with all contenders, one after the other.
    pub cases: Vec<Case>,
}

/// What of it is asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Beginnings of contenders' names; all where there are none.
    pub only: Vec<String>,
    /// Parts; all where there are none.
    pub suites: Vec<Suite>,
    /// Calls in flight in the suite of calls.
    pub in_flight: Vec<usize>,
    /// A coarse picture in about a minute.
    pub quick: bool,
}

impl Plan {
    /// The cases that are wanted. A name that no contender has is an error.
    pub fn new(wanted: &Wanted, rounds: Option<usize>, seconds: Option<f64>) -> Result<Self, String> {
        let contenders = contenders(&wanted.only)?;
        let quick = [Suite::Calls, Suite::Events];
        let has = |suite: Suite| match wanted.suites.as_slice() {
            [] => !wanted.quick || quick.contains(&suite),
            suites => suites.contains(&suite),
        };
        let mut workloads: Vec<Workload> = Vec::new();
        if has(Suite::Calls) {
            workloads.extend(wanted.in_flight.iter().map(|&in_flight| Workload::calls(in_flight)));
        }
        if has(Suite::Payloads) {
            let payloads = [4 << 10, 256 << 10];
            workloads.extend(payloads.map(|payload| Workload::Calls { payload, servers: 1, in_flight: CROWD }));
        }
        if has(Suite::Servers) {
            workloads.extend([2, 4].map(|servers| Workload::Calls { payload: SMALL, servers, in_flight: CROWD }));
        }
        if has(Suite::Events) {
            let subscribers: &[usize] = if wanted.quick { &[1, 10] } else { &[1, 10, 100] };
            workloads.extend(subscribers.iter().map(|&subscribers| Workload::Events { subscribers }));
        }
        if has(Suite::Memory) {
            workloads.push(Workload::calls(MULTITUDE));
        }
        // With one server, payloads and servers compare to the calls of 64 B, which may not be wanted.
        if (has(Suite::Payloads) || has(Suite::Servers)) && !workloads.contains(&Workload::calls(CROWD)) {
            workloads.insert(0, Workload::calls(CROWD));
        }
        let cases = workloads
            .iter()
            .flat_map(|&workload| contenders.iter().map(move |&contender| Case { contender, workload }))
            .filter(|case| case.contender.takes(case.workload))
            .collect();
        let seconds = seconds.unwrap_or(if wanted.quick { 0.15 } else { 0.5 });
        let long_run = (has(Suite::LongRun) && contenders.contains(&Contender::ZBUS_UNIX)).then_some(30.0 * seconds);
        Ok(Self { rounds: rounds.unwrap_or(if wanted.quick { 3 } else { 5 }), seconds, long_run, cases })
    }
}

fn contenders(only: &[String]) -> Result<Vec<Contender>, String> {
    let all = Contender::ALL;
    for beginning in only {
        if !all.iter().any(|contender| contender.name().starts_with(beginning)) {
            let names: Vec<String> = all.iter().map(|contender| contender.name()).collect();
            return Err(format!("no contender is called `{beginning}…`: there are {}", names.join(", ")));
        }
    }
    let wanted = |contender: &Contender| {
        only.is_empty() || only.iter().any(|beginning| contender.name().starts_with(beginning.as_str()))
    };
    Ok(all.iter().copied().filter(wanted).collect())
}
