//! The scratch projects whose builds are timed: the same interface for zbus and for tonic.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::load::cpu;

/// Who builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `zbus-build` and `zbus`.
    Zbus,
    /// `tonic-prost-build`, `tonic` and `prost`.
    Tonic,
}

/// A project in a folder of its own, with a target folder of its own.
#[derive(Debug)]
pub struct Project {
    folder: PathBuf,
}

/// The time of a build.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Took {
    /// Seconds on the clock.
    pub wall: f64,
    /// Seconds of processor time, of all that took part: noise counts for less in it.
    pub cpu: f64,
}

/// What a project needs of its library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The compiler of schemas alone, as a build dependency.
    Compiler,
    /// All: the compiler, the runtime, the generated code.
    Whole,
}

const BENCH: &str = env!("CARGO_MANIFEST_DIR");

impl Project {
    /// Writes the project. `schemas` are the paths of the `.zbus` files, `descriptors` that of the compiled `.proto` files, whose
    /// packages are given.
    pub fn write(
        folder: PathBuf,
        side: Side,
        part: Part,
        schemas: &[PathBuf],
        descriptors: &Path,
        packages: &[String],
    ) -> Result<Self, Box<dyn Error>> {
        let root = Path::new(BENCH).join("../..").canonicalize()?;
        let root = root.display();
        let (runtime, compiler) = match side {
            Side::Zbus => (
                format!("zbus = {{ path = \"{root}/zbus\" }}"),
                format!("zbus-build = {{ path = \"{root}/zbus-build\" }}"),
            ),
            // prost also reads the descriptors, so that no protoc is part of it.
            Side::Tonic => (
                "prost = \"0.14\"\ntonic = \"0.14\"\ntonic-prost = \"0.14\"".to_owned(),
                "prost = \"0.14\"\ntonic-prost-build = \"0.14\"".to_owned(),
            ),
        };
        let runtime = if part == Part::Whole { runtime } else { String::new() };
        let manifest = format!(
            "[package]\nname = \"user\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\n{runtime}\n\n[build-dependencies]\n{compiler}\n"
        );
        let (build, library) = match (part, side) {
            (Part::Compiler, _) => ("fn main() {}\n".to_owned(), String::new()),
            (Part::Whole, Side::Zbus) => (
                format!(
                    "fn main() -> Result<(), zbus_build::Error> {{\n    \
                     zbus_build::Builder::new().schemas({schemas:?}).compile()\n}}\n"
                ),
                "zbus::include_schemas!();\n".to_owned(),
            ),
            (Part::Whole, Side::Tonic) => (
                format!(
                    "use prost::Message;\n\nfn main() -> Result<(), Box<dyn std::error::Error>> {{\n    \
                     println!(\"cargo:rerun-if-changed={0}\");\n    \
                     let descriptors = tonic_prost_build::FileDescriptorSet::decode(&std::fs::read({0:?})?[..])?;\n    \
                     Ok(tonic_prost_build::compile_fds(descriptors)?)\n}}\n",
                    descriptors.display().to_string()
                ),
                packages
                    .iter()
                    .map(|package| format!("pub mod {package} {{\n    tonic::include_proto!(\"{package}\");\n}}\n"))
                    .collect(),
            ),
        };
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::write(folder.join("build.rs"), build)?;
        fs::write(folder.join("src/lib.rs"), library)?;
        // The same versions for both, as far as they share crates.
        fs::copy(Path::new(BENCH).join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let project = Self { folder };
        // Downloads are not building.
        project.cargo(&["fetch", "--quiet"])?;
        Ok(project)
    }

    /// Runs cargo here; says how long it took.
    fn cargo(&self, arguments: &[&str]) -> Result<Took, Box<dyn Error>> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.folder);
        command.env("CARGO_TARGET_DIR", self.folder.join("target"));
        // The cost of compiling all of it, not of finding out what has changed.
        command.env("CARGO_INCREMENTAL", "0");
        let (started, before) = (Instant::now(), cpu()?);
        let output = command.output()?;
        let took = Took { wall: started.elapsed().as_secs_f64(), cpu: (cpu()? - before) / 1e6 };
        match output.status.success() {
            true => Ok(took),
            false => {
                let reason = String::from_utf8_lossy(&output.stderr);
                Err(format!("cargo {} in {}: {reason}", arguments.join(" "), self.folder.display()).into())
            }
        }
    }

    /// Builds from nothing.
    pub fn build_clean(&self) -> Result<Took, Box<dyn Error>> {
        let target = self.folder.join("target");
        if target.exists() {
            fs::remove_dir_all(target)?;
        }
        self.cargo(&["build", "--quiet"])
    }

    /// Builds or checks the generated code alone.
    pub fn generated(&self, command: &str) -> Result<Took, Box<dyn Error>> {
        let library = self.folder.join("src/lib.rs");
        // What it depends on is there.
        self.cargo(&[command, "--quiet"])?;
        let text = fs::read(&library)?;
        fs::write(&library, text)?;
        self.cargo(&[command, "--quiet"])
    }

    /// How many crates a build compiles, this one apart.
    pub fn crates(&self) -> Result<usize, Box<dyn Error>> {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
            .current_dir(&self.folder)
            .output()?;
        let crates: BTreeSet<&str> =
            std::str::from_utf8(&output.stdout)?.lines().filter(|line| !line.is_empty()).collect();
        Ok(crates.len().saturating_sub(1))
    }

    /// Lines of generated code.
    pub fn lines(&self) -> Result<usize, Box<dyn Error>> {
        let mut lines = 0;
        for build in fs::read_dir(self.folder.join("target/debug/build"))? {
            let build = build?;
            if !build.file_name().to_string_lossy().starts_with("user-") {
                continue;
            }
            for file in fs::read_dir(build.path().join("out")).into_iter().flatten().flatten() {
                if file.path().extension().is_some_and(|extension| extension == "rs") {
                    lines += fs::read_to_string(file.path())?.lines().count();
                }
            }
        }
        Ok(lines)
    }
}
