//! Calls a second and latency of zbus, of its peers, and of the floor: two programs that do nothing but issue the same Redis commands.
//!
//! `cargo run --release --manifest-path tests/bench/Cargo.toml` from the root. Client, server and broker are processes of their own, on
//! this machine; every round measures each contender in turn, so that noise hits all alike, and the medians of the rounds count.

mod brokers;
mod build_cost;
mod contenders;
mod docs;
mod environment;
mod events;
mod figures;
mod goals;
mod load;
mod measure;
mod plan;
mod plots;
mod process;
mod statistics;
mod tables;
mod usage;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::contenders::Contender;
use crate::figures::{Run, Workload};
use crate::plan::{Plan, Suite, Wanted};
use crate::tables::Section;

/// Where `build-cost` leaves its figures for the documentation.
const BUILD_COST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/build-cost.json");

/// Measures zbus against its peers. The whole takes about nine minutes.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    measure: Measure,
}

#[derive(Debug, Args)]
struct Measure {
    /// Rounds; the medians over them count [default: 5; quick: 3]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Seconds for each case, after a tenth of them to warm up [default: 0.5; quick: 0.15]
    #[arg(long, value_parser = seconds)]
    seconds: Option<f64>,
    /// Only contenders whose names begin so: `zbus,floor`
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only these parts
    #[arg(long, value_delimiter = ',')]
    suites: Vec<Suite>,
    /// Calls in flight [default: 1,8,64,256,1024; quick: 1,64,256]
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=2048))]
    in_flight: Vec<u16>,
    /// A coarse picture, in about a minute
    #[arg(long)]
    quick: bool,
    /// Where the figures are written as JSON, every round of them
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/benchmark.json"))]
    json: PathBuf,
    /// Writes docs/benchmarks.md and its plots, too
    #[arg(long)]
    write_docs: bool,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Shows the figures of a run before
    Report {
        /// Its JSON
        #[arg(default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/benchmark.json"))]
        json: PathBuf,
        /// Writes docs/benchmarks.md and its plots, too
        #[arg(long)]
        write_docs: bool,
    },
    /// Measures what the build of a user's project pays, beside tonic; takes about ten minutes
    BuildCost {
        /// Builds of each project; the medians count
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
    },
    /// Serves a contender at an address until it is killed.
    #[command(hide = true)]
    Serve { contender: Contender, address: String },
    /// Loads a contender, and prints the figures.
    #[command(hide = true)]
    Load {
        contender: Contender,
        address: String,
        #[arg(value_parser = process::workload)]
        workload: Workload,
        seconds: f64,
    },
    /// Publishes a batch of events for each byte of the standard input.
    #[command(hide = true)]
    Publish { contender: Contender, address: String },
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.01..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected seconds, from 0.01 to 600".to_owned()),
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    match arguments.role {
        None => measure(arguments.measure),
        Some(Role::Report { json, write_docs }) => {
            let text = fs::read_to_string(&json)
                .map_err(|error| format!("{}: {error} (measure first, without `report`)", json.display()))?;
            report(&parsed(&json, &text)?, write_docs)
        }
        Some(Role::BuildCost { rounds }) => {
            let cost = build_cost::measure(rounds.into())?;
            fs::write(BUILD_COST, serde_json::to_string(&cost)?)?;
            show(&build_cost::section(&cost));
            println!("A report of the benchmark with --write-docs takes this in.");
            Ok(())
        }
        Some(Role::Serve { contender, address }) => contender.serve(&address),
        Some(Role::Load { contender, address, workload, seconds }) => {
            let load = contender.load(&address, workload, Duration::from_secs_f64(seconds))?;
            println!("{}", serde_json::to_string(&load)?);
            Ok(())
        }
        Some(Role::Publish { contender, address }) => contender.publish(&address),
    }
}

fn measure(arguments: Measure) -> Result<(), Box<dyn Error>> {
    let in_flight = match (arguments.in_flight.as_slice(), arguments.quick) {
        ([], false) => vec![1, 8, 64, 256, 1024],
        ([], true) => vec![1, 64, 256],
        (in_flight, _) => in_flight.iter().copied().map(usize::from).collect(),
    };
    let wanted = Wanted { only: arguments.only, suites: arguments.suites, in_flight, quick: arguments.quick };
    let plan = Plan::new(&wanted, arguments.rounds.map(usize::from), arguments.seconds)?;
    process::end_with_signals()?;
    let run = measure::measure(&plan)?;
    fs::write(&arguments.json, serde_json::to_string(&run)?)
        .map_err(|error| format!("{}: {error}", arguments.json.display()))?;
    report(&run, arguments.write_docs)?;
    println!("Every round is in {}.", arguments.json.display());
    Ok(())
}

fn report(run: &Run, write_docs: bool) -> Result<(), Box<dyn Error>> {
    let mut sections = tables::sections(run);
    if let Ok(text) = fs::read_to_string(BUILD_COST) {
        sections.push(build_cost::section(&parsed(Path::new(BUILD_COST), &text)?));
    }
    println!("{}, {}, {}\n", run.environment.date, run.environment.machine, run.environment.noise());
    sections.iter().for_each(show);
    if write_docs {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        docs::write(run, &sections, &folder)?;
        println!("Written: {}.", folder.canonicalize()?.join("benchmarks.md").display());
    }
    Ok(())
}

fn parsed<T: serde::de::DeserializeOwned>(file: &Path, text: &str) -> Result<T, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("{}: {error} (another version's figures: measure again)", file.display()))
}

fn show(section: &Section) {
    println!("{}\n\n{}\n\n{}\n", section.title, section.text, section.table);
}
