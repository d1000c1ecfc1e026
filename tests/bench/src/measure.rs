//! A run: each round has every workload with every contender in turn, so that noise hits all alike.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::brokers::Brokers;
use crate::contenders::{Contender, Transport};
use crate::environment::Environment;
use crate::figures::{CROWD, Case, Figures, MULTITUDE, Processes, Run, Sample, Workload};
use crate::plan::Plan;
use crate::process;
use crate::usage::{cpu, resident};

/// How often resident memory is looked at.
const WATCH: Duration = Duration::from_millis(50);

/// Measures what is planned. What cannot be is left out with a line that says so.
pub fn measure(plan: &Plan) -> Result<Run, Box<dyn Error>> {
    let environment = Environment::here();
    let brokers = Brokers::start()?;
    let mut left_out: BTreeSet<Contender> = BTreeSet::new();
    let bar = ProgressBar::new((plan.rounds * plan.cases.len()) as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} ({eta} left)")?);
    let mut figures = Vec::new();
    for round in 0..plan.rounds {
        for &case in &plan.cases {
            bar.inc(1);
            if left_out.contains(&case.contender) {
                continue;
            }
            bar.set_message(format!("{}: {}", case.contender, case.workload));
            // What a broker has kept of cases before would count.
            let fresh = match case.workload {
                Workload::Calls { in_flight: MULTITUDE, .. } => Some(Brokers::start()?),
                _ => None,
            };
            match one(fresh.as_ref().unwrap_or(&brokers), case, round, plan.seconds) {
                Ok(found) => figures.push(found),
                Err(reason) if figures.iter().any(|found: &Figures| found.case.contender == case.contender) => {
                    bar.suspend(|| eprintln!("{}, {}, is left out: {reason}", case.contender, case.workload));
                }
                Err(reason) => {
                    bar.suspend(|| eprintln!("{} is left out: {reason}", case.contender));
                    left_out.insert(case.contender);
                }
            }
        }
    }
    let long_run = match plan.long_run {
        Some(seconds) => {
            bar.set_message(format!("a long run of {seconds} s"));
            long_run(&Brokers::start()?, seconds)?
        }
        None => Vec::new(),
    };
    bar.finish_and_clear();
    if figures.is_empty() && long_run.is_empty() {
        return Err("nothing was measured".into());
    }
    Ok(Run { environment, seconds: plan.seconds, figures, long_run })
}

fn one(brokers: &Brokers, case: Case, round: usize, seconds: f64) -> Result<Figures, Box<dyn Error>> {
    let contender = case.contender;
    let address = brokers.address(contender)?;
    let servers = match case.workload {
        Workload::Calls { servers, .. } if contender.transport != Transport::Memory => servers,
        // Whoever listens starts the publisher.
        _ => 0,
    };
    let servers = (0..servers).map(|_| process::serve(contender, &address)).collect::<Result<Vec<_>, _>>()?;
    let broker = brokers.process(contender);
    let used = || -> Processes {
        Processes {
            client: 0.0,
            servers: servers.iter().map(|server| cpu(server.id())).sum(),
            broker: broker.map_or(0.0, cpu),
        }
    };
    let before = used();
    let mut memory = Processes::default();
    let load = process::load(case, &address, seconds, WATCH, |client| {
        memory.client = memory.client.max(resident(client));
        memory.servers = memory.servers.max(servers.iter().map(|server| resident(server.id())).sum());
        memory.broker = memory.broker.max(broker.map_or(0.0, resident));
    })?;
    let after = used();
    let operations = load.operations as f64;
    let cpu = Processes {
        client: load.cpu / operations,
        servers: (after.servers - before.servers) / operations,
        broker: (after.broker - before.broker) / operations,
    };
    Ok(Figures { case, round, load, cpu, memory })
}

/// The memory of zbus over a unix socket under one load.
fn long_run(brokers: &Brokers, seconds: f64) -> Result<Vec<Sample>, Box<dyn Error>> {
    let case = Case { contender: Contender::ZBUS_UNIX, workload: Workload::calls(CROWD) };
    let address = brokers.address(case.contender)?;
    let server = process::serve(case.contender, &address)?;
    let started = Instant::now();
    let mut samples = Vec::new();
    process::load(case, &address, seconds, 2 * WATCH, |client| {
        let memory = Processes {
            client: resident(client),
            servers: resident(server.id()),
            broker: brokers.process(case.contender).map_or(0.0, resident),
        };
        // It ends with 0, when the process has ended.
        if memory.client > 0.0 {
            samples.push(Sample { at: started.elapsed().as_secs_f64(), memory });
        }
    })?;
    Ok(samples)
}
