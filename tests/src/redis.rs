//! A real Redis server of a test's own, on a TCP port and on a unix socket, without persistence.

use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::Process;

const START: Duration = Duration::from_secs(10);
const STOP: Duration = Duration::from_secs(10);

/// A server program that understands Redis's options.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The name looked for on `PATH`.
    pub name: &'static str,
    /// The environment variable that gives another path.
    pub variable: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
}

/// Redis itself.
pub const REDIS: Program = Program { name: "redis-server", variable: "ZBUS_REDIS_SERVER", package: "redis-server" };

/// More options for every server, by spaces: `--rename-command BLMPOP none` makes Redis 7 one that is older.
const OPTIONS: &str = "ZBUS_REDIS_OPTIONS";

impl Program {
    fn path(&self) -> OsString {
        env::var_os(self.variable).unwrap_or_else(|| self.name.into())
    }
}

/// A running server, killed when dropped.
#[derive(Debug)]
pub struct RedisServer {
    // Fields are dropped in order: the server goes before the folder that it works in.
    process: Option<Process>,
    folder: TempDir,
    program: Program,
    port: u16,
    options: Vec<String>,
}

impl RedisServer {
    /// Starts Redis and waits until it answers.
    pub fn start() -> Self {
        Self::start_program(REDIS)
    }

    /// Starts a server of that kind and waits until it answers.
    pub fn start_program(program: Program) -> Self {
        Self::start_program_with(program, &[])
    }

    /// Starts Redis with more options, such as `--requirepass`, and waits until it answers.
    pub fn start_with(options: &[&str]) -> Self {
        Self::start_program_with(REDIS, options)
    }

    fn start_program_with(program: Program, options: &[&str]) -> Self {
        let everywhere = env::var(OPTIONS).unwrap_or_default();
        let options = everywhere.split_whitespace().chain(options.iter().copied()).map(str::to_owned).collect();
        let folder = TempDir::new().expect("temporary folder");
        let mut server = Self { process: None, folder, program, port: 0, options };
        // Another process may take a port between its choice and its use.
        let mut refused = String::new();
        for _ in 0..8 {
            server.port = free_port();
            match server.launch() {
                Ok(process) => {
                    server.process = Some(process);
                    return server;
                }
                Err(reason) => refused = reason,
            }
        }
        panic!("{} does not start: {refused}", program.name)
    }

    /// `redis://127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// `tcp://127.0.0.1:port`, as the Go library writes it.
    pub fn go_address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    /// `unix:///path`, which the Go library understands too.
    pub fn unix_address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// The TCP port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Asks the server something on a connection of its own: a command's words, by spaces.
    pub async fn ask(&self, command: &str) -> ::redis::RedisResult<::redis::Value> {
        let mut connection = ::redis::Client::open(self.address())?.get_multiplexed_async_connection().await?;
        let mut words = command.split(' ');
        let mut asked = ::redis::cmd(words.next().unwrap_or_default());
        words.for_each(|word| _ = asked.arg(word));
        asked.query_async(&mut connection).await
    }

    /// Whether the server's process runs.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::is_running)
    }

    /// Asks the server to end, as an administrator would, and waits until it has.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal("TERM");
            let finished = process.finish(STOP).unwrap_or_else(|reason| panic!("{reason}"));
            assert!(finished.status.success(), "{} ended with {}", self.program.name, finished.status);
        }
    }

    /// Ends the server at once, as a crash would. Its data are gone.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts the server again on the same port and socket, empty; kills it first if it runs.
    pub fn restart(&mut self) {
        self.kill();
        let process = self.launch().unwrap_or_else(|reason| panic!("{} does not start: {reason}", self.program.name));
        self.process = Some(process);
    }

    /// Starts the server again from what it has saved, so that it loads for as long as `a_key` for each of its keys; kills it first if it
    /// runs. Returns when it listens.
    pub fn restart_loading(&mut self, a_key: Duration) {
        self.kill();
        let mut command = self.command();
        command.args(["--key-load-delay", &a_key.as_micros().to_string()]);
        // How much it loads before it looks at its connections again.
        command.args(["--loading-process-events-interval-bytes", "1024"]);
        self.process = Some(Process::spawn(&mut command).expect("it has run before"));
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(started.elapsed() < START, "{} does not listen", self.program.name);
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Lets the server stand still: connections stay, nothing is answered.
    pub fn freeze(&mut self) {
        if let Some(process) = &mut self.process {
            process.signal("STOP");
        }
    }

    /// Lets a frozen server go on.
    pub fn thaw(&mut self) {
        if let Some(process) = &mut self.process {
            process.signal("CONT");
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program.path());
        command
            .current_dir(self.folder.path())
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .arg("--unixsocket")
            .arg(self.socket())
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no", "--logfile", ""])
            .args(&self.options);
        command
    }

    fn launch(&self) -> Result<Process, String> {
        let path = self.program.path();
        let mut process = match Process::spawn(&mut self.command()) {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => panic!(
                "{} was not found; install it with `apt-get install {}`, or name its path in {}",
                path.display(),
                self.program.package,
                self.program.variable
            ),
            Err(error) => panic!("cannot run {}: {error}", path.display()),
        };

        let deadline = Instant::now() + START;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = process.line(left)?;
            if line.to_ascii_lowercase().contains("ready to accept connections") {
                break;
            }
            // Redis says on standard output why it cannot listen.
            if line.contains("Failed listening") || line.contains("Could not create server") {
                return Err(line);
            }
        }
        let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).map_err(told)?;
        tcp.set_read_timeout(Some(START)).map_err(told)?;
        ping(tcp)?;
        let unix = UnixStream::connect(self.socket()).map_err(told)?;
        unix.set_read_timeout(Some(START)).map_err(told)?;
        ping(unix)?;
        Ok(process)
    }
}

fn ping(mut stream: impl Read + Write) -> Result<(), String> {
    let mut answer = [0; 7];
    stream.write_all(b"PING\r\n").and_then(|()| stream.read_exact(&mut answer)).map_err(told)?;
    // One that wants a password answers, too.
    if &answer == b"+PONG\r\n" || &answer == b"-NOAUTH" {
        Ok(())
    } else {
        Err(format!("answered PING with {answer:?}"))
    }
}

fn told(error: impl Display) -> String {
    error.to_string()
}

/// A port below the range that Linux gives to outgoing connections: in that range a client that reconnects to a
/// stopped server may be given the server's own port, and then talks to itself and keeps the server from coming back.
pub fn free_port() -> u16 {
    const FIRST: u16 = 16_000;
    const COUNT: u64 = 16_000;
    let free = |port: &u16| -> bool {
        let bound: io::Result<TcpListener> = TcpListener::bind((Ipv4Addr::LOCALHOST, *port));
        bound.is_ok()
    };
    let random = RandomState::new();
    (0..1000_u32)
        .map(|attempt| FIRST + u16::try_from(random.hash_one(attempt) % COUNT).expect("below 16 000"))
        .find(free)
        .expect("a free port on 127.0.0.1")
}
