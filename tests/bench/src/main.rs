//! Calls a second and latency of zbus, of its peers, and of the floor: two programs that do nothing but issue the same Redis commands.
//!
//! `cargo run --release --manifest-path tests/bench/Cargo.toml` from the root. Each contender's server is a process of its own, on this
//! machine; every round measures each of them in turn, so that noise hits all alike, and the medians of the rounds count.

mod contenders;
mod figures;
mod load;
mod process;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::contenders::Contender;
use crate::figures::{Case, Figures};
use crate::process::Brokers;

/// Measures zbus against its peers.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// Rounds; the medians over them count.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds for each case.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Calls in flight, each a case.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64, 256, 1024])]
    in_flight: Vec<usize>,
    /// Bytes of an argument and of its result.
    #[arg(long, default_value_t = 64)]
    payload: usize,
    /// Only these contenders.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Contender>,
    /// Where the figures are written as JSON, too.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What a process that the benchmark starts does; not for people.
#[derive(Debug, Subcommand)]
enum Role {
    /// Serves a contender at an address until it is killed.
    #[command(hide = true)]
    Serve { contender: Contender, address: String },
    /// Loads a contender, and prints the figures.
    #[command(hide = true)]
    Load { contender: Contender, address: String, in_flight: usize, payload: usize, seconds: f64 },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    match arguments.role {
        Some(Role::Serve { contender, address }) => contender.serve(&address),
        Some(Role::Load { contender, address, in_flight, payload, seconds }) => {
            let figures = contender.load(&address, in_flight, payload, Duration::from_secs_f64(seconds))?;
            println!("{}", serde_json::to_string(&figures)?);
            Ok(())
        }
        None => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let brokers = Brokers::start()?;
    let mut contenders = Vec::new();
    for contender in Contender::ALL {
        if !arguments.only.is_empty() && !arguments.only.contains(&contender) {
            continue;
        }
        match brokers.address(contender) {
            Ok(address) => contenders.push((contender, address)),
            Err(reason) => eprintln!("{contender} is left out: {reason}"),
        }
    }
    let steps = arguments.rounds * contenders.len() * arguments.in_flight.len();
    let bar = indicatif::ProgressBar::new(steps as u64)
        .with_style(indicatif::ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} ({eta} left)")?);
    let mut figures: Vec<Figures> = Vec::new();
    for _ in 0..arguments.rounds {
        for (contender, address) in &contenders {
            let _server = process::serve(*contender, address)?;
            for &in_flight in &arguments.in_flight {
                bar.set_message(format!("{contender}, {in_flight} in flight"));
                let case = Case { contender: *contender, in_flight, payload: arguments.payload };
                figures.push(process::load(case, address, arguments.seconds)?);
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    let medians = report::medians(&figures);
    println!("{}", report::table(&medians));
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_string_pretty(&figures)?)?;
    }
    Ok(())
}
