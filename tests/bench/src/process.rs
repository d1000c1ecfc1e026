//! The processes of a run: brokers, servers, loads. All end with the run.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::contenders::Contender;
use crate::figures::{Case, Figures};

/// A process that ends when this is dropped.
#[derive(Debug)]
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Redis and NATS.
#[derive(Debug)]
pub struct Brokers {
    folder: TempDir,
    redis_port: u16,
    nats: Result<u16, String>,
    _running: Vec<Running>,
}

impl Brokers {
    /// Starts those that are installed, on free ports of 127.0.0.1.
    pub fn start() -> Result<Self, Box<dyn Error>> {
        let folder = TempDir::new()?;
        let redis_port = free_port()?;
        let socket = folder.path().join("redis.sock");
        let redis = Command::new("redis-server")
            .args(["--port", &redis_port.to_string(), "--bind", "127.0.0.1", "--save", "", "--unixsocket"])
            .arg(&socket)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("redis-server: {error} (apt-get install redis-server)"))?;
        let mut running = vec![Running(redis)];
        listening(redis_port)?;
        let nats = free_port()?;
        let nats = match Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &nats.to_string()])
            .stderr(Stdio::null())
            .spawn()
        {
            Ok(child) => {
                running.push(Running(child));
                listening(nats)?;
                Ok(nats)
            }
            Err(error) => Err(format!("nats-server: {error} (apt-get install nats-server)")),
        };
        Ok(Self { folder, redis_port, nats, _running: running })
    }

    /// Where a contender serves; an error says why it cannot.
    pub fn address(&self, contender: Contender) -> Result<String, Box<dyn Error>> {
        let socket = |name: &str| self.folder.path().join(name).display().to_string();
        Ok(match contender {
            Contender::FloorTcp | Contender::ZbusTcp => format!("redis://127.0.0.1:{}", self.redis_port),
            Contender::FloorUnix | Contender::ZbusUnix | Contender::ZbusUnixThreads => {
                format!("unix://{}", socket("redis.sock"))
            }
            Contender::GoZbus => {
                go_program()?;
                format!("tcp://127.0.0.1:{}", self.redis_port)
            }
            Contender::Nats => format!("nats://127.0.0.1:{}", self.nats.clone()?),
            Contender::Tarpc => socket("tarpc.sock"),
        })
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn listening(port: u16) -> Result<(), Box<dyn Error>> {
    let limit = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > limit {
            return Err(format!("nothing listens on port {port}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Starts a contender's server, and waits until it serves.
pub fn serve(contender: Contender, address: &str) -> Result<Running, Box<dyn Error>> {
    if contender == Contender::Tarpc && Path::new(address).exists() {
        std::fs::remove_file(address)?;
    }
    let mut command = if contender == Contender::GoZbus {
        let mut command = Command::new(go_program()?);
        command.arg("serve");
        command
    } else {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", &name(contender)]);
        command
    };
    let mut child = command.arg(address).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("no output")?;
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    if line.trim() != "ready" {
        return Err(format!("the server of {contender} did not start").into());
    }
    Ok(running)
}

/// Measures a case in a process of its own.
pub fn load(case: Case, address: &str, seconds: f64) -> Result<Figures, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?)
        .args(["load", &name(case.contender), address])
        .args([case.in_flight.to_string(), case.payload.to_string(), seconds.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("the load of {} failed", case.contender).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn name(contender: Contender) -> String {
    use clap::ValueEnum;
    contender.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The program over the Go library, built when it is first asked for.
pub fn go_program() -> Result<PathBuf, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("go-zbus");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/go-zbus");
    if !program.exists() {
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
    }
    Ok(program)
}
