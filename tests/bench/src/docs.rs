//! `docs/benchmarks.md`, written by the run that it shows.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::figures::Run;
use crate::plots;
use crate::tables::Section;

const HEAD: &str = "\
# Benchmarks

This page is written by the benchmark itself:

```console
$ cargo run --release --manifest-path tests/bench/Cargo.toml -- --write-docs
```

It measures zbus, its peers, and the floor: two blocking programs that do nothing but issue the same Redis commands in the same batches,
with canned payloads that nobody encodes or looks at. Client, server and broker are processes of their own and share the processors of one
machine. Each round has every case with every contender in turn, so that a noisy moment hits all; the median over the rounds counts, and
the lowest and the highest round are shown. A contender's name says how many threads the tokio runtime of each of its processes has: one is
the current-thread runtime, two are the multi-thread one that `#[tokio::main]` makes on a machine of two processors, and there each of those
who call is a task of its own, in zbus as in its peers. The floor has no runtime, and Go's takes all processors.
What has no broker (tonic, tarpc) has its client connected to the one server. On one thread zbus looks for the next message of a row
before it sleeps, as it does unless the address says `busy_poll=off`; the floor sleeps at once. The Go library holds at most 100
connections and takes one for each call under way, so it has at most 64 in flight. rbus is in no registry and so not among the peers.

";

/// Writes the page and its plots into the folder of documentation.
pub fn write(run: &Run, sections: &[Section], folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut page = HEAD.to_owned();
    let rounds = run.figures.iter().map(|figures| figures.round + 1).max().unwrap_or(0);
    let environment = &run.environment;
    let versions: Vec<String> =
        environment.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    writeln!(
        page,
        "{} · {} · {} · {rounds} rounds of {} s a case · {}\n",
        environment.date,
        environment.machine,
        versions.join(", "),
        run.seconds,
        environment.noise()
    )?;
    let pictures = folder.join("benchmarks");
    fs::create_dir_all(&pictures)?;
    let plots = plots::draw(run, &pictures)?;
    for section in sections {
        writeln!(page, "## {}\n\n{}\n", section.title, section.text)?;
        for plot in plots.iter().filter(|plot| plot.section == section.title) {
            writeln!(page, "![{}](benchmarks/{})\n", plot.text, plot.file)?;
        }
        // Without the padding for terminals: shorter, and the diff of a changed figure is that of its line.
        for line in section.table.lines() {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let rule = cells.iter().all(|cell| cell.trim_matches(['-', ':']).is_empty() && cell.len() > 2);
            match rule {
                true => writeln!(page, "|{}", cells.iter().map(|cell| rule_of(cell)).collect::<String>())?,
                false => writeln!(page, "| {} |", cells.join(" | "))?,
            }
        }
        page.push('\n');
    }
    fs::write(folder.join("benchmarks.md"), format!("{}\n", page.trim_end()))?;
    Ok(())
}

fn rule_of(cell: &str) -> &'static str {
    if cell.ends_with(':') { "--:|" } else { "---|" }
}
