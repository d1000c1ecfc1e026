//! Redis and NATS, as the contenders find them.

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::contenders::{Broker, Contender, Library, Transport};
use crate::process::{self, Running, go_program};

/// Redis and NATS, each if it is installed.
#[derive(Debug)]
pub struct Brokers {
    redis: Result<(Running, u16), String>,
    nats: Result<(Running, u16), String>,
    // Dropped after those that have files in it.
    folder: TempDir,
}

impl Brokers {
    /// Starts those that are installed, on free ports of 127.0.0.1.
    pub fn start() -> Result<Self, Box<dyn Error>> {
        let folder = process::folder()?;
        let port = free_port()?;
        let mut redis = Command::new("redis-server");
        redis.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--unixsocket"]);
        redis.arg(folder.path().join("redis.sock")).current_dir(folder.path()).stdout(Stdio::null());
        let redis = started(redis, port, "redis-server");
        let port = free_port()?;
        let mut nats = Command::new("nats-server");
        nats.args(["-a", "127.0.0.1", "-p", &port.to_string()]).stderr(Stdio::null());
        Ok(Self { redis, nats: started(nats, port, "nats-server"), folder })
    }

    /// Where a contender serves next; an error says why it cannot.
    pub fn address(&self, contender: Contender) -> Result<String, Box<dyn Error>> {
        if contender.is_go() {
            go_program()?;
        }
        let socket = |path: PathBuf| format!("unix://{}", path.display());
        Ok(match (contender.broker(), contender.transport) {
            (_, Transport::Memory) => String::new(),
            (Broker::Redis, Transport::Unix) => {
                port(&self.redis)?;
                socket(self.folder.path().join("redis.sock"))
            }
            (Broker::Redis, Transport::Tcp) => {
                let port = port(&self.redis)?;
                let scheme = if contender.is_go() { "tcp" } else { "redis" };
                format!("{scheme}://127.0.0.1:{port}")
            }
            (Broker::Nats, _) => format!("nats://127.0.0.1:{}", port(&self.nats)?),
            (Broker::None, Transport::Unix) => {
                let path = self.folder.path().join(format!("{}.sock", contender.name()));
                // Of the server before.
                let _ = std::fs::remove_file(&path);
                socket(path)
            }
            (Broker::None, Transport::Tcp) => {
                let scheme = if contender.library == Library::Tonic { "http://" } else { "" };
                format!("{scheme}127.0.0.1:{}", free_port()?)
            }
        })
    }

    /// The process of a contender's broker.
    pub fn process(&self, contender: Contender) -> Option<u32> {
        let broker = match contender.broker() {
            Broker::Redis => &self.redis,
            Broker::Nats => &self.nats,
            Broker::None => return None,
        };
        broker.as_ref().ok().map(|(running, _)| running.id())
    }
}

fn port(broker: &Result<(Running, u16), String>) -> Result<u16, String> {
    broker.as_ref().map(|(_, port)| *port).map_err(Clone::clone)
}

fn started(mut command: Command, port: u16, package: &str) -> Result<(Running, u16), String> {
    let running = Running::start(&mut command)
        .map_err(|error| format!("{package}: {error} (apt-get install {package}, or put it on the PATH)"))?;
    let limit = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > limit {
            return Err(format!("{package} does not listen on port {port}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok((running, port))
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
