//! Where and when a run was made.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine, the date, the versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Environment {
    /// The day, in UTC.
    pub date: String,
    /// The processor, how many of them, memory, kernel.
    pub machine: String,
    /// How many threads wanted to run when it began, on the mean of a minute: more than a few tenths is other programs' noise.
    pub load: f64,
    /// Name and version of each program and library that took part.
    pub versions: Vec<(String, String)>,
}

impl Environment {
    /// What there is to say of the noise.
    pub fn noise(&self) -> String {
        match self.load {
            load if load > 0.5 => {
                format!("other programs were busy when it began (load {load:.1}): the figures are noisy")
            }
            load => format!("load {load:.1} when it began"),
        }
    }

    /// This machine, now.
    pub fn here() -> Self {
        let date = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
        let cpus = std::thread::available_parallelism().map_or(0, usize::from);
        let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        let memory = field("/proc/meminfo", "MemTotal")
            .and_then(|text| text.trim_end_matches(" kB").parse::<f64>().ok())
            .map_or(0.0, |kibibytes| kibibytes / f64::from(1 << 20));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let machine = format!("{cpus} × {model}, {memory:.0} GiB, Linux {}", kernel.trim());
        let load = fs::read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next()?.parse().ok());
        let mut versions = vec![("zbus".to_owned(), commit())];
        for (name, program, argument) in [
            ("Redis", "redis-server", "--version"),
            ("nats-server", "nats-server", "--version"),
            ("Go", "go", "version"),
            ("rustc", "rustc", "--version"),
        ] {
            if let Some(version) = version(program, argument) {
                versions.push((name.to_owned(), version));
            }
        }
        versions.extend(locked());
        Self { date, machine, load: load.unwrap_or_default(), versions }
    }
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first word that has a digit and a dot.
fn version(program: &str, argument: &str) -> Option<String> {
    let text = output(program, &[argument])?;
    let word =
        text.split_whitespace().find(|word| word.contains('.') && word.contains(|c: char| c.is_ascii_digit()))?;
    Some(word.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned())
}

fn commit() -> String {
    output("git", &["describe", "--always", "--dirty"]).unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned())
}

/// The versions that the lock files name.
fn locked() -> Vec<(String, String)> {
    let mut versions = Vec::new();
    let lock = include_str!("../Cargo.lock");
    for name in ["async-nats", "tarpc", "tonic", "redis", "tokio"] {
        let entry = format!("name = \"{name}\"\nversion = \"");
        if let Some((_, rest)) = lock.split_once(&entry)
            && let Some((version, _)) = rest.split_once('"')
        {
            versions.push((name.to_owned(), version.to_owned()));
        }
    }
    let go = include_str!("../go-zbus/go.mod");
    if let Some((_, rest)) = go.split_once("threefoldtech/zbus v") {
        versions.push(("Go zbus".to_owned(), rest.lines().next().unwrap_or_default().to_owned()));
    }
    versions
}
