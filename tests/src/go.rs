//! Peers on the real Go library: servers, clients, and its codec. Their sources are in `tests/interop/peers`.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::process::Process;
use crate::target;

/// The first build downloads and compiles the library.
const BUILD: Duration = Duration::from_secs(600);
const READY: Duration = Duration::from_secs(10);
/// Every call of the client ends after 10 seconds.
const CONVERSATION: Duration = Duration::from_secs(180);
/// The library sees a signal when its pop of 10 seconds ends, or, in a worker's race, the next one.
const STOP: Duration = Duration::from_secs(60);
const RECODE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(50);

/// A generation of the wire, and so a version of the Go library.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Generation {
    /// v0.1.4.
    Zero,
    /// v1.0.1.
    One,
}

impl Generation {
    /// Both, the older first.
    pub const ALL: [Self; 2] = [Self::Zero, Self::One];

    fn module(self) -> &'static str {
        match self {
            Self::Zero => "go0",
            Self::One => "go1",
        }
    }

    /// The path of the peer's binary, which the first call in a process builds.
    fn peer(self) -> &'static Path {
        static ZERO: OnceLock<PathBuf> = OnceLock::new();
        static ONE: OnceLock<PathBuf> = OnceLock::new();
        let built = match self {
            Self::Zero => &ZERO,
            Self::One => &ONE,
        };
        built.get_or_init(|| build(self.module()))
    }
}

/// Builds a peer and returns its path. Test processes run side by side, so only one at a time builds; for those that
/// follow, Go finds nothing to do.
pub(crate) fn build(module: &str) -> PathBuf {
    let folder = target::folder("go-peers");
    let lock = File::create(folder.join(format!("{module}.lock"))).expect("lock file");
    lock.lock().expect("lock of the Go peers");

    let binary = folder.join(module);
    go_command(module, [OsStr::new("build"), OsStr::new("-o"), binary.as_os_str(), OsStr::new(".")]);
    binary
}

/// Runs a command of Go in the folder of a peer to its end, and returns what it printed.
pub(crate) fn go_command<'a>(module: &str, arguments: impl IntoIterator<Item = &'a OsStr>) -> Vec<String> {
    let go = env::var_os("ZBUS_GO").unwrap_or_else(|| "go".into());
    let mut command = Command::new(&go);
    command
        .current_dir(target::workspace().join("tests/interop/peers").join(module))
        .args(arguments)
        // The modules are complete in themselves, whatever workspace of Go lies around them.
        .env("GOWORK", "off")
        .env("GOFLAGS", "-mod=readonly -buildvcs=false");
    let process = match Process::spawn(&mut command) {
        Ok(process) => process,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "{} was not found; install Go 1.21 or newer (`apt-get install golang`, or https://go.dev/dl/), or name its path in ZBUS_GO",
            go.display()
        ),
        Err(error) => panic!("cannot run {}: {error}", go.display()),
    };
    let finished = process.finish(BUILD).unwrap_or_else(|reason| panic!("{reason}"));
    assert!(finished.status.success(), "building the peer {module} failed:\n{}", finished.stderr);
    finished.stdout
}

/// Starts the server of a peer and waits until it serves.
pub(crate) fn spawn_server(command: &mut Command) -> Process {
    let mut process = Process::spawn(command).expect("the peer was built");
    match process.line(READY) {
        Ok(line) if line == "ready" => process,
        Ok(line) => panic!("the Go server said {line:?} instead of \"ready\""),
        Err(reason) => panic!("the Go server does not start: {reason}"),
    }
}

/// Runs the client of a peer to its end and returns what it printed, line by line. If it fails, panics with its own
/// words.
pub(crate) fn run_client(command: &mut Command) -> Vec<Value> {
    let process = Process::spawn(command).expect("the peer was built");
    let finished = process.finish(CONVERSATION).unwrap_or_else(|reason| panic!("{reason}"));
    let printed = finished.stdout.join("\n");
    assert!(finished.status.success(), "the Go client failed: {}after\n{printed}", finished.stderr);
    finished
        .stdout
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")))
        .collect()
}

/// A Go server of the module `server` with the objects `calculator@1.0` and `utils@1.0` of the library's example, `extras@1.0` and
/// `faults@1.0`, killed when dropped.
#[derive(Debug)]
pub struct GoServer {
    process: Process,
}

impl GoServer {
    /// Starts a server and waits until it serves. The address is `tcp://host:port` or `unix:///path`; the stream
    /// `TikTok` ticks every 50 ms.
    pub fn start(generation: Generation, address: &str, workers: u16) -> Self {
        Self::start_with_interval(generation, address, workers, TICK)
    }

    /// The same with another interval of the stream `TikTok`, of at least 1 ms.
    pub fn start_with_interval(generation: Generation, address: &str, workers: u16, interval: Duration) -> Self {
        let mut command = Command::new(generation.peer());
        command.args(["server", address, &workers.to_string(), &interval.as_millis().to_string()]);
        Self { process: spawn_server(&mut command) }
    }

