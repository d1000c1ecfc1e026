//! What the build of a user's project pays: zbus beside tonic, for the same objects, methods and types.

mod projects;
mod proto;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};
use prost::Message;
use serde::{Deserialize, Serialize};

use self::projects::{Part, Project, Side, Took};
use self::proto::Model;
use crate::environment::Environment;
use crate::statistics::Spread;
use crate::tables::{Section, short, table};

const BENCH: &str = env!("CARGO_MANIFEST_DIR");

/// A step, in each round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// What is built.
    pub name: String,
    /// Of zbus.
    pub zbus: Vec<Took>,
    /// Of tonic.
    pub tonic: Vec<Took>,
}

/// The figures, as their JSON has them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BuildCost {
    /// Where and when.
    pub environment: Environment,
    /// Objects, and their methods and streams.
    pub size: (usize, usize),
    /// Crates in the whole build: of zbus and of tonic.
    pub crates: (usize, usize),
    /// Lines of generated code: of zbus and of tonic.
    pub lines: (usize, usize),
    /// What was timed.
    pub steps: Vec<Step>,
}

/// Builds each project in turn, so many times.
pub fn measure(rounds: usize) -> Result<BuildCost, Box<dyn Error>> {
    let environment = Environment::here();
    let folder = Path::new(BENCH).join("target/build-cost");
    fs::create_dir_all(&folder)?;
    let mut schemas: Vec<_> = fs::read_dir(Path::new(BENCH).join("../../schemas/zos").canonicalize()?)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "zbus"))
        .collect();
    schemas.sort();
    let bar = ProgressBar::new((rounds * 8) as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} ({eta} left)")?);
    bar.set_message("the schemas for tonic");
    bar.tick();
    let model: Model = serde_json::from_slice(&zbusc(&schemas)?)?;
    let protos = model.protos();
    let sources = folder.join("proto");
    fs::create_dir_all(&sources)?;
    for (name, text) in &protos {
        fs::write(sources.join(name), text)?;
    }
    let compiled = protox::compile(protos.iter().map(|(name, _)| name), [&sources])?;
    let packages: Vec<String> = compiled.file.iter().map(|file| file.package().to_owned()).collect();
    let descriptors = folder.join("descriptors");
    fs::write(&descriptors, compiled.encode_to_vec())?;
    let project =
        |name: &str, side, part| Project::write(folder.join(name), side, part, &schemas, &descriptors, &packages);
    let compilers = (
        project("zbus-compiler", Side::Zbus, Part::Compiler)?,
        project("tonic-compiler", Side::Tonic, Part::Compiler)?,
    );
    let wholes = (project("zbus-whole", Side::Zbus, Part::Whole)?, project("tonic-whole", Side::Tonic, Part::Whole)?);
    type Timed<'a> = &'a dyn Fn(&Project) -> Result<Took, Box<dyn Error>>;
    let steps: [(&str, &(Project, Project), Timed<'_>); 4] = [
        ("compiler and its dependencies, clean", &compilers, &Project::build_clean),
        ("whole project, clean", &wholes, &Project::build_clean),
        ("generated code alone, `cargo build`", &wholes, &|project| project.generated("build")),
        ("generated code alone, `cargo check`", &wholes, &|project| project.generated("check")),
    ];
    let mut times = steps.map(|(name, _, _)| Step { name: name.to_owned(), zbus: Vec::new(), tonic: Vec::new() });
    for _ in 0..rounds {
        for ((name, projects, timed), step) in steps.iter().zip(&mut times) {
            for (side, project, times) in
                [("zbus", &projects.0, &mut step.zbus), ("tonic", &projects.1, &mut step.tonic)]
            {
                bar.set_message(format!("{side}: {name}"));
                times.push(timed(project)?);
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    Ok(BuildCost {
        environment,
        size: model.size(),
        crates: (wholes.0.crates()?, wholes.1.crates()?),
        lines: (wholes.0.lines()?, wholes.1.lines()?),
        steps: times.to_vec(),
    })
}

/// The JSON model of schemas.
fn zbusc(schemas: &[std::path::PathBuf]) -> Result<Vec<u8>, Box<dyn Error>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--locked", "-p", "zbus-build", "--features", "cli", "--bin", "zbusc", "--", "model"])
        .args(schemas)
        .current_dir(Path::new(BENCH).join("../.."))
        .stderr(Stdio::inherit())
        .output()?;
    output.status.success().then_some(output.stdout).ok_or_else(|| "zbusc does not run".into())
}

/// The table.
pub fn section(cost: &BuildCost) -> Section {
    let header =
        ["", "zbus s", "min–max", "tonic s", "min–max", "zbus to tonic", "CPU: zbus s", "tonic s", "zbus to tonic"];
    let mut table: Table = table(1, &header);
    for step in &cost.steps {
        let spread = |times: &[Took], of: fn(&Took) -> f64| Spread::of(times.iter().map(of));
        let both = |of| Some((spread(&step.zbus, of)?, spread(&step.tonic, of)?));
        let (Some((zbus, tonic)), Some((zbus_cpu, tonic_cpu))) = (both(|took| took.wall), both(|took| took.cpu)) else {
            continue;
        };
        let range = |spread: Spread| format!("{}–{}", short(spread.low), short(spread.high));
        table.add_row([
            step.name.clone(),
            short(zbus.median),
            range(zbus),
            short(tonic.median),
            range(tonic),
            short(zbus.median / tonic.median),
            short(zbus_cpu.median),
            short(tonic_cpu.median),
            short(zbus_cpu.median / tonic_cpu.median),
        ]);
    }
    let text = format!(
        "The debug builds of a project with the Zero-OS schemas ({} objects with {} methods and streams), beside one with `.proto` \
         files of the same content, generated by tonic-prost-build from descriptors (so no protoc is part of it). Medians of {} rounds, \
         without incremental compilation; the whole has {} crates with zbus and {} with tonic, and {} and {} lines of generated code. \
         {}, {}, {}.",
        cost.size.0,
        cost.size.1,
        cost.steps.iter().map(|step| step.zbus.len()).max().unwrap_or(0),
        cost.crates.0,
        cost.crates.1,
        cost.lines.0,
        cost.lines.1,
        cost.environment.date,
        cost.environment.machine,
        cost.environment.noise(),
    );
    Section { title: "What a build pays", text, table }
}
