//! How long `zbusc` takes for a large schema, to check it and to make Rust of it, beside the compilers of other languages for
//! one of the same size:
//!
//! ```console
//! $ cargo bench --profile dev -p zbus-tests --bench compiler
//! ```
//!
//! `zbusc` is built with optimizations, whatever the profile of this program. The others are optional: `planus` (`cargo install
//! planus-cli`), `protoc`, `flatc` and `thrift` (`apt-get install protobuf-compiler flatbuffers-compiler thrift-compiler`) are
//! taken from the PATH, or from `ZBUS_PLANUS`, `ZBUS_PROTOC`, `ZBUS_FLATC` and `ZBUS_THRIFT`. The figures are printed as a table,
//! and written as JSON to the file that `ZBUS_BENCH_JSON` names, if it does. Times are of whole processes, from start to exit.
//! `planus rust` has no part in the second race: it runs rustfmt over all that it writes, which takes half a minute.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io;
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

const THRIFT: Language = Language {
    head: "namespace rs bench",
    structure: "struct",
    field: |number, ty| format!("{}: {ty} field{number};", number + 1),
    types: ["string", "i64", "double", "bool", "list<string>"],
    object: "service",
    method: |number, takes, gives| format!("{gives} Method{number}(1: {takes} value);"),
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

/// What is raced at: the compilers of one race do the like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Race {
    Check,
    Rust,
}

impl Race {
    const ALL: [Self; 2] = [Self::Check, Self::Rust];

    fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Rust => "gen rust",
        }
    }
}

/// A compiler and the file that it compiles.
struct Contestant {
    race: Race,
    name: &'static str,
    program: OsString,
    arguments: Vec<OsString>,
    lines: usize,
    times: Vec<Duration>,
}

impl Contestant {
    /// Runs the compiler once, which also warms the caches; `None` if it is not installed.
    fn new(
        race: Race,
        name: &'static str,
        program: impl Into<OsString>,
        arguments: &[&str],
        file: &Path,
        language: &Language,
    ) -> Option<Self> {
        let text = language.schema();
        fs::write(file, &text).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
        let arguments = arguments.iter().map(OsString::from).chain([file.into()]).collect();
        let lines = text.lines().count();
        let mut contestant = Self { race, name, program: program.into(), arguments, lines, times: Vec::new() };
        match contestant.run() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                println!("{name}: left out, not installed; the first lines of tests/bench/compiler.rs say how");
                return None;
            }
            Err(error) => panic!("cannot run {name}: {error}"),
            Ok(()) => {}
        }
        contestant.times.clear();
        Some(contestant)
    }

    fn run(&mut self) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null());
        let start = Instant::now();
        let output = command.output()?;
        self.times.push(start.elapsed());
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// The shortest, the median and the longest time, in milliseconds.
    fn figures(&self) -> [f64; 3] {
        let mut times: Vec<f64> = self.times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        [times[0], times[times.len() / 2], times[times.len() - 1]]
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

/// All that are installed, in a folder of their own.
fn contestants(root: &Path, folder: &Path) -> Vec<Contestant> {
    let file = |name: &str| folder.join(name);
    let program = |variable: &str, name: &str| env::var_os(variable).unwrap_or_else(|| name.into());
    let (planus, protoc) = (program("ZBUS_PLANUS", "planus"), program("ZBUS_PROTOC", "protoc"));
    let (flatc, thrift) = (program("ZBUS_FLATC", "flatc"), program("ZBUS_THRIFT", "thrift"));
    let zbusc = zbusc(root);
    let out = file("out");
    fs::create_dir(&out).expect("temporary folder");
    let (here, out) = (folder.to_string_lossy(), out.to_string_lossy());
    let (zbus, fbs, proto, idl) = (file("bench.zbus"), file("bench.fbs"), file("bench.proto"), file("bench.thrift"));
    let (check, rust) = (Race::Check, Race::Rust);
    let all = [
        Contestant::new(check, "zbusc check", &zbusc, &["check"], &zbus, &ZBUS),
        Contestant::new(check, "planus check", &planus, &["check"], &fbs, &FLATBUFFERS),
        Contestant::new(check, "protoc -o", &protoc, &["-o/dev/null", "-I", &here], &proto, &PROTOBUF),
        Contestant::new(rust, "zbusc gen", &zbusc, &["gen", "--lang", "rust", "--out", &out], &zbus, &ZBUS),
        Contestant::new(rust, "flatc --rust", &flatc, &["--rust", "-o", &out], &fbs, &FLATBUFFERS),
        Contestant::new(rust, "thrift -gen rs", &thrift, &["-gen", "rs", "-out", &out], &idl, &THRIFT),
    ];
    all.into_iter().flatten().collect()
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace");
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut contestants = contestants(root, folder.path());
    for _ in 0..ROUNDS {
        for contestant in &mut contestants {
            contestant.run().unwrap_or_else(|error| panic!("cannot run {} again: {error}", contestant.name));
        }
    }
    let mut json = Vec::new();
    for race in Race::ALL {
        let racers = || contestants.iter().filter(|contestant| contestant.race == race);
        let ours = racers().next().map_or(f64::NAN, |zbusc| zbusc.figures()[1]);
        println!("\n{:<15} {:>7} {:>11} {:>21} {:>7}", race.name(), "lines", "median", "min to max", "ratio");
        for racer in racers() {
            let [min, median, max] = racer.figures();
            let (name, lines, ratio) = (racer.name, racer.lines, median / ours);
            println!("{name:<15} {lines:>7} {median:>8.1} ms {min:>8.1} to {max:>6.1} ms {ratio:>7.2}");
            json.push(serde_json::json!({ "race": race.name(), "name": name, "lines": lines, "rounds": ROUNDS,
                "median_ms": median, "min_ms": min, "max_ms": max, "ratio_to_zbusc": ratio }));
        }
    }
    if let Some(path) = env::var_os("ZBUS_BENCH_JSON") {
        let text = serde_json::to_string_pretty(&json).expect("figures are JSON") + "\n";
        fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }
}