    /// What the server has logged so far: the stacks of handlers that panicked, and trouble with Redis.
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// Whether the server's process runs.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Ends the server at once, as a crash would, and returns its whole log. Dropping it ends it too.
    pub fn kill(self) -> String {
        self.process.kill_for_stderr()
    }

    /// Stops or resumes the whole process (`SIGSTOP`, `SIGCONT`), which to its callers looks like a server that hangs.
    pub fn set_paused(&mut self, paused: bool) {
        self.process.signal(if paused { "STOP" } else { "CONT" });
    }

    /// Asks the server to end and waits until it has: about 10 seconds, since the library looks up only between pops.
    pub fn terminate(mut self) -> ExitStatus {
        self.process.signal("TERM");
        self.process.finish(STOP).unwrap_or_else(|reason| panic!("{reason}")).status
    }
}

/// Runs the Go client against whoever serves the module `server` there, and returns what it printed, line by line.
/// Any surprise, such as a call that was to succeed and did not, panics with the client's own words.
pub fn go_client(generation: Generation, address: &str) -> Vec<Value> {
    run_client(Command::new(generation.peer()).args(["client", address]))
}

/// Has the Go client try every feature at once, each for that long, and returns what it printed: a line `{feature, outcome}` for each.
pub fn go_probe(generation: Generation, address: &str, patience: Duration) -> Vec<Value> {
    run_client(Command::new(generation.peer()).args(["probe", address, &patience.as_millis().to_string()]))
}

/// Has the Go client make a call that takes longer than it waits, and then others.
pub fn go_forget(generation: Generation, address: &str) -> Vec<Value> {
    run_client(Command::new(generation.peer()).args(["forget", address]))
}

/// The Go library's codec: decodes bytes into a Go value, and encodes that value again.
#[derive(Debug)]
pub struct Recoder {
    process: Process,
}

/// What Go made of some bytes.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Recoded {
    /// The value as Go encodes it, in hexadecimal.
    pub hex: String,
    /// The value in JSON: 64-bit integers and durations (nanoseconds) are strings, bytes `"hex:…"`, timestamps
    /// RFC 3339 in UTC, addresses text, nil `null`.
    pub value: Value,
}

impl Recoder {
    /// Starts the codec of that generation. They differ in the types `request` and `response` alone.
    pub fn start(generation: Generation) -> Self {
        let process = Process::spawn(Command::new(generation.peer()).arg("recode")).expect("the peer was built");
        Self { process }
    }

    /// Decodes as a type in schema notation: the built-in types, `T?` (a pointer), `[T]`, `map<K, V>`, `(T, U)`
    /// (several returns), the structs `Inner`, `Origin` and `Sample`, and `request` and `response`. The error is Go's.
    pub fn recode(&mut self, ty: &str, hex: &str) -> Result<Recoded, String> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Answer {
            Error { error: String },
            Recoded(Recoded),
        }

        assert!(!ty.contains('\n') && !hex.contains(char::is_whitespace), "not one line: {ty:?} {hex:?}");
        let sent = writeln!(self.process.stdin(), "{ty} {hex}");
        let line = self.process.line(RECODE).unwrap_or_else(|reason| panic!("no answer for {ty} {hex}: {reason}"));
        sent.expect("the recoder reads its input");
        match serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}")) {
            Answer::Recoded(recoded) => Ok(recoded),
            Answer::Error { error } => Err(error),
        }
    }
}

/// What the Go client prints for a server that does as it should, but for its events and the status.
pub fn expected_calls() -> Vec<Value> {
    vec![
        json!({"call": "Add", "args": [1, 2], "value": 3}),
        json!({"call": "AddSub", "args": [1, 2], "value": [3, -1]}),
        json!({"call": "Divide", "args": [7, 2], "value": 3.5}),
        json!({"call": "Divide", "args": [1, 0], "value": 0, "error": "division by zero"}),
        json!({"call": "Pow", "args": [2, 10], "value": 1024}),
        json!({"call": "Avg", "args": [[1, 2.5, 4]], "value": 2.5}),
        json!({"call": "Avg", "args": [null], "value": 0}),
        json!({"call": "Capitalize", "args": ["zbüs"], "value": "ZBÜS"}),
        json!({"call": "Tuple", "args": [], "value": [10, "hello world", 0.5]}),
        json!({"call": "Sleep", "args": [10_000_000]}),
        json!({"call": "Panic", "args": [], "bus_error": true}),
        json!({"call": "Missing", "args": [], "bus_error": true}),
        json!({"call": "Add", "args": [1], "bus_error": true}),
        json!({"call": "Add", "args": [3, 4], "value": 7}),
    ]
}
