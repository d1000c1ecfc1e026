//! How long `zbusc check` takes for a large schema, beside the compilers of other languages for one of the same size:
//!
//! ```console
//! $ cargo bench --profile dev -p zbus-tests --bench compiler
//! ```
//!
//! `zbusc` is built with optimizations, whatever the profile of this program. `planus` (`cargo install planus-cli`) and `protoc`
//! (`apt-get install protobuf-compiler`) are taken from the PATH, or from `ZBUS_PLANUS` and `ZBUS_PROTOC`.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Each with ten documented fields.
const STRUCTS: usize = 2_000;
/// Each with ten methods.
const OBJECTS: usize = 200;
const MEMBERS: usize = 10;
/// Turn and turn about, so that a busy moment of the machine hits all.
const ROUNDS: usize = 11;

/// How a language writes the same schema.
struct Language {
    head: &'static str,
    /// What stands before the name of a struct.
    structure: &'static str,
    field: fn(usize, &str) -> String,
    /// The types of fields, in turn; the last is a list of the first.
    types: [&'static str; 5],
    object: &'static str,
    /// A method by its number, its parameter and its return.
    method: fn(usize, &str, &str) -> String,
}

const ZBUS: Language = Language {
    head: "module bench;",
    structure: "struct",
    field: |number, ty| format!("Field{number}: {ty},"),
    types: ["string", "i64", "f64", "bool", "[string]"],
    object: "object",
    method: |number, takes, gives| format!("fn Method{number}(value: {takes}) -> {gives};"),
};

const FLATBUFFERS: Language = Language {
    head: "namespace bench;",
    structure: "table",
    field: |number, ty| format!("field{number}: {ty};"),
    types: ["string", "int64", "float64", "bool", "[string]"],
    // planus knows no services: the lines are there, with less in them.
    object: "table",
    method: |number, takes, _| format!("method{number}: {takes};"),
};

const PROTOBUF: Language = Language {
    head: "syntax = \"proto3\";",
    structure: "message",
    field: |number, ty| format!("{ty} field{number} = {};", number + 1),
    types: ["string", "int64", "double", "bool", "repeated string"],
    object: "service",
    method: |number, takes, gives| format!("rpc Method{number}({takes}) returns ({gives});"),
};

impl Language {
    /// The schema. A struct refers to the one before it.
    fn schema(&self) -> String {
        let mut text = format!("{}\n", self.head);
        for index in 0..STRUCTS {
            let before = format!("Struct{}", index.saturating_sub(1));
            put(&mut text, format_args!("{} Struct{index} {{", self.structure));
            for number in 0..MEMBERS {
                let ty = match number {
                    0 if index > 0 => before.as_str(),
                    number => self.types[number % self.types.len()],
                };
                put(&mut text, format_args!("    /// What field {number} of struct {index} is for, in a sentence."));
                put(&mut text, format_args!("    {}", (self.field)(number, ty)));
            }
            text.push_str("}\n\n");
        }
        for index in 0..OBJECTS {
            put(&mut text, format_args!("{} Object{index} {{", self.object));
            for number in 0..MEMBERS {
                let takes = format!("Struct{}", (index * MEMBERS + number) % STRUCTS);
                let gives = format!("Struct{}", (index * MEMBERS + number * 7) % STRUCTS);
                put(&mut text, format_args!("    {}", (self.method)(number, &takes, &gives)));
            }
            text.push_str("}\n\n");
        }
        text
    }
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string can be written to");
}

/// A compiler and the file that it checks.
struct Contestant {
    name: &'static str,
    program: OsString,
    arguments: Vec<OsString>,
    lines: usize,
    times: Vec<Duration>,
}

impl Contestant {
    fn new(
        name: &'static str,
        program: impl Into<OsString>,
        arguments: &[&str],
        file: &Path,
        language: &Language,
    ) -> Self {
        let text = language.schema();
        fs::write(file, &text).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
        let arguments = arguments.iter().map(OsString::from).chain([file.into()]).collect();
        Self { name, program: program.into(), arguments, lines: text.lines().count(), times: Vec::new() }
    }

    fn run(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null());
        let start = Instant::now();
        let output = command.output().unwrap_or_else(|error| {
            panic!("cannot run {} ({error}); the first lines of this file say how to install it", self.name)
        });
        self.times.push(start.elapsed());
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
    }

    fn median(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort();
        times[times.len() / 2]
    }
}

/// Builds `zbusc` with optimizations.
fn zbusc(root: &Path) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--release", "--locked", "-p", "zbus-build", "--features", "cli", "--bin", "zbusc"];
    let built = Command::new(cargo).args(arguments).current_dir(root).status().expect("cargo runs this too");
    assert!(built.success(), "zbusc does not build");
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from).join("release/zbusc")
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace");
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = |name: &str| folder.path().join(name);
    let program = |variable: &str, name: &str| env::var_os(variable).unwrap_or_else(|| name.into());
    let mut contestants = [
        Contestant::new("zbusc check", zbusc(root), &["check"], &file("bench.zbus"), &ZBUS),
        Contestant::new("planus check", program("ZBUS_PLANUS", "planus"), &["check"], &file("bench.fbs"), &FLATBUFFERS),
        Contestant::new(
            "protoc -o",
            program("ZBUS_PROTOC", "protoc"),
            &["-o/dev/null", "-I", &folder.path().to_string_lossy()],
            &file("bench.proto"),
            &PROTOBUF,
        ),
    ];
    // The first run warms the caches and does not count.
    for round in 0..=ROUNDS {
        for contestant in &mut contestants {
            contestant.run();
            if round == 0 {
                contestant.times.clear();
            }
        }
    }
    let ours = contestants[0].median().as_secs_f64();
    println!("{:<14} {:>7} {:>10} {:>10} {:>7}", "", "lines", "median", "fastest", "ratio");
    for contestant in &contestants {
        let median = contestant.median().as_secs_f64();
        let fastest = contestant.times.iter().min().map_or(0.0, Duration::as_secs_f64);
        println!(
            "{:<14} {:>7} {:>7.1} ms {:>7.1} ms {:>7.2}",
            contestant.name,
            contestant.lines,
            median * 1e3,
            fastest * 1e3,
            median / ours
        );
    }
}
