//! The compatibility suite of the Go library, `compatibility/server` of its module, and the server that it is written for,
//! `examples/server`. Both are compiled as they are, but for the address `tcp://localhost:6379`, which they have in their text.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;

use crate::go::go_command;
use crate::process::Process;
use crate::target;

const MODULE: &str = "compatibility";
const VARIABLE: &str = "ZBUS_ADDRESS";
const ADDRESS: &str = "\"tcp://localhost:6379\"";

/// The suite listens for 5 s.
const SUITE: Duration = Duration::from_secs(60);

/// The server of the library's own example, killed when dropped. Its stream `TikTok` ticks once a second.
#[derive(Debug)]
pub struct ExampleServer {
    _process: Process,
}

impl ExampleServer {
    /// Starts it. Calls that come before it serves wait for it.
    pub fn start(address: &str) -> Self {
        let process = Process::spawn(Command::new(&built().server).env(VARIABLE, address));
        Self { _process: process.expect("the server was built") }
    }
}

/// How a test of the suite ended.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Whether it passed.
    pub passed: bool,
    /// What it said.
    pub log: String,
}

/// Runs the suite against whoever serves there: its tests by name.
pub fn run_suite(address: &str) -> BTreeMap<String, Verdict> {
    let suite = Process::spawn(Command::new(&built().suite).arg("-test.v").env(VARIABLE, address));
    let finished = suite.expect("the suite was built").finish(SUITE).unwrap_or_else(|reason| panic!("{reason}"));
    let mut verdicts: BTreeMap<String, Verdict> = BTreeMap::new();
    let mut running = String::new();
    for line in &finished.stdout {
        if let Some(name) = line.strip_prefix("=== RUN   ") {
            name.clone_into(&mut running);
            verdicts.insert(running.clone(), Verdict::default());
        } else if let Some(verdict) = verdicts.get_mut(&running) {
            verdict.passed |= line.starts_with(&format!("--- PASS: {running} "));
            verdict.log.push_str(line);
            verdict.log.push('\n');
        }
    }
    assert!(!verdicts.is_empty(), "the suite says nothing:\n{}", finished.stderr);
    verdicts
}

struct Built {
    suite: PathBuf,
    server: PathBuf,
}

fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(build)
}

/// Files of other modules cannot be laid over, so they are laid as new ones over a module of ours.
fn build() -> Built {
    let folder = target::folder("go-peers/compatibility");
    let lock = File::create(folder.join("lock")).expect("lock file");
    lock.lock().expect("lock of the compatibility suite");

    let found = go_command(MODULE, ["list", "-m", "-f", "{{.Dir}}", "github.com/threefoldtech/zbus"].map(OsStr::new));
    let library = Path::new(found.first().expect("the library has a folder"));
    let address = format!("package main\n\nimport \"os\"\n\nvar zbusAddress = os.Getenv({VARIABLE:?})\n");
    let suite = readdressed(&library.join("compatibility/server/server_test.go"));
    let server = readdressed(&library.join("examples/server/main.go"));
    let ours = target::workspace().join("tests/interop/peers").join(MODULE);
    let mut replaced = serde_json::Map::new();
    for (name, text) in [
        ("suite/server_test.go", &suite),
        ("suite/address_test.go", &address),
        ("server/main.go", &server),
        ("server/address.go", &address),
    ] {
        let file = folder.join(name.replace('/', "-"));
        fs::write(&file, text).expect("a file in the target folder");
        replaced.insert(ours.join(name).display().to_string(), json!(file));
    }
    let overlay = folder.join("overlay.json");
    fs::write(&overlay, json!({ "Replace": replaced }).to_string()).expect("a file in the target folder");

    let built = Built { suite: folder.join("suite"), server: folder.join("server") };
    let overlay = overlay.as_os_str();
    for (words, binary, package) in
        [(&["test", "-c", "-vet=off"][..], &built.suite, "./suite"), (&["build"], &built.server, "./server")]
    {
        let mut arguments: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        arguments.extend([OsStr::new("-overlay"), overlay, OsStr::new("-o"), binary.as_os_str(), OsStr::new(package)]);
        go_command(MODULE, arguments);
    }
    built
}

/// A file of the library with a variable in place of its address.
fn readdressed(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    assert!(text.contains(ADDRESS), "{} has another address", path.display());
    text.replace(ADDRESS, "zbusAddress")
}
