//! The processes of a run: brokers, servers, loads. All end with the run, however that ends.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::contenders::Contender;
use crate::figures::{Case, Load, Workload};

static RUNNING: Mutex<BTreeMap<u32, Child>> = Mutex::new(BTreeMap::new());
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets Ctrl-C and SIGTERM end what was started, too.
pub fn end_with_signals() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        // Held to the end, so that nothing is started any more.
        let mut running = held(&RUNNING);
        for child in running.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for folder in held(&FOLDERS).iter() {
            let _ = std::fs::remove_dir_all(folder);
        }
        std::process::exit(130);
    })
}

/// A folder that is gone after the run.
pub fn folder() -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::TempDir::new()?;
    held(&FOLDERS).push(folder.path().to_owned());
    Ok(folder)
}

/// A process that ends when this is dropped.
#[derive(Debug)]
pub struct Running {
    id: u32,
}

impl Running {
    /// Starts a process; its standard input stays open as long as it runs.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        let mut running = held(&RUNNING);
        let child = command.stdin(Stdio::piped()).spawn()?;
        let id = child.id();
        running.insert(id, child);
        Ok(Self { id })
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it prints, if that is piped.
    fn output(&self) -> Result<impl Read + Send + use<>, Box<dyn Error>> {
        held(&RUNNING).get_mut(&self.id).and_then(|child| child.stdout.take()).ok_or_else(|| "no output".into())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = held(&RUNNING).remove(&self.id) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a contender's server, and waits until it serves.
pub fn serve(contender: Contender, address: &str) -> Result<Running, Box<dyn Error>> {
    let mut command = if contender.is_go() {
        let mut command = Command::new(go_program()?);
        command.arg("serve");
        command
    } else {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", &contender.name()]);
        command
    };
    let server = Running::start(command.arg(address).stdout(Stdio::piped()))?;
    let mut line = String::new();
    BufReader::new(server.output()?).read_line(&mut line)?;
    if line.trim() != "ready" {
        return Err("the server did not start".into());
    }
    Ok(server)
}

/// Measures a case in a process of its own, and watches while it runs: with the number of that process.
pub fn load(
    case: Case,
    address: &str,
    seconds: f64,
    every: Duration,
    mut watch: impl FnMut(u32),
) -> Result<Load, Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["load", &case.contender.name(), address, &serde_json::to_string(&case.workload)?]);
    let client = Running::start(command.arg(seconds.to_string()).stdout(Stdio::piped()))?;
    let mut output = client.output()?;
    let watcher = std::thread::current();
    let printed = std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut text = String::new();
            let read = output.read_to_string(&mut text).map(|_| text);
            watcher.unpark();
            read
        });
        while !reader.is_finished() {
            watch(client.id());
            std::thread::park_timeout(every);
        }
        reader.join().map_err(|_| "the reader has panicked")
    })??;
    serde_json::from_str(&printed).map_err(|_| "the load failed; its reason stands above".into())
}

/// The workload that [`load`] hands over on the command line.
pub fn workload(text: &str) -> Result<Workload, serde_json::Error> {
    serde_json::from_str(text)
}

/// The program over the Go library, built when it is first asked for and when its source is newer.
pub fn go_program() -> Result<PathBuf, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("go-zbus");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/go-zbus");
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    if program.exists() && changed(&program) > changed(&folder.join("main.go")) {
        return Ok(program);
    }
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(folder)
        .env("GOWORK", "off")
        .status()
        .map_err(|error| format!("go: {error} (install Go 1.19 or newer)"))?;
    if !built.success() {
        return Err("the Go program does not build".into());
    }
    Ok(program)
}
