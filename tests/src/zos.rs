//! A peer on the real Go library that plays the modules of Zero-OS. Its source is `tests/interop/peers/zos`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::go::{build, run_client, spawn_server};
use crate::process::Process;

/// The path of the peer's binary, which the first call in a process builds.
fn peer() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("zos"))
}

/// A Go process that serves the modules of `schemas/zos`, killed when dropped.
#[derive(Debug)]
pub struct GoZosServer {
    _process: Process,
}

impl GoZosServer {
    /// Starts it and waits until it serves. The address is `tcp://host:port` or `unix:///path`.
    pub fn start(address: &str) -> Self {
        Self { _process: spawn_server(Command::new(peer()).args(["server", address])) }
    }
}

/// Runs the Go client against whoever serves these modules there, and returns what it printed, one object a line:
/// `name` is the member, `values` are what was decoded, `error` is what the method returned as one, or null. A bus
/// error or a reply that cannot be decoded panics with the client's own words.
pub fn go_zos_client(address: &str) -> Vec<Value> {
    run_client(Command::new(peer()).args(["client", address]))
}
