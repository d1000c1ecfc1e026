//! Fresh crates as a user would write them, built by a real cargo against the crates of the workspace.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::Process;
use crate::target;

/// The first run compiles all dependencies, on a machine that may be busy.
const BOUND: Duration = Duration::from_secs(900);

/// A crate in a temporary folder, which goes when it is dropped.
///
/// Dependencies are compiled once for all such crates, into a folder of the workspace's target folder; versions are
/// those of the workspace's `Cargo.lock`, and nothing is downloaded, so a crate that the workspace does not use is
/// an error.
#[derive(Debug)]
pub struct UserCrate {
    name: String,
    folder: TempDir,
    dependencies: Vec<String>,
    build_dependencies: Vec<String>,
    environment: Vec<(String, String)>,
}

/// How cargo ended.
#[derive(Debug)]
pub struct CargoOutput {
    /// Its exit status, which for `run` is the program's.
    pub status: ExitStatus,
    /// Standard output, of the program as well.
    pub stdout: String,
    /// Standard error: diagnostics, and the program's.
    pub stderr: String,
}

impl CargoOutput {
    /// Returns itself if cargo succeeded; panics with all its output if not.
    #[must_use]
    pub fn success(self) -> Self {
        assert!(self.status.success(), "cargo ended with {}\n{}\n{}", self.status, self.stdout, self.stderr);
        self
    }
}

impl UserCrate {
    /// A crate with an empty program, which depends on `zbus`, and on `zbus-build` for its build script. Names are
    /// also those of the programs in the shared target folder, so each test needs one of its own.
    pub fn new(name: &str) -> Self {
        let user = Self {
            name: name.to_owned(),
            folder: TempDir::new().expect("temporary folder"),
            dependencies: vec![path_dependency("zbus", "")],
            build_dependencies: vec![path_dependency("zbus-build", "")],
            environment: Vec::new(),
        };
        user.file("src/main.rs", "fn main() {}\n")
    }

    /// Replaces the dependency on `zbus` by one with these features instead of the default ones.
    #[must_use]
    pub fn features(mut self, features: &[&str]) -> Self {
        self.dependencies[0] = path_dependency("zbus", &format!(", default-features = false, features = {features:?}"));
        self
    }

    /// Depends on `zbus` by another name.
    #[must_use]
    pub fn zbus_as(mut self, name: &str) -> Self {
        self.dependencies[0] = path_dependency("zbus", ", package = \"zbus\"").replacen("zbus", name, 1);
        self
    }

    /// Adds a line to `[dependencies]`, such as `tokio = { version = "1", features = ["full"] }`.
    #[must_use]
    pub fn dependency(mut self, line: &str) -> Self {
        self.dependencies.push(line.to_owned());
        self
    }

    /// Writes `build.rs`.
    #[must_use]
    pub fn build_rs(self, text: &str) -> Self {
        self.file("build.rs", text)
    }

    /// Writes `src/main.rs`.
    #[must_use]
    pub fn main_rs(self, text: &str) -> Self {
        self.file("src/main.rs", text)
    }

    /// Writes any file, such as `schemas/calculator.zbus`. Later calls replace earlier ones.
    #[must_use]
    pub fn file(self, path: impl AsRef<Path>, text: &str) -> Self {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folder in a temporary folder");
        fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        self
    }

    /// Sets a variable for cargo and the program, such as an address.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The crate's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `cargo build`.
    pub fn build(&self) -> CargoOutput {
        self.cargo("build", &[])
    }

    /// `cargo run`, with arguments for the program.
    pub fn run(&self, args: &[&str]) -> CargoOutput {
        let mut all = vec!["--"];
        all.extend(args);
        self.cargo("run", &all)
    }

    /// Any cargo command, such as `clippy` with `["--", "-D", "warnings"]`.
    pub fn cargo(&self, command: &str, args: &[&str]) -> CargoOutput {
        self.write_manifest();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command_line = Command::new(cargo);
        command_line
            .current_dir(self.path())
            .args([command, "--offline", "--color", "never"])
            .args(args)
            .env("CARGO_TARGET_DIR", target::folder("user-crates"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        let process = Process::spawn(&mut command_line).expect("cargo runs this test too");
        let finished = process.finish(BOUND).unwrap_or_else(|reason| panic!("{reason}"));
        let mut stdout = finished.stdout.join("\n");
        if !stdout.is_empty() {
            stdout.push('\n');
        }
        CargoOutput { status: finished.status, stdout, stderr: finished.stderr }
    }

    fn write_manifest(&self) {
        let Self { name, dependencies, build_dependencies, .. } = self;
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\n{}\n\n[build-dependencies]\n{}\n\n\
             [profile.dev]\ndebug = false\n\n[workspace]\n",
            dependencies.join("\n"),
            build_dependencies.join("\n"),
        );
        write_if_changed(&self.path().join("Cargo.toml"), &manifest);
        let lock = self.path().join("Cargo.lock");
        if !lock.exists() {
            fs::copy(target::workspace().join("Cargo.lock"), lock).expect("the workspace has a Cargo.lock");
        }
    }
}

/// A second command must find nothing new unless the test changed something.
fn write_if_changed(path: &PathBuf, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

fn path_dependency(name: &str, rest: &str) -> String {
    let path = target::workspace().join(name).display().to_string();
    format!("{name} = {{ path = {path:?}{rest} }}")
}
